internal import Synchronization

/// How a kernel runs independent pieces of work. Kernels make no threads: the caller hands them in.
///
/// Which thread runs a piece, and when, can never reach a result: a kernel cuts its work by the
/// data alone (`RowBlocks`) and combines the pieces in a fixed tree.
package struct ParallelExecutor: Sendable {
    /// The instructions that kernels use.
    package let level: InstructionLevel
    private let run: @Sendable (_ count: Int, _ body: @Sendable (Int) -> Void) -> Void

    /// An executor that calls `body` once for every index in `0..<count`, in any order and on any
    /// threads, and returns when all calls have.
    package init(
        level: InstructionLevel = .best,
        _ run: @escaping @Sendable (_ count: Int, _ body: @Sendable (Int) -> Void) -> Void
    ) {
        self.level = level
        self.run = run
    }

    /// One piece after the other on the caller's thread.
    package static let serial = ParallelExecutor { count, body in
        for index in 0..<count { body(index) }
    }

    /// The results of `body` for `0..<count`, in index order however the calls were scheduled.
    package func map<Result: Sendable>(
        _ count: Int, _ body: @Sendable (Int) -> Result
    ) -> [Result] {
        let slots = Slots<Result>(count: count)
        run(count) { index in slots.set(index, body(index)) }
        return slots.results()
    }

    /// The same of what may fail: then the error of the first that did.
    package func tryMap<Result: Sendable>(
        _ count: Int, _ body: @Sendable (Int) throws -> Result
    ) throws -> [Result] {
        try map(count) { index in Swift.Result { try body(index) } }.map { try $0.get() }
    }
}

/// Results by index, written from any thread. One lock is enough: a piece of work is thousands of
/// rows, a lock some twenty nanoseconds.
private final class Slots<Result: Sendable>: Sendable {
    private let values: Mutex<[Result?]>

    init(count: Int) { values = Mutex([Result?](repeating: nil, count: count)) }

    func set(_ index: Int, _ value: Result) { values.withLock { $0[index] = value } }

    func results() -> [Result] {
        values.withLock { slots in
            let done = slots.compactMap { $0 }
            precondition(done.count == slots.count, "the executor left a piece of work out")
            return done
        }
    }
}
