private import CPlatform
import Vocabulary

/// Ctrl-C and its relatives. The first SIGINT, SIGTERM or SIGHUP only sets a flag, which long work
/// looks at where it can stop with everything valid, and goes on to the process groups of running
/// children; the second kills those and ends this process at once, which the store survives.
package enum SignalWatch {
    /// Begins watching; also turns a reader that went away from a signal into an error.
    package static func install() { mlp_watch_signals() }

    /// Turns a reader that went away from a signal, which ends the process, into an error of the
    /// write. Whatever writes to pipes or sockets calls it first, so that nobody depends on what
    /// else the process has done. Children start with the signal as the system has it.
    package static func ignoreBrokenPipes() { mlp_ignore_broken_pipes() }

    /// Whether a signal has come.
    package static var isInterrupted: Bool { mlp_received_signal() != 0 }

    /// The signal that came, or nil.
    package static var receivedSignal: Int32? {
        let number = mlp_received_signal()
        return number == 0 ? nil : number
    }

    /// Throws `.interrupted` when a signal has come. Costs one atomic load.
    package static func check() throws {
        guard isInterrupted else { return }
        throw StoreError(
            .interrupted, "stopped by a signal before the end",
            safety: "what was committed before is safe; the rest can be repeated")
    }
}
