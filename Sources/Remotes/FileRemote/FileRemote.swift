import Bytes
package import Platform
import Synchronization
package import Vocabulary

/// A remote that is a directory: on this machine, on a mounted share.
///
/// A file is written under a temporary name, synced, renamed without replacing, and its directory
/// synced. `compareAndSwap` holds a kernel lock on `.lock` in the remote's directory, which works
/// between machines where the file system's locks do. A version is the SHA-256 of the content.
/// Names that begin with `.` are the remote's own and are never listed.
package struct FileRemote: Remote {
    private let directory: DiskPath
    private let lockAttempts: Int
    fileprivate let disk: any Disk
    private let limit = RateLimitSetting()

    package var description: String { RemoteURL(directory: directory).description }

    /// The remote in `directory`, which is made when only it is missing; when what should hold
    /// it is missing too, that throws `.remoteUnreachable`: a share may not be mounted.
    /// `lockAttempts` says how often, a tenth of a second apart, it is looked whether a lock that
    /// another kind of access holds is free again.
    package init(
        directory: DiskPath, on disk: any Disk, lockAttempts: Int = FileRemote.lockAttempts
    ) throws {
        self.directory = directory
        self.lockAttempts = lockAttempts
        self.disk = disk
        if let found = try disk.status(of: directory, followingLinks: true) {
            guard found.kind == .directory else {
                throw StoreError(
                    .remoteUnreachable, "cannot use '\(directory)' as a remote: it is no directory",
                    subject: "\(directory)")
            }
        } else {
            try FileRemote.make(directory, on: disk)
        }
    }

    private static func make(_ directory: DiskPath, on disk: any Disk) throws {
        do {
            try disk.makeDirectory(directory)
            try disk.syncDirectory(directory.parent)
        } catch let error as StoreError where error.kind == .alreadyExists {
            return  // another process was faster
        } catch let error as StoreError {
            throw StoreError(
                .remoteUnreachable,
                "cannot reach remote '\(directory)': there is no such directory",
                subject: "\(directory)",
                advice: "create it, or mount the share that holds it, then run the command again",
                cause: error)
        }
    }

    package func read(_ name: RemoteFileName, maximumBytes: Int) throws -> [UInt8] {
        let file = try open(name)
        defer { try? file.close() }  // only read
        let size = try file.status().size
        guard size <= maximumBytes else { throw tooLarge(name, size, maximumBytes) }
        return try exactly(0..<size, of: file, name)
    }

    package func read(_ name: RemoteFileName, range: Range<Int>) throws -> [UInt8] {
        let file = try open(name)
        defer { try? file.close() }  // only read
        return try exactly(range, of: file, name)
    }

    private func exactly(
        _ range: Range<Int>, of file: any DiskFile, _ name: RemoteFileName
    ) throws -> [UInt8] {
        // Looked at first, so that a wrong length never makes us reserve what is not there.
        guard range.lowerBound >= 0, range.upperBound <= (try file.status().size) else {
            throw tooShort(name, range)
        }
        let bytes = try read(range, of: file)
        guard bytes.count == range.count else { throw tooShort(name, range) }
        return bytes
    }

    /// As much of the range as is there.
    private func read(_ range: Range<Int>, of file: any DiskFile) throws -> [UInt8] {
        guard let limit = limit.current else {
            return try file.read(at: range.lowerBound, count: range.count)
        }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(range.count)
        for start in stride(from: range.lowerBound, to: range.upperBound, by: limit.pieceBytes) {
            let count = min(limit.pieceBytes, range.upperBound - start)
            try limit.pass(count)
            bytes += try file.read(at: start, count: count)
        }
        return bytes
    }

    package func slow(to limit: RateLimit) { self.limit.set(limit) }

    package func readVersioned(
        _ name: RemoteFileName, maximumBytes: Int
    ) throws -> (bytes: [UInt8], version: RemoteVersion)? {
        do {
            let bytes = try read(name, maximumBytes: maximumBytes)
            return (bytes, version(of: bytes))
        } catch let error as StoreError where error.kind == .notFound {
            return nil
        }
    }

    package func put(_ name: RemoteFileName, _ content: RemoteContent) throws {
        let put = try beginPut(name)
        do {
            try send(content, to: put)
        } catch {
            put.abandon()
            throw error
        }
        try put.commit()
    }

    private func send(_ content: RemoteContent, to put: FilePut) throws {
        let limit = limit.current
        switch content {
        case .bytes(let bytes):
            try limit?.pass(bytes.count)
            try put.append(bytes)
        case .file(let path, let origin, _):
            let source = try origin.openFile(path, .read)
            defer { try? source.close() }  // only read
            var offset = 0
            while true {
                let piece = try source.read(at: offset, count: limit?.pieceBytes ?? 4 << 20)
                if piece.isEmpty { return }
                try limit?.pass(piece.count)
                try put.append(piece)
                offset += piece.count
                try SignalWatch.check()
            }
        }
    }

    /// Begins a new file whose bytes come one after the other.
    package func beginPut(_ name: RemoteFileName) throws -> FilePut {
        let (temporary, file) = try refusing("write", name) {
            let target = path(name)
            try makeDirectories(target.parent)
            return try makeTemporaryFile(in: target.parent, on: disk)
        }
        return FilePut(remote: self, name: name, temporary: temporary, file: file)
    }

    /// Gives a received file its name, for good.
    fileprivate func settle(_ temporary: DiskPath, as name: RemoteFileName) throws {
        let target = path(name)
        try disk.renameWithoutReplacing(temporary, to: target)
        try disk.syncDirectory(target.parent)
    }

    /// Makes the directories of a name, and makes their own names last.
    private func makeDirectories(_ wanted: DiskPath) throws {
        guard wanted != directory else { return }
        if try disk.status(of: wanted, followingLinks: true)?.kind == .directory { return }
        try makeDirectories(wanted.parent)
        try disk.makeDirectories(wanted)
        try disk.syncDirectory(wanted.parent)
    }

    package func compareAndSwap(
        _ name: RemoteFileName, expected: RemoteVersion?, new: [UInt8]
    ) throws -> Bool {
        guard let expected else {
            // A name is given only where none is, so this needs no lock.
            return try putIfMissing(name, new)
        }
        return try refusing("replace", name) {
            let lock = try disk.lock(directory / ".lock", .exclusive, wait: .forever)
            defer { lock?.unlock() }
            try holdVisibly(name)
            // Stays where the disk fails: whoever holds the kernel's lock next knows it for stale.
            defer { try? disk.removeFile(directory / FileRemote.heldLockName) }
            let current: RemoteVersion?
            do {
                let bytes = try disk.readFile(path(name), maximumBytes: FileRemote.largestSwapped)
                current = version(of: bytes)
            } catch let error as StoreError where error.kind == .notFound {
                current = nil
            }
            guard current == expected else { return false }
            try makeDirectories(path(name).parent)
            try writeAtomically(new, to: path(name), on: disk, durable: true)
            return true
        }
    }

    /// Makes the name that stands for the lock where the kernel's cannot be taken: over SFTP. Ours is
    /// a symbolic link, which has its text from the first moment: one that is there while we hold
    /// the kernel's lock was left by a crash, and is ours to take over.
    private func holdVisibly(_ name: RemoteFileName) throws {
        let path = directory / FileRemote.heldLockName
        for attempt in 0... {
            do {
                return try disk.makeSymlink(at: path, target: FileRemote.kernelLockText)
            } catch {
                // No links here: then only those exclude each other who know the kernel's lock.
                guard (error as? StoreError)?.kind == .alreadyExists else { return }
            }
            if (try? disk.readSymlink(path)) == FileRemote.kernelLockText { return }
            guard attempt < lockAttempts else { throw StoreError.remoteLocked(name, description) }
            try SignalWatch.check()
            pause(milliseconds: FileRemote.lockPauseMilliseconds)
        }
    }

    /// The file that stands for the lock of a remote.
    static let heldLockName = ".lock-held"
    private static let kernelLockText = Array("kernel lock on .lock".utf8)
    /// How often, and after how long, it is looked whether the lock is free: ten seconds in all.
    package static let lockAttempts = 100
    static let lockPauseMilliseconds = 100

    /// The most bytes of a file that is replaced: such files are small by design.
    private static let largestSwapped = 16 << 20

    package func list(
        _ prefix: RemoteFileName?
    ) throws -> [(name: RemoteFileName, size: Int)] {
        var found: [(name: RemoteFileName, size: Int)] = []
        func visit(_ place: DiskPath, _ base: String) throws {
            for entry in try disk.entriesWithStatus(of: place) {
                let text = base + String(decoding: entry.name, as: UTF8.self)
                // Other names are not ours: temporary files, the lock, a desktop's litter.
                guard let name = RemoteFileName(text) else { continue }
                switch entry.status.kind {
                case .file: found.append((name, entry.status.size))
                case .directory: try visit(place.appending(entry.name), text + "/")
                case .symlink, .other, .unknown: continue
                }
            }
        }
        do {
            try visit(prefix.map(path) ?? directory, prefix.map { "\($0)/" } ?? "")
        } catch let error as StoreError where error.kind == .notFound {
            // A directory that nothing was put into yet, or that was removed meanwhile.
        }
        return found.sorted { $0.name < $1.name }
    }

    package func size(_ name: RemoteFileName) throws -> Int? {
        let found = try disk.status(of: path(name), followingLinks: true)
        return found?.kind == .file ? found?.size : nil
    }

    package func remove(_ name: RemoteFileName) throws {
        try refusing("remove", name) {
            do {
                try disk.removeFile(path(name))
            } catch let error as StoreError where error.kind == .notFound {
                return
            }
            try disk.syncDirectory(path(name).parent)
        }
    }

    private func open(_ name: RemoteFileName) throws -> any DiskFile {
        try refusing("read", name) { try disk.openFile(path(name), .read) }
    }

    private func path(_ name: RemoteFileName) -> DiskPath { directory / name.description }

    private func version(of bytes: [UInt8]) -> RemoteVersion { RemoteVersion(sha256(bytes).hex) }
}

/// A new file of a `FileRemote` that is being written under a temporary name. Ended by `commit` or
/// `abandon`; used by one thread at a time.
package final class FilePut: Sendable {
    private let remote: FileRemote
    private let name: RemoteFileName
    private let temporary: DiskPath
    private let file: any DiskFile
    private let written = Atomic<Int>(0)

    fileprivate init(
        remote: FileRemote, name: RemoteFileName, temporary: DiskPath, file: any DiskFile
    ) {
        self.remote = remote
        self.name = name
        self.temporary = temporary
        self.file = file
    }

    /// Writes the next bytes.
    package func append(_ bytes: [UInt8]) throws {
        try remote.refusing("write", name) {
            try file.write(bytes, at: written.load(ordering: .relaxed))
        }
        written.wrappingAdd(bytes.count, ordering: .relaxed)
    }

    /// Makes the file last, then gives it its name. `.alreadyExists` when that is taken; nothing is
    /// left of the file after a failure.
    package func commit() throws {
        do {
            try remote.refusing("write", name) {
                try file.sync()
                try file.close()
                try remote.settle(temporary, as: name)
            }
        } catch {
            abandon()
            throw error
        }
    }

    /// Drops what was written. The file is only litter if that fails.
    package func abandon() {
        try? file.close()
        try? remote.disk.removeFile(temporary)
    }
}

extension StoreError {
    /// A lock file that does not go away.
    static func remoteLocked(_ name: RemoteFileName, _ remote: String) -> StoreError {
        StoreError(
            .locked, "cannot replace '\(name)' on remote '\(remote)': another push holds its lock",
            subject: remote,
            advice:
                "if no push is running, one was killed: remove '\(FileRemote.heldLockName)' in the"
                + " remote's directory", safety: "nothing was published; try again")
    }
}

extension FileRemote {
    /// Runs `body`; failures of the place itself become those of a remote.
    fileprivate func refusing<Result>(
        _ verb: String, _ name: RemoteFileName, _ body: () throws -> Result
    ) throws -> Result {
        do {
            return try body()
        } catch let error as StoreError {
            let refusals: [StoreError.Kind] = [.permission, .noSpace, .readOnly, .io]
            guard refusals.contains(error.kind) else { throw error }
            throw StoreError(
                .remoteRefused,
                "cannot \(verb) '\(name)' on remote '\(description)': \(error.message)",
                subject: description, advice: error.advice, cause: error)
        }
    }

    private func tooLarge(_ name: RemoteFileName, _ size: Int, _ maximum: Int) -> StoreError {
        StoreError(
            .corrupt,
            "cannot use '\(name)' of remote '\(description)': "
                + "\(ByteCount(size)) where at most \(ByteCount(maximum)) make sense",
            subject: "\(name)")
    }
}
