internal import Bytes
internal import Kernels

/// Scores that are sums over trees.
struct TreesBody: ModelBody {
    let features: [TreeFeature]
    /// The score that each output starts from.
    let start: [Double]
    /// The trees of each iteration, one an output.
    let trees: [[DecisionTree]]
    let parameters: BoostingParameters

    var inputs: [(name: String, kind: ColumnValues.Kind)] {
        features.map { ($0.name, $0.kind) }
    }

    var size: String {
        let leaves = trees.joined().reduce(0) { $0 + $1.leaves.count }
        return "\(trees.count * start.count) trees with \(leaves) leaves"
    }

    /// What each feature did: its share of all gains, and its splits.
    var importance: [(name: String, gain: Double, splits: Int)] {
        var gains = [Double](repeating: 0, count: features.count)
        var splits = [Int](repeating: 0, count: features.count)
        for node in trees.joined().lazy.flatMap(\.nodes) {
            gains[node.feature] += node.gain
            splits[node.feature] += 1
        }
        let total = gains.reduce(0, +)
        return features.indices.map {
            (features[$0].name, total > 0 ? gains[$0] / total : 0, splits[$0])
        }
    }
}

extension TreesBody {
    /// The trees over bins as trees over values.
    init(
        _ boosted: BoostedTrees, _ columns: [TreeColumn], _ unit: (mean: Double, scale: Double),
        _ parameters: BoostingParameters
    ) {
        features = columns.map(\.feature)
        start = boosted.start.map { $0 * unit.scale + unit.mean }
        trees = boosted.iterations.map { iteration in
            iteration.map { TreesBody.tree($0, columns, unit.scale) }
        }
        self.parameters = parameters
    }

    private static func tree(
        _ tree: BinnedTree, _ columns: [TreeColumn], _ scale: Double
    ) -> DecisionTree {
        DecisionTree(
            nodes: tree.nodes.map { node in
                DecisionTree.Node(
                    feature: node.feature,
                    condition: condition(node.rule, columns[node.feature]), left: node.left,
                    right: node.right, gain: node.gain, rows: node.rows)
            },
            leaves: tree.leaves.map { .init(value: $0.value * scale, rows: $0.rows) })
    }

    private static func condition(
        _ rule: SplitRule, _ column: TreeColumn
    ) -> DecisionTree.Condition {
        switch (rule, column) {
        case (.upTo(let bin, let missing), .numbers(_, _, let bins)):
            // Behind the last bin are the missing values alone.
            .atMost(
                bin < bins.bounds.count ? bins.bounds[bin] : .greatestFiniteMagnitude,
                missing: missing)
        case (.among(let set), .categories(_, _, _, let names)):
            .among((0...UInt32(names.count)).filter { set[Int($0)] })
        default:
            preconditionFailure("a split of numbers in a column of categories, or the reverse")
        }
    }
}

// MARK: - Predicting

extension TreesBody {
    func scores(
        _ columns: [ColumnValues], rows: Int, _ executor: ParallelExecutor
    ) -> [[Double]] {
        let walk = TreeWalk(self, columns)
        let blocks = RowBlocks(rows: rows)
        let parts = executor.map(blocks.count) { walk.scores(blocks.range($0)) }
        return start.indices.map { output in Array(parts.map { $0[output] }.joined()) }
    }
}

/// Trees laid out to be walked.
private struct TreeWalk: Sendable {
    private struct Step: Sendable {
        let feature: Int
        /// Of numbers: the largest that goes left. Of categories: where its flags start.
        let bound: Double
        let first: Int
        let isCategory: Bool
        let isMissingLeft: Bool
        /// n for step n, -1 - n for value n.
        let left: Int
        let right: Int
    }

    private let start: [Double]
    /// Each output's trees by their roots.
    private var roots: [[Int]]
    private var steps: [Step] = []
    private var values: [Double] = []
    /// For each categorical step a flag a code: whether it goes left.
    private var flags: [Bool] = []
    private let columns: [Column]

    private enum Column: Sendable {
        case numbers([Double])
        /// The model's code of each row, that of other texts behind that of missing values.
        case codes([UInt32])
    }

    init(_ body: TreesBody, _ columns: [ColumnValues]) {
        start = body.start
        self.columns = zip(body.features, columns).map(TreeWalk.column)
        roots = body.start.map { _ in [] }
        for iteration in body.trees {
            for (output, tree) in iteration.enumerated() {
                roots[output].append(tree.nodes.isEmpty ? -1 - values.count : steps.count)
                add(tree, body.features)
            }
        }
    }

    private mutating func add(_ tree: DecisionTree, _ features: [TreeFeature]) {
        let (firstStep, firstValue) = (steps.count, values.count)
        func place(_ way: Int) -> Int { way >= 0 ? way + firstStep : way - firstValue }
        for node in tree.nodes {
            var bound = 0.0
            var isMissingLeft = false
            let first = flags.count
            switch node.condition {
            case .atMost(let value, let missing): (bound, isMissingLeft) = (value, missing)
            case .among(let codes):
                guard case .category(_, let names) = features[node.feature] else { break }
                flags += [Bool](repeating: false, count: names.count + 2)
                for code in codes { flags[first + Int(code)] = true }
            }
            steps.append(
                Step(
                    feature: node.feature, bound: bound, first: first,
                    isCategory: features[node.feature].kind == .category,
                    isMissingLeft: isMissingLeft, left: place(node.left),
                    right: place(node.right)))
        }
        values += tree.leaves.map(\.value)
    }

    private static func column(_ feature: TreeFeature, _ values: ColumnValues) -> Column {
        switch (feature, values) {
        case (.number, .numbers(let numbers)):
            return .numbers(numbers)
        case (.category(_, let names), .categories(let codes, let texts)):
            var codeOfName: [[UInt8]: UInt32] = [:]
            for (code, name) in names.enumerated() { codeOfName[Array(name.utf8)] = UInt32(code) }
            let missing = UInt32(names.count)
            let translated = texts.map { codeOfName[Array($0.utf8)] ?? missing + 1 }
            return .codes(codes.map { $0 == ColumnValues.missing ? missing : translated[Int($0)] })
        default:
            preconditionFailure("the columns were not read by the features' kinds")
        }
    }

    /// The scores of some rows, output by output: the start, then the trees' values in order.
    func scores(_ rows: Range<Int>) -> [[Double]] {
        var scores = start.map { [Double](repeating: $0, count: rows.count) }
        var values = [Double](repeating: 0, count: columns.count)
        for row in rows {
            for (feature, column) in columns.enumerated() {
                switch column {
                case .numbers(let numbers): values[feature] = numbers[row]
                case .codes(let codes): values[feature] = Double(codes[row])
                }
            }
            for output in start.indices {
                var score = start[output]
                for root in roots[output] { score += value(root, values) }
                scores[output][row - rows.lowerBound] = score
            }
        }
        return scores
    }

    private func value(_ root: Int, _ row: [Double]) -> Double {
        var place = root
        while place >= 0 {
            let step = steps[place]
            let value = row[step.feature]
            let isLeft =
                step.isCategory
                ? flags[step.first + Int(value)]
                : value <= step.bound || value.isNaN && step.isMissingLeft
            place = isLeft ? step.left : step.right
        }
        return values[-1 - place]
    }
}
