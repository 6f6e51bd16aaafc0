import CZstd
package import Vocabulary

/// Compresses frames with one reused context: one compressor a worker.
///
/// Owns a C context, freed with the object. Not thread-safe.
@safe package final class ZstdCompressor {
    private let context: OpaquePointer
    private var level: Int32

    /// A compressor at `level` (1 is the store's own; negative is faster).
    package init(level: Int32 = 1) {
        // `ZSTD_createCCtx` fails only when memory is exhausted, where nothing can go on.
        guard let created = unsafe ZSTD_createCCtx() else { preconditionFailure("out of memory") }
        unsafe context = created
        self.level = level
    }

    deinit { unsafe ZSTD_freeCCtx(context) }

    /// Appends one zstd frame that decodes to `plain` to `output`; returns its length in bytes.
    package func compress(_ plain: UnsafeRawBufferPointer, appendingTo output: inout [UInt8]) -> Int
    {
        let start = output.count
        let bound = ZSTD_compressBound(plain.count)
        output.append(contentsOf: repeatElement(0, count: bound))
        let written = unsafe output.withUnsafeMutableBytes { buffer in
            unsafe ZSTD_compressCCtx(
                context, buffer.baseAddress.map { unsafe $0 + start }, bound, plain.baseAddress,
                plain.count, level)
        }
        // With room for the bound, compression cannot fail but for exhausted memory.
        precondition(ZSTD_isError(written) == 0, "zstd could not compress")
        output.removeLast(bound - written)
        return written
    }

    /// Compresses `plain` into `destination`; returns the length, or nil where it does not fit.
    package func compress(
        _ plain: UnsafeRawBufferPointer, into destination: UnsafeMutableRawBufferPointer
    ) -> Int? {
        let written = unsafe ZSTD_compressCCtx(
            context, destination.baseAddress, destination.count, plain.baseAddress, plain.count,
            level)
        return ZSTD_isError(written) == 0 ? written : nil
    }

    /// Compresses `plain` as what follows `prior`, into `destination`; nil where it does not fit.
    ///
    /// Made for two versions of the same bytes: about 2 GB/s where they are nearly equal. The
    /// result is decoded with the same `prior` only.
    package func compress(
        _ plain: UnsafeRawBufferPointer, after prior: UnsafeRawBufferPointer,
        into destination: UnsafeMutableRawBufferPointer
    ) -> Int? {
        let total = max(1, plain.count + prior.count - 1)
        let windowLog = max(10, Int.bitWidth - total.leadingZeroBitCount)
        unsafe ZSTD_CCtx_reset(context, ZSTD_reset_session_and_parameters)
        let parameters: [(ZSTD_cParameter, Int)] = [
            (ZSTD_c_compressionLevel, 1),
            // The whole of `prior` is in reach, and its positions have room in the table.
            (ZSTD_c_windowLog, windowLog), (ZSTD_c_hashLog, min(19, windowLog - 1)),
            (ZSTD_c_minMatch, 6), (ZSTD_c_dictIDFlag, 0),
        ]
        for (parameter, value) in parameters {
            guard unsafe ZSTD_isError(ZSTD_CCtx_setParameter(context, parameter, Int32(value))) == 0
            else { return nil }
        }
        guard unsafe ZSTD_isError(ZSTD_CCtx_refPrefix(context, prior.baseAddress, prior.count)) == 0
        else { return nil }
        let written = unsafe ZSTD_compress2(
            context, destination.baseAddress, destination.count, plain.baseAddress, plain.count)
        return ZSTD_isError(written) == 0 ? written : nil
    }
}

/// Decompresses frames with one reused context: one decompressor a worker.
///
/// Owns a C context, freed with the object. Not thread-safe.
@safe package final class ZstdDecompressor {
    private let context: OpaquePointer

    /// A decompressor.
    package init() {
        guard let created = unsafe ZSTD_createDCtx() else { preconditionFailure("out of memory") }
        unsafe context = created
    }

    deinit { unsafe ZSTD_freeDCtx(context) }

    /// Decodes `frame` into exactly the whole of `destination`; throws when the frame is damaged
    /// or decodes to any other length. Never writes beyond the destination. `prior` is what the
    /// frame was compressed after, where there was anything.
    package func decompress(
        _ frame: UnsafeRawBufferPointer, after prior: UnsafeRawBufferPointer? = nil,
        into destination: UnsafeMutableRawBufferPointer
    ) throws(DecodeError) {
        unsafe ZSTD_DCtx_reset(context, ZSTD_reset_session_only)
        if let prior = unsafe prior {
            guard
                unsafe ZSTD_isError(
                    ZSTD_DCtx_refPrefix(context, prior.baseAddress, prior.count)) == 0
            else { throw DecodeError(at: 0, "zstd took no prefix") }
        }
        let written = unsafe ZSTD_decompressDCtx(
            context, destination.baseAddress, destination.count, frame.baseAddress, frame.count)
        guard ZSTD_isError(written) == 0 else { throw DecodeError(at: 0, "damaged zstd frame") }
        guard written == destination.count else {
            throw DecodeError(at: 0, "zstd frame of another length than recorded")
        }
    }
}

/// zstd for whole arrays.
package enum Zstd {
    /// One frame that decodes to `plain`.
    package static func compress(_ plain: [UInt8], level: Int32 = 1) -> [UInt8] {
        var output: [UInt8] = []
        let compressor = ZstdCompressor(level: level)
        _ = unsafe plain.withUnsafeBytes {
            unsafe compressor.compress($0, appendingTo: &output)
        }
        return output
    }

    /// The `plainLength` bytes of `frame`; throws when it is damaged or of another length. The
    /// caller has bounded `plainLength`.
    package static func decompress(
        _ frame: [UInt8], plainLength: Int
    ) throws(DecodeError) -> [UInt8] {
        guard plainLength >= 0 else { throw DecodeError(at: 0, "negative length") }
        var plain = [UInt8](repeating: 0, count: plainLength)
        let decompressor = ZstdDecompressor()
        var failure: DecodeError?
        unsafe frame.withUnsafeBytes { source in
            unsafe plain.withUnsafeMutableBytes { destination in
                do throws(DecodeError) {
                    try unsafe decompressor.decompress(source, into: destination)
                } catch { failure = error }
            }
        }
        if let failure { throw failure }
        return plain
    }

    /// The version of the library in use: `1.5.4`.
    package static var version: String { unsafe String(cString: ZSTD_versionString()) }
}
