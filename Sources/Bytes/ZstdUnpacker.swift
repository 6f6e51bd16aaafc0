import CZstd
import Vocabulary

/// Unpacks zstd frames that follow each other, from buffers of any sizes.
///
/// Owns a C context, freed with the object. Memory: the window that the frame asks for; more than
/// 128 MiB is refused. Not thread-safe.
@safe final class ZstdUnpacker {
    private let context: OpaquePointer
    private var room = [UInt8](repeating: 0, count: 256 << 10)
    private var isInFrame = false
    private var taken = 0

    init() {
        guard let created = unsafe ZSTD_createDCtx() else { preconditionFailure("out of memory") }
        unsafe context = created
    }

    deinit { unsafe ZSTD_freeDCtx(context) }

    /// Unpacks the next bytes; `body` gets what they hold.
    func consume(
        _ buffer: UnsafeRawBufferPointer, _ body: (UnsafeRawBufferPointer) throws -> Void
    ) throws {
        // Unsafe: zstd reads the buffer and writes the room, both within their counts.
        var input = unsafe ZSTD_inBuffer(src: buffer.baseAddress, size: buffer.count, pos: 0)
        var made = 0
        repeat {
            let result = unsafe room.withUnsafeMutableBytes { all in
                var output = unsafe ZSTD_outBuffer(dst: all.baseAddress, size: all.count, pos: 0)
                let result = unsafe ZSTD_decompressStream(context, &output, &input)
                made = unsafe output.pos
                return result
            }
            guard ZSTD_isError(result) == 0 else {
                let why =
                    ZSTD_getErrorCode(result) == ZSTD_error_frameParameter_windowTooLarge
                    ? "zstd data that need more than 128 MiB to be unpacked" : "damaged zstd data"
                throw unsafe DecodeError(at: taken + input.pos, why)
            }
            isInFrame = result != 0
            if made > 0 {
                unsafe try room.withUnsafeBytes {
                    unsafe try body(UnsafeRawBufferPointer(rebasing: $0[..<made]))
                }
            }
        } while unsafe input.pos < input.size || isInFrame && made == room.count
        taken += buffer.count
    }

    /// Ends the data; throws where they end inside a frame.
    func finish() throws(DecodeError) {
        if isInFrame { throw DecodeError(at: taken, "zstd data that end too early") }
    }
}
