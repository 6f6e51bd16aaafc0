/// A loss that boosting lowers: a sum over rows of a function of the row's scores, one score an
/// output.
package protocol BoostingLoss: Sendable {
    /// The rows that it knows the truth of.
    var rows: Int { get }
    /// Scores a row.
    var outputs: Int { get }
    /// Whether all second derivatives are 1.
    var hasUnitHessians: Bool { get }

    /// The constant scores that boosting starts from, the best ones for these rows.
    func start(_ rows: [UInt32]) -> [Double]

    /// Writes for all rows what `derive` needs besides the row's score for an output.
    func prepare(
        _ scores: [SharedBuffer<Double>], _ normalisers: SharedBuffer<Double>,
        _ executor: ParallelExecutor)

    /// Writes the first and second derivatives by the score of an output, for all rows.
    func derive(
        output: Int, _ scores: SharedBuffer<Double>, _ normalisers: SharedBuffer<Double>,
        gradients: SharedBuffer<Double>, hessians: SharedBuffer<Double>,
        _ executor: ParallelExecutor)

    /// The mean loss of some rows, one at least.
    func mean(_ scores: [SharedBuffer<Double>], of rows: [UInt32]) -> Double
}

extension BoostingLoss {
    /// Most losses of one output need nothing.
    package func prepare(
        _ scores: [SharedBuffer<Double>], _ normalisers: SharedBuffer<Double>,
        _ executor: ParallelExecutor
    ) {}
}

/// Half the squared error.
package struct SquaredLoss: BoostingLoss {
    private let targets: [Double]

    /// The loss for these true values.
    package init(targets: [Double]) { self.targets = targets }

    package var rows: Int { targets.count }
    package let outputs = 1
    package let hasUnitHessians = true

    package func start(_ rows: [UInt32]) -> [Double] {
        [blockSum(count: rows.count) { targets[Int(rows[$0])] } / Double(rows.count)]
    }

    package func derive(
        output: Int, _ scores: SharedBuffer<Double>, _ normalisers: SharedBuffer<Double>,
        gradients: SharedBuffer<Double>, hessians: SharedBuffer<Double>,
        _ executor: ParallelExecutor
    ) {
        let blocks = RowBlocks(rows: rows)
        _ = executor.map(blocks.count) { block in
            // Unsafe, here and in the other losses: the buffers have a place for each row.
            for row in blocks.range(block) {
                unsafe gradients.start[row] = scores.start[row] - targets[row]
            }
        }
    }

    package func mean(_ scores: [SharedBuffer<Double>], of rows: [UInt32]) -> Double {
        let scores = scores[0]
        return blockSum(count: rows.count) { place in
            let error = scores[Int(rows[place])] - targets[Int(rows[place])]
            return 0.5 * error * error
        } / Double(rows.count)
    }
}

/// The log loss of two classes, the probability of the second being the sigmoid of the score.
package struct LogisticTreeLoss: BoostingLoss {
    private let labels: [UInt32]

    /// The loss for these classes, 0 or 1.
    package init(labels: [UInt32]) { self.labels = labels }

    package var rows: Int { labels.count }
    package let outputs = 1
    package let hasUnitHessians = false

    /// The log of the odds; half a row is added to a class that does not occur.
    package func start(_ rows: [UInt32]) -> [Double] {
        let positive = Double(rows.count { labels[Int($0)] == 1 })
        let negative = Double(rows.count) - positive
        return [logarithm(max(positive, 0.5) / max(negative, 0.5))]
    }

    package func derive(
        output: Int, _ scores: SharedBuffer<Double>, _ normalisers: SharedBuffer<Double>,
        gradients: SharedBuffer<Double>, hessians: SharedBuffer<Double>,
        _ executor: ParallelExecutor
    ) {
        let blocks = RowBlocks(rows: rows)
        _ = executor.map(blocks.count) { block in
            for row in blocks.range(block) {
                // One exponential serves both: e^-|s|.
                let score = unsafe scores.start[row]
                let power = exponential(-score.magnitude)
                let share = 1 / (1 + power)
                let probability = score >= 0 ? share : power * share
                unsafe gradients.start[row] = probability - Double(labels[row])
                unsafe hessians.start[row] = power * share * share
            }
        }
    }

    package func mean(_ scores: [SharedBuffer<Double>], of rows: [UInt32]) -> Double {
        let scores = scores[0]
        return blockSum(count: rows.count) { place in
            let row = Int(rows[place])
            return softplus(labels[row] == 1 ? -scores[row] : scores[row])
        } / Double(rows.count)
    }
}

/// The log loss of several classes, whose probabilities are the shares of e^score.
///
/// Second derivatives are taken times K / (K - 1) (Friedman, 2001), as the scores of K classes have
/// K - 1 degrees of freedom.
package struct SoftmaxTreeLoss: BoostingLoss {
    private let classes: [UInt32]
    package let outputs: Int

    /// The loss for these classes, indexes below `count`.
    package init(classes: [UInt32], count: Int) {
        precondition(count > 1)
        self.classes = classes
        outputs = count
    }

    package var rows: Int { classes.count }
    package let hasUnitHessians = false

    /// The logs of the classes' shares; half a row is added to one that does not occur.
    package func start(_ rows: [UInt32]) -> [Double] {
        var counts = [Double](repeating: 0, count: outputs)
        for row in rows { counts[Int(classes[Int(row)])] += 1 }
        return counts.map { logarithm(max($0, 0.5) / Double(rows.count)) }
    }

    /// The log of the sum of e^score.
    package func prepare(
        _ scores: [SharedBuffer<Double>], _ normalisers: SharedBuffer<Double>,
        _ executor: ParallelExecutor
    ) {
        let blocks = RowBlocks(rows: rows)
        _ = executor.map(blocks.count) { block in
            var values = [Double](repeating: 0, count: outputs)
            for row in blocks.range(block) {
                for output in 0..<outputs { values[output] = unsafe scores[output].start[row] }
                unsafe normalisers.start[row] = logSumExp(values)
            }
        }
    }

    package func derive(
        output: Int, _ scores: SharedBuffer<Double>, _ normalisers: SharedBuffer<Double>,
        gradients: SharedBuffer<Double>, hessians: SharedBuffer<Double>,
        _ executor: ParallelExecutor
    ) {
        let blocks = RowBlocks(rows: rows)
        let factor = Double(outputs) / Double(outputs - 1)
        _ = executor.map(blocks.count) { block in
            for row in blocks.range(block) {
                // Rounding may leave the share a little above 1.
                let share = unsafe min(1, exponential(scores.start[row] - normalisers.start[row]))
                unsafe gradients.start[row] = share - (classes[row] == UInt32(output) ? 1 : 0)
                unsafe hessians.start[row] = factor * share * (1 - share)
            }
        }
    }

    package func mean(_ scores: [SharedBuffer<Double>], of rows: [UInt32]) -> Double {
        var values = [Double](repeating: 0, count: outputs)
        let losses = rows.map { row in
            for output in 0..<outputs { values[output] = scores[output][Int(row)] }
            return logSumExp(values) - values[Int(classes[Int(row)])]
        }
        return blockSum(losses) / Double(rows.count)
    }
}
