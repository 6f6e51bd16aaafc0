import GitHistory
import Objects
import Platform
import Vocabulary
package import Workspaces

/// Pushes what commits of git name, before git sends these commits: whoever gets them will ask for it.
///
/// What older ones of them name and this store has no more is passed over with a warning; what the
/// last of each row names must be here or on the remote, else its path is in `absent`. `tips` and
/// `older` are ids of commits; refs go along as with every push.
package func push(
    commits tips: [String], older: [String], of workspace: Workspace, to remote: String? = nil,
    options: PushOptions = PushOptions(), progress: (TransferProgress) -> Void = { _ in }
) throws -> PushReport {
    let context = try workspace.context(ofRemote: remote, link: options.link)
    var selection = TransferSelection(refs: try context.store.refs())
    var known: Set<ContentID> = []
    var warnings: [String] = []
    for commit in tips {
        for path in try trackedPaths(at: commit, of: workspace)
        where known.insert(path.content).inserted {
            selection.contents.append((path.path.description, path.content))
        }
    }
    for commit in older {
        for path in try trackedPaths(at: commit, of: workspace)
        where known.insert(path.content).inserted {
            guard context.store.contains(path.content) else {
                warnings.append(
                    "'\(path.path)' as commit \(commit.prefix(10)) names it is not in this store")
                continue
            }
            selection.contents.append((path.path.description, path.content))
        }
    }
    let chosen = selection
    var report = try context.counting(in: \.requests) {
        try push(chosen, to: $0, options: options, progress: progress)
    }
    report.warnings += warnings
    return report
}

/// What a commit tracks; throws for a pointer of it that cannot be read.
private func trackedPaths(at commit: String, of workspace: Workspace) throws -> [TrackedPath] {
    let tracked = try workspace.tracked(atCommit: commit)
    if let problem = tracked.problems.first { throw problem.error }
    return tracked.paths
}
