import Bytes
package import Vocabulary

/// A pack: one immutable file of about 64 MiB that holds many frames and its own directory.
///
/// All numbers are little-endian.
///
///     header, 32 bytes
///      0      8   magic "mlspack1"
///      8      2   version: 2 (1 is read too: it has no frames with bases, and flags of zero)
///     10      2   features: bit 0 where the pack has a plain file (`PlainPlace`)
///     12      1   class (`PackClass`)
///     13      3   zero
///     16     16   session nonce: random, so that no two sessions ever write equal packs
///     frames, from byte 32, one behind the other (`FramePrefix`)
///     directory, 44 bytes an object, in the order of digest, then kind
///      0     32   digest
///     32      4   offset of its frame in the pack
///     36      1   kind
///     37      1   flags: bit 0 where the frame has bases
///     38      2   its position among the objects of the frame, from 0
///     40      4   its length in bytes
///     trailer, 64 bytes
///      0      8   offset of the directory
///      8      8   count of objects
///     16      8   count of frames
///     24      8   sum of the objects' lengths
///     32      8   XXH3-64 of the directory
///     40      8   zero
///     48      8   XXH3-64 of bytes 0 to 47 of the trailer
///     56      8   magic "mlsptrlr"
///
/// The file is named by its SHA-256, in hexadecimal, with `.pack`.
///
/// Invariants: the frames fill the file from byte 32 up to the directory; the directory names
/// each object of each frame once; a pack is shorter than 4 GiB.
package enum PackFormat {
    static let headerBytes = 32
    static let entryBytes = 44
    /// The length of a trailer.
    package static let trailerBytes = 64
    static let magic: [UInt8] = Array("mlspack1".utf8)
    static let trailerMagic: [UInt8] = Array("mlsptrlr".utf8)
    static let version: UInt16 = 2
    /// The length of a session nonce.
    package static let nonceBytes = 16
    /// A pack is closed when it has grown to this.
    package static let targetBytes = 64 << 20
    /// A pack is closed when it has so many objects: what is known of them is in memory until then.
    package static let targetObjects = 1 << 18

    static let plainFileFeature: UInt16 = 1

    static func header(
        _ packClass: PackClass, nonce: [UInt8], hasPlainFile: Bool = false
    ) -> [UInt8] {
        var writer = ByteWriter(capacity: headerBytes)
        writer.append(magic)
        writer.append(uint16: version)
        writer.append(uint16: hasPlainFile ? plainFileFeature : 0)
        writer.append(uint8: packClass.rawValue)
        writer.append([0, 0, 0])
        writer.append(nonce)
        return writer.bytes
    }

    /// Checks a header; returns the class, and whether the pack has a plain file.
    static func parseHeader(
        _ bytes: Span<UInt8>
    ) throws(FrameFault) -> (packClass: PackClass, hasPlainFile: Bool) {
        let version: UInt16
        let features: UInt16
        let classByte: UInt8
        do throws(DecodeError) {
            var cursor = ByteCursor()
            try cursor.magic(magic, bytes)
            version = try cursor.uint16(bytes)
            features = try cursor.uint16(bytes)
            classByte = try cursor.uint8(bytes)
            let padding = try cursor.bytes(3, bytes)
            try cursor.skip(nonceBytes, bytes)
            guard padding == [0, 0, 0] else { throw DecodeError(at: 13, "padding is not zero") }
        } catch { throw .damaged(error) }
        guard (1...PackFormat.version).contains(version) else {
            throw .newer("pack version \(version)")
        }
        guard features & ~plainFileFeature == 0 else { throw .newer("pack features \(features)") }
        guard let packClass = PackClass(rawValue: classByte) else {
            throw .newer("pack class \(classByte)")
        }
        return (packClass, features & plainFileFeature != 0)
    }
}

/// Where an object stands in a pack.
package struct PackEntry: Sendable, Equatable {
    /// The object.
    package let key: ObjectKey
    /// Where its frame starts.
    package let frameOffset: Int
    /// Its position among the objects of the frame.
    package let ordinal: Int
    /// Its length in bytes, decoded.
    package let length: Int
    /// Whether its frame builds on other objects.
    package let hasBases: Bool

    /// Makes the entry.
    package init(
        key: ObjectKey, frameOffset: Int, ordinal: Int, length: Int, hasBases: Bool = false
    ) {
        self.hasBases = hasBases
        self.key = key
        self.frameOffset = frameOffset
        self.ordinal = ordinal
        self.length = length
    }
}

/// The end of a pack: where its directory stands.
package struct PackTrailer: Sendable, Equatable {
    /// Where the frames end and the directory starts.
    package var directoryOffset: Int
    /// How many objects.
    package var objectCount: Int
    /// How many frames.
    package var frameCount: Int
    /// The sum of the objects' lengths.
    package var plainBytes: Int
    var directoryChecksum: UInt64

    /// Bytes of the directory.
    package var directoryBytes: Int { objectCount * PackFormat.entryBytes }

    /// Reads the last 64 bytes of a pack of `fileSize` bytes, with every check.
    package init(parsing bytes: Span<UInt8>, fileSize: Int) throws(DecodeError) {
        guard bytes.count == PackFormat.trailerBytes else {
            throw DecodeError(at: 0, "trailer of another length")
        }
        var cursor = ByteCursor(offset: 48)
        guard try cursor.uint64(bytes) == xxh3(bytes.extracting(0..<48)) else {
            throw DecodeError(at: 48, "trailer checksum mismatch")
        }
        try cursor.magic(PackFormat.trailerMagic, bytes)
        cursor.offset = 0
        let bound = UInt64(UInt32.max)
        var numbers: [Int] = []
        for _ in 0..<4 {
            let number = try cursor.uint64(bytes)
            // The sum of plain lengths may exceed the file's; the others may not.
            guard number <= (numbers.count == 3 ? bound << 16 : bound) else {
                throw DecodeError(at: cursor.offset - 8, "number out of bounds")
            }
            numbers.append(Int(number))
        }
        directoryOffset = numbers[0]
        objectCount = numbers[1]
        frameCount = numbers[2]
        plainBytes = numbers[3]
        directoryChecksum = try cursor.uint64(bytes)
        guard try cursor.uint64(bytes) == 0 else { throw DecodeError(at: 40, "not zero") }
        let end = directoryOffset + objectCount * PackFormat.entryBytes + PackFormat.trailerBytes
        guard directoryOffset >= PackFormat.headerBytes, end == fileSize else {
            throw DecodeError(at: 0, "lengths do not add up to the file's")
        }
    }

    init(
        directoryOffset: Int, objectCount: Int, frameCount: Int, plainBytes: Int,
        directoryChecksum: UInt64
    ) {
        self.directoryOffset = directoryOffset
        self.objectCount = objectCount
        self.frameCount = frameCount
        self.plainBytes = plainBytes
        self.directoryChecksum = directoryChecksum
    }

    var encoded: [UInt8] {
        var writer = ByteWriter(capacity: PackFormat.trailerBytes)
        for number in [directoryOffset, objectCount, frameCount, plainBytes] {
            writer.append(uint64: UInt64(number))
        }
        writer.append(uint64: directoryChecksum)
        writer.append(uint64: 0)
        writer.append(uint64: xxh3(writer.bytes))
        writer.append(PackFormat.trailerMagic)
        return writer.bytes
    }
}

/// The directory of a pack as bytes.
package enum PackDirectory {
    /// Encodes entries, which are put in order first.
    static func encode(_ entries: [PackEntry]) -> [UInt8] {
        let sorted = entries.sorted { ($0.key, $0.frameOffset) < ($1.key, $1.frameOffset) }
        var writer = ByteWriter(capacity: sorted.count * PackFormat.entryBytes)
        for entry in sorted {
            writer.append(entry.key.digest)
            writer.append(uint32: UInt32(entry.frameOffset))
            writer.append(uint8: entry.key.kind.rawValue)
            writer.append(uint8: entry.hasBases ? 1 : 0)
            writer.append(uint16: UInt16(entry.ordinal))
            writer.append(uint32: UInt32(entry.length))
        }
        return writer.bytes
    }

    /// Reads a directory, with every check that needs no frames.
    package static func parse(
        _ bytes: Span<UInt8>, trailer: PackTrailer
    ) throws(DecodeError) -> [PackEntry] {
        guard bytes.count == trailer.directoryBytes, xxh3(bytes) == trailer.directoryChecksum else {
            throw DecodeError(at: 0, "directory checksum mismatch")
        }
        var entries: [PackEntry] = []
        entries.reserveCapacity(trailer.objectCount)
        var cursor = ByteCursor()
        for _ in 0..<trailer.objectCount {
            let start = cursor.offset
            let entry = try parseEntry(&cursor, bytes)
            guard entry.frameOffset >= PackFormat.headerBytes,
                entry.frameOffset < trailer.directoryOffset
            else { throw DecodeError(at: start, "frame offset out of bounds") }
            if let last = entries.last, entry.key < last.key {
                throw DecodeError(at: start, "directory out of order")
            }
            entries.append(entry)
        }
        return entries
    }

    private static func parseEntry(
        _ cursor: inout ByteCursor, _ bytes: Span<UInt8>
    ) throws(DecodeError) -> PackEntry {
        let start = cursor.offset
        let digest = try cursor.digest(bytes)
        let offset = Int(try cursor.uint32(bytes))
        let kindByte = try cursor.uint8(bytes)
        let flags = try cursor.uint8(bytes)
        let ordinal = Int(try cursor.uint16(bytes))
        let length = Int(try cursor.uint32(bytes))
        guard let kind = ObjectKind(rawValue: kindByte), flags <= 1 else {
            throw DecodeError(at: start + 36, "unknown object kind \(kindByte)")
        }
        return PackEntry(
            key: ObjectKey(kind, digest), frameOffset: offset, ordinal: ordinal, length: length,
            hasBases: flags == 1)
    }
}
