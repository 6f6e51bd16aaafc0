package import Vocabulary

/// What the process says to the shell; the same for every command and part of its help.
package struct ExitStatus: RawRepresentable, Hashable, Sendable {
    /// The number that the shell sees.
    package let rawValue: Int32

    /// The status with that number.
    package init(rawValue: Int32) { self.rawValue = rawValue }

    /// Done.
    package static let done = ExitStatus(rawValue: 0)
    /// Failed.
    package static let failed = ExitStatus(rawValue: 1)
    /// The arguments made no sense; nothing was tried.
    package static let badUsage = ExitStatus(rawValue: 2)
    /// Done, and there are differences (`status`, `diff --exit-code`).
    package static let differences = ExitStatus(rawValue: 3)
    /// No workspace here or above.
    package static let notAWorkspace = ExitStatus(rawValue: 10)
    /// Another process holds the lock.
    package static let locked = ExitStatus(rawValue: 11)
    /// The remote does not answer.
    package static let remoteUnreachable = ExitStatus(rawValue: 12)
    /// Stopped by Ctrl-C: 128 and the number of the signal.
    package static let interrupted = ExitStatus(rawValue: 130)
    /// The reader of our output went away: 128 and the number of SIGPIPE.
    package static let brokenPipe = ExitStatus(rawValue: 141)

    /// The status of a command that ended with an error of that kind.
    package init(of kind: StoreError.Kind) {
        switch kind {
        case .badUsage: self = .badUsage
        case .notAWorkspace: self = .notAWorkspace
        case .locked: self = .locked
        case .remoteUnreachable: self = .remoteUnreachable
        case .interrupted: self = .interrupted
        default: self = .failed
        }
    }

    /// The paragraph that ends every command's help.
    static let help = """
        Exit status: 0 done, 1 failed, 2 bad usage, 3 differences found, 10 not a workspace, \
        11 locked, 12 remote unreachable.
        """
}
