import Platform

/// How many requests may be under way, found by trying: one more after each round that went well,
/// half as many when the server says that it is too much.
final class AdaptiveLimit: Sendable {
    struct State {
        var limit: Double
        var active = 0
        /// Numbers of requests: one that began before the last cut says nothing new.
        var begun = 0
        var cutAt = 0
    }

    private let state: Monitor<State>
    private let maximum: Double

    init(start: Int = 16, maximum: Int = 64) {
        state = Monitor(State(limit: Double(start)))
        self.maximum = Double(maximum)
    }

    /// The present limit.
    var current: Int { state.withLock { Int($0.limit) } }

    /// Waits for a place, and gives the number to hand to `end`.
    func begin() throws -> Int {
        try state.wait { state in
            guard Double(state.active) < state.limit.rounded(.down) else { return nil }
            state.active += 1
            state.begun += 1
            return state.begun
        }
    }

    /// Gives the place back.
    func end(_ number: Int, wasTooMuch: Bool) {
        state.withLock { state in
            state.active -= 1
            if !wasTooMuch {
                state.limit = min(maximum, state.limit + 1 / state.limit)
            } else if number > state.cutAt {
                state.limit = max(1, state.limit / 2)
                state.cutAt = state.begun
            }
        }
    }
}
