import Bytes
import Learning
import Objects
import Platform
import Vocabulary
import Workspaces

/// The trials of a `tune` stage as runs of their own, with recipes: what earlier ones came to is not
/// tried again, whatever else of the search has changed.
struct TrialCache: Sendable {
    let store: ObjectStore
    let inputs: [RepoPath: ContentID]
    /// Whether what is known counts.
    let isRead: Bool
    private let made = Monitor<[Trial]>([])

    init(_ store: ObjectStore, inputs: [RepoPath: ContentID], isRead: Bool) {
        self.store = store
        self.inputs = inputs
        self.isRead = isRead
    }

    /// What the step is given.
    var memory: TrialMemory {
        TrialMemory(
            recall: { description in isRead ? recall(description) : nil },
            keep: { trial in made.withLock { $0.append(trial) } })
    }

    /// The trials that were made, in order.
    var trials: [Trial] { made.withLock { $0 } }

    /// The hash of all that can influence what a trial comes to; docs/format/recipe-key.md has it.
    func key(of description: JSONValue) -> RecipeKey {
        let recipe: JSONValue = [
            "type": "recipe", "version": 1, "trial": description,
            "core": .string(RunSurroundings.coreVersion),
            "inputs": .object(
                Dictionary(
                    inputs.map {
                        ($0.key.text ?? $0.key.description, .string($0.value.description))
                    }
                ) { _, last in last }),
        ]
        return RecipeKey(taggedDigest(Recipe.tag, recipe.canonical))
    }

    /// What cannot be read is tried again.
    private func recall(_ description: JSONValue) -> (mean: Double, deviation: Double)? {
        guard let id = try? store.ref(.recipe(key(of: description))),
            let run = try? RunRecord(store.readRecord(id)), let found = run.metrics.values.first,
            let mean = found["mean"]?.numberValue, let deviation = found["deviation"]?.numberValue
        else { return nil }
        return (mean, deviation)
    }
}

extension Reproduction {
    /// Puts the records of trials into the session; the refs that name them.
    func keepTrials(
        _ cache: TrialCache, of execution: Execution, in session: StoreSession
    ) throws -> [RefChange] {
        let stage = execution.stage
        guard let path = stage.outputs.first else { return [] }
        var changes: [RefName: RefChange] = [:]
        for trial in cache.trials {
            // A zero with a sign has no text of its own.
            guard trial.mean != 0 || trial.mean.sign == .plus else { continue }
            var record = try runRecord(of: execution)
            record.recipe = cache.key(of: trial.description)
            // Nobody has measured one.
            record.durationMilliseconds = 0
            record.stage = stage.name + " trial"
            record.action = .step(trial.description)
            record.parameters = Parameters(.object(trial.parameters)).leaves()
            record.metrics = [
                path: [
                    "mean": .number(trial.mean), "deviation": .number(trial.deviation),
                    "measure": .string(trial.measure), "rows": JSONValue(trial.rows),
                ]
            ]
            let run = RunID(try session.putRecord(record.json).digest)
            for change in try refChanges(run: run, recipes: [record.recipe]) {
                changes[change.name] = change
            }
        }
        return changes.values.sorted { $0.name < $1.name }
    }

    /// Keeps the trials of a search that failed or was interrupted, as far as that can be: without it
    /// they are made again.
    func keepTrials(of run: StageRun) {
        guard let cache = run.trials, !cache.trials.isEmpty else { return }
        do {
            try checkInputs(of: run.execution.stage, run.before)
            let session = try place.store.beginSession()
            defer { session.abandon() }  // does nothing after a commit
            try place.withLock {
                var operation = Operation(
                    command: "repro \(run.execution.stage.name): some trials")
                operation.refs = try keepTrials(cache, of: run.execution, in: session)
                report.newBytesStored += try operation.commit(session, in: place.workspace)
                    .storedBytes
            }
        } catch { return }
    }
}
