import Objects
import Platform
import Vocabulary

/// A file that a merge writes, under a temporary name; gone with the value.
final class MergedFile {
    private let disk: any Disk
    private let path: DiskPath
    private let file: any DiskFile
    private var buffer: [UInt8] = []
    private var flushed = 0

    private static let bufferBytes = 1 << 20

    init(in folder: DiskPath, on disk: any Disk) throws {
        self.disk = disk
        (path, file) = try makeTemporaryFile(in: folder, on: disk)
    }

    deinit {
        try? file.close()  // litter: what counts is in the store
        try? disk.removeFile(path)
    }

    func append(_ bytes: UnsafeBufferPointer<UInt8>) throws {
        // Copied within the call.
        unsafe buffer.append(contentsOf: bytes)
        if buffer.count >= MergedFile.bufferBytes { try flush() }
    }

    func append(_ bytes: [UInt8]) throws {
        buffer += bytes
        if buffer.count >= MergedFile.bufferBytes { try flush() }
    }

    /// Stores what was written; `prior` is what it is alike.
    func store(in session: StoreSession, prior: BlobID) throws -> BlobReceipt {
        try flush()
        return try session.putBlob(
            file: file, expected: file.status(), name: path.description, prior: prior)
    }

    private func flush() throws {
        try file.write(buffer, at: flushed)
        flushed += buffer.count
        buffer.removeAll(keepingCapacity: true)
    }
}
