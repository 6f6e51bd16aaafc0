import Bytes
import Platform
import Synchronization
import Vocabulary

/// Where the bytes of a frame stand that are not in its pack: in the pack's plain file.
///
/// A plain file is the whole of a blob as it is, `packs/<hex>.plain` for the pack `packs/<hex>.pack`.
/// It shares its place on the disk with the file that was added, and with what is checked out.
/// Such a frame has the codec `beside`, one chunk, and as payload:
///
///     0      8   offset of the chunk in the plain file
///     8      8   XXH3-64 of the chunk
///
/// Invariant: only packs whose header says that they have a plain file hold such frames. Whoever
/// takes a frame out of its pack takes it as a raw one.
struct PlainPlace {
    static let bytes = 16

    private let offset: Int
    private let checksum: UInt64
    private let length: Int
    private let digest: Digest

    /// The place of the chunk `plain` with this digest.
    init(offset: Int, _ plain: UnsafeRawBufferPointer, digest: Digest) {
        self.offset = offset
        checksum = unsafe xxh3(buffer: plain)
        length = plain.count
        self.digest = digest
    }

    /// Whether the frame looks like one whose bytes stand elsewhere; checks nothing.
    static func isNeeded(for frame: Span<UInt8>) -> Bool {
        frame.count == FramePrefix.sizeBytes + bytes && frame[17] == FrameCodec.beside.rawValue
    }

    /// Reads the whole frame in `frame`, with every check.
    init(checking frame: Span<UInt8>) throws(FrameFault) {
        let prefix = try FramePrefix(checking: frame)
        length = prefix.plainLength
        digest = prefix.firstDigest
        do throws(DecodeError) {
            var cursor = ByteCursor(offset: FramePrefix.sizeBytes)
            let place = try cursor.uint64(frame)
            guard prefix.codec == .beside, place <= UInt64(Int.max) - UInt64(length) else {
                throw DecodeError(at: FramePrefix.sizeBytes, "offset out of bounds")
            }
            offset = Int(place)
            checksum = try cursor.uint64(frame)
        } catch { throw .damaged(error) }
    }

    /// Writes the frame into `output`; returns its prefix.
    func write(to output: UnsafeMutableRawBufferPointer) -> FramePrefix {
        let prefix = FramePrefix(
            kind: .chunk, codec: .beside, payloadLength: PlainPlace.bytes, plainLength: length,
            count: 1, firstDigest: digest)
        let start = FramePrefix.sizeBytes
        // Unsafe: the caller's buffer has room for a frame.
        unsafe output.storeBytes(
            of: UInt64(offset).littleEndian, toByteOffset: start, as: UInt64.self)
        unsafe output.storeBytes(
            of: checksum.littleEndian, toByteOffset: start + 8, as: UInt64.self)
        unsafe prefix.write(to: output)
        return prefix
    }

    /// The raw frame of the same chunk. `read` reads the plain file, short at its end only.
    func rawFrame(
        _ read: (_ offset: Int, _ count: Int) throws -> [UInt8]
    ) throws(FrameFault) -> [UInt8] {
        let plain: [UInt8]
        do {
            plain = try read(offset, length)
        } catch { throw .plainUnreadable(error) }
        guard plain.count == length else {
            throw .damaged(DecodeError(at: 0, "the plain file ends before byte \(offset + length)"))
        }
        guard xxh3(plain) == checksum else {
            throw .damaged(DecodeError(at: 0, "the plain file is damaged at byte \(offset)"))
        }
        let prefix = FramePrefix(
            kind: .chunk, codec: .raw, payloadLength: length, plainLength: length, count: 1,
            firstDigest: digest)
        return unsafe [UInt8](unsafeUninitializedCapacity: prefix.frameLength) { buffer, count in
            // Unsafe: a buffer as long as the frame, all of which is written.
            let frame = UnsafeMutableRawBufferPointer(buffer)
            unsafe UnsafeMutableRawBufferPointer(rebasing: frame[FramePrefix.sizeBytes...])
                .copyBytes(from: plain)
            unsafe prefix.write(to: frame)
            count = prefix.frameLength
        }
    }
}

/// The plain file of a pack, opened when it is first needed.
final class PlainFile: Sendable {
    private let path: DiskPath
    private let disk: any Disk
    private let file = Mutex<(any DiskFile)?>(nil)

    /// The one beside the pack at this path; there need not be one.
    init(of pack: DiskPath, on disk: any Disk) {
        path = StoreLayout.plainFile(of: pack)
        self.disk = disk
    }

    deinit { file.withLock { try? $0?.close() } }  // only read

    /// The open file; `.notFound` when there is none.
    func open() throws -> any DiskFile {
        try file.withLock { file in
            if let file { return file }
            let opened = try disk.openFile(path, .read)
            file = opened
            return opened
        }
    }

    /// The bytes from `offset`, fewer only at the end.
    func read(at offset: Int, count: Int) throws -> [UInt8] {
        try open().read(at: offset, count: count)
    }
}
