import Objects
import Platform
import Vocabulary

extension WorkTreeWriter {
    /// Tells the stat tables what was written, so that the next status need not read it.
    func remember(_ plans: [ContentPlan]) {
        let tables = StatTables(workspace)
        for plan in plans where plan.target.isWhole && !plan.writes.isEmpty {
            // Derived: where it cannot be told, the next command reads more.
            try? remember(plan, in: tables)
        }
        tables.saveSingles()
    }

    private func remember(_ plan: ContentPlan, in tables: StatTables) throws {
        let path = plan.target.path
        let place = workspace.root / path
        guard let status = try disk.status(of: place, followingLinks: false) else { return }
        if status.kind == .directory {
            let rows = try rows(of: plan)
            // No tree: a later look at the folder works out whether this is all of it.
            return tables.save(rows, tree: nil, of: path)
        }
        guard let entry = plan.target.entries.first, isAsWritten(entry, status, plan.found) else {
            return
        }
        tables.remember(path, entry.id, status)
    }

    /// What is in the folder and known to be what the plan wanted.
    private func rows(of plan: ContentPlan) throws -> [(path: RepoPath, entry: StatTable.Entry)] {
        let path = plan.target.path
        let wanted = plan.target.entries
        let found = plan.found
        var rows: [(path: RepoPath, entry: StatTable.Entry)] = []
        var next = 0
        for item in try FolderListing.list(path, in: workspace).items {
            let full = path.appending(item.path)
            while next < wanted.count, wanted[next].path < full { next += 1 }
            guard next < wanted.count, wanted[next].path == full,
                isAsWritten(wanted[next], item.status, found)
            else { continue }
            let kind = StatTable.kind(of: item.status)
            rows.append(
                (item.path, .init(kind: kind, digest: wanted[next].id, status: item.status)))
        }
        return rows
    }

    /// Whether the file still is the one that was written or found equal, so that it holds what
    /// was wanted. A file that somebody wrote to since has another time or size.
    private func isAsWritten(
        _ wanted: TreeEntry, _ status: FileStatus, _ found: [RepoPath: FileStatus]
    ) -> Bool {
        guard wanted.isFile, status.kind == .file,
            let seen = written[wanted.path] ?? found[wanted.path]
        else { return false }
        return seen.inode == status.inode && seen.size == status.size
            && seen.modified == status.modified && status.size == wanted.size
    }
}

extension ContentPlan {
    /// The status of each file that was there and has the wanted bytes.
    fileprivate var found: [RepoPath: FileStatus] {
        let replaced = Set(writes.map(\.entry.path))
        var result: [RepoPath: FileStatus] = [:]
        for item in listing.items where !replaced.contains(item.entry.path) {
            result[item.entry.path] = item.status
        }
        return result
    }
}
