package import Kernels
internal import Vocabulary

/// Softmax (multinomial logistic) regression with a squared penalty: one vector of coefficients a
/// class, the probabilities are the shares of e^score. By L-BFGS.
package struct SoftmaxTrainer: Estimator {
    package let name = "softmax"
    package let targetKind = TargetKind.classes

    /// Makes the trainer.
    package init() {}

    package func fit(
        _ design: DesignMatrix, _ target: Target, _ parameters: TrainingParameters,
        _ executor: ParallelExecutor
    ) throws -> Fit {
        guard case .classes(let classes, let count) = target else {
            preconditionFailure("a softmax model is fitted to classes")
        }
        let objective = SoftmaxLoss(
            design: design, classes: classes, classCount: count,
            penalty: Penalty(l2: parameters.l2, rows: design.rows), executor: executor)
        let minimum = minimiseByLBFGS(
            from: [Double](repeating: 0, count: count * design.coefficientCount),
            StoppingRule(
                maximumIterations: parameters.maximumIterations, tolerance: parameters.tolerance),
            objective.evaluate)
        guard minimum.value.isFinite, minimum.point.allSatisfy(\.isFinite) else {
            throw StoreError.lossNotFinite(name)
        }
        return Fit(
            coefficients: objective.vectors(minimum.point).map(Array.init), loss: minimum.value,
            iterations: minimum.iterations, converged: minimum.converged)
    }
}

/// The mean of log(sum of e^s) - s[class] over the rows, plus the penalty.
private struct SoftmaxLoss {
    let design: DesignMatrix
    let classes: [UInt32]
    let classCount: Int
    let penalty: Penalty
    let executor: ParallelExecutor

    /// The coefficients of each class: the point is theirs, one after the other.
    func vectors(_ point: [Double]) -> [ArraySlice<Double>] {
        let count = design.coefficientCount
        return (0..<classCount).map { point[($0 * count)..<(($0 + 1) * count)] }
    }

    func evaluate(_ point: [Double]) -> (value: Double, gradient: [Double]) {
        let vectors = vectors(point)
        let scores = vectors.map { design.scores(Array($0), executor) }
        let blocks = design.blocks
        let parts = executor.map(blocks.count) { block in
            losses(scores, rows: blocks.range(block))
        }
        let rows = Double(design.rows)
        var value = (treeReduce(parts.map(\.loss)) { $0 + $1 } ?? 0) / rows
        var gradient: [Double] = []
        for (index, vector) in vectors.enumerated() {
            let errors = Array(parts.map { $0.errors[index] }.joined())
            var part = design.transposedProduct(errors, executor).map { $0 / rows }
            penalty.addDerivative(vector, to: &part)
            gradient += part
            value += penalty.value(vector)
        }
        return (value, gradient)
    }

    /// The sum of the losses of some rows, and for each class the rows' probabilities minus 1 or 0.
    private func losses(
        _ scores: [[Double]], rows: Range<Int>
    ) -> (loss: Double, errors: [[Double]]) {
        var loss = 0.0
        var errors = [[Double]](
            repeating: [Double](repeating: 0, count: rows.count), count: classCount)
        var shares = [Double](repeating: 0, count: classCount)
        for row in rows {
            for index in 0..<classCount { shares[index] = scores[index][row] }
            let label = Int(classes[row])
            loss += softmax(&shares) - scores[label][row]
            shares[label] -= 1
            for index in 0..<classCount { errors[index][row - rows.lowerBound] = shares[index] }
        }
        return (loss, errors)
    }
}
