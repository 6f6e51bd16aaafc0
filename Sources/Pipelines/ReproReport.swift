package import Bytes
package import Vocabulary

/// What became of a stage.
package struct StageOutcome: Sendable {
    /// What was done.
    package enum Deed: String, Sendable {
        /// Nothing: it was current.
        case current
        /// Nothing: the stage file says never to run it.
        case frozen
        /// It ran.
        case ran
        /// Its outputs were taken from an earlier run of the same recipe.
        case restored
        /// It would run; this was a dry run.
        case wouldRun
        /// It failed, and others went on; its former outputs are in place.
        case failed
        /// It did not run, since one that it needs has failed.
        case skipped
    }

    /// The stage.
    package let stage: String
    /// What was done.
    package let deed: Deed
    /// Why; empty for a current stage.
    package let reasons: [StaleReason]
    /// The run whose outputs are now on disk; nil in a dry run.
    package let run: RunID?
    /// How long the run took: now, or then for a restored one.
    package let durationMilliseconds: Int64
    /// The metrics that it has now, by file.
    package let metrics: [RepoPath: JSONValue]
    /// What its metrics were by the lock before, and are now.
    package let metricsDiff: MetricsDiff
    /// What its outputs are, with sizes.
    package let outputs: [(path: RepoPath, content: ContentID, sizeBytes: Int)]
    /// The files that its command used without declaring them; nil if that was not looked at.
    package let undeclared: UndeclaredFiles?
    /// How many items of a map stage ran, and how many stayed as they were; nil for other stages.
    package var items: (ran: Int, kept: Int)?
    /// Why it failed, where it did.
    package let failure: StoreError?

    /// An outcome.
    package init(
        stage: String, deed: Deed, reasons: [StaleReason] = [], run: RunID? = nil,
        durationMilliseconds: Int64 = 0, metrics: [RepoPath: JSONValue] = [:],
        metricsBefore: [RepoPath: JSONValue] = [:],
        outputs: [(path: RepoPath, content: ContentID, sizeBytes: Int)] = [],
        undeclared: UndeclaredFiles? = nil, failure: StoreError? = nil
    ) {
        self.stage = stage
        self.deed = deed
        self.reasons = reasons
        self.run = run
        self.durationMilliseconds = durationMilliseconds
        self.metrics = metrics
        metricsDiff = MetricsDiff(old: metricsBefore, new: metrics)
        self.outputs = outputs
        self.undeclared = undeclared
        self.failure = failure
    }
}

/// What `repro` did, stage by stage in the order of work.
package struct ReproReport: Sendable {
    /// One outcome for each stage that was looked at.
    package internal(set) var outcomes: [StageOutcome] = []
    /// Bytes that the store grew by.
    package internal(set) var newBytesStored = 0

    /// A report on nothing yet.
    package init() {}

    /// How many stages ran or were restored.
    package var changedCount: Int {
        outcomes.count { $0.deed == .ran || $0.deed == .restored }
    }

    /// Whether every stage that was looked at is as it should be now.
    package var isComplete: Bool {
        !outcomes.contains { $0.deed == .failed || $0.deed == .skipped }
    }
}

/// News while `repro` works; delivered one at a time, on the calling thread and on those of stages.
package enum ReproEvent: Sendable {
    /// A stage begins to run, for these reasons.
    case started(stage: String, reasons: [StaleReason])
    /// A line that a command wrote, or that a step has to say.
    case line(stage: String, [UInt8])
    /// A stage is done with.
    case finished(StageOutcome)
}
