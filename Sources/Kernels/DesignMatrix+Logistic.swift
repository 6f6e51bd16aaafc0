internal import CKernels

extension DesignMatrix {
    /// What logistic regression needs at a point, in one pass over the rows: the sum of the losses
    /// log(1 + e^s) - y s, and its derivatives. `labels` are 0 and 1, one a row. Each row's p (1 - p),
    /// divided by the number of rows, goes to `weights`: the weight of the row in the matrix of second
    /// derivatives of the mean loss.
    package func logisticPass(
        _ coefficients: [Double], labels: [Double], weights: SharedBuffer<Double>,
        _ executor: ParallelExecutor
    ) -> (loss: Double, gradient: [Double]) {
        precondition(labels.count == rows && weights.count == rows)
        let blocks = blocks
        let parts = executor.map(blocks.count) { block in
            logisticPass(coefficients, labels, weights, blocks.range(block), executor.level)
        }
        return (
            treeReduce(parts.map { $0.loss }) { $0 + $1 } ?? 0,
            treeSum(parts.map { $0.gradient }, count: coefficientCount)
        )
    }

    /// The same of some rows, a few at a time, which stay in the cache from step to step.
    private func logisticPass(
        _ coefficients: [Double], _ labels: [Double], _ weights: SharedBuffer<Double>,
        _ rows: Range<Int>, _ level: InstructionLevel
    ) -> (loss: Double, gradient: [Double]) {
        let tile = 256
        // Unsafe: a tile's scores and errors are set before they are read; labels and weights are
        // as many as rows.
        let scores = unsafe SharedBuffer<Double>(unset: tile)
        let errors = unsafe SharedBuffer<Double>(unset: tile)
        var loss = 0.0
        var gradient = [Double](repeating: 0, count: coefficientCount)
        unsafe labels.withUnsafeBufferPointer { labels in
            guard let labels = labels.baseAddress else { return }
            for first in stride(from: rows.lowerBound, to: rows.upperBound, by: tile) {
                let some = first..<min(rows.upperBound, first + tile)
                unsafe setScores(coefficients, rows: some, level, scores.start)
                loss = unsafe mlk_logistic(
                    level.rawValue, scores.start, labels + first, some.count,
                    Double(self.rows), loss, errors.start, weights.start + first)
                unsafe addColumns(times: errors.start, rows: some, level, to: &gradient)
            }
        }
        return (loss, gradient)
    }
}
