package import Vocabulary

/// One thing to change in a tree.
package enum TreeEdit: Hashable, Sendable {
    /// Let this entry stand at its path, instead of any other.
    case put(TreeEntry)
    /// Let nothing stand at this path; fine if nothing does.
    case remove(RepoPath)

    /// The path.
    package var path: RepoPath {
        switch self {
        case .put(let entry): entry.path
        case .remove(let path): path
        }
    }
}

/// The tree `old` with the edits made, which are in key order and name each path once.
///
/// Only nodes on the way to an edited path are read and written, some three an edit; the result
/// is the tree that a `TreeBuilder` would make of all entries. `write` gets the new nodes,
/// children before parents. Throws `.conflict` if an entry would lie below another.
package func applyChanges(
    _ edits: [TreeEdit], to old: Tree, write: TreeBuilder.NodeWriter
) throws -> TreeID {
    var previous: RepoPath?
    for edit in edits {
        guard previous.map({ $0 < edit.path }) ?? true else {
            throw StoreError(
                .internalFault, "cannot edit '\(edit.path)' in a tree: it is out of order")
        }
        previous = edit.path
    }
    guard !edits.isEmpty else { return old.id }
    return try withoutActuallyEscaping(write) { write in
        var rewrite = try TreeRewrite(old, write: write)
        return try rewrite.run(edits)
    }
}
