import Platform
import Vocabulary

/// Everything a simulated disk is: a value, so that a whole disk is copied by assignment.
struct SimulatedDiskState {
    /// A change to bytes that is not yet synced.
    enum ContentChange {
        case write(offset: Int, bytes: [UInt8])
        case truncate(Int)
    }

    /// A file, directory or link. What is `lasting` would survive a power cut now.
    struct Node {
        var kind: FileKind
        var permissions: UInt16
        var content: [UInt8] = []
        var lastingContent: [UInt8] = []
        var unsynced: [ContentChange] = []
        var entries: [[UInt8]: Int] = [:]
        var lastingEntries: [[UInt8]: Int] = [:]
        var modified: Int64
        var changed: Int64
        var links = 1
    }

    /// A change of names that is not yet synced: all of its edits survive, or none.
    struct NameChange {
        var edits: [(directory: Int, name: [UInt8], node: Int?)]
    }

    struct Fault {
        var number: Int
        var kind: StoreError.Kind
        var persists: Bool
        var changes: Bool
    }

    enum Operation {
        case look
        case change(String)
    }

    var nodes: [Node] = [Node(kind: .directory, permissions: 0o755, modified: 0, changed: 0)]
    var nameChanges: [NameChange] = []
    var locks: [Int: (shared: Int, exclusive: Bool)] = [:]

    var operations = 0
    var changes = 0
    /// Those of the disks that this one is a copy of: time never goes back.
    var changesBefore = 0
    var writtenBytes = 0
    var log: [String] = []
    var cutAfterOperation: Int?
    var cutAfterChange: Int?
    var survivalSeed: UInt64 = 0
    var fault: Fault?
    var isOff = false
    var clones = true
    var ignoresCase = false
    var meanwhile: (beginning: String, body: @Sendable () throws -> Void)?

    subscript(node: Int) -> Node {
        get { nodes[node] }
        _modify { yield &nodes[node] }
    }

    /// A clock that every change moves on by a millisecond.
    var now: Int64 { 1_767_225_600_000_000_000 + Int64(changesBefore + changes) * 1_000_000 }

    mutating func forgetFaults() {
        (cutAfterOperation, cutAfterChange, fault, meanwhile) = (nil, nil, nil, nil)
        locks = [:]
        changesBefore += changes
        (operations, changes, writtenBytes, log, isOff) = (0, 0, 0, [], false)
    }

    func failure(_ kind: StoreError.Kind, _ operation: String, _ path: DiskPath) -> StoreError {
        StoreError(kind, "cannot \(operation) '\(path)': \(kind)", subject: "\(path)")
    }

    /// Counts an operation and lets it fail when its number has come.
    mutating func begin(_ operation: Operation, _ path: DiskPath) throws {
        if isOff { throw SimulatedPowerCut() }
        var isChange = false
        if case .change = operation { isChange = true }
        if cutAfterOperation.map({ operations >= $0 }) == true
            || isChange && cutAfterChange.map({ changes >= $0 }) == true
        {
            isOff = true
            throw SimulatedPowerCut()
        }
        operations += 1
        if case .change(let description) = operation {
            changes += 1
            log.append(description)
        }
        guard let fault, !fault.changes || isChange else { return }
        let number = fault.changes ? changes : operations
        if number == fault.number || fault.persists && number > fault.number {
            throw failure(fault.kind, "work on", path)
        }
    }

    // MARK: - Bytes

    mutating func write(_ bytes: [UInt8], at offset: Int, of node: Int) {
        apply(.write(offset: offset, bytes: bytes), to: &nodes[node].content)
        nodes[node].unsynced.append(.write(offset: offset, bytes: bytes))
        writtenBytes += bytes.count
        touch(node)
    }

    mutating func truncate(_ node: Int, to size: Int) {
        apply(.truncate(size), to: &nodes[node].content)
        nodes[node].unsynced.append(.truncate(size))
        touch(node)
    }

    mutating func syncContent(of node: Int) {
        nodes[node].lastingContent = nodes[node].content
        nodes[node].unsynced = []
    }

    private mutating func touch(_ node: Int) {
        nodes[node].modified = now
        nodes[node].changed = now
    }

    private func apply(_ change: ContentChange, to content: inout [UInt8]) {
        switch change {
        case .write(let offset, let bytes):
            let end = offset + bytes.count
            if content.count < end {
                content.reserveCapacity(max(end, min(2 * content.count, end + (1 << 20))))
                content += [UInt8](repeating: 0, count: end - content.count)
            }
            content.replaceSubrange(offset..<end, with: bytes)
        case .truncate(let size):
            if size < content.count {
                content.removeSubrange(size...)
            } else {
                content += [UInt8](repeating: 0, count: size - content.count)
            }
        }
    }

    // MARK: - Locks

    mutating func takeLock(_ node: Int, _ kind: LockKind) -> Bool {
        var held = locks[node] ?? (shared: 0, exclusive: false)
        guard !held.exclusive, kind == .shared || held.shared == 0 else { return false }
        if kind == .shared { held.shared += 1 } else { held.exclusive = true }
        locks[node] = held
        return true
    }

    mutating func releaseLock(_ node: Int, _ kind: LockKind) {
        guard var held = locks[node] else { return }
        if kind == .shared { held.shared -= 1 } else { held.exclusive = false }
        locks[node] = held
    }

    // MARK: - After the cut

    /// The disk that is found afterwards.
    func survivors(seed: UInt64) -> SimulatedDiskState {
        var random = SmallRandom(seed: seed)
        var after = self
        after.forgetFaults()
        after.nameChanges = []
        for index in after.nodes.indices {
            after.nodes[index].entries = nodes[index].lastingEntries
        }
        for change in nameChanges where survives(seed, &random) {
            for edit in change.edits { after.nodes[edit.directory].entries[edit.name] = edit.node }
        }
        for index in after.nodes.indices {
            after.nodes[index].lastingEntries = after.nodes[index].entries
            var content = nodes[index].lastingContent
            for change in nodes[index].unsynced {
                for part in sectors(of: change) where survives(seed, &random) {
                    apply(part, to: &content)
                }
            }
            after.nodes[index].content = content
            after.nodes[index].lastingContent = content
            after.nodes[index].unsynced = []
        }
        return after
    }

    private func survives(_ seed: UInt64, _ random: inout SmallRandom) -> Bool {
        switch seed {
        case 0: false
        case 1: true
        // Seeds differ in how much is lost, so that "almost all" and "almost nothing" occur too.
        default: random.integer(in: 0..<8) < 1 + Int(seed % 7)
        }
    }

    private func sectors(of change: ContentChange) -> [ContentChange] {
        guard case .write(let offset, let bytes) = change else { return [change] }
        var parts: [ContentChange] = []
        var start = 0
        while start < bytes.count {
            let end = min(bytes.count, start + 512 - (offset + start) % 512)
            parts.append(.write(offset: offset + start, bytes: Array(bytes[start..<end])))
            start = end
        }
        return parts
    }
}
