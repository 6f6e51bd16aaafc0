package import Vocabulary

/// The listing of a directory, read node by node as it is needed.
///
/// Nodes are decoded with every check of docs/format/tree.md; a bad one is a `.corrupt` error.
package struct Tree: Sendable {
    /// Fetches a node's bytes by digest; throws `.notInStore` or `.corrupt`. The bytes need not
    /// have been checked against the digest.
    package typealias NodeReader = @Sendable (_ digest: Digest) throws -> [UInt8]

    /// The id.
    package let id: TreeID
    private let read: NodeReader

    /// The tree with this id, whose nodes `read` fetches. Reads nothing yet.
    package init(id: TreeID, read: @escaping NodeReader) {
        self.id = id
        self.read = read
    }

    /// The number of entries and their bytes. Reads one node.
    package func totals() throws -> TreeTotals { try root().totals }

    /// The entry at `path`, or nil. Reads one node a level.
    package func entry(at path: RepoPath) throws -> TreeEntry? {
        var walk = try TreeWalk(self, from: path)
        guard let entry = try walk.next(), entry.path == path else { return nil }
        return entry
    }

    /// Calls `body` with each entry, in key order; with `directory`, only with those at or below
    /// it. Reads only nodes that hold some of them.
    package func forEachEntry(
        under directory: RepoPath? = nil, _ body: (TreeEntry) throws -> Void
    ) throws {
        var entries = try walk(under: directory)
        while let entry = try entries.next() { try body(entry) }
    }

    /// The same entries, to be asked for one after the other.
    package func walk(under directory: RepoPath? = nil) throws -> TreeEntries {
        TreeEntries(walk: try TreeWalk(self, from: directory), directory: directory)
    }

    /// The entries at or below `directory`, or all, in key order: for trees known to be small.
    package func entries(under directory: RepoPath? = nil) throws -> [TreeEntry] {
        var result: [TreeEntry] = []
        try forEachEntry(under: directory) { result.append($0) }
        return result
    }

    /// Calls `body` with the digest and bytes of every node, parents before children, but not with
    /// those below a node for which it returns false. For copying and verifying.
    package func forEachNode(_ body: (Digest, [UInt8]) throws -> Bool) throws {
        func visit(_ digest: Digest, _ expected: TreeChild?, _ level: Int?) throws {
            let bytes = try read(digest)
            let node = try checkedNode(bytes, digest, expected, level)
            guard try body(digest, bytes) else { return }
            for child in node.children { try visit(child.digest, child, node.level - 1) }
        }
        try visit(id.digest, nil, nil)
    }
}

/// Entries of a tree in key order. Memory: a node a level.
package struct TreeEntries {
    fileprivate var walk: TreeWalk
    fileprivate let directory: RepoPath?

    /// The next one, or nil at the end; throws as `Tree` does.
    package mutating func next() throws -> TreeEntry? {
        guard let entry = try walk.next() else { return nil }
        if let directory, !entry.path.isInside(directory) { return nil }
        return entry
    }
}

// MARK: - Nodes

extension Tree {
    /// The root node.
    func root() throws -> TreeNode {
        let node = try checkedNode(try read(id.digest), id.digest, nil, nil)
        guard node.level == 0 || node.children.count > 1 else {
            throw damaged(id.digest, "a root with one child")
        }
        return node
    }

    /// The node that `child`, an item of a node of `level + 1`, stands for.
    func node(_ child: TreeChild, level: Int) throws -> TreeNode {
        try checkedNode(try read(child.digest), child.digest, child, level)
    }

    /// The node of these bytes, checked against what names it.
    func checkedNode(
        _ bytes: [UInt8], _ digest: Digest, _ child: TreeChild?, _ level: Int?
    ) throws -> TreeNode {
        guard TreeNode.digest(of: bytes) == digest else {
            throw damaged(digest, "its bytes have another digest")
        }
        let node: TreeNode
        do {
            node = try TreeNode(decoding: bytes)
        } catch {
            throw damaged(digest, error.description)
        }
        guard level == nil || level == node.level else {
            throw damaged(digest, "it stands at the wrong level")
        }
        guard let child else { return node }
        guard node.lastPath == child.lastPath, node.totals == child.totals else {
            throw damaged(digest, "it is not what the node above says")
        }
        return node
    }

    private func damaged(_ digest: Digest, _ why: String) -> StoreError {
        StoreError(
            .corrupt,
            "tree node '\(TreeID(digest).short)' of tree '\(id.short)' is damaged: \(why)",
            subject: id.description,
            advice: "run 'mlstore fsck' to see what else is damaged; "
                + "'mlstore pull' fetches the tree again if a remote has it")
    }

    /// An error about two nodes that do not fit together.
    func misplaced(_ path: RepoPath) -> StoreError {
        damaged(id.digest, "the entry at '\(path)' is out of order")
    }
}
