/// Grows trees on one table, leaf by leaf: each time the leaf whose split gains most is divided, of
/// equal ones the oldest.
///
/// Not `Sendable`: one tree at a time, in memory that serves the next one too. The bits of a tree do
/// not depend on the executor: all sums are of integers, and rows keep their order.
package final class TreeGrower {
    private let table: BinnedTable
    private let rules: GrowthRules
    private let executor: ParallelExecutor
    private let builder: HistogramBuilder
    private let partition: RowPartition
    /// The places of the last tree's leaves in `partition`.
    private var leafRanges: [Range<Int>] = []

    /// A grower of trees on `table`, for losses whose second derivatives are all 1 or vary.
    package init(
        _ table: BinnedTable, _ rules: GrowthRules, hasUnitHessians: Bool,
        _ executor: ParallelExecutor
    ) {
        self.table = table
        self.rules = rules
        self.executor = executor
        builder = HistogramBuilder(table, hasUnitHessians ? .unit : .varying, executor)
        partition = RowPartition(table, executor)
    }

    /// Grows a tree on some rows and features, both rising; a leaf's value is the best one by the
    /// loss's second-order expansion, times `learningRate`.
    ///
    /// Cost: about one addition for each feature of each row on the smaller side of each split.
    package func grow(
        on rows: [UInt32], features: [Int], _ gradients: PackedGradients, learningRate: Double
    ) -> BinnedTree {
        precondition(gradients.words.count == table.rows)
        partition.start(with: rows)
        let growth = Growth(
            features: features, gradients: gradients, search: SplitSearch(rules, gradients))
        var nodes: [BinnedTree.Node] = []
        var leaves = [root(growth)]
        while leaves.count < rules.leaves, let index = bestLeaf(leaves),
            let split = leaves[index].split
        {
            let parent = leaves[index]
            nodes.append(
                BinnedTree.Node(
                    feature: split.feature, rule: split.rule, left: -1 - index,
                    right: -1 - leaves.count, gain: split.gain * growth.search.gainUnit,
                    rows: parent.range.count))
            if let place = parent.place {
                if place.isLeft {
                    nodes[place.node].left = nodes.count - 1
                } else {
                    nodes[place.node].right = nodes.count - 1
                }
            }
            let isLast = leaves.count + 1 == rules.leaves
            let (left, right) = divide(
                parent, split, growth, node: nodes.count - 1, isLast: isLast)
            leaves[index] = left
            leaves.append(right)
        }
        leafRanges = leaves.map { $0.range }
        for histogram in leaves.compactMap({ $0.histogram }) { builder.release(histogram) }
        return BinnedTree(
            nodes: nodes,
            leaves: leaves.map { leaf(of: $0, gradients, learningRate: learningRate) })
    }

    /// Adds the last tree's values to the scores of the rows it was grown on, and of `others`.
    package func add(
        _ tree: BinnedTree, to scores: SharedBuffer<Double>, others: [UInt32]
    ) {
        precondition(scores.count == table.rows && leafRanges.count == tree.leaves.count)
        let (ranges, rows) = (leafRanges, partition.rows)
        _ = executor.map(ranges.count) { leaf in
            let value = tree.leaves[leaf].value
            // Unsafe: rows of the table, each in one leaf.
            for place in ranges[leaf] { unsafe scores.start[Int(rows.start[place])] += value }
        }
        guard !others.isEmpty else { return }
        let scorer = BinnedTreeScorer(tree, table)
        let blocks = RowBlocks(rows: others.count)
        _ = executor.map(blocks.count) { block in
            for place in blocks.range(block) {
                let row = Int(others[place])
                scores[row] += scorer.value(row)
            }
        }
    }

    private func leaf(
        of leaf: OpenLeaf, _ gradients: PackedGradients, learningRate: Double
    ) -> BinnedTree.Leaf {
        let hessian = Double(leaf.sums.hessian) / gradients.hessianScale + rules.l2
        let gradient = Double(leaf.sums.gradient) / gradients.gradientScale
        return BinnedTree.Leaf(
            value: hessian > 0 ? -gradient / hessian * learningRate : 0, rows: leaf.range.count)
    }
}

// MARK: - Growing

extension TreeGrower {
    /// What stays the same while one tree grows.
    private struct Growth {
        let features: [Int]
        let gradients: PackedGradients
        let search: SplitSearch

        /// The features in pieces that are worth a thread.
        var pieces: [ArraySlice<Int>] {
            stride(from: 0, to: features.count, by: 24).map {
                features[$0..<min(features.count, $0 + 24)]
            }
        }
    }

    /// A leaf that may be divided.
    private struct OpenLeaf {
        let range: Range<Int>
        let depth: Int
        let sums: LeafSums
        /// Where it hangs; nil for the root.
        let place: (node: Int, isLeft: Bool)?
        /// Nil where nothing more can come of the leaf.
        var histogram: Histogram?
        var split: LeafSplit?
    }

    private func bestLeaf(_ leaves: [OpenLeaf]) -> Int? {
        var best: (index: Int, gain: Double)?
        for (index, leaf) in leaves.enumerated() {
            guard let gain = leaf.split?.gain, gain > best?.gain ?? -.infinity else { continue }
            best = (index, gain)
        }
        return best?.index
    }

    private func root(_ growth: Growth) -> OpenLeaf {
        let parts = builder.parts(
            partition.rows, 0..<partition.count, growth.gradients)
        let histogram = parts[0]
        let (pieces, kinds, search) = (growth.pieces, table.features, growth.search)
        _ = executor.map(pieces.count) { piece in
            for feature in pieces[piece] { merge(parts, feature) }
        }
        for part in parts.dropFirst() { builder.release(part) }
        let sums = growth.features.first.map { histogram.total($0) } ?? LeafSums()
        let found = executor.map(pieces.count) { piece in
            best(pieces[piece], kinds, histogram, sums, search)
        }
        return OpenLeaf(
            range: 0..<partition.count, depth: 0, sums: sums, place: nil, histogram: histogram,
            split: found.reduce(nil, better))
    }

    /// Divides a leaf, and finds its children's best splits unless there will be none.
    private func divide(
        _ leaf: OpenLeaf, _ split: LeafSplit, _ growth: Growth, node: Int, isLast: Bool
    ) -> (left: OpenLeaf, right: OpenLeaf) {
        let middle = partition.divide(
            leaf.range, by: split.rule, table.features[split.feature], split.feature)
        var left = OpenLeaf(
            range: leaf.range.lowerBound..<middle, depth: leaf.depth + 1, sums: split.left,
            place: (node, true))
        var right = OpenLeaf(
            range: middle..<leaf.range.upperBound, depth: leaf.depth + 1,
            sums: leaf.sums - split.left, place: (node, false))
        guard let parent = leaf.histogram else { return (left, right) }
        guard !isLast, canSplit(left) || canSplit(right) else {
            builder.release(parent)
            return (left, right)
        }
        let isLeftSmaller = left.range.count <= right.range.count
        let (small, large) = isLeftSmaller ? (left, right) : (right, left)
        let parts = builder.parts(partition.rows, small.range, growth.gradients)
        let (pieces, kinds, search) = (growth.pieces, table.features, growth.search)
        let (searchesSmall, searchesLarge) = (canSplit(small), canSplit(large))
        let (smallSums, largeSums) = (small.sums, large.sums)
        let found = executor.map(pieces.count) { piece in
            for feature in pieces[piece] {
                merge(parts, feature)
                parent.combine(parts[0], feature: feature, isSubtracted: true)
            }
            return (
                searchesSmall ? best(pieces[piece], kinds, parts[0], smallSums, search) : nil,
                searchesLarge ? best(pieces[piece], kinds, parent, largeSums, search) : nil
            )
        }
        for part in parts.dropFirst() { builder.release(part) }
        let smallSplit = found.map { $0.0 }.reduce(nil, better)
        let largeSplit = found.map { $0.1 }.reduce(nil, better)
        (left.histogram, right.histogram) = isLeftSmaller ? (parts[0], parent) : (parent, parts[0])
        (left.split, right.split) =
            isLeftSmaller ? (smallSplit, largeSplit) : (largeSplit, smallSplit)
        return (left, right)
    }

    private func canSplit(_ leaf: OpenLeaf) -> Bool {
        leaf.depth < rules.maximumDepth && leaf.range.count >= 2 * max(1, rules.minimumRows)
    }
}

/// The best split of a leaf in some features; of equal ones that of the first.
private func best(
    _ features: ArraySlice<Int>, _ kinds: [BinnedFeature], _ histogram: Histogram,
    _ sums: LeafSums, _ search: SplitSearch
) -> LeafSplit? {
    features.reduce(nil) { better($0, search.best($1, kinds[$1], histogram, sums)) }
}

private func better(_ first: LeafSplit?, _ second: LeafSplit?) -> LeafSplit? {
    guard let first, let second else { return first ?? second }
    return second.gain > first.gain ? second : first
}

/// Adds the sums of a feature up in the first part.
private func merge(_ parts: [Histogram], _ feature: Int) {
    for part in parts.dropFirst() { parts[0].combine(part, feature: feature) }
}
