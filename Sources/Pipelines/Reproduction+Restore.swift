import Bytes
import Objects
import Platform
import Vocabulary
import Workspaces

extension Reproduction {
    /// The run that answers a recipe, if all its outputs are in the store, or can be brought there.
    func cachedRun(_ key: RecipeKey, for stage: Stage) throws -> (RunID, RunRecord)? {
        // What a persistent output was before is not in the key.
        guard stage.persistent.isEmpty, let id = try place.store.ref(.recipe(key)) else {
            return nil
        }
        let run = RunID(id.digest)
        let record = try runRecord(run)
        guard Set(record.outputs.keys) == Set(stage.products) else { return nil }
        try bring(record.outputs)
        for content in record.outputs.values
        where try !PathContents.holds(content, place.store) { return nil }
        return (run, record)
    }

    /// Puts the outputs of an earlier run of the same recipe in place.
    func restore(
        _ stage: Stage, from cached: (id: RunID, record: RunRecord), recipe: Recipe,
        reasons: [StaleReason]
    ) throws -> StageOutcome {
        let scratch = try place.makeScratch("restore")
        defer { try? place.disk.removeTree(scratch) }  // litter at worst
        let (produced, entry) = try prepare(stage, cached, in: scratch)
        let before = metricsBefore(stage)
        let session = try place.store.beginSession()
        defer { session.abandon() }  // does nothing after a commit
        try conclude(stage, produced, entry: entry, recipes: [recipe.key], in: session)
        return StageOutcome(
            stage: stage.name, deed: .restored, reasons: reasons, run: cached.id,
            durationMilliseconds: cached.record.durationMilliseconds,
            metrics: cached.record.metrics, metricsBefore: before,
            outputs: outputs(of: entry))
    }

    /// Writes the outputs that differ from what is on disk into `scratch`.
    private func prepare(
        _ stage: Stage, _ cached: (id: RunID, record: RunRecord), in scratch: DiskPath
    ) throws -> (Produced, LockFile.Stage) {
        let record = cached.record
        var entry = LockFile.Stage(
            recipe: record.recipe, run: cached.id, action: record.action,
            dependencies: record.inputs,
            parameters: record.parameters, directory: record.directory)
        var produced = Produced(places: [:], former: [:])
        for (index, path) in stage.products.enumerated() {
            guard let content = record.outputs[path] else { continue }
            let detail = record.details[path]
            let target = place.root / path
            let present = try place.content(at: path, scanner)
            entry.outputs[path] = LockFile.Output(
                content: content, sizeBytes: detail?.sizeBytes ?? 0, role: role(of: path),
                isExecutable: detail?.isExecutable ?? false)
            entry.outputs[path]?.take(stage.flags(of: path))
            if present == content { continue }
            if present != nil { produced.former[path] = target }
            let source = scratch / String(index)
            try place.contents.write(
                content, isExecutable: detail?.isExecutable ?? false, to: source,
                from: place.store)
            produced.places[path] = source
        }
        return (produced, entry)
    }
}
