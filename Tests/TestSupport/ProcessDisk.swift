package import Platform
import Synchronization
package import Vocabulary

/// A simulated disk as one of several simulated processes sees it: every operation waits for the
/// process's turn, and locks are released when the process is killed.
package final class ProcessDisk: Disk {
    private let disk: SimulatedDisk
    private let scheduler: TurnScheduler
    private let process: Int
    private let held = Mutex<[ProcessLock]>([])

    /// The disk of the process with this number.
    package init(_ disk: SimulatedDisk, _ scheduler: TurnScheduler, process: Int) {
        self.disk = disk
        self.scheduler = scheduler
        self.process = process
    }

    /// Waits for a turn; a process that is killed leaves its locks.
    fileprivate func turn() throws {
        do { try scheduler.step(process) } catch {
            for lock in held.withLock({ $0 }) { lock.unlock() }
            throw error
        }
    }

    package func openFile(_ path: DiskPath, _ mode: OpenMode) throws -> any DiskFile {
        try turn()
        return ProcessFile(try disk.openFile(path, mode), self)
    }

    package func map(_ path: DiskPath) throws -> MappedBytes {
        try turn()
        return try disk.map(path)
    }

    package func status(of path: DiskPath, followingLinks: Bool) throws -> FileStatus? {
        try turn()
        return try disk.status(of: path, followingLinks: followingLinks)
    }

    package func entries(of directory: DiskPath) throws -> [DirectoryEntry] {
        try turn()
        return try disk.entries(of: directory)
    }

    package func entriesWithStatus(
        of directory: DiskPath
    ) throws -> [(name: [UInt8], status: FileStatus)] {
        try turn()
        return try disk.entriesWithStatus(of: directory)
    }

    package func makeDirectory(_ path: DiskPath) throws {
        try turn()
        try disk.makeDirectory(path)
    }

    package func removeFile(_ path: DiskPath) throws {
        try turn()
        try disk.removeFile(path)
    }

    package func removeDirectory(_ path: DiskPath) throws {
        try turn()
        try disk.removeDirectory(path)
    }

    package func rename(_ from: DiskPath, to: DiskPath) throws {
        try turn()
        try disk.rename(from, to: to)
    }

    package func renameWithoutReplacing(_ from: DiskPath, to: DiskPath) throws {
        try turn()
        try disk.renameWithoutReplacing(from, to: to)
    }

    package func makeSymlink(at path: DiskPath, target: [UInt8]) throws {
        try turn()
        try disk.makeSymlink(at: path, target: target)
    }

    package func makeHardLink(at path: DiskPath, to file: DiskPath) throws {
        try turn()
        try disk.makeHardLink(at: path, to: file)
    }

    package func readSymlink(_ path: DiskPath) throws -> [UInt8] {
        try turn()
        return try disk.readSymlink(path)
    }

    package func setPermissions(_ path: DiskPath, _ permissions: UInt16) throws {
        try turn()
        try disk.setPermissions(path, permissions)
    }

    package func syncDirectory(_ path: DiskPath) throws {
        try turn()
        try disk.syncDirectory(path)
    }

    package func lock(
        _ path: DiskPath, _ kind: LockKind, wait: LockWait
    ) throws -> (any DiskLock)? {
        while true {
            try turn()
            if let lock = try disk.lock(path, kind, wait: .never) {
                let mine = ProcessLock(lock, scheduler)
                held.withLock { $0.append(mine) }
                return mine
            }
            if wait == .never { return nil }
            try scheduler.waitForLock(process)
        }
    }

    package func capacityLeft(at path: DiskPath) throws -> Int {
        try turn()
        return try disk.capacityLeft(at: path)
    }
}

/// A file of a `ProcessDisk`.
private final class ProcessFile: DiskFile {
    private let file: any DiskFile
    private let disk: ProcessDisk

    init(_ file: any DiskFile, _ disk: ProcessDisk) {
        self.file = file
        self.disk = disk
    }

    func read(at offset: Int, into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
        try disk.turn()
        return try file.read(at: offset, into: buffer)
    }

    func write(_ bytes: UnsafeRawBufferPointer, at offset: Int) throws {
        try disk.turn()
        try file.write(bytes, at: offset)
    }

    func sync() throws {
        try disk.turn()
        try file.sync()
    }

    func truncate(to sizeBytes: Int) throws {
        try disk.turn()
        try file.truncate(to: sizeBytes)
    }

    func clone(_ range: Range<Int>, of source: any DiskFile, at offset: Int) throws -> Bool {
        try disk.turn()
        guard let source = source as? ProcessFile else { return false }
        return try file.clone(range, of: source.file, at: offset)
    }

    func cloneUnit() throws -> Int { try file.cloneUnit() }

    func status() throws -> FileStatus {
        try disk.turn()
        return try file.status()
    }

    func close() throws { try file.close() }
}

/// A lock of a `ProcessDisk`.
private final class ProcessLock: DiskLock {
    private let lock: any DiskLock
    private let scheduler: TurnScheduler

    init(_ lock: any DiskLock, _ scheduler: TurnScheduler) {
        self.lock = lock
        self.scheduler = scheduler
    }

    func unlock() {
        lock.unlock()
        scheduler.lockReleased()
    }
}
