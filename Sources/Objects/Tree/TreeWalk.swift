import Vocabulary

/// A position in a tree that moves forward, entry by entry or node by node.
///
/// The stack holds, level by level, a node and the index of its next child; the bottom is the
/// leaf that is being read, if one is.
struct TreeWalk {
    private struct Frame {
        let node: TreeNode
        var next: Int
    }

    /// What comes next.
    enum Head {
        case entry(TreeEntry)
        case child(TreeChild, level: Int)
        case end
    }

    private let tree: Tree
    private var frames: [Frame]
    /// The entry before the position, to see that order holds from one leaf to the next.
    private var lastPath: RepoPath?

    /// The position at the start, or before the first key that is not below `path`'s.
    init(_ tree: Tree, from path: RepoPath? = nil) throws {
        self.tree = tree
        frames = [Frame(node: try tree.root(), next: 0)]
        guard let path else { return }
        try seek(path)
    }

    /// The next entry, or nil at the end.
    mutating func next() throws -> TreeEntry? {
        while true {
            switch head {
            case .entry(let entry):
                advance()
                return entry
            case .child: try descend()
            case .end: return nil
            }
        }
    }

    /// The entry or node at the position.
    var head: Head {
        guard let frame = frames.last else { return .end }
        if frame.node.level == 0 {
            return frame.next < frame.node.entries.count
                ? .entry(frame.node.entries[frame.next]) : .end
        }
        guard frame.next < frame.node.children.count else { return .end }
        return .child(frame.node.children[frame.next], level: frame.node.level - 1)
    }

    /// Moves behind the head, be it an entry or a whole node.
    mutating func advance() {
        switch head {
        case .entry(let entry): lastPath = entry.path
        case .child(let child, _): lastPath = child.lastPath
        case .end: return
        }
        frames[frames.count - 1].next += 1
        popFinished()
    }

    /// Moves into the node at the head.
    mutating func descend() throws {
        guard case .child(let child, let level) = head else { return }
        let node = try tree.node(child, level: level)
        frames[frames.count - 1].next += 1
        if let first = firstPath(of: node), let lastPath {
            guard lastPath < first, !first.isInside(lastPath) else { throw tree.misplaced(first) }
        }
        frames.append(Frame(node: node, next: 0))
    }

    /// The first entry's path; in inner nodes there is none to check yet.
    private func firstPath(of node: TreeNode) -> RepoPath? {
        node.level == 0 ? node.entries.first?.path : node.children.first?.lastPath
    }

    /// Leaves nodes that are read to the end, but for the root.
    private mutating func popFinished() {
        while frames.count > 1, let frame = frames.last, frame.next == frame.node.count {
            frames.removeLast()
        }
    }

    private mutating func seek(_ path: RepoPath) throws {
        while let frame = frames.last {
            let items =
                frame.node.level == 0
                ? frame.node.entries.map(\.path) : frame.node.children.map(\.lastPath)
            let index = firstIndex(in: items, notBelow: path)
            if index > 0 { lastPath = items[index - 1] }
            frames[frames.count - 1].next = index
            guard frame.node.level > 0, index < items.count else { break }
            try descend()
        }
        popFinished()
    }

    private func firstIndex(in paths: [RepoPath], notBelow path: RepoPath) -> Int {
        var low = 0
        var high = paths.count
        while low < high {
            let middle = (low + high) / 2
            if paths[middle] < path { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
