private import CPlatform

/// State that threads share and wait for changes of.
///
/// `@unchecked Sendable`: the state is only touched under the lock.
@safe package final class Monitor<State>: @unchecked Sendable {
    private let lock: OpaquePointer
    private var state: State

    /// Guards `state`.
    package init(_ state: sending State) {
        guard let lock = unsafe mlp_monitor_make() else {
            preconditionFailure("there is no memory for a lock")
        }
        unsafe self.lock = unsafe lock
        self.state = state
    }

    deinit { unsafe mlp_monitor_free(lock) }

    /// Runs `body` alone, and lets those that wait look again.
    package func withLock<Result: Sendable>(
        _ body: (inout State) throws -> Result
    ) rethrows -> Result {
        // The lock lives as long as this object.
        unsafe mlp_monitor_lock(lock)
        defer {
            unsafe mlp_monitor_wake(lock)
            unsafe mlp_monitor_unlock(lock)
        }
        return try body(&state)
    }

    /// Waits until `body`, run alone each time something changed, gives a result. Throws
    /// `.interrupted` at the latest a tenth of a second after a signal has come.
    package func wait<Result: Sendable>(
        _ body: (inout State) throws -> Result?
    ) throws -> Result {
        unsafe mlp_monitor_lock(lock)
        defer {
            unsafe mlp_monitor_wake(lock)
            unsafe mlp_monitor_unlock(lock)
        }
        while true {
            if let result = try body(&state) { return result }
            try SignalWatch.check()
            unsafe mlp_monitor_wait(lock, 100)
        }
    }

    /// The same, whatever signals come: what is waited for must come by itself.
    package func waitThroughSignals<Result: Sendable>(
        _ body: (inout State) -> Result?
    ) -> Result {
        unsafe mlp_monitor_lock(lock)
        defer {
            unsafe mlp_monitor_wake(lock)
            unsafe mlp_monitor_unlock(lock)
        }
        while true {
            if let result = body(&state) { return result }
            unsafe mlp_monitor_wait(lock, 60_000)
        }
    }
}
