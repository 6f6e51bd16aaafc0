import Bytes
import Diffs
import Objects
import Platform
import Tables
import Vocabulary
import Workspaces

/// What schema files and profiles say of the tables that a change touches.
struct ReviewTables {
    /// Larger tables are only compared; nil where there is no such limit.
    let largest: ByteCount?

    /// Of the new versions of tables that have a schema file.
    private(set) var checks: CheckText
    /// Of tables with columns that drifted, against their old versions.
    private(set) var drifts: [DriftText] = []
    /// Tables that were too large.
    private(set) var skipped: [RepoPath] = []

    /// `base` is where the old versions are; `hidingValues` keeps cells out of JSON too. Schema files
    /// are those of the work tree.
    init(
        _ changes: [DatasetChange], from base: (name: String, source: TrackingSource),
        in workspace: Workspace, largest: ByteCount?, hidingValues: Bool,
        _ context: CommandContext
    ) throws {
        self.largest = largest
        checks = CheckText(isHidingValues: hidingValues)
        var found: [(change: DatasetChange, new: TrackedVersion)] = []
        for change in changes {
            guard let new = change.new, try isTable(new, at: change.path, in: workspace) else {
                continue
            }
            let size = max(new.sizeBytes, change.old?.sizeBytes ?? 0)
            guard size <= largest?.bytes ?? .max else {
                skipped.append(change.path)
                continue
            }
            found.append((change, new))
        }
        let touched = found
        let weights = touched.map { table in
            comparisonWeight(of: table.change.old, table.new, at: table.change.path)
        }
        let pool = WorkerPool(threads: workspace.machine.threads)
        let judgements = try pool.map(weights: weights) { index in
            let (change, new) = touched[index]
            var judgement = Judgement()
            do {
                try judgement.judge(change, new, base, workspace, context)
            } catch let error as StoreError
                where error.kind == .malformed || error.isMissingPlugin
            {
                // A table that is none, or a schema file that makes no sense: the section says so.
                judgement.problem = error.message
            }
            return judgement
        }
        for (judgement, table) in zip(judgements, touched) {
            if let verdict = judgement.verdict { checks.add(verdict, failures: nil) }
            if let drift = judgement.drift { drifts.append(drift) }
            if let problem = judgement.problem {
                checks.add(problem: problem, of: table.change.path.description)
            }
        }
    }

    /// What there is to tell of one table.
    fileprivate struct Judgement {
        var verdict: TableVerdict?
        var drift: DriftText?
        var problem: String?
    }

    /// Whether it is one by its name, or a folder that is called a table by a schema file or by its files.
    private func isTable(
        _ version: TrackedVersion, at path: RepoPath, in workspace: Workspace
    ) throws -> Bool {
        guard case .directory(let tree) = version.content else {
            return TableFormats.format(forName: path.lastComponent) != nil
        }
        let store = try workspace.store()
        return try store.contains(version.content) && !store.tree(tree).tableParts().isEmpty
    }

    /// What a reviewer should know at once: `2 rules broken; 3 columns drifted`.
    var summary: [String] {
        var parts: [String] = []
        let broken = checks.brokenCount
        if broken > 0 { parts.append("\(counted(broken, "rule")) broken") }
        let drifted = drifts.reduce(0) { $0 + ($1.tables.first?.drifted.count ?? 0) }
        if drifted > 0 { parts.append("\(counted(drifted, "column")) drifted") }
        return parts
    }

    /// Titles, what stands below them, and rows of cells.
    struct Section {
        let title: String
        let sentence: String
        let heading: [String]
        let rows: [[String]]
    }

    /// What there is to tell: broken rules and columns that drifted.
    func sections(hidingValues: Bool) -> [Section] {
        var sections = checks.sections(hidingValues: hidingValues)
        for text in drifts {
            guard let table = text.tables.first else { continue }
            sections.append(
                Section(
                    title: "drift of \(text.name)", sentence: text.sentence(table),
                    heading: ["column", "values", "missing"],
                    rows: table.drifted.map { DriftText.cells($0) }))
        }
        if let largest, !skipped.isEmpty {
            let names = skipped.map { ["\($0)"] }
            sections.append(
                Section(
                    title: "not checked",
                    sentence:
                        "larger than \(largest): 'mlstore check' and "
                        + "'mlstore drift' judge them", heading: ["table"], rows: names))
        }
        return sections
    }
}

extension ReviewTables.Judgement {
    fileprivate mutating func judge(
        _ change: DatasetChange, _ new: TrackedVersion,
        _ base: (name: String, source: TrackingSource), _ workspace: Workspace,
        _ context: CommandContext
    ) throws {
        let path = change.path
        let schema = try context.schema(of: path, in: workspace)
        let table: TableSource
        do {
            guard let found = try storedTable(new.content, at: path, in: workspace) else { return }
            table = found
        } catch let error as StoreError where error.kind == .malformed && schema == nil {
            // Files of a folder that nobody called a table.
            return
        }
        if let schema {
            let history = try context.history(
                of: path, table, content: new.content, from: base.source, leavingOut: nil,
                limit: schema.formerVersions, in: workspace)
            verdict = try context.check(table, by: schema, history: history)
        }
        guard let old = change.old?.content,
            let reference = try storedTable(old, at: path, in: workspace),
            var before = try profileStoredTable(old, at: path, in: workspace)
        else { return }
        // Of a change that is too small for a drift the new version need not be read.
        if case .table(let diff) = change.detail, let shift = diff.shift,
            !canDrift(from: before, by: shift)
        {
            return
        }
        before.pack()
        guard var after = try profileStoredTable(new.content, at: path, in: workspace) else {
            return
        }
        after.pack()
        let rowCount = before.rowCount
        let found = try Diffs.drift(DriftPair(old: before, new: after)) {
            try profileBlocks(of: reference, rowCount: rowCount, columns: $0)
        }
        let text = DriftText(name: path.description, reference: base.name, tables: found)
        if text.hasDrift { drift = text }
    }
}
