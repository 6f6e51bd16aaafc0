import Bytes
import Kernels
import Learning
import Objects
import Platform
import Vocabulary
import Workspaces

/// Where a stage's new outputs stand before they are committed, and its former ones.
struct Produced {
    /// The new content of each output.
    var places: [RepoPath: DiskPath]
    /// The former content, where there was one.
    var former: [RepoPath: DiskPath]
}

extension Reproduction {
    /// Runs a stale stage and commits what it wrote.
    func execute(
        _ stage: Stage, recipe: Recipe, findings: StageFindings, reasons: [StaleReason]
    ) throws -> StageOutcome {
        let before = try fingerprints(of: stage)
        let execution = Execution(
            stage: stage, recipe: recipe, inputs: findings.inputs.compactMapValues { $0 },
            seed: stage.step.map { Int64(clamping: $0.seed) } ?? findings.seed,
            reasons: reasons, startedAt: place.clock.now(), metricsBefore: metricsBefore(stage))
        let check: () throws -> Void = { try self.checkInputs(of: stage, before) }
        switch stage.action {
        case .command(let line): return try executeCommand(line, execution, check)
        case .step: return try executeStep(execution, check)
        }
    }

    private func executeCommand(
        _ line: String, _ execution: Execution, _ check: () throws -> Void
    ) throws -> StageOutcome {
        let stage = execution.stage
        let shelter = try OutputShelter(
            stage.products, of: stage.name, lockedRun: lock.stages[stage.name]?.run,
            in: place)
        let outcome: StageOutcome
        do {
            try run(line, execution)
            try check()
            var produced = Produced(places: [:], former: [:])
            for path in stage.products {
                produced.places[path] = place.root / path
                produced.former[path] = try shelter.place(of: path)
            }
            outcome = try conclude(execution, produced)
        } catch {
            try shelter.restoreAfterFailure()
            throw error
        }
        try shelter.discard()
        return outcome
    }

    private func run(_ line: String, _ execution: Execution) throws {
        let stage = execution.stage.name
        let report = progress
        try CommandRun(
            stage: stage, command: line, directory: place.root, seed: execution.seed ?? 0,
            threads: options.threads, lock: held,
            retries: execution.stage.policy.retries,
            timeoutMilliseconds: execution.stage.policy.timeoutMilliseconds,
            clean: {
                for path in execution.stage.products {
                    try self.place.disk.removeTree(self.place.root / path)
                }
            },
            onLine: { report(.line(stage: stage, $0)) }
        ).run()
    }

    private func executeStep(
        _ execution: Execution, _ check: () throws -> Void
    ) throws -> StageOutcome {
        let stage = execution.stage
        let scratch = try place.makeScratch("step")
        defer { try? place.disk.removeTree(scratch) }  // litter at worst
        let produced = try runStep(stage, in: scratch)
        try check()
        return try conclude(execution, produced)
    }

    private func runStep(_ stage: Stage, in scratch: DiskPath) throws -> Produced {
        guard let step = stage.step else { return Produced(places: [:], former: [:]) }
        let name = stage.name
        let report = progress
        var produced = Produced(places: [:], former: [:])
        for (index, path) in stage.products.enumerated() {
            produced.places[path] = scratch / String(index)
            let former = place.root / path
            if try place.disk.status(of: former, followingLinks: false) != nil {
                produced.former[path] = former
            }
        }
        try StepRun(
            step: step, disk: place.disk, threads: options.threads,
            inputs: Dictionary(
                zip(
                    step.inputs.map(\.path),
                    try step.inputs.map { place.root / (try StepRun.path($0.path)) })
            ) { first, _ in first },
            outputs: zip(
                step.outputs.map(\.path), stage.products.compactMap { produced.places[$0] }),
            log: { report(.line(stage: name, Array($0.utf8))) }
        ).run(stage: name)
        return produced
    }

    private func fingerprints(of stage: Stage) throws -> [RepoPath: [FileStatus]] {
        var result: [RepoPath: [FileStatus]] = [:]
        for path in stage.dependencies {
            result[path] = try place.contents.fingerprint(of: place.root / path)
        }
        return result
    }

    /// An input that changed while the stage ran may have been read half old, half new.
    private func checkInputs(of stage: Stage, _ before: [RepoPath: [FileStatus]]) throws {
        let after = try fingerprints(of: stage)
        for path in stage.dependencies where before[path] != after[path] {
            throw StoreError(
                .changedMeanwhile, "input '\(path)' changed while stage '\(stage.name)' ran",
                subject: path.description,
                advice: "leave it alone and run 'mlstore repro' again", safety: CommandRun.safety)
        }
    }
}

/// What is known of a run before and while it happens.
struct Execution {
    let stage: Stage
    let recipe: Recipe
    let inputs: [RepoPath: ContentID]
    let seed: Int64?
    let reasons: [StaleReason]
    let startedAt: Timestamp
    let metricsBefore: [RepoPath: JSONValue]
}
