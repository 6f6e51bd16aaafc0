/// Puts together what the pieces of a tree came to while they come, from the first to the last: with the
/// merges of `PieceSums`, and memory for the nodes that are begun.
package struct PieceFold<Value> {
    /// The groups that are begun, each in the one before it: what of their nodes is known, and how many
    /// there are.
    private var open: [(parts: [Value], count: Int)] = []
    /// What is to be gone into, the next last.
    private var ahead: [PieceTree]
    private let merge: ([Value]) throws -> Value
    /// What the whole tree came to, when all pieces have come.
    package private(set) var value: Value?

    /// A fold of a tree of which no piece has come.
    package init(_ tree: PieceTree, merge: @escaping ([Value]) throws -> Value) {
        ahead = [tree]
        self.merge = merge
    }

    /// Takes what the next piece came to.
    package mutating func append(_ next: Value) throws {
        while case .nodes(let nodes)? = ahead.last?.content {
            ahead.removeLast()
            ahead += nodes.reversed()
            open.append(([], nodes.count))
        }
        precondition(!ahead.isEmpty, "a tree has no more pieces than it says")
        ahead.removeLast()
        var done = next
        while var group = open.popLast() {
            group.parts.append(done)
            if group.parts.count < group.count { return open.append(group) }
            done = try merge(group.parts)
        }
        value = done
    }
}
