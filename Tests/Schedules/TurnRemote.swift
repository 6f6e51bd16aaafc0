import Remotes
import Synchronization
import TestSupport
import Vocabulary

/// What befalls one process of those that share a remote.
struct RemoteTrouble: Sendable {
    /// Which of its changes (from 1) it is told failed, if any.
    var lostChange: Int?
    /// Whether that change is made all the same.
    var isMade = true
    /// From which its listings leave out what they may leave out; nil where they are whole.
    var listings: UInt64?
}

/// A remote as one simulated process sees it: every request waits for the process's turn, and what is
/// to befall the process does.
final class TurnRemote: Remote {
    private let inner: any Remote
    private let scheduler: TurnScheduler
    private let process: Int
    private let trouble: RemoteTrouble
    private let changes = Atomic<Int>(0)
    private let lists = Atomic<Int>(0)
    /// Called when the process is killed, before any of its code learns of it.
    private let killed: @Sendable () -> Void

    init(
        _ inner: any Remote, _ scheduler: TurnScheduler, process: Int, _ trouble: RemoteTrouble,
        killed: @escaping @Sendable () -> Void
    ) {
        self.inner = inner
        self.scheduler = scheduler
        self.process = process
        self.trouble = trouble
        self.killed = killed
    }

    var description: String { inner.description }

    private func turn() throws {
        let wasKilled = scheduler.isKilled(process)
        do { try scheduler.step(process) } catch {
            if !wasKilled, error is SimulatedKill { killed() }
            throw error
        }
    }

    private func change<Result>(_ body: () throws -> Result) throws -> Result {
        try turn()
        let isLost = changes.add(1, ordering: .relaxed).newValue == trouble.lostChange
        if !isLost || trouble.isMade {
            let result = try body()
            if !isLost { return result }
        }
        throw StoreError(.remoteUnreachable, "cannot reach the remote: the connection was lost")
    }

    func read(_ name: RemoteFileName, maximumBytes: Int) throws -> [UInt8] {
        try turn()
        return try inner.read(name, maximumBytes: maximumBytes)
    }

    func read(_ name: RemoteFileName, range: Range<Int>) throws -> [UInt8] {
        try turn()
        return try inner.read(name, range: range)
    }

    func readVersioned(
        _ name: RemoteFileName, maximumBytes: Int
    ) throws -> (bytes: [UInt8], version: RemoteVersion)? {
        try turn()
        return try inner.readVersioned(name, maximumBytes: maximumBytes)
    }

    func put(_ name: RemoteFileName, _ content: RemoteContent) throws {
        try change { try inner.put(name, content) }
    }

    func compareAndSwap(
        _ name: RemoteFileName, expected: RemoteVersion?, new: [UInt8]
    ) throws -> Bool {
        try change { try inner.compareAndSwap(name, expected: expected, new: new) }
    }

    func list(_ prefix: RemoteFileName?) throws -> [(name: RemoteFileName, size: Int)] {
        try turn()
        let all = try inner.list(prefix)
        guard let seed = trouble.listings else { return all }
        let number = UInt64(lists.add(1, ordering: .relaxed).newValue)
        var random = SmallRandom(seed: seed &+ number)
        return all.filter { _ in !random.once(in: 3) }
    }

    func size(_ name: RemoteFileName) throws -> Int? {
        try turn()
        return try inner.size(name)
    }

    func remove(_ name: RemoteFileName) throws {
        try change { try inner.remove(name) }
    }
}
