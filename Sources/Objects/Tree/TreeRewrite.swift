import Vocabulary

/// Rewrites a tree level by level. At each level the edits are replaced items; the nodes that
/// hold them are split anew until a split falls where an old one was, and the nodes that this
/// replaced are the edits of the level above.
struct TreeRewrite {
    private struct Edit {
        let path: RepoPath
        /// nil to remove.
        let item: TreeItem?
    }

    private struct NewNode {
        let child: TreeChild
        let bytes: [UInt8]
    }

    private let tree: Tree
    private let rootNode: TreeNode
    private let write: TreeBuilder.NodeWriter
    /// The new nodes of the levels done so far, leaves first.
    private var newNodes: [[NewNode]] = []

    init(_ tree: Tree, write: @escaping TreeBuilder.NodeWriter) throws {
        self.tree = tree
        self.write = write
        rootNode = try tree.root()
    }

    mutating func run(_ edits: [TreeEdit]) throws -> TreeID {
        guard let lastPath = rootNode.lastPath else { return try buildAnew(edits) }
        let root = TreeChild(lastPath: lastPath, digest: tree.id.digest, totals: rootNode.totals)
        var cursor = TreeLevelCursor(tree: tree, root: root, rootNode: rootNode)
        var level = 0
        var pending = edits.map { edit in
            switch edit {
            case .put(let entry): Edit(path: entry.path, item: .entry(entry))
            case .remove(let path): Edit(path: path, item: nil)
            }
        }
        while !pending.isEmpty {
            try cursor.setLevel(level)
            let (removed, added) = try rewriteLevel(level, pending, &cursor)
            if level == rootNode.level { return try finish(added) }
            pending = TreeRewrite.edits(removing: removed, adding: added)
            level += 1
        }
        // Every new node was equal to the one it replaced.
        return tree.id
    }

    private func buildAnew(_ edits: [TreeEdit]) throws -> TreeID {
        var builder = TreeBuilder(write: write)
        for case .put(let entry) in edits { try builder.append(entry) }
        return try builder.finish()
    }

    /// Splits the nodes that the edits touch anew: what they were, and what they are now.
    private mutating func rewriteLevel(
        _ level: Int, _ edits: [Edit], _ cursor: inout TreeLevelCursor
    ) throws -> (removed: [TreeChild], added: [TreeChild]) {
        var level = LevelRewrite(writer: TreeNodeWriter(level: level))
        var removed: [TreeChild] = []
        var index = 0
        while index < edits.count {
            try cursor.seek(edits[index].path)
            level.lastPath = cursor.pathBefore
            while let (child, node) = try cursor.current() {
                removed.append(child)
                var end = index
                while end < edits.count, cursor.isAtLast || edits[end].path <= child.lastPath {
                    end += 1
                }
                try level.merge(node.items, edits[index..<end])
                index = end
                if level.writer.isAtBoundary, level.lastPath == child.lastPath { break }
                guard try cursor.next() else { break }
            }
        }
        level.closeNode()
        newNodes.append(level.nodes)
        return (removed, level.nodes.map(\.child))
    }

    /// The nodes of one level as they are written.
    private struct LevelRewrite {
        var writer: TreeNodeWriter
        var lastPath: RepoPath?
        var nodes: [NewNode] = []

        mutating func merge(_ items: [TreeItem], _ edits: ArraySlice<Edit>) throws {
            var edits = edits
            for item in items {
                while let edit = edits.first, edit.path < item.path {
                    try add(edit.item)
                    edits.removeFirst()
                }
                if let edit = edits.first, edit.path == item.path {
                    try add(edit.item)
                    edits.removeFirst()
                } else {
                    try add(item)
                }
            }
            for edit in edits { try add(edit.item) }
        }

        private mutating func add(_ item: TreeItem?) throws {
            guard let item else { return }
            if writer.level == 0 { try checkOrder(of: item.path, after: lastPath) }
            lastPath = item.path
            if try writer.append(item) { closeNode() }
        }

        mutating func closeNode() {
            guard !writer.isAtBoundary else { return }
            let node = writer.close()
            if let child = node.child { nodes.append(NewNode(child: child, bytes: node.bytes)) }
        }
    }

    /// What the level above has to change; nothing for a node that came out as it was.
    private static func edits(removing removed: [TreeChild], adding added: [TreeChild]) -> [Edit] {
        var result: [Edit] = []
        var old = removed[...]
        var new = added[...]
        while old.first != nil || new.first != nil {
            let oldPath = old.first?.lastPath
            let newPath = new.first?.lastPath
            if let oldPath, newPath.map({ oldPath < $0 }) ?? true {
                result.append(Edit(path: oldPath, item: nil))
                old.removeFirst()
            } else if let node = new.popFirst() {
                let replaced = oldPath == node.lastPath ? old.popFirst() : nil
                if replaced == node { continue }
                result.append(Edit(path: node.lastPath, item: .child(node)))
            }
        }
        return result
    }

    /// Makes a tree of all nodes of the level that held the old root.
    private func finish(_ nodes: [TreeChild]) throws -> TreeID {
        guard var top = nodes.first else { return try buildAnew([]) }
        guard nodes.count == 1 else {
            try writeLevels(through: rootNode.level)
            var builder = TreeBuilder(lowestLevel: rootNode.level + 1, write: write)
            for node in nodes { try builder.append(node) }
            return try builder.finish()
        }
        // A level of one node is the root; nothing stands above it.
        var level = rootNode.level
        while level > 0, let only = try onlyChild(of: top, level: level) {
            top = only
            level -= 1
        }
        try writeLevels(through: level)
        return TreeID(top.digest)
    }

    private func onlyChild(of child: TreeChild, level: Int) throws -> TreeChild? {
        let node: TreeNode
        if let new = newNodes[level].first(where: { $0.child == child }) {
            do {
                node = try TreeNode(decoding: new.bytes)
            } catch {
                throw StoreError(.internalFault, "a tree node of ours does not decode: \(error)")
            }
        } else {
            node = try tree.node(child, level: level)
        }
        return node.children.count == 1 ? node.children.first : nil
    }

    private func writeLevels(through level: Int) throws {
        for nodes in newNodes.prefix(level + 1) {
            for node in nodes { try write(node.child.digest, node.bytes) }
        }
    }
}
