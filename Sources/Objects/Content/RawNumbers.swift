import Bytes

/// Numbers without a header that says so: recognised by what planes would save.
///
/// Pieces from all over the content are encoded as planes of each width and as zstd would. Only where
/// planes are smaller by a twentieth is the content called numbers.
enum RawNumbers {
    private static let pieces = 8
    private static let pieceBytes = 8 << 10
    /// Less than a sample of this size is no sample.
    private static let minimumBytes = pieces * pieceBytes

    static func map(_ source: inout ContentSource) throws -> ContentMap? {
        let width = try width(&source, at: 0, length: source.sizeBytes)
        var builder = ContentMapBuilder(sizeBytes: source.sizeBytes)
        guard width > 0, builder.append(0, source.sizeBytes, width: width) else { return nil }
        return builder.finish()
    }

    /// The size of the numbers that fill `length` bytes from `offset` on; 0 where these are not
    /// numbers, or not surely.
    static func width(
        _ source: inout ContentSource, at offset: Int, length: Int
    ) throws -> Int {
        guard length >= minimumBytes else { return 0 }
        var sample: [UInt8] = []
        for piece in 0..<pieces {
            // At a multiple of the widest number, so that every number stands at one of its own.
            let place = (length - pieceBytes) / (pieces - 1) * piece / 8 * 8
            guard let bytes = try source.bytes(at: offset + place, count: pieceBytes) else {
                return 0
            }
            sample += bytes
        }
        return width(of: sample)
    }

    private static func width(of sample: [UInt8]) -> Int {
        let plain = Zstd.compress(sample).count
        let planes = FloatPlanes()
        var room = [UInt8](repeating: 0, count: sample.count + 1024)
        let sizes = FloatPlanes.widths.map { width in
            // Unsafe: buffers that live as long as the call.
            let length = unsafe room.withUnsafeMutableBytes { room in
                unsafe sample.withUnsafeBytes { sample in
                    unsafe planes.encode(sample, width: width, into: room)
                }
            }
            return length ?? sample.count
        }
        guard let best = sizes.min(), let index = sizes.firstIndex(of: best),
            100 * best < 95 * min(plain, sample.count)
        else { return 0 }
        return FloatPlanes.widths[index]
    }
}
