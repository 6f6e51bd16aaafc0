private import CPlatform
import Synchronization

/// Threads of our own that share out numbered work.
///
/// Made and joined for each call (23 us a thread): blocking file calls must not sit on the
/// cooperative pool. Results never depend on the number of threads: they come in the order of the
/// indices, and of several errors the one with the lowest index is thrown.
package struct WorkerPool: Sendable {
    /// How many threads work, the caller's among them.
    package let threads: Int

    /// A pool of that many threads; as many as there are processors when not said.
    package init(threads: Int = Environment.processorCount) { self.threads = max(1, threads) }

    /// Calls `body` with 0..<count, each once, lowest first, with a state that each thread makes
    /// for itself when it takes its first index (a compressor, a buffer).
    ///
    /// After an error no further indices are taken. Items should be worth at least some 10 us.
    package func forEach<Worker>(
        count: Int, makeWorker: @Sendable () throws -> Worker,
        _ body: @Sendable (inout Worker, Int) throws -> Void
    ) throws {
        let dispenser = Dispenser(count: count)
        runOnThreads(min(threads, count)) {
            var worker: Worker?
            while let index = dispenser.take() {
                do {
                    var current = try worker.take() ?? makeWorker()
                    try body(&current, index)
                    worker = consume current
                } catch {
                    dispenser.stop(at: index, error)
                }
            }
        }
        try dispenser.finish()
    }

    /// Calls `body` with 0..<count, each once; see the other form.
    package func forEach(count: Int, _ body: @Sendable (Int) throws -> Void) throws {
        try forEach(count: count, makeWorker: {}, { _, index in try body(index) })
    }

    /// The results of `body` for 0..<count, in that order, with a state for each thread.
    package func map<Worker, Result: Sendable>(
        count: Int, makeWorker: @Sendable () throws -> Worker,
        _ body: @Sendable (inout Worker, Int) throws -> Result
    ) throws -> [Result] {
        let collected = Mutex<[Result?]>(Array(repeating: nil, count: count))
        try forEach(count: count, makeWorker: makeWorker) { worker, index in
            let result = try body(&worker, index)
            collected.withLock { $0[index] = result }
        }
        return collected.withLock { $0 }.compactMap { $0 }
    }

    /// The results of `body` for 0..<count, in that order.
    package func map<Result: Sendable>(
        count: Int, _ body: @Sendable (Int) throws -> Result
    ) throws -> [Result] {
        try map(count: count, makeWorker: {}, { _, index in try body(index) })
    }
}

/// The results of `body` for 0..<count, in that order, worked out on `threads` threads.
package func parallelMap<Result: Sendable>(
    count: Int, threads: Int = Environment.processorCount,
    _ body: @Sendable (Int) throws -> Result
) throws -> [Result] {
    try WorkerPool(threads: threads).map(count: count, body)
}

/// The results of two pieces of work that go on at the same time, each on one thread. Of two errors
/// that of the first is thrown.
package func concurrently<First: Sendable, Second: Sendable>(
    _ first: () throws -> First, and second: @Sendable () throws -> Second
) throws -> (First, Second) {
    try withoutActuallyEscaping(first) { first in
        let alone = Alone(call: first)
        let outcomes = try parallelMap(count: 2, threads: 2) { index -> OneOf<First, Second> in
            index == 0 ? .first(try alone.call()) : .second(try second())
        }
        guard case .first(let one) = outcomes[0], case .second(let other) = outcomes[1] else {
            preconditionFailure("results come in the order of their indices")
        }
        return (one, other)
    }
}

private enum OneOf<First: Sendable, Second: Sendable>: Sendable {
    case first(First)
    case second(Second)
}

/// `@unchecked Sendable`: called once, by one thread, which is joined before the caller goes on.
private struct Alone<Result>: @unchecked Sendable {
    let call: () throws -> Result
}

/// Calls `body` with 0..<count, each once, on `threads` threads.
package func parallelForEach(
    count: Int, threads: Int = Environment.processorCount,
    _ body: @Sendable (Int) throws -> Void
) throws {
    try WorkerPool(threads: threads).forEach(count: count, body)
}

/// Hands out indices in rising order, so that when one fails all lower ones have been taken.
private final class Dispenser: Sendable {
    private let next = Atomic<Int>(0)
    private let limit: Atomic<Int>
    private let failure = Mutex<(index: Int, error: any Error)?>(nil)

    init(count: Int) { limit = Atomic(count) }

    func take() -> Int? {
        guard next.load(ordering: .relaxed) < limit.load(ordering: .relaxed) else { return nil }
        let index = next.wrappingAdd(1, ordering: .relaxed).oldValue
        return index < limit.load(ordering: .relaxed) ? index : nil
    }

    func stop(at index: Int, _ error: any Error) {
        failure.withLock { failure in
            if let lowest = failure, lowest.index < index { return }
            failure = (index, error)
            limit.min(index, ordering: .relaxed)
        }
    }

    func finish() throws {
        if let failure = failure.withLock({ $0 }) { throw failure.error }
    }
}

/// Runs `body` on `count` threads at once, the caller's among them, until all return.
private func runOnThreads(_ count: Int, _ body: @Sendable () -> Void) {
    guard count > 1 else { return count == 1 ? body() : () }
    withoutActuallyEscaping(body) { escaping in
        // The closure stays in this frame until all threads are joined; they only call it.
        unsafe withUnsafePointer(to: escaping) { pointer in
            unsafe mlp_run_threads(
                Int32(clamping: count),
                { context in
                    unsafe context?.assumingMemoryBound(to: (@Sendable () -> Void).self).pointee()
                }, UnsafeMutableRawPointer(mutating: pointer))
        }
    }
}
