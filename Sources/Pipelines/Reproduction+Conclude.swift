import Bytes
import Learning
import Objects
import Platform
import Vocabulary
import Workspaces

extension Reproduction {
    /// Inputs of up to so many bytes are stored with a run though nothing tracks them.
    private static let keptInputBytes = 16 << 20

    /// Stores what a stage wrote together with the record of the run, in one commit; then puts the
    /// outputs where they belong, and renews the lock.
    func conclude(
        _ execution: Execution, _ produced: Produced, _ undeclared: UndeclaredFiles? = nil,
        items: RecipeKey? = nil, ledger: StepLedger? = nil, trials: TrialCache? = nil
    ) throws -> StageOutcome {
        let stage = execution.stage
        let session = try place.store.beginSession()
        defer { session.abandon() }  // does nothing after a commit
        let kept = try keepOutputs(stage, produced, in: session)
        var record = try runRecord(of: execution, kept, produced)
        record.metrics = try metrics(of: stage, produced)
        record.ledger = try ledger.map { try session.putRecord($0.json) }
        try keepInputs(execution, in: session)
        let run = RunID(try session.putRecord(record.json).digest)
        let entry = lockEntry(execution, run, record, kept)
        try conclude(
            stage, produced, entry: entry,
            recipes: [execution.recipe.key] + (items.map { [$0] } ?? []),
            trials: try trials.map { try keepTrials($0, of: execution, in: session) } ?? [],
            in: session)
        return StageOutcome(
            stage: stage.name, deed: .ran, reasons: execution.reasons, run: run,
            durationMilliseconds: record.durationMilliseconds, metrics: record.metrics,
            metricsBefore: execution.metricsBefore, outputs: outputs(of: entry),
            undeclared: undeclared)
    }

    /// The one commit of a stage, and what makes it visible in the work tree, while no other
    /// command changes the workspace. The order makes every instant safe: until the lock names
    /// the new run, the stage is stale and the run cache knows the answer.
    func conclude(
        _ stage: Stage, _ produced: Produced, entry: LockFile.Stage, recipes: [RecipeKey],
        trials: [RefChange] = [], in session: StoreSession
    ) throws {
        try place.withLock {
            try checkRoom(for: produced, of: stage)
            // Another command may have written it since.
            var newLock = try place.workspace.lockFile()
            newLock.stages[stage.name] = entry
            let ignores = try place.workspace.gitIgnoreEdits(
                adding: stage.outputs.filter { stage.flags(of: $0).isCached })
            var operation = Operation(command: "repro \(stage.name)")
            operation.refs = try refChanges(run: entry.run, recipes: recipes) + trials
            operation.artifacts = try contentChanges(stage, produced, entry, in: session)
            operation.edits =
                [FileEdit(path: try RepoPath(LockFile.name), after: Array(newLock.text.utf8))]
                + ignores
            try operation.dropIdleEdits(in: place.workspace)
            report.newBytesStored += try operation.commit(session, in: place.workspace).storedBytes
            operation.edits = ignores
            try install(produced, of: stage) {
                try operation.writeFiles(in: place.workspace)
                try write(newLock)
            }
        }
    }

    private func keepOutputs(
        _ stage: Stage, _ produced: Produced, in session: StoreSession
    ) throws -> [RepoPath: PathContents.Kept] {
        var kept: [RepoPath: PathContents.Kept] = [:]
        for path in stage.products {
            guard let source = produced.places[path],
                let content = try stage.flags(of: path).isCached
                    ? keep(
                        source, at: path,
                        replacing: lock.stages[stage.name]?.outputs[path]?.content, in: session)
                    : identify(source, as: path)
            else {
                throw StoreError(
                    .stageFailed, "stage '\(stage.name)' did not write its output '\(path)'",
                    subject: path.description,
                    advice: "mend the command, or take '\(path)' out of the stage in "
                        + StageFile.fileName, safety: CommandRun.safety)
            }
            kept[path] = content
        }
        return kept
    }

    /// What stands at `source` and is, or will be, the workspace's `path`.
    private func keep(
        _ source: DiskPath, at path: RepoPath, replacing prior: ContentID? = nil,
        in session: StoreSession
    ) throws -> PathContents.Kept? {
        source == place.root / path
            ? try place.keep(path, replacing: prior, in: session, scanner)
            : try place.contents(as: path).keep(source, replacing: prior, in: session)
    }

    /// What stands at `source` and is, or will be, the workspace's `path`, none of it stored.
    private func identify(_ source: DiskPath, as path: RepoPath) throws -> PathContents.Kept? {
        let contents = try place.contents(as: path)
        guard let content = try contents.id(at: source) else { return nil }
        let status = try place.disk.status(of: source, followingLinks: true)
        return PathContents.Kept(
            content: content, sizeBytes: try contents.size(at: source),
            isExecutable: status?.kind == .file && status?.isExecutable == true)
    }

    /// What is known of a run but for its outputs.
    func runRecord(of execution: Execution) throws -> RunRecord {
        let stage = execution.stage
        var record = RunRecord(
            stage: stage.name, action: stage.action.recorded,
            recipe: execution.recipe.key, startedAt: execution.startedAt)
        let elapsed = place.clock.now().milliseconds - execution.startedAt.milliseconds
        record.durationMilliseconds = max(0, elapsed)
        record.directory = stage.isStep ? nil : stage.directory
        record.inputs = execution.inputs
        record.parameters = stage.parameters
        record.seed = execution.seed
        record.environment = surroundings.environment(
            of: stage.action.recorded, variables: stage.environment, git: try git())
        return record
    }

    private func runRecord(
        of execution: Execution, _ kept: [RepoPath: PathContents.Kept], _ produced: Produced
    ) throws -> RunRecord {
        let stage = execution.stage
        var record = try runRecord(of: execution)
        record.outputs = kept.mapValues(\.content)
        let rows = try tableRows(produced)
        for (path, content) in kept {
            record.details[path] = .init(
                sizeBytes: content.sizeBytes, rows: rows[path] ?? nil,
                isExecutable: content.isExecutable)
        }
        for path in stage.dependencies { record.details[path] = try inputDetail(of: path) }
        return record
    }

    /// The rows of those outputs that are tables; what does not parse as one has none.
    private func tableRows(_ produced: Produced) throws -> [RepoPath: Int?] {
        var rows: [RepoPath: Int?] = [:]
        for (path, source) in produced.places {
            rows[path] = try TableRows.count(at: source, named: path, on: place.disk)
        }
        return rows
    }

    /// What the pointer of an input says about it, if it still is what the pointer says.
    private func inputDetail(of path: RepoPath) throws -> RunRecord.Detail {
        let target = place.root / path
        var detail = RunRecord.Detail(sizeBytes: try place.contents.size(at: target))
        let status = try place.disk.status(of: target, followingLinks: true)
        if let status, status.kind == .file { detail.isExecutable = status.isExecutable }
        if let pointer = try place.workspace.pointer(of: path),
            pointer.sizeBytes == detail.sizeBytes
        {
            detail.rows = pointer.shape?.rows
        }
        return detail
    }

    func metrics(of stage: Stage, _ produced: Produced) throws -> [RepoPath: JSONValue] {
        var values: [RepoPath: JSONValue] = [:]
        for path in stage.metrics {
            guard let source = produced.places[path],
                try place.disk.status(of: source, followingLinks: true)?.kind == .file
            else { continue }
            let bytes = try place.disk.readFile(source, maximumBytes: MetricFile.maximumBytes)
            values[path] = try MetricFile.values(bytes, of: path, writtenBy: stage.name)
        }
        return values
    }

    /// Stores the same inputs before a step that is quicker where the store knows them.
    func keepInputsAhead(_ execution: Execution) throws {
        let session = try place.store.beginSession()
        defer { session.abandon() }  // does nothing after a commit
        if try keepInputs(execution, in: session) { _ = try session.commit() }
    }

    /// Stores inputs that a replay will need: those that have a pointer, and small ones. Whether there
    /// were any that the store did not have.
    @discardableResult
    private func keepInputs(_ execution: Execution, in session: StoreSession) throws -> Bool {
        var hasKept = false
        for path in execution.stage.dependencies {
            guard let content = execution.inputs[path],
                try !PathContents.holds(content, place.store)
            else { continue }
            let source = place.root / path
            let isSmall =
                try place.contents.size(at: source) <= Reproduction.keptInputBytes
            // The items of a map stage are told by what the store has of them.
            let isMapped = execution.stage.map?.source == path
            guard try isSmall || isMapped || place.workspace.pointer(of: path) != nil else {
                continue
            }
            let prior = lock.stages[execution.stage.name]?.dependencies[path]
            _ = try keep(source, at: path, replacing: prior, in: session)
            hasKept = true
        }
        return hasKept
    }

    /// What the stage changes at the paths of its outputs. Former contents are stored, unless
    /// they are: those that somebody changed by hand are nowhere else.
    private func contentChanges(
        _ stage: Stage, _ produced: Produced, _ entry: LockFile.Stage, in session: StoreSession
    ) throws -> [OperationNote.ContentChange] {
        try stage.products.compactMap { path in
            guard let output = entry.outputs[path], output.isCached else { return nil }
            let after = OperationNote.State(
                content: output.content, mode: output.isExecutable ? .executable : .plain)
            let isReplaced = produced.places[path] != nil
            guard isReplaced || produced.former[path] != nil else { return nil }
            let before =
                try produced.states[path]
                ?? produced.former[path].flatMap { try keep($0, at: path, in: session) }?.state
            return before == after ? nil : .init(path: path, before: before, after: after)
        }
    }

    private func lockEntry(
        _ execution: Execution, _ run: RunID, _ record: RunRecord,
        _ kept: [RepoPath: PathContents.Kept]
    ) -> LockFile.Stage {
        var entry = LockFile.Stage(
            recipe: execution.recipe.key, run: run, action: record.action,
            dependencies: record.inputs,
            parameters: record.parameters, directory: record.directory)
        for (path, content) in kept {
            entry.outputs[path] = LockFile.Output(
                content: content.content, sizeBytes: content.sizeBytes, role: role(of: path),
                isExecutable: content.isExecutable)
            entry.outputs[path]?.take(execution.stage.flags(of: path))
        }
        return entry
    }

    func role(of path: RepoPath) -> LockFile.Output.Role {
        graph.stages.contains { $0.metrics.contains(path) } ? .metric : .artifact
    }

    func refChanges(run: RunID, recipes: [RecipeKey]) throws -> [RefChange] {
        try ([RefName.run(run)] + recipes.map { RefName.recipe($0) }).compactMap { name in
            let expected = try place.store.ref(name)
            return expected == run.record
                ? nil : RefChange(name: name, expected: expected, new: run.record)
        }
    }

    /// What is left out of a former output must find a place in the new one.
    private func checkRoom(for produced: Produced, of stage: Stage) throws {
        for path in stage.products {
            guard let former = produced.former[path], let new = produced.places[path] else {
                continue
            }
            // A command wrote where it writes always; what comes out of the store did not.
            let isCommands = new == place.root / path
            try place.contents(as: path).checkRoom(for: former, in: new, mayReplace: isCommands)
        }
    }

    /// Moves outputs that are not yet in place there, then does `rest`. Former folders are set
    /// aside meanwhile, since what is left out of them moves to the new ones.
    private func install(_ produced: Produced, of stage: Stage, _ rest: () throws -> Void) throws {
        let moved = stage.products.filter {
            produced.places[$0] != nil && produced.places[$0] != place.root / $0
        }
        let folders = try moved.filter {
            try place.disk.status(of: place.root / $0, followingLinks: false)?.kind == .directory
        }
        let shelter =
            folders.isEmpty
            ? nil
            : try OutputShelter(
                folders, of: stage.name, lockedRun: lock.stages[stage.name]?.run, in: place)
        do {
            for path in moved {
                guard let source = produced.places[path] else { continue }
                try place.contents.install(source, at: place.root / path)
            }
            try rest()
        } catch {
            try shelter?.restore()
            throw error
        }
        try shelter?.discard()
    }

    /// Renews the lock on disk, and then here.
    private func write(_ newLock: LockFile) throws {
        if newLock != (try place.workspace.lockFile()) {
            // Made elsewhere, so that a cut leaves no litter in the work tree.
            let scratch = try place.makeScratch("lock")
            defer { try? place.disk.removeTree(scratch) }  // litter at worst
            let file = try place.disk.openFile(
                scratch / LockFile.name, .createNew(permissions: 0o644))
            defer { try? file.close() }  // synced before, where it matters
            try file.write(Array(newLock.text.utf8), at: 0)
            try file.sync()
            try place.contents.install(
                scratch / LockFile.name, at: place.root / LockFile.name)
        }
        lock = newLock
    }
}

extension LockFile.Output {
    /// Notes how the stage file wants the output treated.
    mutating func take(_ flags: OutputFlags) {
        isCached = flags.isCached
        isPushed = flags.isPushed
    }
}
