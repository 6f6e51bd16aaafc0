import Bytes
import Vocabulary

/// How the bytes of one plane stand in a frame.
enum PlaneCodec: UInt8 {
    /// As they are.
    case raw = 0
    /// One zstd frame.
    case zstd = 1
    /// Which bytes are not zero, a bit each; then those bytes.
    case sparse = 2
}

/// Encodes and decodes single planes: the same byte of each of many numbers.
///
/// Bytes of an exponent take few values and follow no order: Huffman coding is all there is to
/// gain. Bytes of a difference are mostly zero; a Huffman code spends a whole bit on each zero, so
/// these are left out and their places kept as bits, eight of which make a symbol. Where few bits are
/// set, the same is done to them.
///
/// Holds buffers from plane to plane. Not thread-safe.
final class PlaneCoder {
    private let compressor = HuffmanCompressor()
    private let decompressor = ZstdDecompressor()
    /// One for each level of sparse planes.
    private let maskScratch = (0..<maximumLevels).map { _ in ScratchBytes() }
    private let valueScratch = (0..<maximumLevels).map { _ in ScratchBytes() }

    /// A mask may be a sparse plane, whose mask may be one, and no more.
    private static let maximumLevels = 3

    /// What decides whether a plane is worth a try.
    private static let sampleBytes = 8 << 10
    /// From this share of zero bytes on, of ten, the places of the others cost less than a bit each.
    private static let sparseTenths = 7
    private static let sampledZeros = 2048
    /// Bytes before the two parts of a sparse plane.
    private static let sparseHeader = 10

    // MARK: - Encoding

    /// Encodes `plane` into the start of `room`; nil where it does not fit. Deterministic.
    func encode(
        _ plane: UnsafeRawBufferPointer, into room: UnsafeMutableRawBufferPointer
    ) -> (codec: PlaneCodec, length: Int)? {
        unsafe encode(plane, into: room, level: 0)
    }

    private func encode(
        _ plane: UnsafeRawBufferPointer, into room: UnsafeMutableRawBufferPointer, level: Int
    ) -> (codec: PlaneCodec, length: Int)? {
        if level < PlaneCoder.maximumLevels, unsafe isSparse(plane),
            let length = unsafe encodeSparse(plane, into: room, level: level)
        {
            return (.sparse, length)
        }
        return unsafe encodeDense(plane, into: room)
    }

    /// Whether most bytes of a sample from all over the plane are zero.
    private func isSparse(_ plane: UnsafeRawBufferPointer) -> Bool {
        guard plane.count >= 64 else { return false }
        let step = max(1, plane.count / PlaneCoder.sampledZeros)
        var zeros = 0
        var sampled = 0
        for index in stride(from: 0, to: plane.count, by: step) {
            // Unsafe: an index below the count.
            zeros &+= unsafe plane[index] == 0 ? 1 : 0
            sampled &+= 1
        }
        return 10 * zeros >= PlaneCoder.sparseTenths * sampled
    }

    /// Huffman-coded where that saves anything.
    private func encodeDense(
        _ bytes: UnsafeRawBufferPointer, into room: UnsafeMutableRawBufferPointer
    ) -> (codec: PlaneCodec, length: Int)? {
        // Unsafe here and below: sub-buffers whose counts bound them.
        if unsafe isWorthATry(bytes, room) {
            let limit = min(room.count, bytes.count - bytes.count / 64)
            let target = unsafe UnsafeMutableRawBufferPointer(rebasing: room[0..<limit])
            if let length = unsafe compressor.compress(bytes, into: target) {
                return (.zstd, length)
            }
        }
        guard bytes.count <= room.count else { return nil }
        unsafe room.copyMemory(from: bytes)
        return (.raw, bytes.count)
    }

    /// Whether a sample from the middle shrinks by one part in 64. Uses the start of `room`.
    private func isWorthATry(
        _ bytes: UnsafeRawBufferPointer, _ room: UnsafeMutableRawBufferPointer
    ) -> Bool {
        let size = PlaneCoder.sampleBytes
        guard bytes.count >= 64 else { return false }
        guard bytes.count >= 4 * size, room.count >= size else { return true }
        let start = bytes.count / 2
        let sample = unsafe UnsafeRawBufferPointer(rebasing: bytes[start..<(start + size)])
        let target = unsafe UnsafeMutableRawBufferPointer(rebasing: room[0..<(size - size / 64)])
        return unsafe compressor.compress(sample, into: target) != nil
    }

    private func encodeSparse(
        _ plane: UnsafeRawBufferPointer, into room: UnsafeMutableRawBufferPointer, level: Int
    ) -> Int? {
        let header = PlaneCoder.sparseHeader
        guard room.count > header else { return nil }
        let mask = unsafe maskScratch[level].take((plane.count + 7) / 8)
        let values = unsafe valueScratch[level].take(plane.count + 8)
        let count = unsafe PlaneCoder.gather(plane, mask, values)
        guard
            let places = unsafe encode(
                UnsafeRawBufferPointer(mask),
                into: UnsafeMutableRawBufferPointer(rebasing: room[header...]), level: level + 1)
        else { return nil }
        unsafe storeEntry(places, at: 0, in: room)
        let middle = header + places.length
        guard
            let kept = unsafe encodeDense(
                UnsafeRawBufferPointer(rebasing: values[0..<count]),
                into: UnsafeMutableRawBufferPointer(rebasing: room[middle...]))
        else { return nil }
        unsafe storeEntry(kept, at: 5, in: room)
        return middle + kept.length
    }

    /// Sets a bit of `mask` for each byte that is not zero, and puts these behind each other into
    /// `values`, which has room for eight more than there can be. Returns how many there are.
    private static func gather(
        _ plane: UnsafeRawBufferPointer, _ mask: UnsafeMutableRawBufferPointer,
        _ values: UnsafeMutableRawBufferPointer
    ) -> Int {
        var next = 0
        // Unsafe: eight bytes that end at or before the count; `next` is at most the number of
        // bytes before them.
        for group in 0..<(plane.count / 8) {
            let word = unsafe UInt64(
                littleEndian: plane.loadUnaligned(fromByteOffset: 8 &* group, as: UInt64.self))
            var bits: UInt8 = 0
            if word != 0 {
                for index in 0..<8 {
                    let byte = UInt8(truncatingIfNeeded: word &>> UInt64(8 &* index))
                    unsafe values[next] = byte
                    let isValue: UInt8 = byte == 0 ? 0 : 1
                    bits |= isValue &<< UInt8(truncatingIfNeeded: index)
                    next &+= Int(isValue)
                }
            }
            unsafe mask[group] = bits
        }
        guard plane.count % 8 > 0 else { return next }
        var bits: UInt8 = 0
        for index in 0..<(plane.count % 8) {
            let byte = unsafe plane[plane.count / 8 * 8 + index]
            guard byte != 0 else { continue }
            unsafe values[next] = byte
            bits |= 1 << UInt8(index)
            next += 1
        }
        unsafe mask[mask.count - 1] = bits
        return next
    }

    // MARK: - Decoding

    /// Decodes the whole of `encoded` into the whole of `plane`.
    func decode(
        _ codec: PlaneCodec, _ encoded: UnsafeRawBufferPointer,
        into plane: UnsafeMutableRawBufferPointer
    ) throws(DecodeError) {
        try unsafe decode(codec, encoded, into: plane, level: 0)
    }

    private func decode(
        _ codec: PlaneCodec, _ encoded: UnsafeRawBufferPointer,
        into plane: UnsafeMutableRawBufferPointer, level: Int
    ) throws(DecodeError) {
        switch codec {
        case .raw:
            guard encoded.count == plane.count else {
                throw DecodeError(at: 0, "plane of another length")
            }
            unsafe plane.copyMemory(from: encoded)
        case .zstd: try unsafe decompressor.decompress(encoded, into: plane)
        case .sparse: try unsafe decodeSparse(encoded, into: plane, level: level)
        }
    }

    private func decodeSparse(
        _ encoded: UnsafeRawBufferPointer, into plane: UnsafeMutableRawBufferPointer, level: Int
    ) throws(DecodeError) {
        let header = PlaneCoder.sparseHeader
        guard level < PlaneCoder.maximumLevels else {
            throw DecodeError(at: 0, "sparse planes nested too deeply")
        }
        guard encoded.count >= header else { throw DecodeError(at: 0, "sparse plane too short") }
        let places = try unsafe entry(at: 0, in: encoded)
        let kept = try unsafe entry(at: 5, in: encoded)
        guard kept.codec != .sparse else { throw DecodeError(at: 5, "sparse values") }
        guard header + places.length + kept.length == encoded.count else {
            throw DecodeError(at: 0, "sparse plane of another length")
        }
        let middle = header + places.length
        let mask = unsafe maskScratch[level].take((plane.count + 7) / 8)
        try unsafe decode(
            places.codec, UnsafeRawBufferPointer(rebasing: encoded[header..<middle]), into: mask,
            level: level + 1)
        let count = unsafe mask.reduce(into: 0) { $0 &+= $1.nonzeroBitCount }
        let values = unsafe UnsafeMutableRawBufferPointer(
            rebasing: valueScratch[level].take(count + 8)[0..<count])
        try unsafe decode(
            kept.codec, UnsafeRawBufferPointer(rebasing: encoded[middle...]), into: values,
            level: level)
        try unsafe PlaneCoder.scatter(mask, values, into: plane)
    }

    /// Puts the next of `values` where a bit of `mask` is set, zero elsewhere. There are as many
    /// values as bits.
    private static func scatter(
        _ mask: UnsafeMutableRawBufferPointer, _ values: UnsafeMutableRawBufferPointer,
        into plane: UnsafeMutableRawBufferPointer
    ) throws(DecodeError) {
        let spare = 8 &* mask.count &- plane.count
        if spare > 0, unsafe mask[mask.count - 1] >> UInt8(8 - spare) != 0 {
            throw DecodeError(at: 0, "bits behind the end of a plane")
        }
        var next = 0
        // Unsafe: indices below the counts, since no bit is set behind the plane's end.
        for group in mask.indices {
            var bits = unsafe mask[group]
            let start = group &* 8
            let end = min(start &+ 8, plane.count)
            for index in start..<end { unsafe plane[index] = 0 }
            while bits != 0 {
                unsafe plane[start &+ bits.trailingZeroBitCount] = values[next]
                next &+= 1
                bits &= bits &- 1
            }
        }
    }
}

// MARK: - Entries

/// Writes how a plane, or a part of one, is encoded: a codec byte and a length of four bytes.
func storeEntry(
    _ entry: (codec: PlaneCodec, length: Int), at offset: Int,
    in room: UnsafeMutableRawBufferPointer
) {
    // Unsafe: the caller's room is long enough.
    unsafe room.storeBytes(of: entry.codec.rawValue, toByteOffset: offset, as: UInt8.self)
    unsafe room.storeBytes(
        of: UInt32(entry.length).littleEndian, toByteOffset: offset + 1, as: UInt32.self)
}

/// Reads what `storeEntry` wrote; the caller's bytes are long enough.
func entry(
    at offset: Int, in encoded: UnsafeRawBufferPointer
) throws(DecodeError) -> (codec: PlaneCodec, length: Int) {
    // Unsafe: loads within the caller's bytes.
    let byte = unsafe encoded.load(fromByteOffset: offset, as: UInt8.self)
    guard let codec = PlaneCodec(rawValue: byte) else {
        throw DecodeError(at: offset, "unknown codec of a plane")
    }
    let length = unsafe UInt32(
        littleEndian: encoded.loadUnaligned(fromByteOffset: offset + 1, as: UInt32.self))
    return (codec, Int(length))
}
