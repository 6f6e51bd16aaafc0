private import CPlatform
import Synchronization

/// Shut until it is opened, once; whoever waits at it goes on then.
@safe package final class Gate: Sendable {
    // nonisolated(unsafe): the C side locks; made in init and freed with the last reference.
    private nonisolated(unsafe) let monitor: OpaquePointer
    private let isOpen = Atomic<Bool>(false)

    /// A shut gate.
    package init() {
        guard let made = unsafe mlp_monitor_make() else {
            preconditionFailure("there is no memory for a lock")
        }
        unsafe monitor = unsafe made
    }

    deinit { unsafe mlp_monitor_free(monitor) }

    /// Opens it; again is fine.
    package func open() {
        unsafe mlp_monitor_lock(monitor)
        isOpen.store(true, ordering: .releasing)
        unsafe mlp_monitor_wake(monitor)
        unsafe mlp_monitor_unlock(monitor)
    }

    /// Returns when it is open, whatever signals come: who opens it must see to that.
    package func wait() {
        unsafe mlp_monitor_lock(monitor)
        while !isOpen.load(ordering: .acquiring) { unsafe mlp_monitor_wait(monitor, 60_000) }
        unsafe mlp_monitor_unlock(monitor)
    }
}
