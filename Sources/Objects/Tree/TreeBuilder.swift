package import Vocabulary

/// Builds a tree from entries in key order, holding one unfinished node a level: memory does not
/// grow with the number of entries.
///
/// The nodes go to `write` as they are finished, children before parents, each with its digest.
package struct TreeBuilder {
    /// One level under construction. Its first node is held back until there is a second: a
    /// level of one node is the root, and nothing must be written above it.
    private struct Level {
        var writer: TreeNodeWriter
        var held: TreeChild?
        var isPassingOn = false
    }

    /// Takes a finished node.
    package typealias NodeWriter = (_ digest: Digest, _ bytes: [UInt8]) throws -> Void

    private let write: NodeWriter
    private let lowestLevel: Int
    private var levels: [Level] = []
    private var lastPath: RepoPath?
    /// What was added so far.
    package private(set) var totals = TreeTotals()

    /// Makes a builder whose finished nodes go to `write`.
    package init(write: @escaping NodeWriter) { self.init(lowestLevel: 0, write: write) }

    /// A builder of the levels from `lowestLevel` up, fed with children.
    init(lowestLevel: Int, write: @escaping NodeWriter) {
        self.lowestLevel = lowestLevel
        self.write = write
    }

    /// Adds an entry. Throws if it does not come behind the one before it in key order, or lies
    /// below it, and whatever `write` throws.
    package mutating func append(_ entry: TreeEntry) throws {
        try checkOrder(of: entry.path, after: lastPath)
        lastPath = entry.path
        guard entry.size >= 0, totals.add(entries: 1, bytes: entry.size) else {
            throw StoreError(
                .malformed, "the sizes of the files up to '\(entry.path)' are out of range",
                subject: entry.path.description)
        }
        try add(.entry(entry), to: 0)
    }

    /// Adds a child of the lowest level's nodes; the caller keeps the order.
    mutating func append(_ child: TreeChild) throws { try add(.child(child), to: 0) }

    /// Writes what is unfinished; the id of the whole. The builder is used up.
    package mutating func finish() throws -> TreeID {
        var index = 0
        while index < levels.count {
            if !levels[index].writer.isAtBoundary { try closeNode(at: index) }
            if let root = levels[index].held { return TreeID(root.digest) }
            index += 1
        }
        var empty = TreeNodeWriter(level: 0)
        let node = empty.close()
        try write(node.digest, node.bytes)
        return TreeID(node.digest)
    }

    private mutating func add(_ item: TreeItem, to index: Int) throws {
        if index == levels.count {
            let level = lowestLevel + index
            guard level <= TreeShape.maximumLevel else {
                throw StoreError(.malformed, "the tree has too many levels")
            }
            levels.append(Level(writer: TreeNodeWriter(level: level)))
        }
        if try levels[index].writer.append(item) { try closeNode(at: index) }
    }

    private mutating func closeNode(at index: Int) throws {
        let node = levels[index].writer.close()
        try write(node.digest, node.bytes)
        guard let child = node.child else { return }
        if levels[index].isPassingOn {
            try add(.child(child), to: index + 1)
        } else if let first = levels[index].held {
            levels[index].held = nil
            levels[index].isPassingOn = true
            try add(.child(first), to: index + 1)
            try add(.child(child), to: index + 1)
        } else {
            levels[index].held = child
        }
    }
}

/// Throws unless `path` may stand behind `previous` in a tree.
func checkOrder(of path: RepoPath, after previous: RepoPath?) throws(StoreError) {
    guard let previous else { return }
    guard previous < path else {
        throw StoreError(
            .internalFault, "cannot list '\(path)' in a tree: it is out of order",
            subject: path.description)
    }
    // With `/` lowest, whatever lies below an entry stands right behind it.
    guard !path.isInside(previous) else {
        throw StoreError(
            .conflict, "cannot list '\(path)' in a tree: '\(previous)' is no directory there",
            subject: path.description)
    }
}
