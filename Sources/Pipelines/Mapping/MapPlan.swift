import Bytes
import Objects
import Platform
import Vocabulary
import Workspaces

/// What a map stage has to do, and what of an earlier run stays.
struct MapPlan: Sendable {
    let map: StageMap
    /// The entries of the folder that is mapped.
    let source: [TreeEntry]
    /// All items, in order.
    let items: [MapItem]
    /// Those whose command runs.
    let stale: [MapItem]
    /// What the outputs of the others hold, each entry as seen from the target.
    let kept: [RepoPath: [TreeEntry]]
    /// What the target holds, where it is as the earlier run left it: then only what changes is
    /// touched.
    let inPlace: TreeID?
    /// Outputs of items that are no more.
    let gone: [RepoPath]
    /// The recipe of an item but for the item itself.
    let key: RecipeKey

    /// More changes than these are made in a new folder.
    fileprivate static let mostInPlace = 10_000

    /// What stands in the way of new outputs, and is set aside.
    var moved: [RepoPath] { inPlace == nil ? [map.target] : stale.map(\.output) + gone }
}

/// What an earlier run of the same command made of items.
private struct FormerItems {
    var target: TreeID?
    var items: [MapItem] = []
    var outputs: [RepoPath: [TreeEntry]] = [:]
}

extension Reproduction {
    /// Compares the items with those of the last run whose recipe differs in nothing but them.
    func mapPlan(
        _ map: StageMap, _ execution: Execution, _ findings: StageFindings
    ) throws -> MapPlan {
        let stage = execution.stage
        guard case .directory(let id)? = execution.inputs[map.source] else {
            throw StoreError(
                .unsupportedFile, "stage '\(stage.name)' maps '\(map.source)', which is no folder",
                subject: map.source.description, advice: "name a folder, or a pattern in one",
                safety: CommandRun.safety)
        }
        let tree = try scanner.tree(of: map.source, comparedWith: TreeID(.zero))
        guard tree.id == id else {
            throw StoreError(
                .changedMeanwhile, "input '\(map.source)' changed while stage '\(stage.name)' ran",
                subject: map.source.description,
                advice: "leave it alone and run 'mlstore repro' again", safety: CommandRun.safety)
        }
        let entries = try tree.flatEntries(in: place.store)
        let items = try map.items(in: entries, stage: stage.name)
        var inputs = execution.inputs
        inputs[map.source] = nil
        let key = Recipe(
            of: stage, inputs: inputs, seed: execution.seed, variables: findings.variables,
            lockFiles: findings.lockFiles, core: RunSurroundings.coreVersion
        ).key
        let isNew = options.forces(stage) || stage.policy.isAlwaysRun
        let former =
            isNew ? FormerItems() : (try? formerItems(map, key, of: stage)) ?? FormerItems()
        let known = Dictionary(former.items.map { ($0.path, $0.digest) }) { first, _ in first }
        var kept: [RepoPath: [TreeEntry]] = [:]
        for item in items where known[item.path] == item.digest {
            if let output = former.outputs[item.output], canKeep(output) {
                kept[item.output] = output
            }
        }
        let stale = items.filter { kept[$0.output] == nil }
        let present = Set(items.map(\.output))
        let gone = former.outputs.keys.filter { !present.contains($0) }.sorted()
        let isInPlace =
            try !kept.isEmpty && stale.count + gone.count <= MapPlan.mostInPlace
            && place.content(at: map.target, scanner) == former.target.map { .directory($0) }
        return MapPlan(
            map: map, source: entries, items: items, stale: stale, kept: kept,
            inPlace: isInPlace ? former.target : nil, gone: isInPlace ? gone : [], key: key)
    }

    private func formerItems(
        _ map: StageMap, _ key: RecipeKey, of stage: Stage
    ) throws -> FormerItems {
        guard let id = try place.store.ref(.recipe(key)),
            case let record = try runRecord(RunID(id.digest)),
            case .directory(let source)? = record.inputs[map.source],
            case .directory(let target)? = record.outputs[map.target]
        else { return FormerItems() }
        let items = try map.items(
            in: place.store.tree(source).flatEntries(in: place.store), stage: stage.name)
        return FormerItems(
            target: target, items: items,
            outputs: map.outputs(
                items, among: try place.store.tree(target).flatEntries(in: place.store)))
    }

    /// Whether an output can be had again: it is in the store, and no link is in it.
    private func canKeep(_ entries: [TreeEntry]) -> Bool {
        entries.allSatisfy { entry in
            entry.kind == .directory
                || entry.kind != .symlink && entry.blob.map(place.store.contains) ?? false
        }
    }
}
