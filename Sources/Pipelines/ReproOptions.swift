import Platform
package import Vocabulary

/// What `repro` is asked to do.
package struct ReproOptions: Sendable {
    /// The stages to bring up to date, by name or by the name of a group; all when empty.
    package var stages: [String] = []
    /// Run the named stages (all when none is named) though they are current.
    package var force = false
    /// Why that is.
    var forceReason = StaleReason.forced
    /// Leave out the stages that the named ones need.
    package var single = false
    /// Take the named stages and all that need them, instead of all that they need.
    package var downstream = false
    /// Take outputs that are not on disk for what the lock says: what is there is judged, and what
    /// is not is believed. Only where nothing is run.
    package var assumesAbsentOutputs = false
    /// Brings contents into the store that it lacks, as far as there are any: inputs of stages, and
    /// what is in the run cache by name. Called on the thread that called `repro`.
    package var fetchContents:
        (@Sendable (_ contents: [(path: RepoPath, id: ContentID)]) throws -> Void)?
    /// What is done about files that commands use and stages do not declare.
    package enum Tracing: Sendable {
        /// Nothing.
        case off
        /// They are told.
        case told
        /// They fail the stage.
        case refused
    }

    /// Whether commands are traced. What would be taken from the run cache runs then.
    package var tracing = Tracing.off
    /// Say what would run, and run nothing.
    package var dryRun = false
    /// How many stages may run at once, 1 or more. Never changes a result.
    package var jobs = 1
    /// Run what does not depend on a stage that failed, too: failures are in the report then.
    package var keepGoing = false
    /// How many threads steps use, all that run at once together; told to commands. Never changes a result of a step.
    package var threads = Environment.processorCount
    /// The seed for commands that do not declare one: 0 when nil.
    package var seed: Int64?

    /// All stages, nothing special.
    package init() {}

    /// The positions of the stages to look at, in order.
    func selection(in graph: StageGraph, file: StageFile) throws -> [Int] {
        let roots = try stages.flatMap { try file.stages(named: $0) }
            .compactMap { graph.index(of: $0.name) }
        if roots.isEmpty { return Array(graph.stages.indices) }
        if downstream { return graph.withDownstream(of: roots) }
        return single ? Array(Set(roots)).sorted() : graph.withUpstream(of: roots)
    }

    /// Whether `stage` runs even if it is current.
    func forces(_ stage: Stage) -> Bool {
        force && (stages.isEmpty || stage.isNamed(by: stages))
    }
}
