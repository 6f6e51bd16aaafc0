package import Vocabulary

/// One difference between two trees.
package struct TreeChange: Hashable, Sendable {
    /// Where.
    package let path: RepoPath
    /// What stood there; nil if nothing did.
    package let before: TreeEntry?
    /// What stands there; nil if nothing does.
    package let after: TreeEntry?
}

/// Calls `body` with each path at which the two trees differ, in key order; nil is a tree without
/// entries.
///
/// Equal nodes are skipped unread, so the cost is that of the differences: a few nodes each. A
/// `.tree` entry is compared by its id; whoever wants to see inside diffs the two subtrees.
package func diffTrees(
    old: Tree?, new: Tree?, _ body: (TreeChange) throws -> Void
) throws {
    if let old, let new, old.id == new.id { return }
    var diff = TreeDiff(
        old: try old.map { try TreeWalk($0) }, new: try new.map { try TreeWalk($0) })
    while let change = try diff.next() { try body(change) }
}

/// Two positions that move forward together.
private struct TreeDiff {
    var old: TreeWalk?
    var new: TreeWalk?

    mutating func next() throws -> TreeChange? {
        while true {
            switch (old?.head ?? .end, new?.head ?? .end) {
            case (.end, .end): return nil
            case (.child(let a, let oldLevel), .child(let b, let newLevel)):
                try skipOrDescend(a, oldLevel, b, newLevel)
            case (.child, _): try old?.descend()
            case (_, .child): try new?.descend()
            case (.entry(let a), .entry(let b)):
                if let change = step(a, b) { return change }
            case (.entry(let a), .end): return removed(a)
            case (.end, .entry(let b)): return added(b)
            }
        }
    }

    /// At every position, what lies before it was compared; so equal nodes at both heads cover
    /// the same keys. Unequal ones are opened from the top down, to stay aligned.
    private mutating func skipOrDescend(
        _ a: TreeChild, _ oldLevel: Int, _ b: TreeChild, _ newLevel: Int
    ) throws {
        if oldLevel == newLevel, a.digest == b.digest {
            old?.advance()
            new?.advance()
            return
        }
        if oldLevel >= newLevel { try old?.descend() }
        if newLevel >= oldLevel { try new?.descend() }
    }

    private mutating func step(_ a: TreeEntry, _ b: TreeEntry) -> TreeChange? {
        if a.path < b.path { return removed(a) }
        if b.path < a.path { return added(b) }
        old?.advance()
        new?.advance()
        return a == b ? nil : TreeChange(path: a.path, before: a, after: b)
    }

    private mutating func removed(_ entry: TreeEntry) -> TreeChange {
        old?.advance()
        return TreeChange(path: entry.path, before: entry, after: nil)
    }

    private mutating func added(_ entry: TreeEntry) -> TreeChange {
        new?.advance()
        return TreeChange(path: entry.path, before: nil, after: entry)
    }
}
