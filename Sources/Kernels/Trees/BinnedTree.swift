/// A decision tree over bins.
package struct BinnedTree: Sendable, Equatable {
    /// A division of rows in two.
    package struct Node: Sendable, Equatable {
        /// The index of the feature.
        package let feature: Int
        /// Which rows go left.
        package let rule: SplitRule
        /// The node to go to: n for node n, -1 - n for leaf n.
        package internal(set) var left: Int
        /// The same for the other side.
        package internal(set) var right: Int
        /// What the loss, summed over the rows, fell by in its second-order expansion.
        package let gain: Double
        /// The rows that came by.
        package let rows: Int
    }

    /// An end.
    package struct Leaf: Sendable, Equatable {
        /// What it adds to the score.
        package let value: Double
        /// The rows that came here.
        package let rows: Int
    }

    /// The nodes, each before those below it; node 0 is the root. Empty where nothing is gained.
    package let nodes: [Node]
    /// The leaves, one more than nodes.
    package let leaves: [Leaf]

    /// The bits of all of it.
    var state: [UInt64] {
        nodes.flatMap { node in
            [
                UInt64(node.feature), node.gain.bitPattern, UInt64(node.rows),
                UInt64(bitPattern: Int64(node.left)), UInt64(bitPattern: Int64(node.right)),
            ] + node.rule.state
        } + leaves.flatMap { [$0.value.bitPattern, UInt64($0.rows)] }
    }
}

/// Walks rows of a table down a tree.
struct BinnedTreeScorer: Sendable {
    private let table: BinnedTable
    private let values: [Double]
    private let steps: [Step]
    /// For each node and bin the node to go to.
    private let ways: [Int32]

    private struct Step: Sendable {
        let feature: Int
    }

    init(_ tree: BinnedTree, _ table: BinnedTable) {
        self.table = table
        values = tree.leaves.map { $0.value }
        steps = tree.nodes.map { Step(feature: $0.feature) }
        ways = tree.nodes.flatMap { node in
            (0..<Histogram.width).map { bin in
                let isLeft = node.rule.isLeft(bin, of: table.features[node.feature])
                return Int32(isLeft ? node.left : node.right)
            }
        }
    }

    func value(_ row: Int) -> Double {
        var place = steps.isEmpty ? -1 : 0
        while place >= 0 {
            // Unsafe: rows and features are the table's.
            let bin = unsafe Int(table.byRow[row &* table.stride &+ steps[place].feature])
            place = Int(ways[place &* Histogram.width &+ bin])
        }
        return values[-1 - place]
    }
}
