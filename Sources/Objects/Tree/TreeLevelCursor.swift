import Vocabulary

/// Moves over the nodes of one level of a tree, keeping every node it has read.
struct TreeLevelCursor {
    private struct Frame {
        let node: TreeNode
        var index: Int
    }

    private let tree: Tree
    private var level = 0
    /// From a node above the root, made up so that the root is a child like any other, to the
    /// parent of the current node.
    private var frames: [Frame]
    private var nodes: [Digest: TreeNode]

    init(tree: Tree, root: TreeChild, rootNode: TreeNode) {
        self.tree = tree
        let above = TreeNode(level: rootNode.level + 1, children: [root], totals: root.totals)
        frames = [Frame(node: above, index: 0)]
        nodes = [root.digest: rootNode]
    }

    /// Goes to the first node of `level`.
    mutating func setLevel(_ level: Int) throws {
        self.level = level
        frames.removeLast(frames.count - 1)
        frames[0].index = 0
        try descend { _ in 0 }
    }

    /// Goes to the node that holds `path` or would: the last, if that lies behind all.
    mutating func seek(_ path: RepoPath) throws {
        frames.removeLast(frames.count - 1)
        frames[0].index = 0
        try descend { node in
            let index = node.children.firstIndex { !($0.lastPath < path) }
            return index ?? node.children.count - 1
        }
    }

    /// The current node.
    mutating func current() throws -> (TreeChild, TreeNode)? {
        guard let frame = frames.last else { return nil }
        let child = frame.node.children[frame.index]
        return (child, try node(child, level: level))
    }

    /// Whether no node of the level follows.
    var isAtLast: Bool { frames.allSatisfy { $0.index == $0.node.children.count - 1 } }

    /// The last key before the current node.
    var pathBefore: RepoPath? {
        guard let frame = frames.last(where: { $0.index > 0 }) else { return nil }
        return frame.node.children[frame.index - 1].lastPath
    }

    /// Goes to the next node of the level; false if there is none.
    mutating func next() throws -> Bool {
        guard !isAtLast else { return false }
        while let frame = frames.last, frame.index == frame.node.children.count - 1 {
            frames.removeLast()
        }
        frames[frames.count - 1].index += 1
        try descend { _ in 0 }
        return true
    }

    private mutating func descend(choosing index: (TreeNode) -> Int) throws {
        while let frame = frames.last, frame.node.level > level + 1 {
            let child = frame.node.children[frame.index]
            let node = try node(child, level: frame.node.level - 1)
            frames.append(Frame(node: node, index: index(node)))
        }
    }

    private mutating func node(_ child: TreeChild, level: Int) throws -> TreeNode {
        if let known = nodes[child.digest] { return known }
        let node = try tree.node(child, level: level)
        nodes[child.digest] = node
        return node
    }
}
