import Platform

/// Places for what runs at once: stages, and the items of map stages. They are given in the order in
/// which they are asked for, so that the many items of one stage do not keep others waiting.
struct JobPlaces: Sendable {
    private struct State {
        var free: Int
        /// How many have asked, and how many of these have been let in.
        var asked = 0
        var letIn = 0
    }

    private let state: Monitor<State>

    /// So many places, 1 or more.
    init(_ count: Int) { state = Monitor(State(free: count)) }

    /// Runs `body` in a place, when one is free. Places are given back by themselves, also after a
    /// signal: whatever runs ends by it.
    func use<Result>(_ body: () throws -> Result) rethrows -> Result {
        let number = state.withLock { state in
            state.asked += 1
            return state.asked
        }
        state.waitThroughSignals { state -> Void? in
            guard state.free > 0, state.letIn == number - 1 else { return nil }
            state.free -= 1
            state.letIn = number
            return ()
        }
        defer { state.withLock { $0.free += 1 } }
        return try body()
    }
}
