import Bytes
import Objects
import Platform
import Vocabulary
package import Workspaces

/// What `repro --verify` is asked to do.
package struct ReplayOptions: Sendable {
    /// The stages to replay, by name or by the name of a group; all that the lock knows when empty.
    package var stages: [String] = []
    /// How many threads steps use.
    package var threads = Environment.processorCount

    /// All stages.
    package init() {}
}

/// What replaying showed, stage by stage.
package struct ReplayReport: Sendable {
    /// One verdict for each stage, in the order of work.
    package internal(set) var verdicts: [Verdict] = []
    /// Whether every output of every stage had the same bytes.
    package var allEqual: Bool { verdicts.allSatisfy { $0.outcome == .bitwise } }
    /// Whether every output is what the run gave, as far as the stage file asks for.
    package var isReproduced: Bool { verdicts.allSatisfy(\.isReproduced) }

    /// A report on nothing yet.
    package init() {}
}

/// Replays locked stages in folders of their own and compares what they write with the lock. The
/// work tree is not touched. Every verdict is committed to the store beside its run, under a ref of
/// its own: see `RefName.verdict`.
///
/// Throws for what keeps from replaying at all (no lock file, an unreadable store); what becomes
/// of single stages, failures too, is in the report.
package func replay(
    _ options: ReplayOptions = ReplayOptions(), in workspace: Workspace,
    progress: @escaping @Sendable (ReproEvent) -> Void = { _ in }
) throws -> ReplayReport {
    let place = try Workplace(workspace)
    let held = try place.lockPipeline()
    defer { held.unlock() }
    let lock = try LockFile.load(from: place.root, on: place.disk)
    let names = try selectedStages(options, lock, in: place)
    let verification = try Verification(
        options, lock: lock, holding: held, in: place, progress: progress)
    var report = ReplayReport()
    for name in names {
        try SignalWatch.check()
        guard let stage = lock.stages[name] else { continue }
        let verdict = try verification.verify(name, stage)
        report.verdicts.append(verdict)
        try record(verdict, in: place)
    }
    return report
}

/// The stages in the order of the stage file, where that still can be read; else by name.
func selectedStages(
    _ options: ReplayOptions, _ lock: LockFile, in place: Workplace
) throws -> [String] {
    guard !lock.stages.isEmpty else {
        throw StoreError(
            .notFound, "there is nothing to replay: '\(LockFile.name)' names no stage",
            subject: LockFile.name, advice: "run 'mlstore repro' first",
            safety: "nothing was changed")
    }
    func isMeant(_ stage: String, by name: String) -> Bool {
        stage == name || stage.hasPrefix(name + "@")
    }
    for name in options.stages where !lock.stages.keys.contains(where: { isMeant($0, by: name) }) {
        let near = nearest(name, in: lock.stages.keys.sorted())
        throw StoreError(
            .notFound, "no stage '\(printable(Array(name.utf8)))' in '\(LockFile.name)'",
            subject: name,
            advice: near.map { "did you mean '\($0)'?" } ?? "run 'mlstore repro' first",
            safety: "nothing was changed")
    }
    let graph = try? StageGraph(place.stageFile())
    let known = (graph?.stages ?? []).map(\.name).filter { lock.stages[$0] != nil }
    let rest = lock.stages.keys.filter { !known.contains($0) }.sorted()
    return (known + rest).filter { stage in
        options.stages.isEmpty || options.stages.contains { isMeant(stage, by: $0) }
    }
}

/// Commits the verdict, in place of those that the same person had on the same class of machine.
private func record(_ verdict: Verdict, in place: Workplace) throws {
    let session = try place.store.beginSession()
    defer { session.abandon() }  // does nothing after a commit
    let id = try session.putRecord(verdict.json)
    let name = RefName.verdict(id, on: verdict.run)
    guard try place.store.ref(name) == nil else { return }
    let former = try runVerdicts(of: verdict.run, in: place.store).filter { other in
        other.author == verdict.author
            && other.machine.classJSON == verdict.machine.classJSON
    }
    _ = try session.commit(
        refs: [RefChange(name: name, expected: nil, new: id)]
            + former.map { RefChange(name: $0.name, expected: $0.id, new: nil) },
        note: [
            "command": .string("repro --verify \(verdict.stage)"),
            "time": .string(place.clock.now().description), "files": [], "artifacts": [],
        ])
}
