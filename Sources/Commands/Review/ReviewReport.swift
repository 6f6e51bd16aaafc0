import Bytes
import Diffs
import Lineage
import Pipelines
import Vocabulary
import Workspaces

/// What a change means for data, models and measurements: all that a reviewer should see.
struct ReviewReport {
    /// What is compared, as it was named.
    let base: String
    let head: String
    let changes: [DatasetChange]
    let parameters: ParamsDiff
    let metrics: MetricsDiff
    /// Stages whose outputs are not what their inputs give.
    let staleStages: [StageState]
    /// Tracked contents of the new side that were made from a content that changed.
    let affected: [Affected]
    /// Bytes that the new versions have and the old ones do not, before compression.
    let addedBytes: Int
    /// What schema files and profiles say of the tables that changed.
    let tables: ReviewTables

    /// Something that was made from an old version.
    struct Affected: Hashable {
        let path: RepoPath
        let from: RepoPath
    }

    init(
        from old: (name: String, source: TrackingSource),
        to new: (name: String, source: TrackingSource), stages: [StageState], examples: Int,
        largestTable: ByteCount?, in workspace: Workspace, hidingValues: Bool,
        _ context: CommandContext
    ) throws {
        (base, head) = (old.name, new.name)
        var options = DatasetDiffOptions()
        options.table.exampleLimit = examples
        options.table.tellsShift = true
        let all = try diffDatasets(
            from: DiffSide(old.source), to: DiffSide(new.source), in: workspace, options: options)
        parameters = try stageParametersDiff(
            from: .recorded(old.source), to: .recorded(new.source), in: workspace)
        metrics = try metricsDiff(
            from: .recorded(old.source), to: .recorded(new.source), in: workspace)
        // What metrics say more than their bytes is told there.
        let shown = Set(metrics.files.map(\.path))
        changes = all.filter { !shown.contains($0.path) }
        staleStages = stages.filter(\.isStale)
        affected = try ReviewReport.affected(by: all, at: new.source, workspace)
        addedBytes = try Diffs.addedBytes(of: all, in: workspace)
        tables = try ReviewTables(
            changes, from: old, in: workspace, largest: largestTable, hidingValues: hidingValues,
            context)
    }

    /// Whether there is nothing to review.
    var isEmpty: Bool {
        changes.isEmpty && parameters.changes.isEmpty && metrics.files.isEmpty
            && staleStages.isEmpty && affected.isEmpty
    }

    private static func affected(
        by changes: [DatasetChange], at source: TrackingSource, _ workspace: Workspace
    ) throws -> [Affected] {
        let replaced = changes.filter { $0.old != nil }
        guard !replaced.isEmpty else { return [] }
        let graph = try LineageGraph.load(from: workspace)
        let current = Dictionary(
            try workspace.tracked(at: source).paths.map { ($0.content, $0.path) },
            uniquingKeysWith: { first, _ in first })
        var found: [Affected] = []
        for change in replaced {
            guard let old = change.old?.content else { continue }
            var pending = graph.lineage(of: old, direction: .down).down ?? []
            while let node = pending.popLast() {
                pending += node.children
                guard case .content(let content) = node.subject, let path = current[content.id]
                else { continue }
                found.append(Affected(path: path, from: change.path))
            }
        }
        return Array(Set(found)).sorted { ($0.path, $0.from) < ($1.path, $1.from) }
    }

    /// One sentence of numbers.
    var summary: String {
        if isEmpty { return "no differences in data, parameters, metrics and stages" }
        var parts = [counted(changes.count, "data path")]
        if !parameters.changes.isEmpty {
            parts.append(counted(parameters.changes.count, "parameter"))
        }
        let values = metrics.files.reduce(0) { $0 + $1.changes.count }
        if values > 0 { parts.append(counted(values, "metric")) }
        var text = parts.joined(separator: ", ") + " changed; \(ByteCount(addedBytes)) of new data"
        for part in tables.summary { text += "; " + part }
        if !staleStages.isEmpty { text += "; \(counted(staleStages.count, "stage")) stale" }
        return text
    }

    /// Table by table, and of these column by column.
    var json: JSONStream {
        let parts: [String: JSONValue] = [
            "base": .string(base), "head": .string(head), "summary": .string(summary),
            "addedBytes": JSONValue(addedBytes),
            "parameters": ValueText.json(parameters.changes), "metrics": ValueText.json(metrics),
            "stale": .array(
                staleStages.map {
                    [
                        "stage": .string($0.stage),
                        "reasons": .array($0.reasons.map { .string("\($0)") }),
                    ]
                }),
            "checks": tables.checks.json["tables"] ?? .null,
            "affected": .array(
                affected.map {
                    ["path": .string("\($0.path)"), "from": .string("\($0.from)")]
                }),
        ]
        var members = parts.mapValues { JSONStream.value($0) }
        members["drift"] = .list { write in for drift in tables.drifts { try write(drift.json) } }
        return .object(members)
    }
}
