import CZlib
package import Vocabulary

/// Inflates raw deflate data (RFC 1951) piece by piece, as much as is asked for.
///
/// Owns a C stream, freed with the object. Memory: some 50 KiB, the input's pieces and what is asked for. Not
/// thread-safe.
@safe package final class DeflateReader {
    private let table: mlstore_zlib
    private let stream: UnsafeMutablePointer<z_stream>
    private let input: () throws -> [UInt8]
    private var piece: [UInt8] = []
    private var used = 0
    private var hasEnded = false
    /// How many bytes came out so far.
    package private(set) var position = 0
    /// The CRC-32 of what came out so far.
    package private(set) var checksum: UInt32 = 0

    /// `input` gives the next compressed bytes, none at their end. Throws `.notFound` where the system has no
    /// zlib.
    package init(input: @escaping () throws -> [UInt8]) throws(StoreError) {
        guard let table = Zlib.opened,
            let stream = unsafe mlstore_zlib_stream(table, -MAX_WBITS)
        else { throw Zlib.missing("deflate") }
        self.table = table
        unsafe self.stream = stream
        self.input = input
    }

    deinit { unsafe mlstore_zlib_close(table, stream) }

    /// The next bytes: `count`, or fewer where the data end. Throws `DecodeError` where they are damaged or
    /// end too early, and what the input throws.
    package func read(_ count: Int) throws -> [UInt8] {
        var output = [UInt8](repeating: 0, count: count)
        var made = 0
        while made < count, !hasEnded {
            if used == piece.count {
                piece = try input()
                used = 0
                guard !piece.isEmpty else {
                    throw DecodeError(at: position + made, "deflate data that end too early")
                }
            }
            made += try inflate(into: &output, from: made)
        }
        position += made
        // Unsafe: the bytes that were made.
        checksum = unsafe output.withUnsafeBufferPointer { output in
            UInt32(
                truncatingIfNeeded: unsafe table.checksum(
                    UInt(checksum), output.baseAddress, UInt32(made)))
        }
        output.removeLast(count - made)
        return output
    }

    /// Whether the data end where they were read to.
    package func isAtEnd() throws -> Bool {
        if hasEnded { return true }
        return try read(1).isEmpty
    }

    private func inflate(into output: inout [UInt8], from start: Int) throws -> Int {
        let room = min(output.count - start, 1 << 30)
        let given = min(piece.count - used, 1 << 30)
        // Unsafe: zlib reads `avail_in` bytes of the piece, though its type says it may write, and writes
        // `avail_out` of the output.
        let (result, left, unfilled) = unsafe piece.withUnsafeMutableBufferPointer { piece in
            unsafe output.withUnsafeMutableBufferPointer { output in
                unsafe stream.pointee.next_in = unsafe piece.baseAddress.map { unsafe $0 + used }
                unsafe stream.pointee.avail_in = UInt32(given)
                unsafe stream.pointee.next_out = unsafe output.baseAddress.map { unsafe $0 + start }
                unsafe stream.pointee.avail_out = UInt32(room)
                let result = unsafe table.inflate(stream, Z_NO_FLUSH)
                return unsafe (
                    result, Int(stream.pointee.avail_in), Int(stream.pointee.avail_out)
                )
            }
        }
        used += given - left
        hasEnded = result == Z_STREAM_END
        guard result == Z_OK || hasEnded || result == Z_BUF_ERROR && left < given || room == 0
        else { throw DecodeError(at: position + start, "damaged deflate data") }
        return room - unfilled
    }
}
