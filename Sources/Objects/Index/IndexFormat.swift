import Bytes
import Vocabulary

/// An index segment: where each object of some packs stands. Immutable, sorted, mapped; derived
/// from the packs' directories and rebuilt from them whenever it is missing or damaged.
///
/// Little-endian, but for the key, which is in the digest's own order.
///
///     header, 64 bytes
///      0      8   magic "mlsindx1"
///      8      2   version: 2
///     10      2   features: 0
///     12      4   count of packs
///     16      8   count of objects
///     24      8   filter length in bytes: a power of two
///     32      8   XXH3-64 of everything behind the header
///     40     16   zero
///     56      8   XXH3-64 of bytes 0 to 55
///     packs, 32 bytes each: their ids
///     filter: of each object the bits (b + i * (a | 1)) mod (8 * filter length) are set,
///         i = 0, 1, 2, where a and b are the first and second eight bytes of its digest as
///         big-endian numbers; bit n is bit n mod 8 of byte n / 8
///     objects, 32 bytes each, in the order of bytes 0 to 15, then kind, pack, offset, position
///      0     16   the first 16 bytes of the digest
///     16      4   number of its pack in this segment, from 0
///     20      4   offset of its frame
///     24      2   position in the frame
///     26      1   kind
///     27      1   flags: bit 0 where the frame has bases
///     28      4   length
///
/// The file is named by its SHA-256, in hexadecimal, with `.idx`.
enum IndexFormat {
    static let headerBytes = 64
    static let entryBytes = 32
    static let magic: [UInt8] = Array("mlsindx1".utf8)
    static let version: UInt16 = 2

    static func filterBytes(forObjects count: Int) -> Int {
        var bytes = 64
        while bytes * 8 < count * 12 { bytes *= 2 }
        return bytes
    }

    /// The three bits that stand for a digest, in a filter of `mask + 1` bits.
    static func filterBits(
        _ a: UInt64, _ b: UInt64, mask: UInt64
    ) -> (UInt64, UInt64, UInt64) {
        let step = a | 1
        return (b & mask, (b &+ step) & mask, (b &+ 2 &* step) & mask)
    }
}

/// One object of an index.
struct IndexEntry: Sendable, Equatable {
    var a: UInt64
    var b: UInt64
    var pack: UInt32
    var frameOffset: UInt32
    var ordinal: UInt16
    var kind: UInt8
    var flags: UInt8
    var length: UInt32

    init(_ entry: PackEntry, pack: Int) {
        a = entry.key.digest.prefix64
        b = entry.key.digest.second64
        self.pack = UInt32(pack)
        frameOffset = UInt32(entry.frameOffset)
        ordinal = UInt16(entry.ordinal)
        kind = entry.key.kind.rawValue
        flags = entry.hasBases ? 1 : 0
        length = UInt32(entry.length)
    }

    /// Reads the entry at `offset`, which with 32 bytes is within `bytes`.
    init(_ bytes: UnsafeRawBufferPointer, at offset: Int) {
        // Unsafe: loads within the 32 bytes that the caller has checked.
        func word<Word: FixedWidthInteger>(_ position: Int, _: Word.Type) -> Word {
            unsafe bytes.loadUnaligned(fromByteOffset: offset + position, as: Word.self)
        }
        a = UInt64(bigEndian: word(0, UInt64.self))
        b = UInt64(bigEndian: word(8, UInt64.self))
        pack = UInt32(littleEndian: word(16, UInt32.self))
        frameOffset = UInt32(littleEndian: word(20, UInt32.self))
        ordinal = UInt16(littleEndian: word(24, UInt16.self))
        kind = word(26, UInt8.self)
        flags = word(27, UInt8.self)
        length = UInt32(littleEndian: word(28, UInt32.self))
    }

    /// Writes the entry at `offset`, which with 32 bytes is within `bytes` and zero.
    func write(to bytes: UnsafeMutableRawBufferPointer, at offset: Int) {
        func put<Word: FixedWidthInteger>(_ word: Word, _ position: Int) {
            unsafe bytes.storeBytes(of: word, toByteOffset: offset + position, as: Word.self)
        }
        put(a.bigEndian, 0)
        put(b.bigEndian, 8)
        put(pack.littleEndian, 16)
        put(frameOffset.littleEndian, 20)
        put(ordinal.littleEndian, 24)
        put(kind, 26)
        put(flags, 27)
        put(length.littleEndian, 28)
    }

    static func inOrder(_ left: IndexEntry, _ right: IndexEntry) -> Bool {
        if left.a != right.a { return left.a < right.a }
        if left.b != right.b { return left.b < right.b }
        if left.kind != right.kind { return left.kind < right.kind }
        if left.pack != right.pack { return left.pack < right.pack }
        if left.frameOffset != right.frameOffset { return left.frameOffset < right.frameOffset }
        return left.ordinal < right.ordinal
    }
}

extension IndexFormat {
    /// The bytes of a segment over `packs`; the entries' pack numbers refer to them.
    static func encode(packs: [PackID], entries: [IndexEntry]) -> [UInt8] {
        let sorted = entries.sorted(by: IndexEntry.inOrder)
        let filterLength = filterBytes(forObjects: sorted.count)
        let filterStart = headerBytes + packs.count * Digest.sizeBytes
        let entriesStart = filterStart + filterLength
        let total = entriesStart + sorted.count * entryBytes
        var bytes = [UInt8](repeating: 0, count: total)
        let mask = UInt64(filterLength * 8 - 1)
        for (number, pack) in packs.enumerated() {
            let start = headerBytes + number * Digest.sizeBytes
            bytes.replaceSubrange(start..<(start + Digest.sizeBytes), with: pack.digest.bytes)
        }
        // Unsafe: every offset is below `total` by the sums above.
        unsafe bytes.withUnsafeMutableBytes { buffer in
            for (number, entry) in sorted.enumerated() {
                let bits = filterBits(entry.a, entry.b, mask: mask)
                unsafe buffer[filterStart + Int(bits.0 >> 3)] |= 1 << UInt8(bits.0 & 7)
                unsafe buffer[filterStart + Int(bits.1 >> 3)] |= 1 << UInt8(bits.1 & 7)
                unsafe buffer[filterStart + Int(bits.2 >> 3)] |= 1 << UInt8(bits.2 & 7)
                unsafe entry.write(to: buffer, at: entriesStart + number * entryBytes)
            }
        }
        let body = xxh3(bytes.span.extracting(headerBytes..<total))
        let header = encodeHeader(
            packs: packs.count, objects: sorted.count, filter: filterLength, checksum: body)
        bytes.replaceSubrange(0..<headerBytes, with: header)
        return bytes
    }

    static func encodeHeader(
        packs: Int, objects: Int, filter: Int, checksum: UInt64
    ) -> [UInt8] {
        var writer = ByteWriter(capacity: headerBytes)
        writer.append(magic)
        writer.append(uint16: version)
        writer.append(uint16: 0)
        writer.append(uint32: UInt32(packs))
        writer.append(uint64: UInt64(objects))
        writer.append(uint64: UInt64(filter))
        writer.append(uint64: checksum)
        writer.append(uint64: 0)
        writer.append(uint64: 0)
        writer.append(uint64: xxh3(writer.bytes))
        return writer.bytes
    }
}
