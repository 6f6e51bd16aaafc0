package import Objects
package import Vocabulary

/// A file of a tracked folder that is not as it should be.
package struct FileChange: Hashable, Sendable {
    /// What happened to it.
    package enum Form: String, Hashable, Sendable {
        /// It is new.
        case added
        /// It is gone.
        case removed
        /// Its bytes are others.
        case modified
        /// It can be executed, or no longer can.
        case mode
        /// It is a link where there was a file, and the like.
        case type
    }

    /// Relative to the folder.
    package let path: RepoPath
    /// What the tree says; nil for a new one.
    package let before: TreeEntry?
    /// What stands there; nil for one that is gone.
    package let after: TreeEntry?

    /// What happened to it.
    package var form: Form {
        guard let before else { return .added }
        guard let after else { return .removed }
        if before.kind == after.kind { return .modified }
        let files: Set<TreeEntryKind> = [.file, .executable]
        guard files.contains(before.kind), files.contains(after.kind) else { return .type }
        return before.id == after.id ? .mode : .modified
    }
}

extension FolderScan {
    /// Where the folder differs from `tree`, in path order.
    func changes(since tree: Tree, in store: ObjectStore) throws -> [FileChange] {
        var changes: [FileChange] = []
        try diffTrees(old: tree, new: readable(with: store)) { change in
            changes.append(
                FileChange(path: change.path, before: change.before, after: change.after))
        }
        return changes
    }
}
