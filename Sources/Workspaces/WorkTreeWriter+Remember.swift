import Objects
import Platform
import Vocabulary

extension WorkTreeWriter {
    /// Tells the stat tables what was written, so that the next status need not read it. Each plan
    /// comes with the status of each of its writes.
    func remember(_ plans: [(plan: ContentPlan, statuses: [FileStatus?])]) {
        let tables = StatTables(workspace)
        let large = plans.lazy.flatMap(\.statuses).compactMap { $0 }
            .filter { $0.size > WorkTreeWriter.smallBytes }
        if let latest = large.map(\.changed).max() { waitBehind(latest, tables) }
        for (plan, statuses) in plans where plan.target.isWhole && !plan.writes.isEmpty {
            let path = plan.target.path
            if let only = plan.target.entries.first, only.path == path {
                if only.isFile, let status = statuses.first ?? nil, status.size == only.size {
                    tables.remember(path, only.id, status)
                }
                continue
            }
            save(plan, statuses, in: tables)
        }
        tables.saveSingles()
    }

    /// Lets the file system's clock tick, a few milliseconds, so that large files which were just
    /// written are older than the tables and need not be read by the next command.
    private func waitBehind(_ changed: Int64, _ tables: StatTables) {
        for _ in 0..<20 {
            guard let stamp = tables.stamp, stamp <= changed else { return }
            pause(milliseconds: 1)
            tables.restamp()
        }
    }

    /// Writes the folder's table.
    private func save(_ plan: ContentPlan, _ statuses: [FileStatus?], in tables: StatTables) {
        let writer = tables.writer(of: plan.target.path)
        var count = 0
        forEachRow(of: plan, statuses) { path, entry in
            writer.append(path, entry)
            count += 1
        }
        guard writer.seal() != nil else { return }
        // Without all of them a later look at the folder works out the tree.
        let isWhole = count == plan.target.entries.count
        writer.publish(tree: isWhole ? plan.target.tree : nil, mark: nil)
        tables.forgetRecent(of: plan.target.path)
    }

    /// What the plan wanted and what is known to hold it: files that were written, with their
    /// status right after that, and things that were found equal. A file that somebody wrote to
    /// since has another time or size, and is not believed.
    private func forEachRow(
        of plan: ContentPlan, _ statuses: [FileStatus?],
        _ body: (RepoPath, StatTable.Entry) -> Void
    ) {
        let changedModes = Set(plan.modes.map(\.entry.path))
        var write = 0
        var item = 0
        // All three stand in key order.
        for entry in plan.target.entries {
            while write < plan.writes.count, plan.writes[write].entry.path < entry.path {
                write += 1
            }
            while item < plan.listing.items.count, plan.listing.items[item].entry.path < entry.path
            {
                item += 1
            }
            var status: FileStatus?
            if write < plan.writes.count, plan.writes[write].entry.path == entry.path {
                status = statuses[write]
                if entry.isFile, status?.size != entry.size { status = nil }
            } else if item < plan.listing.items.count,
                plan.listing.items[item].entry.path == entry.path,
                !changedModes.contains(entry.path), isSettled(plan.listing.items[item].status)
            {
                status = plan.listing.items[item].status
            }
            guard let status, let path = entry.path.relative(to: plan.target.path) else { continue }
            body(path, .init(kind: entry.kind, digest: entry.id, status: status))
        }
    }

    /// Whether a file that was looked at cannot have changed since without another time: the table
    /// that is written now is newer than that look.
    func isSettled(_ status: FileStatus) -> Bool {
        lookedAt.map { status.modified < $0 && status.changed < $0 } ?? false
    }
}
