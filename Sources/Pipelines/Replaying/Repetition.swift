import Platform
import Vocabulary
package import Workspaces

/// What replaying stages several times showed.
package struct RepetitionReport: Sendable {
    /// One stage, replayed again and again.
    package struct Repetition: Sendable {
        /// The stage.
        package let stage: String
        /// What each replay gave, compared with the lock.
        package let verdicts: [Verdict]
        /// The first reason to suspect, most likely first, for a command that gives different
        /// bytes; empty for one that does not.
        package let suspicions: [String]

        /// The outputs that were not the same every time, with the first difference from the lock
        /// where there is one, in path order.
        package var unstable: [Verdict.Output] {
            guard let first = verdicts.first else { return [] }
            return first.outputs.compactMap { output in
                let all = verdicts.compactMap { verdict in
                    verdict.outputs.first { $0.path == output.path }
                }
                guard Set(all.map(\.found)).count > 1 else { return nil }
                return all.first { $0.difference != nil } ?? output
            }
        }

        /// Whether every replay came to its end.
        package var isComplete: Bool {
            verdicts.allSatisfy { $0.isReproduced || $0.outcome == .different }
        }

        /// Whether every replay gave the same bytes.
        package var isStable: Bool { isComplete && unstable.isEmpty }

        /// Whether these are the bytes of the lock.
        package var equalsLock: Bool { verdicts.allSatisfy { $0.outcome == .bitwise } }
    }

    /// The stages in the order of work.
    package internal(set) var repetitions: [Repetition] = []
    /// Whether every stage gave the same bytes every time.
    package var isStable: Bool { repetitions.allSatisfy(\.isStable) }
}

/// Replays each stage `count` times in folders of its own, as `replay` does, to see whether it is
/// deterministic at all. Changes neither the work tree nor the store.
///
/// Throws as `replay` does; stages that fail are in the report.
package func repeatedly(
    _ count: Int, _ options: ReplayOptions = ReplayOptions(), in workspace: Workspace,
    progress: @escaping @Sendable (ReproEvent) -> Void = { _ in }
) throws -> RepetitionReport {
    let place = try Workplace(workspace)
    let held = try place.lockPipeline()
    defer { held.unlock() }
    let lock = try LockFile.load(from: place.root, on: place.disk)
    let verification = try Verification(
        options, lock: lock, holding: held, in: place, progress: progress)
    var report = RepetitionReport()
    for name in try selectedStages(options, lock, in: place) {
        guard let stage = lock.stages[name] else { continue }
        var verdicts: [Verdict] = []
        for _ in 0..<count {
            try SignalWatch.check()
            verdicts.append(try verification.verify(name, stage))
        }
        var found = RepetitionReport.Repetition(stage: name, verdicts: verdicts, suspicions: [])
        if found.isComplete, !found.isStable, let line = stage.action.commandLine {
            found = .init(stage: name, verdicts: verdicts, suspicions: suspicions(of: line))
        }
        report.repetitions.append(found)
    }
    return report
}

/// What makes commands give other bytes each time, by what runs them.
private func suspicions(of line: String) -> [String] {
    let seed = "a seed that is not set: commands are given one in MLSTORE_SEED"
    let rest = [
        "a clock, a host name or a path in what is written",
        "the order of a folder's files: sort them",
        "sums by several threads: try 'mlstore repro --repeat 3 --threads 1' with "
            + "OMP_NUM_THREADS=\"$MLSTORE_THREADS\" in the command",
    ]
    guard let interpreter = RunSurroundings.interpreter(of: line),
        ["python", "pypy", "uv", "poetry", "pipenv", "pdm", "pixi", "conda", "mamba"].contains(
            where: { interpreter.split(separator: "/").last?.hasPrefix($0) ?? false })
    else { return [seed] + rest }
    return [
        seed + "; give it to random, numpy and torch",
        "the order of sets: put PYTHONHASHSEED=0 before the command",
    ] + rest + [
        "matrix products on a GPU: CUBLAS_WORKSPACE_CONFIG=:4096:8 and "
            + "torch.use_deterministic_algorithms(True)"
    ]
}
