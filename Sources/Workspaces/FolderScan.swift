import Objects
import Vocabulary

/// What stands in a folder, worked out part by part: what its stat table vouches for is kept,
/// the rest is read (and stored, where there is a session), and a new table is written as it goes.
///
/// Where a large folder differs little from its table, the table stays, and what differs is written
/// beside it: the next look edits the same tree again.
///
/// Memory: some megabytes, and the changes that the tree is edited with while they are few.
struct FolderScan {
    /// What the folder holds.
    let state: ContentState
    /// The tree that makes.
    let tree: TreeID
    /// Bytes that the store did not have.
    let newBytesPlain: Int
    /// The entries with their paths, in order, if they were asked for.
    let table: StatTable?
    /// What was written of the new table; nil where the old one stays.
    let writer: StatTableWriter?
    /// Nodes of the tree that are not in the store, if they were asked for.
    let newNodes: [Digest: [UInt8]]

    /// The tree, its nodes from here and from the store.
    func readable(with store: ObjectStore) -> Tree {
        let newNodes = newNodes
        return Tree(id: tree) { digest in
            if let node = newNodes[digest] { return node }
            return try store.readObject(
                .treeNode, digest, maximumBytes: ObjectStore.maximumNodeBytes)
        }
    }
}
