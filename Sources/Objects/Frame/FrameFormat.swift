import Bytes
package import Vocabulary

/// How the bytes of a frame's objects are encoded: one byte of the prefix.
package enum FrameCodec: UInt8, Sendable {
    /// As they are.
    case raw = 0
    /// One zstd frame.
    case zstd = 1
    /// One zstd frame that continues the bytes of the frame's bases (`FrameBases`).
    case delta = 2
    /// Numbers as planes of their bytes (`FloatPlanes`).
    case planes = 3
    /// Numbers as planes of their differences from those of the frame's bases (`FloatPlanes`).
    case differences = 4
    /// As they are, in the plain file of the pack (`PlainPlace`).
    case beside = 5

    /// Whether a frame of this codec names objects that it is decoded against.
    package var hasBases: Bool { self == .delta || self == .differences }
}

/// The prefix of a frame: one or several objects of one kind, encoded together.
///
/// A frame describes itself, so that a pack's directory can be rebuilt by walking its frames.
/// All numbers are little-endian.
///
///     offset size
///      0      4   magic "mlf1"
///      4      4   payload length: how many bytes follow the 64 of the prefix
///      8      8   XXH3-64 of everything from byte 16 to the end of the payload
///     16      1   kind (`ObjectKind`)
///     17      1   codec (`FrameCodec`)
///     18      2   flags: 0; bit 15 is kept for encryption
///     20      4   plain length: the sum of the objects' lengths
///     24      4   count of objects, at least 1
///     28      4   zero
///     32     32   digest of the first object
///     64          payload: if count > 1, a length of 4 bytes for each object; if the codec needs
///                 them, the bases (`FrameBases`); then the encoded bytes
///
/// Objects stand behind each other in the plain bytes. Their digests are found by hashing them
/// as their kind says; a recipe starts with its digest.
///
/// Invariants: `plainLength` and `count` are within their bounds; a `raw` frame's encoded bytes are
/// exactly `plainLength`; the lengths of the table add up to `plainLength`.
package struct FramePrefix: Sendable, Equatable {
    /// The length of a prefix.
    package static let sizeBytes = 64
    /// No frame decodes to more than this.
    package static let maximumPlainLength = 64 << 20
    /// No frame holds more objects than this.
    package static let maximumCount = 4096
    static let magic: [UInt8] = Array("mlf1".utf8)
    static let checkedFrom = 16

    /// The kind of all its objects.
    package var kind: ObjectKind
    /// How they are encoded.
    package var codec: FrameCodec
    /// Bytes behind the prefix.
    package var payloadLength: Int
    /// Bytes of the objects together.
    package var plainLength: Int
    /// How many objects.
    package var count: Int
    /// The digest of the first.
    package var firstDigest: Digest
    var checksum: UInt64 = 0

    /// Bytes of the lengths table.
    var tableLength: Int { count > 1 ? 4 * count : 0 }
    /// Bytes of the whole frame.
    package var frameLength: Int { FramePrefix.sizeBytes + payloadLength }
}

/// Why a frame cannot be read: damaged, or newer than this program.
enum FrameFault: Error {
    case damaged(DecodeError)
    case newer(String)
    /// An object that the frame is decoded against cannot be had.
    case baseUnreadable(ObjectKey, any Error)
    /// The plain file, where its bytes stand, cannot be read.
    case plainUnreadable(any Error)

    func error(in file: String, at offset: Int, object: ObjectKey? = nil) -> StoreError {
        switch self {
        case .baseUnreadable(let base, let cause):
            .damaged(
                file, at: offset, "\(base), on which it builds, cannot be read", object: object,
                cause: cause)
        case .plainUnreadable(let cause):
            .damaged(
                file, at: offset, "its plain file cannot be read", object: object, cause: cause)
        case .damaged(let fault):
            .damaged(file, at: offset, fault.reason, object: object, cause: fault)
        case .newer(let what): .newerFormat(file, what)
        }
    }
}

extension FramePrefix {
    /// The length of the frame that starts at `bytes`, checked only for its magic number and
    /// bounds: enough to know how much to read.
    static func frameLength(startingWith bytes: Span<UInt8>) throws(DecodeError) -> Int {
        var cursor = ByteCursor()
        try cursor.magic(magic, bytes)
        let payload = Int(try cursor.uint32(bytes))
        guard payload <= maximumPayloadLength else { throw DecodeError(at: 4, "frame too long") }
        return sizeBytes + payload
    }

    static let maximumPayloadLength = maximumPlainLength + 4 * maximumCount

    /// Reads and checks the prefix of the whole frame in `frame`: length, XXH3, bounds.
    init(checking frame: Span<UInt8>) throws(FrameFault) {
        do throws(DecodeError) {
            let length = try FramePrefix.frameLength(startingWith: frame)
            guard length == frame.count else { throw DecodeError(at: 4, "frame of another length") }
            var cursor = ByteCursor(offset: 8)
            let stored = try cursor.uint64(frame)
            guard stored == xxh3(frame.extracting(FramePrefix.checkedFrom..<length)) else {
                throw DecodeError(at: 8, "checksum mismatch")
            }
        } catch { throw .damaged(error) }
        try self.init(trusting: frame)
    }

    /// The prefix of a frame whose checksum is right: what is unknown here is newer, not damaged.
    init(trusting frame: Span<UInt8>) throws(FrameFault) {
        let kindByte: UInt8
        let codecByte: UInt8
        let flags: UInt16
        let reserved: UInt32
        do throws(DecodeError) {
            var cursor = ByteCursor(offset: 4)
            payloadLength = Int(try cursor.uint32(frame))
            checksum = try cursor.uint64(frame)
            kindByte = try cursor.uint8(frame)
            codecByte = try cursor.uint8(frame)
            flags = try cursor.uint16(frame)
            plainLength = Int(try cursor.uint32(frame))
            count = Int(try cursor.uint32(frame))
            reserved = try cursor.uint32(frame)
            firstDigest = try cursor.digest(frame)
        } catch { throw .damaged(error) }
        guard flags & 0x8000 == 0 else { throw .newer("encryption") }
        guard flags == 0, reserved == 0 else { throw .newer("frame flags \(flags)") }
        guard let kind = ObjectKind(rawValue: kindByte) else {
            throw .newer("object kind \(kindByte)")
        }
        guard let codec = FrameCodec(rawValue: codecByte) else {
            throw .newer("frame codec \(codecByte)")
        }
        self.kind = kind
        self.codec = codec
        try checkBounds()
    }

    private func checkBounds() throws(FrameFault) {
        guard plainLength <= FramePrefix.maximumPlainLength else {
            throw .damaged(DecodeError(at: 20, "plain length out of bounds"))
        }
        guard (1...FramePrefix.maximumCount).contains(count), tableLength <= payloadLength else {
            throw .damaged(DecodeError(at: 24, "count out of bounds"))
        }
        guard !codec.hasBases || kind == .chunk else {
            throw .damaged(DecodeError(at: 17, "only chunks build on others"))
        }
        guard codec != .raw || payloadLength - tableLength == plainLength else {
            throw .damaged(DecodeError(at: 4, "raw frame of another length"))
        }
        guard codec != .beside || kind == .chunk && count == 1 && payloadLength == PlainPlace.bytes
        else { throw .damaged(DecodeError(at: 4, "frame of another length than its codec has")) }
    }

    /// The lengths of the objects of the whole checked frame in `frame`.
    func lengths(in frame: Span<UInt8>) throws(FrameFault) -> [Int] {
        guard count > 1 else { return [plainLength] }
        var lengths: [Int] = []
        lengths.reserveCapacity(count)
        var cursor = ByteCursor(offset: FramePrefix.sizeBytes)
        var sum = 0
        do throws(DecodeError) {
            for _ in 0..<count {
                let length = Int(try cursor.uint32(frame))
                sum += length
                lengths.append(length)
            }
        } catch { throw .damaged(error) }
        guard sum == plainLength else {
            throw .damaged(DecodeError(at: FramePrefix.sizeBytes, "lengths do not add up"))
        }
        return lengths
    }

    /// Writes the prefix at the start of `frame`, whose payload stands behind it already, with
    /// the checksum of both. `frame` is the whole frame.
    func write(to frame: UnsafeMutableRawBufferPointer) {
        // Unsafe: stores below 64 of a buffer that is `frameLength` long, by the caller's promise.
        unsafe frame.copyBytes(from: FramePrefix.magic)
        unsafe frame.storeBytes(
            of: UInt32(payloadLength).littleEndian, toByteOffset: 4, as: UInt32.self)
        unsafe frame.storeBytes(of: kind.rawValue, toByteOffset: 16, as: UInt8.self)
        unsafe frame.storeBytes(of: codec.rawValue, toByteOffset: 17, as: UInt8.self)
        unsafe frame.storeBytes(of: 0, toByteOffset: 18, as: UInt16.self)
        unsafe frame.storeBytes(
            of: UInt32(plainLength).littleEndian, toByteOffset: 20, as: UInt32.self)
        unsafe frame.storeBytes(of: UInt32(count).littleEndian, toByteOffset: 24, as: UInt32.self)
        unsafe frame.storeBytes(of: 0, toByteOffset: 28, as: UInt32.self)
        unsafe UnsafeMutableRawBufferPointer(rebasing: frame[32..<64])
            .copyBytes(from: firstDigest.bytes)
        let checked = unsafe UnsafeRawBufferPointer(
            rebasing: frame[FramePrefix.checkedFrom..<frameLength])
        let sum = unsafe xxh3(buffer: checked)
        unsafe frame.storeBytes(of: sum.littleEndian, toByteOffset: 8, as: UInt64.self)
    }
}
