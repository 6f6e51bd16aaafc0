package import Bytes
package import Kernels

/// What a running step is given besides its files. Nothing in it can change a result.
package struct StepContext: Sendable {
    /// The threads to use.
    package let executor: ParallelExecutor
    /// Takes one line at a time for the person who waits.
    package let log: @Sendable (String) -> Void
    /// Takes the ledger of a training; nil where nobody wants it.
    package let takeLedger: (@Sendable (StepLedger) -> Void)?
    /// What trials of a search came to earlier; nil where nothing is known or kept.
    package let trials: TrialMemory?

    /// Serial and silent unless told otherwise.
    package init(
        executor: ParallelExecutor = .serial,
        takeLedger: (@Sendable (StepLedger) -> Void)? = nil, trials: TrialMemory? = nil,
        log: @escaping @Sendable (String) -> Void = { _ in }
    ) {
        self.executor = executor
        self.takeLedger = takeLedger
        self.trials = trials
        self.log = log
    }
}

/// What a step did, for the run record and for people.
package struct StepReport: Sendable, Equatable {
    /// Counts and measures by name, pure functions of inputs and parameters: rows read and written,
    /// iterations, losses.
    package let facts: [String: JSONValue]

    /// The report with these facts.
    package init(facts: [String: JSONValue]) { self.facts = facts }
}
