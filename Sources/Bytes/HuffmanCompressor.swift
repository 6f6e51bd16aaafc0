import CZstd

/// Compresses bytes that have no repetitions but a skewed distribution (the exponents of floating
/// point numbers): zstd frames of Huffman-coded literals alone, without a search for matches.
///
/// Any zstd decoder reads them. Three times as fast as level 1 on such bytes, and smaller, since what
/// looks like a match among them is noise.
///
/// Owns a C context, freed with the object. Not thread-safe.
@safe package final class HuffmanCompressor {
    private let context: OpaquePointer

    /// The lowest level: its matches must be so far apart that there are none.
    private static let level: Int32 = -131_072
    /// Negative levels leave literals as they are, unless told otherwise.
    private static let compressLiterals: Int32 = 1

    /// A compressor.
    package init() {
        // Creating fails only when memory is exhausted, where nothing can go on.
        guard let created = unsafe ZSTD_createCCtx() else { preconditionFailure("out of memory") }
        unsafe context = created
        // Unsafe: a live context. Both parameters are valid in every version since 1.4.
        let results = unsafe [
            ZSTD_CCtx_setParameter(
                context, ZSTD_c_compressionLevel, HuffmanCompressor.level),
            ZSTD_CCtx_setParameter(
                context, ZSTD_c_experimentalParam5, HuffmanCompressor.compressLiterals),
        ]
        precondition(results.allSatisfy { ZSTD_isError($0) == 0 }, "zstd without parameters")
    }

    deinit { unsafe ZSTD_freeCCtx(context) }

    /// Compresses `plain` into `destination`; returns the length, or nil where it does not fit.
    /// Cost: 1 to 2 GB/s on one core.
    package func compress(
        _ plain: UnsafeRawBufferPointer, into destination: UnsafeMutableRawBufferPointer
    ) -> Int? {
        // Unsafe: the buffers' own bounds.
        let written = unsafe ZSTD_compress2(
            context, destination.baseAddress, destination.count, plain.baseAddress, plain.count)
        return ZSTD_isError(written) == 0 ? written : nil
    }
}
