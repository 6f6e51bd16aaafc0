import Diffs
import Platform
import Tables
import Vocabulary
import Workspaces

extension CommandContext {
    /// Where the table at an address is in the workspace; nil where it is elsewhere.
    func workspacePath(of address: ContentAddress) throws -> RepoPath? {
        guard address.place == nil, let workspace = try? workspace() else { return nil }
        let folder = try Environment.realPath(directory)
        // A path outside of the workspace is an error elsewhere.
        return try? workspace.path(of: Array(address.path.utf8), from: folder)
    }

    /// What a table was before: at `against`, or else at its own revision, or HEAD; and further back. Nil
    /// where no rule asks for any former version.
    func history(
        of path: RepoPath?, _ source: TableSource, at revision: String?, against: String?,
        limit: Int
    ) throws -> TableHistory? {
        guard limit > 0 else { return nil }
        guard let path else {
            return TableHistory([], absence: "a table outside of the workspace has no history") {
                try TableProfile(of: source)
            }
        }
        let workspace = try workspace()
        let revision = try revision.map { try workspace.source(named: $0) }
        let current = try content(at: path, revision, in: workspace)
        let start = try against.map { try workspace.source(named: $0) } ?? revision
        return try history(
            of: path, source, content: current, from: start,
            leavingOut: against == nil ? current : nil, limit: limit, in: workspace)
    }

    /// What a table was at `start` and further back; nil where no rule asks for it. `content` is what it is,
    /// where that is known.
    func history(
        of path: RepoPath, _ source: TableSource, content: ContentID?, from start: TrackingSource?,
        leavingOut: ContentID?, limit: Int, in workspace: Workspace
    ) throws -> TableHistory? {
        guard limit > 0 else { return nil }
        let versions = try formerVersions(
            of: path, from: start, leavingOut: leavingOut, limit: limit, in: workspace)
        return TableHistory(
            versions.map { version($0, of: path, in: workspace) },
            absence: "'\(path)' has no former version"
        ) {
            let stored = try content.flatMap {
                try profileStoredTable($0, at: path, in: workspace)
            }
            return try stored ?? TableProfile(of: source)
        }
    }

    private func version(
        _ version: FormerVersion, of path: RepoPath, in workspace: Workspace
    ) -> TableHistory.Version {
        func profile() throws -> TableProfile? {
            try profileStoredTable(version.content, at: path, in: workspace)
        }
        return TableHistory.Version(
            name: version.revision, rows: { try version.rows ?? profile()?.rowCount },
            profile: profile
        ) { rowCount, columns in
            guard let source = try storedTable(version.content, at: path, in: workspace) else {
                return []
            }
            return try profileBlocks(of: source, rowCount: rowCount, columns: columns)
        }
    }

    /// What stands at a tracked path: at a revision, or on disk, or, where nothing is, what should.
    private func content(
        at path: RepoPath, _ source: TrackingSource?, in workspace: Workspace
    ) throws -> ContentID? {
        guard let tracked = try workspace.tracked(at: source ?? .workTree)[path] else { return nil }
        guard source == nil, try disk.status(of: workspace.root / path, followingLinks: true) != nil
        else { return tracked.content }
        let scanner = ContentScanner(workspace)
        defer { scanner.finish() }
        return try scanner.state(of: path).content
    }
}
