import Platform
import Vocabulary

extension IgnoreRules {
    /// The name of the files with rules.
    static let fileName = Array(".mlstoreignore".utf8)

    /// The rules of the folders above `path`, the top of the workspace first.
    static func above(_ path: RepoPath, in workspace: Workspace) throws -> IgnoreRules {
        var rules = IgnoreRules()
        for folder in [nil] + path.parents.reversed().map({ $0 as RepoPath? }) {
            try rules.appendFile(in: folder, of: workspace)
        }
        return rules
    }

    /// Adds the rules of the folder's file, if it has one.
    mutating func appendFile(in folder: RepoPath?, of workspace: Workspace) throws {
        let place = folder.map { workspace.root / $0 } ?? workspace.root
        let file = place.appending(IgnoreRules.fileName)
        guard try workspace.disk.status(of: file, followingLinks: true)?.kind == .file else {
            return
        }
        append(try workspace.disk.readFile(file, maximumBytes: 1 << 20), in: folder)
    }
}
