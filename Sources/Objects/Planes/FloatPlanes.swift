import Bytes
import Vocabulary

/// Numbers of 2, 4 or 8 bytes as planes: the lowest byte of each, then the next byte of each, and
/// so on, each plane encoded by itself. Codecs 3 (planes) and 4 (difference planes) of frames; see
/// docs/format/float-planes.md.
///
/// Each number is rotated left by one bit first, so that the sign stands lowest and the exponent of
/// a float fills the highest byte. Of weights that is the only byte that compresses.
///
/// A difference is `rotated - rotated base` (modulo the number's size), folded so that small
/// negative ones are small too. Numbers are sorted into groups by the highest byte of their base:
/// a change of a given size moves a small number by more steps than a large one, so each group has
/// its own distribution, and its own Huffman codes.
///
///     offset   size
///      0       1      width: 2, 4 or 8
///      1       1      groups g: 1; for differences 1 to 16
///      2       g - 1  for each group but the last, the highest byte that belongs to it; rising
///              5      g * width times, for each group its planes from the lowest byte on: a
///                     codec (`PlaneCodec`) and the encoded length
///                     the encoded planes in that order
///                     bytes behind the last whole number, as they are
///
/// Holds buffers from frame to frame. Not thread-safe.
final class FloatPlanes {
    private let coder = PlaneCoder()
    private let scratch = ScratchBytes()

    /// The sizes of numbers that have planes, in bytes.
    static let widths = [2, 4, 8]
    static let maximumGroups = 16
    private static let entryBytes = 5

    // MARK: - Encoding

    /// Encodes numbers of `width` bytes, or their differences from those of `base`, into the start of
    /// `room`. Returns the length; nil where it does not fit (so a caller who wants a gain gives
    /// little room), where there are no planes of that width, or where `base` has another length.
    ///
    /// Deterministic. Cost: about 1.5 GB/s of bf16, more of wider numbers.
    func encode(
        _ plain: UnsafeRawBufferPointer, width: Int, against base: UnsafeRawBufferPointer? = nil,
        into room: UnsafeMutableRawBufferPointer
    ) -> Int? {
        guard FloatPlanes.widths.contains(width), plain.count >= width else { return nil }
        if let base = unsafe base, base.count != plain.count { return nil }
        let count = plain.count / width
        let planes = unsafe scratch.take(count * width)
        var groups = PlaneGroups.one(count)
        if let base = unsafe base {
            groups = unsafe PlaneGroups(of: base, width: width, count: count)
            unsafe groups.split(plain, base, width, into: planes)
        } else {
            unsafe splitPlanes(plain, width, count, into: planes)
        }
        return unsafe write(planes, groups, plain, width, into: room)
    }

    private func write(
        _ planes: UnsafeMutableRawBufferPointer, _ groups: PlaneGroups,
        _ plain: UnsafeRawBufferPointer, _ width: Int, into room: UnsafeMutableRawBufferPointer
    ) -> Int? {
        let count = planes.count / width
        var table = 1 + groups.starts.count
        var end = table + FloatPlanes.entryBytes * groups.starts.count * width
        guard end <= room.count else { return nil }
        // Unsafe here and below: sub-buffers whose counts bound them.
        unsafe room[0] = UInt8(width)
        unsafe room[1] = UInt8(groups.starts.count)
        for (index, last) in groups.lastKeys.enumerated() { unsafe room[2 + index] = last }
        for range in groups.ranges(count) {
            for plane in 0..<width {
                let start = plane * count
                let bytes = unsafe UnsafeRawBufferPointer(
                    rebasing: planes[(start + range.lowerBound)..<(start + range.upperBound)])
                let rest = unsafe UnsafeMutableRawBufferPointer(rebasing: room[end...])
                guard let part = unsafe coder.encode(bytes, into: rest) else { return nil }
                unsafe storeEntry(part, at: table, in: room)
                table += FloatPlanes.entryBytes
                end += part.length
            }
        }
        let tail = unsafe UnsafeRawBufferPointer(rebasing: plain[planes.count...])
        guard end + tail.count <= room.count else { return nil }
        unsafe UnsafeMutableRawBufferPointer(rebasing: room[end...]).copyMemory(from: tail)
        return end + tail.count
    }

    // MARK: - Decoding

    /// Decodes the whole of `encoded` into the whole of `output`; with the `base` that it was
    /// encoded against, if any. Throws on anything that the format does not allow; never writes
    /// beyond the output, and needs memory in proportion to it.
    func decode(
        _ encoded: UnsafeRawBufferPointer, against base: UnsafeRawBufferPointer? = nil,
        into output: UnsafeMutableRawBufferPointer
    ) throws(DecodeError) {
        if let base = unsafe base, base.count != output.count {
            throw DecodeError(at: 0, "base of another length")
        }
        guard encoded.count >= 2 else { throw DecodeError(at: 0, "planes too short") }
        let width = unsafe Int(encoded[0])
        guard FloatPlanes.widths.contains(width), output.count >= width else {
            throw DecodeError(at: 0, "planes of an unknown width")
        }
        let count = output.count / width
        var groups = PlaneGroups.one(count)
        let lastKeys = try unsafe FloatPlanes.lastKeys(encoded, isDifference: base != nil)
        if let base = unsafe base {
            groups = unsafe PlaneGroups(of: base, width: width, count: count, lastKeys: lastKeys)
        }
        let planes = unsafe scratch.take(count * width)
        try unsafe read(encoded, groups, width, into: planes, tail: output.count - planes.count)
        if let base = unsafe base {
            unsafe groups.join(planes, base, width, into: output)
        } else {
            unsafe joinPlanes(planes, width, count, into: output)
        }
        let tail = unsafe UnsafeMutableRawBufferPointer(rebasing: output[planes.count...])
        unsafe tail.copyMemory(
            from: UnsafeRawBufferPointer(rebasing: encoded[(encoded.count - tail.count)...]))
    }

    /// The table of groups.
    private static func lastKeys(
        _ encoded: UnsafeRawBufferPointer, isDifference: Bool
    ) throws(DecodeError) -> [UInt8] {
        let groups = unsafe Int(encoded[1])
        guard (1...(isDifference ? maximumGroups : 1)).contains(groups),
            encoded.count >= 1 + groups
        else { throw DecodeError(at: 1, "groups out of bounds") }
        let keys = unsafe [UInt8](UnsafeRawBufferPointer(rebasing: encoded[2..<(1 + groups)]))
        guard zip(keys, keys.dropFirst()).allSatisfy(<), keys.last != 0xff else {
            throw DecodeError(at: 2, "groups out of order")
        }
        return keys
    }

    private func read(
        _ encoded: UnsafeRawBufferPointer, _ groups: PlaneGroups, _ width: Int,
        into planes: UnsafeMutableRawBufferPointer, tail: Int
    ) throws(DecodeError) {
        let count = planes.count / width
        var table = 1 + groups.starts.count
        var offset = table + FloatPlanes.entryBytes * groups.starts.count * width
        guard offset + tail <= encoded.count else { throw DecodeError(at: 2, "planes too short") }
        for range in groups.ranges(count) {
            for plane in 0..<width {
                let (codec, length) = try unsafe entry(at: table, in: encoded)
                guard length <= encoded.count - tail - offset else {
                    throw DecodeError(at: table, "plane longer than its frame")
                }
                let start = plane * count
                try unsafe decode(
                    codec, UnsafeRawBufferPointer(rebasing: encoded[offset..<(offset + length)]),
                    into: UnsafeMutableRawBufferPointer(
                        rebasing: planes[(start + range.lowerBound)..<(start + range.upperBound)]),
                    at: offset)
                table += FloatPlanes.entryBytes
                offset += length
            }
        }
        guard offset + tail == encoded.count else {
            throw DecodeError(at: offset, "bytes behind the planes")
        }
    }

    private func decode(
        _ codec: PlaneCodec, _ encoded: UnsafeRawBufferPointer,
        into plane: UnsafeMutableRawBufferPointer, at offset: Int
    ) throws(DecodeError) {
        do throws(DecodeError) {
            try unsafe coder.decode(codec, encoded, into: plane)
        } catch {
            throw DecodeError(at: offset + error.offset, error.reason)
        }
    }
}
