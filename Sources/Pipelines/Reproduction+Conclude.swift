import Bytes
import Objects
import Platform
import Vocabulary
import Workspaces

/// What stood at the paths of a stage's outputs before.
typealias FormerOutputs = [RepoPath: OperationNote.State]

extension Reproduction {
    /// Inputs of up to so many bytes are stored with a run though nothing tracks them.
    private static let keptInputBytes = 16 << 20

    /// Stores what a stage wrote together with the record of the run, in one commit; then puts the
    /// outputs where they belong, and renews the lock.
    func conclude(_ execution: Execution, _ produced: Produced) throws -> StageOutcome {
        let stage = execution.stage
        let session = try place.store.beginSession()
        defer { session.abandon() }  // does nothing after a commit
        let kept = try keepOutputs(stage, produced, in: session)
        var record = try runRecord(of: execution, kept)
        record.metrics = try metrics(of: stage, produced)
        try keepInputs(execution, in: session)
        let run = RunID(try session.putRecord(record.json).digest)
        var newLock = lock
        newLock.stages[stage.name] = lockEntry(execution.recipe, run, record, kept)
        let former = try keepFormer(stage, produced, in: session)
        try commit(
            session, "repro \(stage.name)", stage, run: run, recipe: execution.recipe.key,
            former: former, newLock: newLock)
        try install(produced, of: stage)
        try write(newLock, for: stage)
        return StageOutcome(
            stage: stage.name, deed: .ran, reasons: execution.reasons, run: run,
            durationMilliseconds: record.durationMilliseconds, metrics: record.metrics,
            metricsBefore: execution.metricsBefore, outputs: outputs(of: lock.stages[stage.name]))
    }

    private func keepOutputs(
        _ stage: Stage, _ produced: Produced, in session: StoreSession
    ) throws -> [RepoPath: PathContents.Kept] {
        var kept: [RepoPath: PathContents.Kept] = [:]
        for path in stage.products {
            guard let source = produced.places[path],
                let content = try place.contents.keep(source, in: session)
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

    private func runRecord(
        of execution: Execution, _ kept: [RepoPath: PathContents.Kept]
    ) throws -> RunRecord {
        let stage = execution.stage
        let action: RunRecord.Action =
            switch stage.action {
            case .command(let line): .command(line)
            case .step(let step): .step(step)
            }
        var record = RunRecord(
            stage: stage.name, action: action, recipe: execution.recipe.key,
            startedAt: execution.startedAt)
        let elapsed = place.clock.now().milliseconds - execution.startedAt.milliseconds
        record.durationMilliseconds = max(0, elapsed)
        record.inputs = execution.inputs
        record.outputs = kept.mapValues(\.content)
        record.parameters = stage.parameters
        record.seed = execution.seed
        record.environment = surroundings.environment(of: stage, git: try git())
        for (path, content) in kept {
            record.details[path] = .init(
                sizeBytes: content.sizeBytes, isExecutable: content.isExecutable)
        }
        for path in stage.dependencies { record.details[path] = try inputDetail(of: path) }
        return record
    }

    /// What the pointer of an input says about it, if it still is what the pointer says.
    private func inputDetail(of path: RepoPath) throws -> RunRecord.Detail {
        let target = place.root / path
        var detail = RunRecord.Detail(sizeBytes: try place.contents.size(at: target))
        let status = try place.disk.status(of: target, followingLinks: true)
        if let status, status.kind == .file { detail.isExecutable = status.isExecutable }
        if let pointer = try place.pointer(for: path), pointer.sizeBytes == detail.sizeBytes {
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
            values[path] = try MetricFile.values(bytes, of: path, stage: stage.name)
        }
        return values
    }

    /// Stores inputs that a replay will need: those that have a pointer, and small ones.
    private func keepInputs(_ execution: Execution, in session: StoreSession) throws {
        for path in execution.stage.dependencies {
            guard let content = execution.inputs[path],
                try !PathContents.holds(content, place.store)
            else { continue }
            let source = place.root / path
            let isSmall =
                try place.contents.size(at: source) <= Reproduction.keptInputBytes
            guard try isSmall || place.pointer(for: path) != nil else { continue }
            _ = try place.contents.keep(source, in: session)
        }
    }

    /// Stores former outputs that are nowhere else: those that somebody changed by hand.
    func keepFormer(
        _ stage: Stage, _ produced: Produced, in session: StoreSession
    ) throws -> FormerOutputs {
        var former: FormerOutputs = [:]
        for path in stage.products {
            let source = produced.former[path]
            // What is in place already and was not set aside stays as it is.
            let place = source ?? (produced.places[path] == nil ? self.place.root / path : nil)
            guard let place, let kept = try self.place.contents.keep(place, in: session) else {
                continue
            }
            former[path] = OperationNote.State(
                content: kept.content, mode: kept.isExecutable ? .executable : .plain)
        }
        return former
    }

    private func lockEntry(
        _ recipe: Recipe, _ run: RunID, _ record: RunRecord, _ kept: [RepoPath: PathContents.Kept]
    ) -> LockFile.Stage {
        let action: LockFile.Action =
            switch record.action {
            case .command(let line): .command(line)
            case .step(let step): .step(step)
            }
        var entry = LockFile.Stage(
            recipe: recipe.key, run: run, action: action, dependencies: record.inputs,
            parameters: record.parameters)
        for (path, content) in kept {
            entry.outputs[path] = LockFile.Output(
                content: content.content, sizeBytes: content.sizeBytes, role: role(of: path),
                isExecutable: content.isExecutable)
        }
        return entry
    }

    func role(of path: RepoPath) -> LockFile.Output.Role {
        graph.stages.contains { $0.metrics.contains(path) } ? .metric : .artifact
    }

    /// The one commit of a stage: objects, the run, and the refs that name it.
    func commit(
        _ session: StoreSession, _ command: String, _ stage: Stage, run: RunID,
        recipe: RecipeKey, former: FormerOutputs, newLock: LockFile
    ) throws {
        var refs: [RefChange] = []
        for name in [RefName.run(run), RefName.recipe(recipe)] {
            let expected = try place.store.ref(name)
            if expected != run.record {
                refs.append(RefChange(name: name, expected: expected, new: run.record))
            }
        }
        let note = try operationNote(
            command, stage, former: former, newLock: newLock, in: session)
        let report = try session.commit(refs: refs, note: note)
        self.report.newBytesStored += report.storedBytes
    }

    /// What `undo` reverses: the lock's text, and what stood at the outputs' paths.
    private func operationNote(
        _ command: String, _ stage: Stage, former: FormerOutputs, newLock: LockFile,
        in session: StoreSession
    ) throws -> JSONValue {
        var note = OperationNote(command: command, time: place.clock.now())
        let before = try place.source(LockFile.name).map { try session.putBlob($0).id }
        let after = try session.putBlob(Array(newLock.text.utf8)).id
        if before != after, let path = try? RepoPath(LockFile.name) {
            note.files = [.init(path: path, before: before, after: after)]
        }
        note.artifacts = stage.products.compactMap { path in
            let new = newLock.stages[stage.name]?.outputs[path].map {
                OperationNote.State(
                    content: $0.content, mode: $0.isExecutable ? .executable : .plain)
            }
            return new == former[path]
                ? nil : .init(path: path, before: former[path], after: new)
        }
        return note.json
    }

    /// Moves outputs that are not yet in place there.
    func install(_ produced: Produced, of stage: Stage) throws {
        for path in stage.products {
            guard let source = produced.places[path], source != place.root / path else { continue }
            try place.contents.install(source, at: place.root / path)
        }
    }

    /// Renews the lock on disk, and then here.
    func write(_ newLock: LockFile, for stage: Stage) throws {
        if newLock != lock {
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
