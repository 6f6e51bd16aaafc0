import Objects
import Platform
import Remotes
import Vocabulary

/// Packs between being made and having arrived, sent on threads beside the making of the next.
///
/// Invariants: never more than `jobs` packs are finished and not yet sent, so that a slow remote
/// fills no disk; after the first failure none is begun, and every later call throws that failure.
final class PackQueue: Sendable {
    /// A pack in a file of its own, which is removed when it has arrived.
    struct Parcel: Sendable {
        let pack: RemotePack
        let path: DiskPath
    }

    private struct State {
        var waiting: [Parcel] = []
        var underWay = 0
        var arrivedBytes = 0
        var isOver = false
        var failure: (any Error)?
    }

    private let state = Monitor(State())
    private let jobs: Int
    private let remote: any Remote
    private let disk: any Disk

    /// A queue to the remote of a context, with as many threads as it has jobs.
    init(_ context: RemoteContext) {
        jobs = context.uploads
        remote = context.remote
        disk = context.disk
    }

    /// Bytes of the packs that have arrived.
    var arrivedBytes: Int { state.withLock { $0.arrivedBytes } }

    /// Adds a pack, and waits while there are too many.
    func add(_ parcel: Parcel) throws {
        if jobs == 1 {
            state.withLock { $0.underWay += 1 }
            send(parcel)
            return try drain()
        }
        let _: Void = try state.wait { state in
            if let failure = state.failure { throw failure }
            guard state.waiting.count + state.underWay < jobs else { return nil }
            state.waiting.append(parcel)
            return ()
        }
    }

    /// Waits until all that were added have arrived.
    func drain() throws {
        let _: Void = try state.wait { state in
            if let failure = state.failure { throw failure }
            return state.waiting.isEmpty && state.underWay == 0 ? () : nil
        }
    }

    /// Runs `body`, which adds packs, beside the threads that send them; returns when all have
    /// arrived. With one job there are no threads: packs are sent when they are added.
    func whileSending<Result: Sendable>(_ body: () throws -> Result) throws -> Result {
        guard jobs > 1 else { return try body() }
        state.withLock { $0.isOver = false }
        return try concurrently(
            {
                // The threads end either way; what failed keeps them from beginning another.
                defer { state.withLock { $0.isOver = true } }
                do {
                    let result = try body()
                    try drain()
                    return result
                } catch {
                    fail(error)
                    throw error
                }
            },
            and: {
                try parallelForEach(count: jobs, threads: jobs) { _ in
                    while let parcel = try next() { send(parcel) }
                }
            }
        ).0
    }

    private func fail(_ error: any Error) {
        state.withLock { if $0.failure == nil { $0.failure = error } }
    }

    /// The next pack to send; nil when there will be none.
    private func next() throws -> Parcel? {
        // An optional of an optional: nothing yet, or no more.
        try state.wait { state -> Parcel?? in
            if state.failure != nil { return .some(nil) }
            guard !state.waiting.isEmpty else { return state.isOver ? .some(nil) : nil }
            state.underWay += 1
            return state.waiting.removeFirst()
        }
    }

    /// The name says the session and the content: what is there already is what this push sent before
    /// a collection made it compare again.
    private func put(_ parcel: Parcel) throws {
        let name = try parcel.pack.name()
        do {
            try remote.put(name, .file(parcel.path, on: disk, digest: parcel.pack.id.digest))
        } catch let error as StoreError where error.kind == .alreadyExists {
            guard try remote.size(name) == parcel.pack.sizeBytes else { throw error }
        }
    }

    private func send(_ parcel: Parcel) {
        do {
            try put(parcel)
            try disk.removeFile(parcel.path)
            state.withLock {
                $0.underWay -= 1
                $0.arrivedBytes += parcel.pack.sizeBytes
            }
        } catch {
            state.withLock {
                $0.underWay -= 1
                if $0.failure == nil { $0.failure = error }
            }
        }
    }
}
