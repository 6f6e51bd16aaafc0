package import Platform
import Synchronization
package import Vocabulary

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// Thrown by every call once the simulated power is gone.
package struct SimulatedPowerCut: Error {}

/// A disk in memory that loses power on demand and then remembers no more than it promised.
///
/// What survives a cut: the bytes of a file as they were at its last `sync`, and the names of a
/// directory as they were at its last `syncDirectory`. Of what came later each operation
/// survives or not on its own: names made, removed and renamed (a rename is all or nothing),
/// truncations, and each 512-byte sector of each write. So unsynced work may vanish, tear, or be
/// there in another order. Which of it survives follows from the seed: seed 0 loses all of it,
/// seed 1 keeps all of it, any other tosses coins.
///
/// Every call is an operation; those that change something are also changes. Both are counted
/// from 1, and either count can say where the power goes or a call fails.
package final class SimulatedDisk: Disk {
    let state: Mutex<SimulatedDiskState>

    /// An empty disk whose root is `/`, which relative paths start from too.
    package init() { state = Mutex(SimulatedDiskState()) }

    init(_ initial: SimulatedDiskState) { state = Mutex(initial) }

    /// How many calls there were.
    package var operationCount: Int { state.withLock { $0.operations } }

    /// How many of the calls changed something, or made something last.
    package var changeCount: Int { state.withLock { $0.changes } }

    /// What the changes were, in order, for reading a failed test.
    package var changeLog: [String] { state.withLock { $0.log } }

    /// How many bytes were written so far.
    package var writtenBytes: Int { state.withLock { $0.writtenBytes } }

    /// Cuts the power when `count` operations have been done: the next one throws
    /// `SimulatedPowerCut`, as do all after it.
    package func cutPower(afterOperation count: Int, seed: UInt64) {
        state.withLock { state in
            state.cutAfterOperation = count
            state.survivalSeed = seed
        }
    }

    /// Cuts the power when `count` changes have been done; reading goes on until the next change.
    package func cutPower(afterChange count: Int, seed: UInt64) {
        state.withLock { state in
            state.cutAfterChange = count
            state.survivalSeed = seed
        }
    }

    /// Makes the operation with this number fail; with `persistently`, all from it on.
    package func failOperation(
        _ number: Int, with kind: StoreError.Kind, persistently: Bool = false
    ) {
        state.withLock {
            $0.fault = .init(number: number, kind: kind, persists: persistently, changes: false)
        }
    }

    /// Makes the change with this number fail; with `persistently`, all changes from it on, as on
    /// a full disk.
    package func failChange(
        _ number: Int, with kind: StoreError.Kind, persistently: Bool = false
    ) {
        state.withLock {
            $0.fault = .init(number: number, kind: kind, persists: persistently, changes: true)
        }
    }

    /// What `clone` works in.
    static let cloneUnitBytes = 4096

    /// Makes `clone` refuse, as on a file system that has no such thing.
    package func refuseClones() { state.withLock { $0.clones = false } }

    /// Makes names that differ in case only the same name, as on most file systems of macOS.
    package func ignoreCase() { state.withLock { $0.ignoresCase = true } }

    /// Calls `body`, once, right before the first change whose description begins with `beginning`:
    /// what somebody else does at that moment.
    package func before(_ beginning: String, _ body: @escaping @Sendable () throws -> Void) {
        state.withLock { $0.meanwhile = (beginning, body) }
    }

    /// Whether the power is gone.
    package var isOff: Bool { state.withLock { $0.isOff } }

    /// The disk as it is found when the power is back: what the seed of `cutPower` lets survive.
    /// Without a cut before, the power is cut now.
    package func reopened() -> SimulatedDisk { reopened(seed: nil) }

    /// The disk as it is found when the power is back, with another seed than the cut's.
    package func reopened(seed: UInt64?) -> SimulatedDisk {
        SimulatedDisk(
            state.withLock { state in
                state.isOff = true
                return state.survivors(seed: seed ?? state.survivalSeed)
            })
    }

    /// An independent disk with the same content, the same unsynced work and no faults or locks.
    package func copy() -> SimulatedDisk {
        SimulatedDisk(
            state.withLock { state in
                var copy = state
                copy.forgetFaults()
                return copy
            })
    }

    /// Every file with its bytes, by full path, for comparing whole disks.
    package func allFiles() -> [String: [UInt8]] { state.withLock { $0.allFiles() } }

    // MARK: - Disk

    package func openFile(_ path: DiskPath, _ mode: OpenMode) throws -> any DiskFile {
        let node = try state.withLock { state in
            let isNew = mode.mayCreate && state.peek(path, following: true) == nil
            try state.begin(isNew ? .change("create \(path)") : .look, path)
            return try state.open(path, mode)
        }
        return SimulatedFile(disk: self, node: node, path: path)
    }

    package func map(_ path: DiskPath) throws -> MappedBytes {
        MappedBytes(
            try state.withLock { state in
                try state.begin(.look, path)
                return state[try state.open(path, .read)].content
            })
    }

    package func status(of path: DiskPath, followingLinks: Bool) throws -> FileStatus? {
        try state.withLock { state in
            try state.begin(.look, path)
            return state.peek(path, following: followingLinks).map { state.status($0) }
        }
    }

    package func entries(of directory: DiskPath) throws -> [DirectoryEntry] {
        try entriesWithStatus(of: directory).map {
            DirectoryEntry(name: $0.name, kind: $0.status.kind)
        }
    }

    package func entriesWithStatus(
        of directory: DiskPath
    ) throws -> [(name: [UInt8], status: FileStatus)] {
        try state.withLock { state in
            try state.begin(.look, directory)
            let node = try state.directory(directory)
            return state[node].entries.sorted { $0.key.precedes($1.key) }
                .map { (name: $0.key, status: state.status($0.value)) }
        }
    }

    package func makeDirectory(_ path: DiskPath) throws {
        try change("make directory \(path)", path) { _ = try $0.make(.directory, at: path, 0o755) }
    }

    package func removeFile(_ path: DiskPath) throws {
        try change("remove \(path)", path) { try $0.remove(path, directory: false) }
    }

    package func removeDirectory(_ path: DiskPath) throws {
        try change("remove directory \(path)", path) { try $0.remove(path, directory: true) }
    }

    package func rename(_ from: DiskPath, to: DiskPath) throws {
        try change("rename \(from) to \(to)", to) { try $0.rename(from, to, replacing: true) }
    }

    package func renameWithoutReplacing(_ from: DiskPath, to: DiskPath) throws {
        try change("rename \(from) to \(to)", to) { try $0.rename(from, to, replacing: false) }
    }

    package func makeSymlink(at path: DiskPath, target: [UInt8]) throws {
        try change("link \(path)", path) { state in
            let node = try state.make(.symlink, at: path, 0o777)
            state[node].content = target
            state[node].lastingContent = target
        }
    }

    package func makeHardLink(at path: DiskPath, to file: DiskPath) throws {
        try change("hard link \(path)", path) { try $0.link(path, to: file) }
    }

    package func readSymlink(_ path: DiskPath) throws -> [UInt8] {
        try state.withLock { state in
            try state.begin(.look, path)
            guard let node = state.peek(path, following: false) else {
                throw state.failure(.notFound, "read link", path)
            }
            guard state[node].kind == .symlink else {
                throw state.failure(.io, "read link", path)
            }
            return state[node].content
        }
    }

    package func setPermissions(_ path: DiskPath, _ permissions: UInt16) throws {
        try change("set permissions of \(path)", path) { state in
            guard let node = state.peek(path, following: true) else {
                throw state.failure(.notFound, "set the permissions of", path)
            }
            state[node].permissions = permissions
            state[node].changed = state.now
        }
    }

    package func syncDirectory(_ path: DiskPath) throws {
        try change("sync directory \(path)", path) { state in
            state.syncNames(of: try state.directory(path))
        }
    }

    package func lock(
        _ path: DiskPath, _ kind: LockKind, wait: LockWait
    ) throws -> (any DiskLock)? {
        while true {
            let taken = try state.withLock { state -> (node: Int, generation: Int)? in
                try state.begin(.look, path)
                let node = try state.open(path, .createOrOpen(permissions: 0o644))
                return state.takeLock(node, kind) ? (node, 0) : nil
            }
            if let taken { return SimulatedLock(disk: self, node: taken.node, kind: kind) }
            if wait == .never { return nil }
            usleep(200)
        }
    }

    package func capacityLeft(at path: DiskPath) throws -> Int { 1 << 40 }

    func change<Result>(
        _ description: String, _ path: DiskPath,
        _ body: (inout SimulatedDiskState) throws -> sending Result
    ) throws -> Result {
        let meanwhile = state.withLock { state -> (@Sendable () throws -> Void)? in
            guard let found = state.meanwhile, description.hasPrefix(found.beginning) else {
                return nil
            }
            state.meanwhile = nil
            return found.body
        }
        try meanwhile?()
        return try state.withLock { state in
            try state.begin(.change(description), path)
            return try body(&state)
        }
    }
}

extension OpenMode {
    var mayCreate: Bool {
        switch self {
        case .createNew, .createOrOpen: true
        case .read, .readWrite: false
        }
    }
}

/// An open file of a simulated disk; it stays usable after its name is gone.
final class SimulatedFile: DiskFile {
    private let disk: SimulatedDisk
    private let node: Int
    private let path: DiskPath
    private let isClosed = Atomic<Bool>(false)
    private let abandoned = Atomic<Bool>(false)

    init(disk: SimulatedDisk, node: Int, path: DiskPath) {
        self.disk = disk
        self.node = node
        self.path = path
    }

    func read(at offset: Int, into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
        let content = try disk.state.withLock { state in
            try state.begin(.look, path)
            try checkOpen(state)
            return state[node].content
        }
        guard offset < content.count else { return 0 }
        let count = min(buffer.count, content.count - offset)
        buffer.copyBytes(from: content[offset..<(offset + count)])
        return count
    }

    func write(_ bytes: UnsafeRawBufferPointer, at offset: Int) throws {
        let copy = [UInt8](bytes)
        try disk.change("write \(copy.count) at \(offset) of \(path)", path) { state in
            try checkOpen(state)
            state.write(copy, at: offset, of: node)
        }
    }

    func sync() throws {
        guard !abandoned.load(ordering: .relaxed) else {
            throw StoreError(.io, "cannot sync '\(path)': an earlier sync of it failed")
        }
        do {
            try disk.change("sync \(path)", path) { state in
                try checkOpen(state)
                state.syncContent(of: node)
            }
        } catch {
            abandoned.store(true, ordering: .relaxed)
            throw error
        }
    }

    func truncate(to sizeBytes: Int) throws {
        try disk.change("truncate \(path) to \(sizeBytes)", path) { state in
            try checkOpen(state)
            state.truncate(node, to: sizeBytes)
        }
    }

    func clone(_ range: Range<Int>, of source: any DiskFile, at offset: Int) throws -> Bool {
        guard let source = source as? SimulatedFile, source.disk === disk else { return false }
        return try disk.change("clone \(range) of \(source.path) to \(offset) of \(path)", path) {
            state in
            try checkOpen(state)
            try source.checkOpen(state)
            let unit = SimulatedDisk.cloneUnitBytes
            let content = state[source.node].content
            guard state.clones, range.lowerBound % unit == 0, range.count % unit == 0,
                offset % unit == 0, range.upperBound <= content.count
            else { return false }
            // As a write, of which any part may be lost; but nothing that `writtenBytes` counts.
            let before = state.writtenBytes
            state.write(Array(content[range]), at: offset, of: node)
            state.writtenBytes = before
            return true
        }
    }

    func cloneUnit() throws -> Int { SimulatedDisk.cloneUnitBytes }

    func status() throws -> FileStatus {
        try disk.state.withLock { state in
            try state.begin(.look, path)
            try checkOpen(state)
            return state.status(node)
        }
    }

    func close() throws { isClosed.store(true, ordering: .relaxed) }

    private func checkOpen(_ state: SimulatedDiskState) throws {
        if isClosed.load(ordering: .relaxed) { throw state.failure(.io, "use the closed", path) }
    }
}

/// A lock of a simulated disk; the disk that is reopened after a cut knows nothing of it.
final class SimulatedLock: DiskLock {
    private let disk: SimulatedDisk
    private let node: Int
    private let kind: LockKind
    private let isHeld = Atomic<Bool>(true)

    init(disk: SimulatedDisk, node: Int, kind: LockKind) {
        self.disk = disk
        self.node = node
        self.kind = kind
    }

    deinit { unlock() }

    func unlock() {
        guard isHeld.exchange(false, ordering: .relaxed) else { return }
        disk.state.withLock { $0.releaseLock(node, kind) }
    }
}
