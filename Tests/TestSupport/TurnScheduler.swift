import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// Thrown by every call of a simulated process once it was killed.
package struct SimulatedKill: Error {}

/// Thrown when all simulated processes wait for locks.
package struct SimulatedDeadlock: Error {}

/// Lets the threads of simulated processes run one at a time: at every disk operation the seed
/// decides whose turn it is. The same seed gives the same interleaving.
///
/// Half of the seeds switch at random, mostly staying where they are. The others give each process a
/// priority and let the first that can run go on, with a few points at which the running one falls
/// behind all others: that finds what needs few, but exactly placed switches.
package final class TurnScheduler: Sendable {
    private enum Activity { case notStarted, runnable, waiting, over }

    private struct State {
        var random: SmallRandom
        var activities: [Activity]
        var priorities: [Int]
        var changePoints: Set<Int>
        var isRandom: Bool
        var current: Int
        var steps = 0
        var ownSteps: [Int]
        /// At which of its operations a process is killed.
        var kills: [Int?]
        var killed: [Bool]
        var isDeadlocked = false
    }

    /// A monitor: the mutex guards `state`, and each process waits on a condition of its own.
    ///
    /// `nonisolated(unsafe)`: allocated once, before any thread; pthread objects are made to be shared.
    private nonisolated(unsafe) let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(
        capacity: 1)
    private nonisolated(unsafe) let conditions: UnsafeMutablePointer<pthread_cond_t>
    /// `nonisolated(unsafe)`: touched under `mutex` only.
    private nonisolated(unsafe) var state: State
    private let count: Int

    /// A scheduler for `count` processes. `kills` says at which of its operations each dies, if it
    /// does; `length` is about how many operations there will be in all.
    package init(count: Int, seed: UInt64, kills: [Int?], length: Int) {
        var random = SmallRandom(seed: seed)
        self.count = count
        pthread_mutex_init(mutex, nil)
        conditions = .allocate(capacity: count)
        for index in 0..<count { pthread_cond_init(conditions + index, nil) }
        let isRandom = random.once(in: 2)
        let points = Set((0..<3).map { _ in random.integer(in: 0..<max(1, length)) })
        let priorities = Array(0..<count).shuffled(using: &random)
        state = State(
            random: random, activities: Array(repeating: .notStarted, count: count),
            priorities: priorities, changePoints: points, isRandom: isRandom, current: -1,
            ownSteps: Array(repeating: 0, count: count), kills: kills,
            killed: Array(repeating: false, count: count))
    }

    deinit {
        for index in 0..<count { pthread_cond_destroy(conditions + index) }
        conditions.deallocate()
        pthread_mutex_destroy(mutex)
        mutex.deallocate()
    }

    /// How many operations there were.
    package var steps: Int { locked { state.steps } }

    /// Whether the process was killed.
    package func isKilled(_ process: Int) -> Bool { locked { state.killed[process] } }

    private func locked<Result>(_ body: () throws -> Result) rethrows -> Result {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        return try body()
    }

    /// Called by a process's thread before all else; returns when all have begun and it is its turn.
    package func begin(_ process: Int) {
        locked {
            state.activities[process] = .runnable
            // From nobody: which thread is the last to begin is not the seed's to say.
            if !state.activities.contains(.notStarted) { passOn(from: nil) }
            wait(process)
        }
    }

    /// Called by a process's thread when it ends, one way or the other.
    package func end(_ process: Int) {
        locked {
            state.activities[process] = .over
            passOn(from: process)
        }
    }

    /// Called before each operation of a process; returns when it is its turn. Throws once it was
    /// killed.
    package func step(_ process: Int) throws {
        try locked {
            if state.killed[process] { throw SimulatedKill() }
            if state.isDeadlocked { throw SimulatedDeadlock() }
            state.steps += 1
            state.ownSteps[process] += 1
            if let kill = state.kills[process], state.ownSteps[process] >= kill {
                state.killed[process] = true
                throw SimulatedKill()
            }
            passOn(from: process)
            wait(process)
            if state.isDeadlocked { throw SimulatedDeadlock() }
        }
    }

    /// Waits until some process has released a lock.
    package func waitForLock(_ process: Int) throws {
        try locked {
            state.activities[process] = .waiting
            passOn(from: process)
            wait(process)
            if state.isDeadlocked { throw SimulatedDeadlock() }
        }
    }

    /// Told that a lock was released.
    package func lockReleased() {
        locked {
            for process in 0..<count where state.activities[process] == .waiting {
                state.activities[process] = .runnable
            }
        }
    }

    private func passOn(from process: Int?) {
        let runnable = (0..<count).filter { state.activities[$0] == .runnable }
        guard !runnable.isEmpty else {
            guard state.activities.contains(.waiting) else { return }
            state.isDeadlocked = true
            state.current = -2
            for other in 0..<count {
                if state.activities[other] == .waiting { state.activities[other] = .runnable }
                pthread_cond_signal(conditions + other)
            }
            return
        }
        let next: Int
        if state.isRandom {
            if let process, runnable.contains(process), !state.random.once(in: 4) {
                next = process
            } else {
                next = runnable[state.random.integer(in: 0..<runnable.count)]
            }
        } else {
            if let process, state.changePoints.contains(state.steps) {
                state.priorities[process] = (state.priorities.min() ?? 0) - 1
            }
            next = runnable.max { state.priorities[$0] < state.priorities[$1] } ?? runnable[0]
        }
        guard next != state.current else { return }
        state.current = next
        if next != process { pthread_cond_signal(conditions + next) }
    }

    private func wait(_ process: Int) {
        while state.current != process && !state.isDeadlocked {
            pthread_cond_wait(conditions + process, mutex)
        }
    }
}
