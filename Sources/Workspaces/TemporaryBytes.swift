import Platform
import Vocabulary

/// Bytes on their way into a file: gathered a megabyte at a time and written under a temporary
/// name. Few bytes never touch the disk before they are published; where the disk takes none, all
/// stay in memory. The file is removed unless it is published.
final class TemporaryBytes {
    /// How many bytes there are.
    private(set) var count = 0
    private let disk: any Disk
    /// Where the file is made; nil: nowhere.
    private var folder: DiskPath?
    private var buffer: [UInt8] = []
    private var flushed = 0
    private var file: (path: DiskPath, file: any DiskFile)?
    private var isPublished = false

    private static let bufferBytes = 1 << 20

    init(in folder: DiskPath?, on disk: any Disk) {
        self.folder = folder
        self.disk = disk
    }

    deinit { discard() }

    func append(_ bytes: Span<UInt8>) {
        // Large ones go to the file as they are, without a stop in the buffer.
        if bytes.count >= TemporaryBytes.bufferBytes, write(bytes) { return }
        unsafe bytes.withUnsafeBytes { unsafe buffer.append(contentsOf: $0) }
        count += bytes.count
        if buffer.count >= TemporaryBytes.bufferBytes { flush() }
    }

    /// Appends bytes and lets `change` go over them.
    func append(_ bytes: Span<UInt8>, _ change: (UnsafeMutableRawBufferPointer) -> Void) {
        let start = buffer.count
        unsafe bytes.withUnsafeBytes { unsafe buffer.append(contentsOf: $0) }
        count += bytes.count
        // A part of the buffer, for the call.
        unsafe buffer.withUnsafeMutableBytes { all in
            unsafe change(UnsafeMutableRawBufferPointer(rebasing: all[start...]))
        }
        if buffer.count >= TemporaryBytes.bufferBytes { flush() }
    }

    /// Appends all of another; false where that cannot be read back.
    func append(contentsOf other: TemporaryBytes) -> Bool {
        guard let bytes = other.map() else { return false }
        bytes.withSpan { append($0) }
        return true
    }

    /// The bytes so far.
    func map() -> MappedBytes? {
        guard file != nil else { return MappedBytes(buffer) }
        flush()
        guard let file else { return MappedBytes(buffer) }
        return try? disk.map(file.path)
    }

    /// Puts `head` over the first bytes and gives the file its name; where that fails, nothing
    /// changes. Again: puts another head there.
    func publish(_ head: [UInt8], at place: DiskPath) {
        guard let folder else { return }
        guard let file else {
            buffer.replaceSubrange(0..<head.count, with: head)
            guard (try? disk.makeDirectories(folder)) != nil else { return }
            try? writeAtomically(buffer, to: place, on: disk, durable: false)
            return
        }
        flush()
        // A head that is cut off fails its checksum.
        guard self.file != nil, (try? file.file.write(head, at: 0)) != nil, !isPublished else {
            return
        }
        isPublished = (try? disk.rename(file.path, to: place)) != nil
    }

    private func flush() {
        let bytes = buffer
        guard !bytes.isEmpty, folder != nil, put(bytes.span) else { return }
        buffer.removeAll(keepingCapacity: true)
    }

    private func write(_ bytes: Span<UInt8>) -> Bool {
        flush()
        guard folder != nil, buffer.isEmpty, put(bytes) else { return false }
        count += bytes.count
        return true
    }

    /// Writes behind what was written; where that fails, all comes back into memory.
    private func put(_ bytes: Span<UInt8>) -> Bool {
        do {
            let open = try file ?? start()
            file = open
            // The span lives through the call.
            try unsafe bytes.withUnsafeBytes { try unsafe open.file.write($0, at: flushed) }
            flushed += bytes.count
            return true
        } catch {
            takeBack()
            return false
        }
    }

    private func start() throws -> (path: DiskPath, file: any DiskFile) {
        guard let folder else { throw StoreError(.readOnly, "there is no place for a stat table") }
        try disk.makeDirectories(folder)
        return try makeTemporaryFile(in: folder, on: disk)
    }

    private func takeBack() {
        if let file, let written = try? file.file.read(at: 0, count: flushed) {
            buffer = written + buffer
        }
        flushed = 0
        folder = nil
        discard()
    }

    private func discard() {
        guard let open = file else { return }
        file = nil
        try? open.file.close()  // derived: where it is not whole, its checksum tells
        if !isPublished { try? disk.removeFile(open.path) }
    }
}
