import GitHistory
package import Vocabulary

/// Which versions a collection keeps. What the work tree, git's index, the stash and the tips of
/// branches name is always kept, and so is what the last operations need to be undone.
///
/// Nothing given: every version that git or a ref can still reach. Otherwise a version is kept
/// if any of the rules says so. Times only choose; no rule touches what is being written.
package struct KeepPolicy: Hashable, Sendable {
    /// From when on versions are kept.
    package enum Start: Hashable, Sendable {
        /// From that moment on.
        case time(Timestamp)
        /// That commit of git, and what came later.
        case revision(String)
    }

    /// So many versions of each branch, of the history of snapshots, and runs of each stage.
    package var last: Int?
    /// Everything that has a tag.
    package var keepsTags = false
    /// Versions and runs since then.
    package var since: Start?
    /// So many operations can be undone.
    package var operations = 10

    /// Keeps all versions.
    package init() {}

    /// Whether all versions are kept.
    package var keepsAll: Bool { last == nil && !keepsTags && since == nil }

    /// From when on versions are kept; nil without such a rule.
    package func start(in workspace: Workspace) throws -> Timestamp? {
        switch since {
        case nil: return nil
        case .time(let time): return time
        case .revision(let revision):
            guard let git = workspace.git else {
                throw StoreError.noRepository(workspace.root, for: "revision '\(revision)'")
            }
            let commit = try git.resolve(revision)
            return try git.revisions(from: [commit]).first { $0.commit == commit }?.time
        }
    }
}
