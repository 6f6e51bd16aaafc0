import Bytes
import Objects
import Remotes
import Vocabulary

/// A pack on a remote, as an index segment describes it. Flat arrays: a remote can have millions
/// of objects.
struct RemotePack: Hashable, Sendable {
    /// The pack.
    var id: PackID
    /// The session that sent it: a part of its name.
    var session: [UInt8]
    /// Bytes of the file.
    var sizeBytes: Int
    /// Where each frame starts, rising.
    private(set) var frameOffsets: [UInt32] = []
    /// How long each frame is.
    private(set) var frameLengths: [UInt32] = []
    /// The number of the first object of each frame in `keys`.
    private(set) var firstObjects: [UInt32] = []
    /// What frames build on; most build on nothing.
    private(set) var frameBases: [Int: FrameBases] = [:]
    /// The objects in the order of the frames.
    private(set) var keys: [ObjectKey] = []
    /// Their lengths.
    private(set) var lengths: [UInt32] = []

    init(id: PackID, session: [UInt8], sizeBytes: Int) {
        self.id = id
        self.session = session
        self.sizeBytes = sizeBytes
    }

    /// What its file is called.
    var path: String { "packs/\(Hex.encode(session))/\(id.digest.hex).pack" }

    /// Where it stands.
    func name() throws -> RemoteFileName { try RemoteFileName(validating: path) }

    var frameCount: Int { frameOffsets.count }

    mutating func append(
        offset: Int, length: Int, objects: [(key: ObjectKey, length: Int)],
        bases: FrameBases? = nil
    ) {
        if let bases { frameBases[frameCount] = bases }
        frameOffsets.append(UInt32(offset))
        frameLengths.append(UInt32(length))
        firstObjects.append(UInt32(keys.count))
        for object in objects {
            keys.append(object.key)
            lengths.append(UInt32(object.length))
        }
    }

    /// The bytes of a frame in the pack.
    func range(ofFrame frame: Int) -> Range<Int> {
        let start = Int(frameOffsets[frame])
        return start..<(start + Int(frameLengths[frame]))
    }

    /// The numbers of a frame's objects.
    func objects(ofFrame frame: Int) -> Range<Int> {
        let end = frame + 1 < frameCount ? Int(firstObjects[frame + 1]) : keys.count
        return Int(firstObjects[frame])..<end
    }

    /// A frame's objects with their lengths.
    func contents(ofFrame frame: Int) -> [(key: ObjectKey, length: Int)] {
        objects(ofFrame: frame).map { (key: keys[$0], length: Int(lengths[$0])) }
    }

    /// A frame from its bytes, which must be what the index says of it. Throws `.corrupt`.
    func encodedFrame(_ frame: Int, copying bytes: [UInt8]) throws -> EncodedFrame {
        try EncodedFrame(
            copying: bytes, of: contents(ofFrame: frame), bases: frameBases[frame],
            from: name().description)
    }
}

/// An `idx/<hex>` file: the objects of some packs. Little-endian.
///
///     offset size
///      0      8   magic "mlsridx1"
///      8      2   version: 2
///     10      2   features: 0
///     12      4   count of packs
///     then each pack:
///      0     32   pack id
///     32     16   session
///     48      8   bytes of the file
///     56      4   count of frames
///     60          frames, in the order in which they stand: varint offset from the end of the
///                 frame before (from byte 0 for the first), varint length, 1 byte kind, varint
///                 generation (0 for a frame without bases, which version 1 leaves out; else
///                 followed by a varint count of bases and the digest of each), varint
///                 count of objects, then each object: 32 bytes digest, varint length
///
/// The file is named by its SHA-256, which is checked before anything is read.
enum RemoteIndexFormat {
    static let magic = Array("mlsridx1".utf8)
    private static let version: UInt16 = 2
    private static let sessionBytes = PackFormat.nonceBytes
    private static let maximumFrame =
        FramePrefix.sizeBytes + FramePrefix.maximumPlainLength
        + 4 * FramePrefix.maximumCount

    static func encode(_ packs: [RemotePack]) -> [UInt8] {
        var writer = ByteWriter()
        writer.append(magic)
        writer.append(uint16: version)
        writer.append(uint16: 0)
        writer.append(uint32: UInt32(packs.count))
        for pack in packs { encode(pack, &writer) }
        return writer.bytes
    }

    private static func encode(_ pack: RemotePack, _ writer: inout ByteWriter) {
        writer.append(pack.id.digest)
        writer.append(pack.session)
        writer.append(uint64: UInt64(pack.sizeBytes))
        writer.append(uint32: UInt32(pack.frameCount))
        var end = 0
        for frame in 0..<pack.frameCount {
            let range = pack.range(ofFrame: frame)
            let objects = pack.objects(ofFrame: frame)
            writer.append(length: range.lowerBound - end)
            writer.append(length: range.count)
            writer.append(uint8: pack.keys[objects.lowerBound].kind.rawValue)
            encode(pack.frameBases[frame], &writer)
            writer.append(length: objects.count)
            for object in objects {
                writer.append(pack.keys[object].digest)
                writer.append(length: Int(pack.lengths[object]))
            }
            end = range.upperBound
        }
    }

    private static func encode(_ bases: FrameBases?, _ writer: inout ByteWriter) {
        writer.append(length: bases?.generation ?? 0)
        guard let bases else { return }
        writer.append(length: bases.digests.count)
        for digest in bases.digests { writer.append(digest) }
    }

    /// The version of a segment that a newer program wrote; nil where it is none.
    static func newerVersion(_ bytes: Span<UInt8>) -> Int64? {
        var cursor = ByteCursor()
        guard (try? cursor.magic(magic, bytes)) != nil, let found = try? cursor.uint16(bytes),
            found > version
        else { return nil }
        return Int64(found)
    }

    static func decode(_ bytes: Span<UInt8>) throws(DecodeError) -> [RemotePack] {
        var cursor = ByteCursor()
        try cursor.magic(magic, bytes)
        let version = try cursor.uint16(bytes)
        guard (1...self.version).contains(version), try cursor.uint16(bytes) == 0 else {
            throw DecodeError(at: 8, "index of another version")
        }
        let count = try cursor.uint32(bytes)
        var packs: [RemotePack] = []
        for _ in 0..<count { packs.append(try decodePack(&cursor, bytes, version)) }
        guard cursor.isAtEnd(of: bytes) else {
            throw DecodeError(at: cursor.offset, "bytes behind the last pack")
        }
        return packs
    }

    private static func decodePack(
        _ cursor: inout ByteCursor, _ bytes: Span<UInt8>, _ version: UInt16
    ) throws(DecodeError) -> RemotePack {
        let start = cursor.offset
        let id = PackID(try cursor.digest(bytes))
        let session = try cursor.bytes(sessionBytes, bytes)
        let size = try cursor.uint64(bytes)
        // Offsets in a pack have 32 bits.
        guard size <= UInt64(UInt32.max) else { throw DecodeError(at: start + 48, "pack too long") }
        var pack = RemotePack(id: id, session: session, sizeBytes: Int(size))
        let frames = try cursor.uint32(bytes)
        var end = 0
        for _ in 0..<frames { try decodeFrame(&cursor, bytes, version, &end, &pack) }
        return pack
    }

    private static func decodeFrame(
        _ cursor: inout ByteCursor, _ bytes: Span<UInt8>, _ version: UInt16, _ end: inout Int,
        _ pack: inout RemotePack
    ) throws(DecodeError) {
        let start = cursor.offset
        let offset = end + (try cursor.length(bytes, maximum: pack.sizeBytes - end))
        let length = try cursor.length(
            bytes, maximum: min(maximumFrame, pack.sizeBytes - offset))
        guard let kind = ObjectKind(rawValue: try cursor.uint8(bytes)) else {
            throw DecodeError(at: start, "unknown object kind")
        }
        let bases = version > 1 ? try decodeBases(&cursor, bytes) : nil
        guard bases == nil || kind == .chunk else {
            throw DecodeError(at: start, "only chunks build on others")
        }
        let count = try cursor.length(bytes, maximum: FramePrefix.maximumCount)
        guard count > 0, length >= FramePrefix.sizeBytes else {
            throw DecodeError(at: start, "empty frame")
        }
        var objects: [(key: ObjectKey, length: Int)] = []
        for _ in 0..<count {
            let key = ObjectKey(kind, try cursor.digest(bytes))
            objects.append(
                (key, try cursor.length(bytes, maximum: FramePrefix.maximumPlainLength)))
        }
        pack.append(offset: offset, length: length, objects: objects, bases: bases)
        end = offset + length
    }

    private static func decodeBases(
        _ cursor: inout ByteCursor, _ bytes: Span<UInt8>
    ) throws(DecodeError) -> FrameBases? {
        let generation = try cursor.length(bytes, maximum: FrameBases.maximumGeneration)
        guard generation > 0 else { return nil }
        let start = cursor.offset
        let count = try cursor.length(bytes, maximum: FrameBases.maximumCount)
        guard count > 0 else { throw DecodeError(at: start, "no bases") }
        var digests: [Digest] = []
        for _ in 0..<count { digests.append(try cursor.digest(bytes)) }
        return FrameBases(generation: generation, digests: digests)
    }
}
