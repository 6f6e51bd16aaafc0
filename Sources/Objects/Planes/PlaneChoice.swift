import Bytes

/// Which encoding of numbers is the smallest, judged by a sample: some pieces of the bytes, and of
/// the base where there is one.
///
/// Holds buffers from frame to frame. Not thread-safe.
final class PlaneChoice {
    private let sample = ScratchBytes()
    private let baseSample = ScratchBytes()
    private let room = ScratchBytes()

    private static let pieces = 4
    private static let pieceBytes = 4 << 10

    enum Encoding {
        /// Not as numbers.
        case plain
        case planes
        case differences
        /// As bytes that continue those of the base.
        case delta
    }

    /// The encoding that is smallest for the sample. `base` has the length of `plain`.
    /// Cost: a few microseconds for each KiB of the sample, 16 in all.
    func best(
        _ plain: UnsafeRawBufferPointer, width: Int, base: UnsafeRawBufferPointer?,
        _ planes: FloatPlanes, _ compressor: ZstdCompressor
    ) -> Encoding {
        let bytes = unsafe pick(plain, width, into: sample)
        let room = unsafe room.take(bytes.count + 1024)
        var best = (encoding: Encoding.plain, length: bytes.count)
        func offer(_ encoding: Encoding, _ length: Int?) {
            if let length, length < best.length { best = (encoding, length) }
        }
        offer(.plain, unsafe compressor.compress(bytes, into: room))
        offer(.planes, unsafe planes.encode(bytes, width: width, into: room))
        if let base = unsafe base {
            let old = unsafe pick(base, width, into: baseSample)
            offer(.differences, unsafe planes.encode(bytes, width: width, against: old, into: room))
            offer(.delta, unsafe compressor.compress(bytes, after: old, into: room))
        }
        return best.encoding
    }

    /// Pieces from all over `bytes`, each starting at a number.
    private func pick(
        _ bytes: UnsafeRawBufferPointer, _ width: Int, into scratch: ScratchBytes
    ) -> UnsafeRawBufferPointer {
        let (pieces, size) = (PlaneChoice.pieces, PlaneChoice.pieceBytes)
        guard bytes.count > 2 * pieces * size else { return unsafe bytes }
        let picked = unsafe scratch.take(pieces * size)
        for piece in 0..<pieces {
            let start = (bytes.count - size) / (pieces - 1) * piece / width * width
            // Unsafe: pieces within both buffers.
            unsafe UnsafeMutableRawBufferPointer(rebasing: picked[(piece * size)...])
                .copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[start..<(start + size)]))
        }
        return UnsafeRawBufferPointer(picked)
    }
}
