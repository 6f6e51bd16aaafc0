internal import CPlatform
import Synchronization
import Vocabulary

/// An open file of `LocalDisk`. Closing waits for nobody: no other call may be under way.
final class LocalFile: DiskFile {
    private let descriptor: Atomic<Int32>
    private let abandoned = Atomic<Bool>(false)
    private let path: DiskPath

    init(descriptor: Int32, path: DiskPath) {
        self.descriptor = Atomic(descriptor)
        self.path = path
    }

    deinit {
        let open = descriptor.exchange(-1, ordering: .relaxed)
        if open >= 0 { mlp_close(open) }
    }

    func read(at offset: Int, into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
        guard let start = buffer.baseAddress, buffer.count > 0 else { return 0 }
        // The buffer's own length bounds the read.
        let result = unsafe mlp_read(try current(), start, buffer.count, Int64(offset))
        return Int(try checked(result, "read", path))
    }

    func write(_ bytes: UnsafeRawBufferPointer, at offset: Int) throws {
        guard let start = bytes.baseAddress, bytes.count > 0 else { return }
        let result = unsafe mlp_write(try current(), start, bytes.count, Int64(offset))
        _ = try checked(result, "write", path)
    }

    func startWriting() {
        guard let descriptor = try? current() else { return }
        mlp_start_writing(descriptor)
    }

    func sync() throws {
        guard !abandoned.load(ordering: .relaxed) else { throw StoreError.abandonedFile(path) }
        do {
            _ = try checked(mlp_sync(try current()), "sync", path)
        } catch {
            // The kernel may have dropped the pages it could not write and would now say yes.
            abandoned.store(true, ordering: .relaxed)
            throw error
        }
    }

    func truncate(to sizeBytes: Int) throws {
        _ = try checked(mlp_truncate(try current(), Int64(sizeBytes)), "truncate", path)
    }

    func clone(_ range: Range<Int>, of source: any DiskFile, at offset: Int) throws -> Bool {
        guard let source = source as? LocalFile else { return false }
        let result = mlp_clone_range(
            try source.current(), Int64(range.lowerBound), Int64(range.count), try current(),
            Int64(offset))
        return try checked(result, "share bytes with", path) == 1
    }

    func cloneUnit() throws -> Int {
        Int(try checked(mlp_clone_unit(try current()), "look at the file system of", path))
    }

    func status() throws -> FileStatus {
        var status = mlp_status()
        let result = unsafe mlp_status_of_descriptor(try current(), &status)
        _ = try checked(result, "look at", path)
        return FileStatus(status)
    }

    func close() throws {
        let open = descriptor.exchange(-1, ordering: .relaxed)
        if open >= 0 { _ = try checked(mlp_close(open), "close", path) }
    }

    private func current() throws -> Int32 {
        let open = descriptor.load(ordering: .relaxed)
        guard open >= 0 else {
            throw StoreError.system("use the closed file", path, code: mlp_bad_descriptor())
        }
        return open
    }
}

/// A lock of `LocalDisk`: the open descriptor is the lock.
final class LocalLock: DiskLock {
    private let held: Atomic<Int32>

    init(descriptor: Int32) { held = Atomic(descriptor) }

    deinit { unlock() }

    var descriptor: Int32? {
        let open = held.load(ordering: .relaxed)
        return open < 0 ? nil : open
    }

    func unlock() {
        let open = held.exchange(-1, ordering: .relaxed)
        if open >= 0 { mlp_unlock(open) }
    }
}
