/// How trees are boosted.
package struct BoostingPlan: Sendable, Equatable {
    /// The most iterations: trees an output.
    package var iterations = 100
    /// What each tree's values are multiplied by.
    package var learningRate = 0.1
    /// How each tree grows.
    package var growth = GrowthRules()
    /// The share of the rows that each iteration's trees are grown on.
    package var rowShare = 1.0
    /// The share of the columns that each tree may use.
    package var columnShare = 1.0
    /// With validation rows: after so many iterations without a lower loss of theirs it ends.
    package var patience = 20
    /// The seed of rows, columns and rounding.
    package var seed: UInt64 = 0

    /// The defaults.
    package init() {}
}

/// What boosting found.
package struct BoostedTrees: Sendable, Equatable {
    /// The score that each output starts from.
    package let start: [Double]
    /// The trees of each iteration, one an output. The score of an output is its start and the
    /// values of its trees.
    package let iterations: [[BinnedTree]]
    /// The mean loss of the rows it was grown on, at the end.
    package let trainingLoss: Double
    /// The same of the validation rows; nil without any.
    package let validationLoss: Double?
    /// Whether it ended before the last iteration, as the validation loss fell no more.
    package let stoppedEarly: Bool
}

extension BoostedTrees {
    /// The scores of all rows of a table whose bins are those of the training table, by output.
    package func scores(
        _ table: BinnedTable, _ executor: ParallelExecutor
    ) -> [SharedBuffer<Double>] {
        sum(start, iterations, table, executor)
    }
}

/// The sums of starts and trees, output by output.
private func sum(
    _ start: [Double], _ iterations: [[BinnedTree]], _ table: BinnedTable,
    _ executor: ParallelExecutor
) -> [SharedBuffer<Double>] {
    start.indices.map { output in
        let scores = SharedBuffer(repeating: start[output], count: table.rows)
        let scorers = iterations.map { BinnedTreeScorer($0[output], table) }
        let blocks = RowBlocks(rows: table.rows)
        _ = executor.map(blocks.count) { block in
            for scorer in scorers {
                for row in blocks.range(block) { scores[row] += scorer.value(row) }
            }
        }
        return scores
    }
}

/// Gradient boosting (Friedman, 2001): each iteration grows a tree an output on the derivatives of
/// the loss at the scores so far, and adds it to them.
///
/// Of `training` and `validation`, both rising rows of the table, the second only tells when to
/// end; then the trees behind the best iteration are dropped. Nil when a derivative is not a finite
/// number. The observer is told of each iteration with its trees and the loss of the validation rows, or
/// without such of at most 4,096 of the others, evenly spaced. Equal arguments give equal bits for any executor. Cost: `TreeGrower.grow` for each tree,
/// and one exponential a row and output.
package func boost(
    _ table: BinnedTable, _ loss: some BoostingLoss, training: [UInt32], validation: [UInt32],
    _ plan: BoostingPlan, _ executor: ParallelExecutor, observer: StepObserver = .none
) -> BoostedTrees? {
    precondition(loss.rows == table.rows && !training.isEmpty)
    return Booster(table, loss, training, validation, plan, executor).run(observer)
}

/// One run of `boost`.
private final class Booster<Loss: BoostingLoss> {
    private let table: BinnedTable
    private let loss: Loss
    private let training: [UInt32]
    private let validation: [UInt32]
    private let plan: BoostingPlan
    private let executor: ParallelExecutor
    private let grower: TreeGrower
    private let scores: [SharedBuffer<Double>]
    private let normalisers: SharedBuffer<Double>
    private let gradients: SharedBuffer<Double>
    private let hessians: SharedBuffer<Double>
    private let words: SharedBuffer<Int64>
    private let start: [Double]

    init(
        _ table: BinnedTable, _ loss: Loss, _ training: [UInt32], _ validation: [UInt32],
        _ plan: BoostingPlan, _ executor: ParallelExecutor
    ) {
        self.table = table
        self.loss = loss
        self.training = training
        self.validation = validation
        self.plan = plan
        self.executor = executor
        grower = TreeGrower(
            table, plan.growth, hasUnitHessians: loss.hasUnitHessians, executor)
        start = loss.start(training)
        scores = start.map { SharedBuffer(repeating: $0, count: table.rows) }
        normalisers = SharedBuffer(repeating: 0, count: loss.outputs > 1 ? table.rows : 0)
        gradients = SharedBuffer(repeating: 0, count: table.rows)
        hessians = SharedBuffer(repeating: 0, count: loss.hasUnitHessians ? 0 : table.rows)
        words = SharedBuffer(repeating: 0, count: table.rows)
    }

    func run(_ observer: StepObserver) -> BoostedTrees? {
        var grown: [[BinnedTree]] = []
        var best: (iterations: Int, loss: Double)?
        if !validation.isEmpty { best = (0, loss.mean(scores, of: validation)) }
        var stoppedEarly = false
        observer(0, loss: nil, state: bits(start))
        for iteration in 0..<plan.iterations {
            guard let trees = grow(iteration) else { return nil }
            // The same derivatives would give the same nothing again.
            if trees.allSatisfy({ $0.nodes.isEmpty }), plan.rowShare == 1, plan.columnShare == 1 {
                break
            }
            grown.append(trees)
            let now = validation.isEmpty ? nil : loss.mean(scores, of: validation)
            observer(
                grown.count, loss: now ?? loss.mean(scores, of: sample),
                state: trees.flatMap { $0.state })
            guard let now, let lowest = best else { continue }
            if now < lowest.loss {
                best = (grown.count, now)
            } else if grown.count - lowest.iterations >= plan.patience {
                stoppedEarly = true
                break
            }
        }
        let kept = best.map { Array(grown.prefix($0.iterations)) } ?? grown
        let last = kept.count < grown.count ? sum(start, kept, table, executor) : scores
        return BoostedTrees(
            start: start, iterations: kept, trainingLoss: loss.mean(last, of: training),
            validationLoss: best?.loss, stoppedEarly: stoppedEarly)
    }

    /// Rows whose loss is quickly known.
    private lazy var sample: [UInt32] = {
        let step = (training.count + 4095) / 4096
        return stride(from: 0, to: training.count, by: step).map { training[$0] }
    }()

    /// The trees of an iteration, added to the scores; nil when a derivative is not finite.
    private func grow(_ iteration: Int) -> [BinnedTree]? {
        let (rows, others) = rows(iteration)
        loss.prepare(scores, normalisers, executor)
        var trees: [BinnedTree] = []
        for output in 0..<loss.outputs {
            loss.derive(
                output: output, scores[output], normalisers, gradients: gradients,
                hessians: hessians, executor)
            let number = UInt64(iteration * loss.outputs + output)
            guard
                let packed = PackedGradients(
                    gradients: gradients, hessians: loss.hasUnitHessians ? nil : hessians,
                    into: words,
                    RandomSource(seed: plan.seed, purpose: "boosting rounding", substream: number),
                    executor)
            else { return nil }
            let tree = grower.grow(
                on: rows, features: columns(number), packed, learningRate: plan.learningRate)
            grower.add(tree, to: scores[output], others: others)
            trees.append(tree)
        }
        return trees
    }

    /// The rows of an iteration's trees, and all others of the table.
    private func rows(_ iteration: Int) -> (chosen: [UInt32], others: [UInt32]) {
        guard plan.rowShare < 1 else { return (training, validation) }
        let random = RandomSource(
            seed: plan.seed, purpose: "boosting rows", substream: UInt64(iteration))
        var chosen: [UInt32] = []
        var others = validation
        for row in training {
            if random.uniform(at: UInt64(row)) < plan.rowShare {
                chosen.append(row)
            } else {
                others.append(row)
            }
        }
        return (chosen, others)
    }

    private func columns(_ tree: UInt64) -> [Int] {
        let count = table.features.count
        guard plan.columnShare < 1 else { return Array(0..<count) }
        let random = RandomSource(seed: plan.seed, purpose: "boosting columns", substream: tree)
        var generator = random.generator
        let wanted = max(1, Int((plan.columnShare * Double(count)).rounded()))
        return generator.permutation(count).prefix(wanted).sorted()
    }
}
