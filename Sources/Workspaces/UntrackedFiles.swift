import GitHistory
import Objects
import Platform
import Vocabulary

/// Finds what belongs to nobody.
enum UntrackedFiles {
    /// Files of the work tree that nobody tracks or ignores, in order.
    static func list(in workspace: Workspace, _ tracked: TrackedPaths) throws -> [RepoPath] {
        var result: [RepoPath] = []
        let names = Set(tracked.paths.map(\.path))
        try look(into: nil, IgnoreRules(), names, workspace, depth: 0, &result)
        return result.sorted()
    }

    private static func look(
        into folder: RepoPath?, _ rules: IgnoreRules, _ tracked: Set<RepoPath>,
        _ workspace: Workspace, depth: Int, _ result: inout [RepoPath]
    ) throws {
        guard depth < 256 else { return }
        let place = folder.map { workspace.root / $0 } ?? workspace.root
        let entries = try workspace.disk.entries(of: place)
        let names = Set(entries.map(\.name))
        if folder != nil, names.contains(Array(WorkspaceLayout.folderName.utf8)) { return }
        var rules = rules
        for name in [".gitignore", ".mlstoreignore"] where names.contains(Array(name.utf8)) {
            let bytes = try workspace.disk.readFile(place / name, maximumBytes: 1 << 24)
            rules.append(bytes, in: folder)
        }
        for entry in entries where !Workspace.isReserved(entry.name) {
            let path =
                try folder?.appending(component: entry.name)
                ?? RepoPath(validating: entry.name)
            let isFolder = entry.kind == .directory
            guard !tracked.contains(path), !rules.ignores(path, isDirectory: isFolder) else {
                continue
            }
            if isFolder {
                try look(into: path, rules, tracked, workspace, depth: depth + 1, &result)
            } else if try isNobodys(path, in: workspace) {
                result.append(path)
            }
        }
    }

    private static func isNobodys(_ path: RepoPath, in workspace: Workspace) throws -> Bool {
        guard path.removingSuffix(Pointer.suffix) == nil else { return false }
        return try workspace.git.map { try !$0.tracks(workspace.gitPath(of: path)) } ?? true
    }
}
