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
    /// What former content was, where it is in the store and nowhere else.
    var states: [RepoPath: OperationNote.State] = [:]
}

/// What looking at a stage came to.
enum StagePreparation {
    /// Nothing has to run.
    case settled(StageOutcome)
    /// It runs.
    case running(StageRun)
}

/// A stage that runs: what its thread does, and what is needed to take or to undo it.
struct StageRun {
    let execution: Execution
    /// How the inputs looked before.
    let before: [RepoPath: [FileStatus]]
    /// A command's former outputs.
    var shelter: OutputShelter?
    /// Where a step writes, or a tracer.
    var scratch: DiskPath?
    /// What the command used besides what is declared, once it has run; nil if that is not traced.
    var undeclared: Monitor<UndeclaredFiles?>?
    /// Where the outputs are once it has run.
    var produced = Produced(places: [:], former: [:])
    /// The command or step itself, for a thread of its own.
    var work: @Sendable () throws -> Void
    /// The ledger of a step that trains, once it has run.
    var ledger: Monitor<StepLedger?>?
    /// The trials of a search.
    var trials: TrialCache?
    /// What a map stage does, and the items that it has done.
    var plan: MapPlan?
    var done: Monitor<[MapItem]>?
}

extension Reproduction {
    /// Makes everything ready for a stale stage to run.
    func execute(
        _ stage: Stage, recipe: Recipe, findings: StageFindings, reasons: [StaleReason]
    ) throws -> StageRun {
        let before = try fingerprints(of: stage)
        let execution = Execution(
            stage: stage, recipe: recipe, inputs: findings.inputs.compactMapValues { $0 },
            seed: stage.step.map { Int64(clamping: $0.seed) } ?? findings.seed,
            reasons: reasons, startedAt: place.clock.now(), metricsBefore: metricsBefore(stage))
        switch stage.action {
        case .command(let line): return try commandRun(line, execution, before)
        case .map(let map): return try mapRun(map, execution, findings, before)
        case .step: return try stepRun(execution, before)
        }
    }

    /// Takes what a stage wrote. A command's former outputs are still to be discarded.
    func finish(_ run: StageRun) throws -> StageOutcome {
        let stage = run.execution.stage
        defer { try? run.scratch.map(place.disk.removeTree) }  // litter at worst
        renewScanner()
        try checkInputs(of: stage, run.before)
        let undeclared = run.undeclared?.withLock { $0 }
        if options.tracing == .refused, let undeclared { try undeclared.refuse(stage) }
        if let plan = run.plan {
            var outcome = try conclude(
                run.execution, finishMap(plan, run), undeclared, items: plan.key)
            outcome.items = (plan.stale.count, plan.items.count - plan.stale.count)
            return outcome
        }
        guard let shelter = run.shelter else {
            return try conclude(
                run.execution, run.produced, ledger: run.ledger?.withLock { $0 },
                trials: run.trials)
        }
        var produced = run.produced
        for path in stage.products {
            produced.places[path] = place.root / path
            produced.former[path] = try shelter.place(of: path)
        }
        return try conclude(run.execution, produced, undeclared)
    }

    /// Makes everything as it was before a stage that failed.
    func abandon(_ run: StageRun) throws {
        try? run.scratch.map(place.disk.removeTree)  // litter at worst
        try run.shelter?.restoreAfterFailure()
        try run.plan?.removeEmptyFolders(below: place.root, on: place.disk)
    }

    /// A stage's command, not yet run.
    func command(_ line: String, _ execution: Execution) -> CommandRun {
        let stage = execution.stage
        let report = progress
        return CommandRun(
            stage: stage.name, command: line,
            directory: stage.directory.map { place.root / $0 } ?? place.root,
            seed: execution.seed ?? 0,
            threads: stageThreads, lock: held, retries: stage.policy.retries,
            timeoutMilliseconds: stage.policy.timeoutMilliseconds,
            clean: { [disk = place.disk, root = place.root] in
                for path in stage.products where !stage.flags(of: path).isPersistent {
                    try disk.removeTree(root / path)
                }
            },
            onLine: { report(.line(stage: stage.name, $0)) })
    }

    private func commandRun(
        _ line: String, _ execution: Execution, _ before: [RepoPath: [FileStatus]]
    ) throws -> StageRun {
        let stage = execution.stage
        let command = command(line, execution)
        let shelter = try OutputShelter(
            stage.products, keeping: Set(stage.persistent), of: stage.name,
            lockedRun: lock.stages[stage.name]?.run, in: place)
        var run = StageRun(
            execution: execution, before: before, shelter: shelter, work: {})
        do {
            let traced = try traced(&run) { try $1.run() }
            run.work = { try traced(nil, command) }
        } catch {
            try shelter.restoreAfterFailure()
            throw error
        }
        return run
    }

    /// `body`, with a tracer before the command that it is given, if there is one: what that finds
    /// is gathered in the run.
    func traced(
        _ run: inout StageRun,
        _ body: @escaping @Sendable (MapItem?, CommandRun) throws -> Void
    ) throws -> @Sendable (MapItem?, CommandRun) throws -> Void {
        guard let tracer else { return body }
        let scratch = try place.makeScratch("trace")
        let found = Monitor<UndeclaredFiles?>(nil)
        (run.scratch, run.undeclared) = (scratch, found)
        let (root, disk) = (try Environment.realPath(place.root), place.disk)
        let declared = try DeclaredFiles(of: run.execution.stage, in: place)
        return { item, command in
            let log = scratch / (item.map { "log-\($0.digest.hex)" } ?? "log")
            var command = command
            command.runner = tracer.arguments(log: log)
            try body(item, command)
            let undeclared = try declared.undeclared(
                CommandTracer.accesses(in: log, root: root, folder: command.directory, on: disk))
            try disk.removeFile(log)
            found.withLock { $0 = $0?.joined(undeclared) ?? undeclared }
        }
    }

    private func stepRun(
        _ execution: Execution, _ before: [RepoPath: [FileStatus]]
    ) throws -> StageRun {
        let stage = execution.stage
        let report = progress
        let scratch = try place.makeScratch("step")
        var produced = Produced(places: [:], former: [:])
        for (index, path) in stage.products.enumerated() {
            produced.places[path] = scratch / String(index)
            let former = place.root / path
            if try place.disk.status(of: former, followingLinks: false) != nil {
                produced.former[path] = former
            }
        }
        let trials =
            stage.step?.name == "tune"
            ? TrialCache(
                place.store, inputs: execution.inputs,
                isRead: !options.forces(stage) && !stage.policy.isAlwaysRun) : nil
        let step = try stage.step.map { step in
            if step.readsPieces { try keepInputsAhead(execution) }
            var run = StepRun(
                step: step, disk: place.disk, threads: stageThreads,
                inputs: Dictionary(
                    try step.inputs.map { ($0.path, place.root / (try StepRun.path($0.path))) }
                ) { first, _ in first },
                outputs: zip(
                    step.outputs.map(\.path), stage.products.compactMap { produced.places[$0] }),
                trials: trials?.memory,
                log: { report(.line(stage: stage.name, Array($0.utf8))) })
            if step.readsPieces {
                for file in step.inputs {
                    let path = try StepRun.path(file.path)
                    run.pieces[file.path] = place.pieces(of: path, execution.inputs[path])
                }
            }
            return run
        }
        let ledger = Monitor<StepLedger?>(nil)
        return StageRun(
            execution: execution, before: before, scratch: scratch, produced: produced,
            work: {
                let found = try step?.run(stage: stage.name)
                ledger.withLock { $0 = found }
            }, ledger: ledger, trials: trials)
    }

    /// The threads of one stage. It must not depend on what else runs: a command can see it.
    private var stageThreads: Int { max(1, options.threads / options.jobs) }

    private func fingerprints(of stage: Stage) throws -> [RepoPath: [FileStatus]] {
        var result: [RepoPath: [FileStatus]] = [:]
        for path in stage.dependencies {
            result[path] = try place.contents.fingerprint(of: place.root / path)
        }
        return result
    }

    /// An input that changed while the stage ran may have been read half old, half new.
    func checkInputs(of stage: Stage, _ before: [RepoPath: [FileStatus]]) throws {
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
    var recipe: Recipe
    var inputs: [RepoPath: ContentID]
    let seed: Int64?
    let reasons: [StaleReason]
    let startedAt: Timestamp
    let metricsBefore: [RepoPath: JSONValue]
}
