package import Platform
import Synchronization
package import Vocabulary

/// A disk on which somebody else is at work: before the n-th look at a file, whether a read or a
/// question for its status, the file gets another content.
package final class ChangingDisk: Disk {
    private let base: any Disk
    private let path: DiskPath
    private let content: [UInt8]
    private let looksLeft: Mutex<Int>

    /// `path` on `base` becomes `content` before look number `count`, counted from 0.
    package init(_ base: any Disk, _ path: DiskPath, becomes content: [UInt8], before count: Int) {
        self.base = base
        self.path = path
        self.content = content
        looksLeft = Mutex(count)
    }

    /// Whether the file was looked at often enough to be changed.
    package var hasChanged: Bool { looksLeft.withLock { $0 < 0 } }

    fileprivate func look(at place: DiskPath) throws {
        guard place == path else { return }
        let isDue = looksLeft.withLock { left in
            defer { left = max(left - 1, -1) }
            return left == 0
        }
        guard isDue else { return }
        let file = try base.openFile(path, .readWrite)
        try file.truncate(to: content.count)
        try file.write(content, at: 0)
        try file.close()
    }

    package func openFile(_ path: DiskPath, _ mode: OpenMode) throws -> any DiskFile {
        ChangingFile(try base.openFile(path, mode), path, on: self)
    }

    package func map(_ path: DiskPath) throws -> MappedBytes { try base.map(path) }

    package func status(of path: DiskPath, followingLinks: Bool) throws -> FileStatus? {
        try look(at: path)
        return try base.status(of: path, followingLinks: followingLinks)
    }

    package func entries(of directory: DiskPath) throws -> [DirectoryEntry] {
        try base.entries(of: directory)
    }

    package func entriesWithStatus(
        of directory: DiskPath
    ) throws -> [(name: [UInt8], status: FileStatus)] {
        if path.parent == directory { try look(at: path) }
        return try base.entriesWithStatus(of: directory)
    }

    package func makeDirectory(_ path: DiskPath) throws { try base.makeDirectory(path) }
    package func removeFile(_ path: DiskPath) throws { try base.removeFile(path) }
    package func removeDirectory(_ path: DiskPath) throws { try base.removeDirectory(path) }
    package func rename(_ from: DiskPath, to: DiskPath) throws { try base.rename(from, to: to) }

    package func renameWithoutReplacing(_ from: DiskPath, to: DiskPath) throws {
        try base.renameWithoutReplacing(from, to: to)
    }

    package func makeSymlink(at path: DiskPath, target: [UInt8]) throws {
        try base.makeSymlink(at: path, target: target)
    }

    package func makeHardLink(at path: DiskPath, to file: DiskPath) throws {
        try base.makeHardLink(at: path, to: file)
    }

    package func readSymlink(_ path: DiskPath) throws -> [UInt8] { try base.readSymlink(path) }

    package func setPermissions(_ path: DiskPath, _ permissions: UInt16) throws {
        try base.setPermissions(path, permissions)
    }

    package func syncDirectory(_ path: DiskPath) throws { try base.syncDirectory(path) }

    package func lock(
        _ path: DiskPath, _ kind: LockKind, wait: LockWait
    ) throws -> (any DiskLock)? {
        try base.lock(path, kind, wait: wait)
    }

    package func capacityLeft(at path: DiskPath) throws -> Int { try base.capacityLeft(at: path) }
}

private final class ChangingFile: DiskFile {
    private let base: any DiskFile
    private let path: DiskPath
    private let disk: ChangingDisk

    init(_ base: any DiskFile, _ path: DiskPath, on disk: ChangingDisk) {
        self.base = base
        self.path = path
        self.disk = disk
    }

    func read(at offset: Int, into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
        try disk.look(at: path)
        return try base.read(at: offset, into: buffer)
    }

    func write(_ bytes: UnsafeRawBufferPointer, at offset: Int) throws {
        try base.write(bytes, at: offset)
    }

    func clone(_ range: Range<Int>, of source: any DiskFile, at offset: Int) throws -> Bool {
        try base.clone(range, of: (source as? ChangingFile)?.base ?? source, at: offset)
    }

    func cloneUnit() throws -> Int { try base.cloneUnit() }
    func sync() throws { try base.sync() }
    func truncate(to sizeBytes: Int) throws { try base.truncate(to: sizeBytes) }

    func status() throws -> FileStatus {
        try disk.look(at: path)
        return try base.status()
    }

    func close() throws { try base.close() }
}
