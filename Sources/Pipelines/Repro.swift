import Platform
import Vocabulary
package import Workspaces

/// Brings stages up to date: runs what is stale, in order, and takes from the run cache what ran
/// before. docs/explanation/repro.md tells the order of work and what interruptions leave.
///
/// Throws `.locked` while another `repro` works here, `.invalidPipeline` and its relatives for
/// stage files that make no sense, `.stageFailed` and `.numeric` for stages that fail (those
/// before it stay done), `.changedMeanwhile` for inputs that change under a running stage.
package func repro(
    _ options: ReproOptions = ReproOptions(), in workspace: Workspace,
    progress: @escaping @Sendable (ReproEvent) -> Void = { _ in }
) throws -> ReproReport {
    if options.dryRun { return try dryRun(options, in: workspace) }
    let place = try Workplace(workspace)
    let held = try place.lockPipeline()
    defer { held.unlock() }
    let reproduction = try Reproduction(options, in: place, progress: progress)
    try reproduction.run(holding: held)
    return reproduction.report
}

/// The state of every stage in order, with reasons; reads files and runs nothing. A stage behind
/// a stale one is stale for that reason at least, though it may turn out that nothing changes.
package func stageStates(
    _ options: ReproOptions = ReproOptions(), in workspace: Workspace
) throws -> [StageState] {
    let reproduction = try Reproduction(options, in: Workplace(workspace)) { _ in }
    let graph = reproduction.graph
    let selected = try options.selection(in: graph, file: reproduction.file)
    try reproduction.lookAhead(selected)
    var isStale = [Bool](repeating: false, count: graph.stages.count)
    let states = try selected.map { index in
        let stage = graph.stages[index]
        let findings = try reproduction.findings(for: stage)
        var reasons = reproduction.reasons(for: stage, findings)
        for need in graph.upstream[index] where isStale[need] && !stage.policy.isFrozen {
            reasons.append(.upstreamStale(graph.stages[need].name))
        }
        isStale[index] = !reasons.isEmpty
        return StageState(
            stage: stage.name, reasons: reasons, isFrozen: stage.policy.isFrozen)
    }
    reproduction.scanner.finish()
    return states
}

private func dryRun(_ options: ReproOptions, in workspace: Workspace) throws -> ReproReport {
    var report = ReproReport()
    report.outcomes = try stageStates(options, in: workspace).map { state in
        StageOutcome(
            stage: state.stage,
            deed: state.isStale ? .wouldRun : state.isFrozen ? .frozen : .current,
            reasons: state.reasons)
    }
    return report
}

/// The stage file of a workspace with its parameters filled in. Throws `.notFound` without one.
package func stageFile(in workspace: Workspace) throws -> StageFile {
    try Workplace(workspace).stageFile()
}
