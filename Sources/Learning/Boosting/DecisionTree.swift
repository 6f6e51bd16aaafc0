/// A decision tree on values as tables have them.
struct DecisionTree: Sendable, Equatable {
    enum Condition: Sendable, Equatable {
        /// Numbers up to this go left, missing ones if so said.
        case atMost(Double, missing: Bool)
        /// Categories with these codes go left, rising. The code behind the last category's is that
        /// of a missing value.
        case among([UInt32])
    }

    struct Node: Sendable, Equatable {
        let feature: Int
        let condition: Condition
        /// n for node n, -1 - n for leaf n.
        let left: Int
        let right: Int
        /// What the loss, summed over the rows, fell by in its second-order expansion.
        let gain: Double
        let rows: Int
    }

    struct Leaf: Sendable, Equatable {
        let value: Double
        let rows: Int
    }

    /// Each before those below it; node 0 is the root.
    let nodes: [Node]
    /// One more than nodes.
    let leaves: [Leaf]
}

extension DecisionTree {
    /// Whether nodes and leaves make one tree that fits the features.
    func isSound(_ features: [TreeFeature]) -> Bool {
        guard leaves.count == nodes.count + 1 else { return false }
        var isNodeMet = [Bool](repeating: false, count: nodes.count)
        var isLeafMet = [Bool](repeating: false, count: leaves.count)
        for (index, node) in nodes.enumerated() {
            guard features.indices.contains(node.feature), fits(node, features[node.feature]),
                node.gain >= 0, node.rows >= 0
            else { return false }
            for way in [node.left, node.right] {
                if way >= 0 {
                    guard way > index, way < nodes.count, !isNodeMet[way] else { return false }
                    isNodeMet[way] = true
                } else {
                    guard -1 - way < leaves.count, !isLeafMet[-1 - way] else { return false }
                    isLeafMet[-1 - way] = true
                }
            }
        }
        return nodes.isEmpty || !isNodeMet.dropFirst().contains(false) && !isLeafMet.contains(false)
    }

    private func fits(_ node: Node, _ feature: TreeFeature) -> Bool {
        switch (node.condition, feature) {
        case (.atMost, .number):
            true
        case (.among(let codes), .category(_, let names)):
            !codes.isEmpty && codes.allSatisfy { $0 <= names.count }
                && zip(codes, codes.dropFirst()).allSatisfy { $0 < $1 }
        default:
            false
        }
    }
}
