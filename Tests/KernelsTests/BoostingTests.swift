import Kernels
import Testing

/// Bins of one byte, column by column.
private func table(_ columns: [[UInt8]], _ features: [BinnedFeature]) -> BinnedTable {
    BinnedTable(rows: columns[0].count, features: features, .serial) { feature, target in
        for (row, bin) in columns[feature].enumerated() { target[row] = bin }
    }
}

private func buffer(_ values: [Double]) -> SharedBuffer<Double> {
    let buffer = SharedBuffer<Double>(repeating: 0, count: values.count)
    for (index, value) in values.enumerated() { buffer[index] = value }
    return buffer
}

/// Half the squared error of `targets` at score 0: one tree, grown to these rules.
private func tree(
    _ columns: [[UInt8]], _ features: [BinnedFeature], targets: [Double], _ rules: GrowthRules
) throws -> BinnedTree {
    let table = table(columns, features)
    let grower = TreeGrower(table, rules, hasUnitHessians: true, .serial)
    let gradients = try #require(
        PackedGradients(
            gradients: buffer(targets.map { -$0 }), hessians: nil,
            into: SharedBuffer(repeating: 0, count: targets.count),
            RandomSource(seed: 1, purpose: "test"), .serial))
    return grower.grow(
        on: (0..<UInt32(targets.count)).map { $0 }, features: Array(features.indices), gradients,
        learningRate: 1)
}

private var loose: GrowthRules {
    var rules = GrowthRules()
    rules.minimumRows = 1
    rules.l2 = 0
    rules.categoryL2 = 0
    rules.categorySmoothing = 0
    return rules
}

@Suite struct TreeGrowthTests {
    @Test func `a step is found where it is`() throws {
        let column = (0..<100).map { UInt8($0 % 10) }
        var rules = loose
        rules.leaves = 2
        let found = try tree(
            [column.map { _ in 0 }, column], [.number(bins: 2), .number(bins: 10)],
            targets: column.map { $0 <= 6 ? -1 : 1 }, rules)
        #expect(found.nodes.map(\.feature) == [1])
        #expect(found.nodes[0].rule == .upTo(bin: 6, missing: true))
        #expect(found.nodes[0].left == -1 && found.nodes[0].right == -2)
        #expect(found.leaves.map(\.value) == [-1, 1])
        #expect(found.leaves.map(\.rows) == [70, 30])
        // Half of 70 * 1 + 30 * 1, less half of 40 * 40 / 100.
        #expect(found.nodes[0].gain == 42)
    }

    @Test(arguments: [true, false])
    func `missing values go where they belong`(isLow: Bool) throws {
        // Bin 4 is that of missing values.
        let column = (0..<100).map { UInt8($0 % 5) }
        var rules = loose
        rules.leaves = 2
        let found = try tree(
            [column], [.number(bins: 4)],
            targets: column.map { ($0 == 4 ? isLow : $0 <= 1) ? -1 : 1 }, rules)
        #expect(found.nodes[0].rule == .upTo(bin: 1, missing: isLow))
        #expect(found.leaves.map(\.value) == [-1, 1])
    }

    @Test func `missing values alone can be told apart`() throws {
        let column = (0..<100).map { UInt8($0 % 5) }
        var rules = loose
        rules.leaves = 2
        let found = try tree(
            [column], [.number(bins: 4)], targets: column.map { $0 == 4 ? 1 : 0 }, rules)
        let rule = try #require(found.nodes.first?.rule)
        #expect(rule.isLeft(3, of: .number(bins: 4)) != rule.isLeft(4, of: .number(bins: 4)))
        #expect(found.leaves.map(\.value).sorted() == [0, 1])
    }

    @Test func `categories are divided by what they say, not by their order`() throws {
        let column = (0..<120).map { UInt8($0 % 6) }
        let low: Set<UInt8> = [1, 4, 5]
        var rules = loose
        rules.leaves = 2
        let found = try tree(
            [column], [.category(bins: 6)], targets: column.map { low.contains($0) ? -2 : 3 },
            rules)
        #expect(found.leaves.map(\.value).sorted() == [-2, 3])
        let rule = try #require(found.nodes.first?.rule)
        let left = (0..<6).filter { rule.isLeft($0, of: .category(bins: 6)) }
        #expect(left == [1, 4, 5] || left == [0, 2, 3])
        // A text that is not known is in no set.
        #expect(!rule.isLeft(7, of: .category(bins: 6)))
    }

    @Test func `leaves, depth and rows are bounded`() throws {
        let column = (0..<256).map { UInt8($0 / 2) }
        let targets = column.map { Double($0) * Double($0) }
        for leaves in [2, 3, 8] {
            var rules = loose
            rules.leaves = leaves
            let found = try tree([column], [.number(bins: 128)], targets: targets, rules)
            #expect(found.leaves.count == leaves)
        }
        var shallow = loose
        shallow.maximumDepth = 2
        #expect(
            try tree([column], [.number(bins: 128)], targets: targets, shallow).leaves.count == 4)
        var large = loose
        large.minimumRows = 100
        let halves = try tree([column], [.number(bins: 128)], targets: targets, large)
        #expect(halves.leaves.map(\.rows).min() ?? 0 >= 100)
        var heavy = loose
        heavy.minimumHessian = 129
        #expect(try tree([column], [.number(bins: 128)], targets: targets, heavy).nodes.isEmpty)
        var demanding = loose
        demanding.minimumGain = 1e12
        #expect(try tree([column], [.number(bins: 128)], targets: targets, demanding).nodes.isEmpty)
    }

    @Test func `where nothing is to be gained there is no split`() throws {
        let column = (0..<100).map { UInt8($0 % 10) }
        let found = try tree(
            [column], [.number(bins: 10)], targets: column.map { _ in 1 }, loose)
        #expect(found.nodes.isEmpty)
        #expect(found.leaves.map(\.value) == [1])
    }
}

@Suite struct PackedGradientTests {
    private func mean(_ gradient: Double, _ hessian: Double?) throws -> (Double, Double) {
        // Row 0 sets the scale; one leaf of all the others tells their sums.
        let rows = 30_001
        let gradients = buffer([1] + [Double](repeating: gradient, count: rows - 1))
        let hessians = hessian.map { buffer([1] + [Double](repeating: $0, count: rows - 1)) }
        let packed = try #require(
            PackedGradients(
                gradients: gradients, hessians: hessians,
                into: SharedBuffer(repeating: 0, count: rows),
                RandomSource(seed: 3, purpose: "test"), .serial))
        let table = table([[UInt8](repeating: 0, count: rows)], [.number(bins: 2)])
        let grower = TreeGrower(table, loose, hasUnitHessians: hessian == nil, .serial)
        let tree = grower.grow(
            on: (1..<UInt32(rows)).map { $0 }, features: [0], packed, learningRate: 1)
        return (-tree.leaves[0].value * (hessian ?? 1), Double(tree.leaves[0].rows))
    }

    /// Rounded to a multiple of 1/256 (1/16,384), the mean of 30,000 rows is within five standard
    /// errors: 5 * 0.5 / 256 / 173.
    @Test(arguments: [0.001, -0.001, 0.3, -0.77, 1, 0])
    func `rounding has no bias`(gradient: Double) throws {
        #expect((try mean(gradient, nil).0 - gradient).magnitude < 1e-6)
        #expect((try mean(gradient, 1).0 - gradient).magnitude < 6e-5)
        #expect((try mean(gradient, 0.1).0 - gradient).magnitude < 2e-4)
    }

    @Test(arguments: [Double.nan, .infinity, -.infinity])
    func `a derivative that is not a number is told`(value: Double) {
        let words = SharedBuffer<Int64>(repeating: 0, count: 3)
        let random = RandomSource(seed: 1, purpose: "test")
        let good = buffer([1, 2, 3])
        let bad = buffer([1, value, 3])
        #expect(
            PackedGradients(gradients: bad, hessians: nil, into: words, random, .serial) == nil)
        #expect(
            PackedGradients(gradients: good, hessians: bad, into: words, random, .serial) == nil)
    }

    @Test(arguments: [1e-300, 1e300, Double.leastNonzeroMagnitude, 0])
    func `derivatives of any size are taken`(value: Double) {
        let words = SharedBuffer<Int64>(repeating: 0, count: 2)
        #expect(
            PackedGradients(
                gradients: buffer([value, -value]), hessians: nil, into: words,
                RandomSource(seed: 1, purpose: "test"), .serial) != nil)
    }
}

@Suite struct BoostingTests {
    private let columns: [[UInt8]] = (0..<3).map { column in
        let source = RandomSource(seed: 4, purpose: "columns", substream: UInt64(column))
        return (0..<2000).map { UInt8(source.bits(at: UInt64($0)) % 20) }
    }

    private func boosted(
        _ plan: BoostingPlan, validation: Int = 0
    ) -> (BoostedTrees?, BinnedTable) {
        let table = table(columns, columns.map { _ in .number(bins: 20) })
        let targets = (0..<2000).map { row in
            Double(columns[0][row]) + (columns[1][row] > 9 ? 5 : 0)
                + RandomSource(seed: 5, purpose: "noise").normal(at: UInt64(row))
        }
        let rows = (0..<UInt32(2000)).map { $0 }
        let boosted = boost(
            table, SquaredLoss(targets: targets), training: Array(rows.dropLast(validation)),
            validation: Array(rows.suffix(validation)), plan, .serial)
        return (boosted, table)
    }

    @Test func `more iterations lower the loss, and scores are the sums of the trees`() throws {
        var plan = BoostingPlan()
        plan.iterations = 5
        let few = try #require(boosted(plan).0)
        plan.iterations = 60
        let (many, table) = boosted(plan)
        let all = try #require(many)
        #expect(all.trainingLoss < few.trainingLoss && all.trainingLoss < 0.6)
        #expect(Array(all.iterations.prefix(5)) == few.iterations)
        let scores = all.scores(table, .serial)[0]
        let leaves = all.iterations.map { $0[0].leaves.map(\.value) }
        #expect(leaves.allSatisfy { !$0.isEmpty } && scores.count == 2000)
    }

    @Test func `with validation rows it ends early, at the best iteration`() throws {
        var plan = BoostingPlan()
        plan.iterations = 2000
        plan.learningRate = 0.5
        plan.patience = 5
        plan.growth.minimumRows = 1
        let stopped = try #require(boosted(plan, validation: 500).0)
        #expect(stopped.stoppedEarly && stopped.iterations.count < 100)
        plan.iterations = stopped.iterations.count
        let again = try #require(boosted(plan, validation: 500).0)
        #expect(again.iterations == stopped.iterations)
        #expect(again.trainingLoss == stopped.trainingLoss)
        #expect(again.validationLoss == stopped.validationLoss)
        #expect(!again.stoppedEarly)
    }

    @Test func `shares of rows and columns are drawn by the seed`() throws {
        var plan = BoostingPlan()
        plan.iterations = 10
        plan.rowShare = 0.5
        plan.columnShare = 0.34
        plan.seed = 1
        let first = try #require(boosted(plan).0)
        #expect(boosted(plan).0 == first)
        for tree in first.iterations.joined() {
            #expect(Set(tree.nodes.map(\.feature)).count <= 1)
            let rows = tree.leaves.reduce(0) { $0 + $1.rows }
            #expect(rows > 850 && rows < 1150)
        }
        plan.seed = 2
        #expect(boosted(plan).0 != first)
    }

    @Test func `a loss that cannot be computed with ends it`() {
        let table = table([[0, 1]], [.number(bins: 2)])
        let loss = SquaredLoss(targets: [1, .infinity])
        let plan = BoostingPlan()
        #expect(boost(table, loss, training: [0, 1], validation: [], plan, .serial) == nil)
    }
}
