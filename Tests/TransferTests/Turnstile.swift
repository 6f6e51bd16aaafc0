import Remotes
import Synchronization
import TestSupport
import Vocabulary

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Lets one of several workers at a time go on, to its next request; who is next is chosen at random
/// from a seed, so that an order of requests can be had again.
///
/// `@unchecked Sendable`: everything is guarded by the condition's mutex.
final class Turnstile: @unchecked Sendable {
    private var mutex = pthread_mutex_t()
    private var condition = pthread_cond_t()
    private var random: SmallRandom
    private var waiting: Set<Int> = []
    private var running: Int
    private var chosen: Int?

    /// A turnstile for so many workers, none of which has begun.
    init(workers: Int, seed: UInt64) {
        random = SmallRandom(seed: seed)
        running = workers
        pthread_mutex_init(&mutex, nil)
        pthread_cond_init(&condition, nil)
    }

    deinit {
        pthread_cond_destroy(&condition)
        pthread_mutex_destroy(&mutex)
    }

    /// Waits until it is this worker's turn.
    func turn(_ worker: Int) {
        pthread_mutex_lock(&mutex)
        waiting.insert(worker)
        running -= 1
        choose()
        while chosen != worker { pthread_cond_wait(&condition, &mutex) }
        chosen = nil
        waiting.remove(worker)
        running += 1
        pthread_mutex_unlock(&mutex)
    }

    /// The worker has ended.
    func leave() {
        pthread_mutex_lock(&mutex)
        running -= 1
        choose()
        pthread_mutex_unlock(&mutex)
    }

    /// When nobody runs, one of those that wait may.
    private func choose() {
        guard running == 0, chosen == nil, !waiting.isEmpty else { return }
        let order = waiting.sorted()
        chosen = order[random.integer(in: 0..<order.count)]
        pthread_cond_broadcast(&condition)
    }
}

/// A remote as one worker sees it, who waits for his turn before each request.
struct TurnRemote: Remote {
    let inner: any Remote
    let turnstile: Turnstile
    let worker: Int

    var description: String { inner.description }

    func read(_ name: RemoteFileName, maximumBytes: Int) throws -> [UInt8] {
        turnstile.turn(worker)
        return try inner.read(name, maximumBytes: maximumBytes)
    }

    func read(_ name: RemoteFileName, range: Range<Int>) throws -> [UInt8] {
        turnstile.turn(worker)
        return try inner.read(name, range: range)
    }

    func readVersioned(
        _ name: RemoteFileName, maximumBytes: Int
    ) throws -> (bytes: [UInt8], version: RemoteVersion)? {
        turnstile.turn(worker)
        return try inner.readVersioned(name, maximumBytes: maximumBytes)
    }

    func put(_ name: RemoteFileName, _ content: RemoteContent) throws {
        turnstile.turn(worker)
        try inner.put(name, content)
    }

    func compareAndSwap(
        _ name: RemoteFileName, expected: RemoteVersion?, new: [UInt8]
    ) throws -> Bool {
        turnstile.turn(worker)
        return try inner.compareAndSwap(name, expected: expected, new: new)
    }

    func list(_ prefix: RemoteFileName?) throws -> [(name: RemoteFileName, size: Int)] {
        turnstile.turn(worker)
        return try inner.list(prefix)
    }

    func size(_ name: RemoteFileName) throws -> Int? {
        turnstile.turn(worker)
        return try inner.size(name)
    }

    func remove(_ name: RemoteFileName) throws {
        turnstile.turn(worker)
        try inner.remove(name)
    }
}
