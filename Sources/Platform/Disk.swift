package import Vocabulary

/// A disk: names in directories, bytes in files, and what it takes to make both last.
///
/// The one seam for fault injection: `LocalDisk` is the machine's file systems, and the tests'
/// simulated disk loses power on demand. What a conformer promises:
///
/// - The bytes of a file last through a power cut after `DiskFile.sync()` returned, and not before.
/// - A name made, renamed or removed lasts after `syncDirectory` of its directory returned, and
///   not before; until then either state may be found.
/// - `rename` is atomic: the new name is the old file or the new one, never a mixture.
/// - Errors are `StoreError`s that name the path; `.notFound`, `.alreadyExists`, `.permission`,
///   `.noSpace`, `.readOnly` and `.unsupportedFile` tell the cases callers care for, `.io` the rest.
package protocol Disk: Sendable {
    /// Opens a regular file. Links are followed; a directory, pipe, socket or device is refused
    /// with `.unsupportedFile` and never waited for.
    func openFile(_ path: DiskPath, _ mode: OpenMode) throws -> any DiskFile
    /// The immutable file at `path` as memory. Only for files that nobody truncates: pages are
    /// read when they are touched.
    func map(_ path: DiskPath) throws -> MappedBytes
    /// What is at `path`, or nil when nothing is.
    func status(of path: DiskPath, followingLinks: Bool) throws -> FileStatus?
    /// The names in a directory, unsorted, without `.` and `..`.
    func entries(of directory: DiskPath) throws -> [DirectoryEntry]
    /// The names in a directory with the status of each (links not followed), unsorted: one open
    /// directory and one call an entry. Entries that vanish meanwhile are left out.
    func entriesWithStatus(of directory: DiskPath) throws -> [(name: [UInt8], status: FileStatus)]
    /// The names in a directory, sorted, in little memory. What `entries` says, unless a conformer
    /// knows a shorter way.
    func names(of directory: DiskPath) throws -> DirectoryNames
    /// The statuses of the names at the positions `range`, links not followed; nil for one that
    /// vanished. What `status` says, unless a conformer knows a shorter way.
    func statuses(
        of names: DirectoryNames, _ range: Range<Int>, in directory: DiskPath
    ) throws -> [FileStatus?]
    /// Makes a directory; `.alreadyExists` when the name is taken.
    func makeDirectory(_ path: DiskPath) throws
    /// Removes a name that is no directory.
    func removeFile(_ path: DiskPath) throws
    /// Removes an empty directory; `.alreadyExists` when something is in it.
    func removeDirectory(_ path: DiskPath) throws
    /// Renames within one file system, replacing what had the new name.
    func rename(_ from: DiskPath, to: DiskPath) throws
    /// Renames within one file system; `.alreadyExists` when the new name is taken.
    func renameWithoutReplacing(_ from: DiskPath, to: DiskPath) throws
    /// Makes a symbolic link whose text is `target`.
    func makeSymlink(at path: DiskPath, target: [UInt8]) throws
    /// Makes `path` another name of the regular file at `file`, in the same file system; an error of
    /// whatever kind where that has none.
    func makeHardLink(at path: DiskPath, to file: DiskPath) throws
    /// The text of a symbolic link.
    func readSymlink(_ path: DiskPath) throws -> [UInt8]
    /// Sets the permission bits, whatever the process's mask.
    func setPermissions(_ path: DiskPath, _ permissions: UInt16) throws
    /// Makes the names in a directory last.
    func syncDirectory(_ path: DiskPath) throws
    /// Takes a kernel lock on the file at `path`, made when missing. It excludes other locks of
    /// this process too, and vanishes with the process. Nil when `wait` is `.never` and another
    /// holder stands against it.
    func lock(_ path: DiskPath, _ kind: LockKind, wait: LockWait) throws -> (any DiskLock)?
    /// The bytes that can still be written on the file system of `path`.
    func capacityLeft(at path: DiskPath) throws -> Int
}

/// How a file is opened.
package enum OpenMode: Hashable, Sendable {
    /// For reading.
    case read
    /// For reading and writing, and it must not exist yet.
    case createNew(permissions: UInt16)
    /// For reading and writing, and it must exist.
    case readWrite
    /// For reading and writing, made when missing.
    case createOrOpen(permissions: UInt16)
}

/// Whether others may hold the lock at the same time.
package enum LockKind: Hashable, Sendable {
    /// Together with other shared locks.
    case shared
    /// Alone.
    case exclusive
}

/// What to do while another holder stands against a lock.
package enum LockWait: Hashable, Sendable {
    /// Give up at once.
    case never
    /// Wait until it is free, or until the process is interrupted.
    case forever
}

/// A held lock; released by `unlock`, with the last reference, or when the process ends.
package protocol DiskLock: AnyObject, Sendable {
    /// Releases the lock; again is no error.
    func unlock()
    /// The open descriptor that is the lock: a child process that inherits it holds the lock too,
    /// until `unlock` or the end of both. Nil once unlocked, or where a lock is no descriptor.
    var descriptor: Int32? { get }
}

extension DiskLock {
    /// None: no child can hold the lock.
    package var descriptor: Int32? { nil }
}

/// An open regular file. Positions are explicit, so several threads may read one file.
package protocol DiskFile: AnyObject, Sendable {
    /// Reads into `buffer` from `offset`; the number of bytes read, short only at the end.
    func read(at offset: Int, into buffer: UnsafeMutableRawBufferPointer) throws -> Int
    /// Writes all of `bytes` at `offset`; what lies between the end and `offset` reads as zeros.
    func write(_ bytes: UnsafeRawBufferPointer, at offset: Int) throws
    /// Lets the medium begin with what was written, so that a later `sync` takes less long. Promises
    /// nothing, reports no failure (`sync` does), and returns before anything is done.
    func startWriting()
    /// Makes the bytes last. After a failure the file is abandoned: what reached the medium is
    /// unknown, so every later `sync` fails too.
    func sync() throws
    /// Cuts the file off, or extends it with zeros.
    func truncate(to sizeBytes: Int) throws
    /// Makes `range` of `source` the bytes of this file from `offset` on without writing them: both
    /// share the place on the medium until one of them is written to, and neither can tell. Range
    /// and offset are multiples of `cloneUnit`. False, with nothing changed, where the file system
    /// cannot do that with these files; throws `.noSpace`. What of the range of `source` was only in
    /// memory is written out first.
    func clone(_ range: Range<Int>, of source: any DiskFile, at offset: Int) throws -> Bool
    /// The unit of `clone`, in bytes. Does not say that there is cloning.
    func cloneUnit() throws -> Int
    /// The status of the open file.
    func status() throws -> FileStatus
    /// Closes the file; again is no error. Does not make anything last.
    func close() throws
}

extension DiskFile {
    package func startWriting() {}

    /// The bytes from `offset`, at most `count`: fewer only at the end.
    package func read(at offset: Int, count: Int) throws -> [UInt8] {
        // The buffer is as large as asked for and outlives the call.
        try unsafe [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            filled = try unsafe read(at: offset, into: UnsafeMutableRawBufferPointer(buffer))
        }
    }

    /// Writes all of `bytes` at `offset`.
    package func write(_ bytes: [UInt8], at offset: Int) throws {
        try unsafe bytes.withUnsafeBytes { try unsafe write($0, at: offset) }
    }
}
