package import Kernels
internal import Vocabulary

/// Softmax (multinomial logistic) regression with a squared penalty: one vector of coefficients a
/// class, the probabilities are the shares of e^score.
///
/// Up to twenty classes and 512 coefficients in all by Newton's method, beyond by L-BFGS. Adding one
/// number to all intercepts changes no probability: they are given the mean 0.
package struct SoftmaxTrainer: Estimator {
    package let name = "softmax"
    package let targetKind = TargetKind.classes

    /// Makes the trainer.
    package init() {}

    package func fit(
        _ design: DesignMatrix, _ target: Target, _ parameters: TrainingParameters,
        _ executor: ParallelExecutor, observer: StepObserver
    ) throws -> Fit {
        guard case .classes(let classes, let count) = target else {
            preconditionFailure("a softmax model is fitted to classes")
        }
        let objective = SoftmaxLoss(
            design: design, classes: classes, classCount: count,
            penalty: Penalty(l2: parameters.l2, rows: design.rows), executor: executor)
        let start = [Double](repeating: 0, count: count * design.coefficientCount)
        let rule = StoppingRule(
            maximumIterations: parameters.maximumIterations, tolerance: parameters.tolerance)
        let minimum =
            count <= maximumNewtonClasses && start.count <= maximumNewtonOrder
            ? minimiseByNewton(
                from: start, rule, observer: observer, objective.evaluate,
                curvature: objective.curvature)
            : minimiseByLBFGS(from: start, rule, observer: observer, objective.evaluate)
        guard minimum.value.isFinite, minimum.point.allSatisfy(\.isFinite) else {
            throw StoreError.lossNotFinite(name)
        }
        return Fit(
            coefficients: centred(objective.vectors(minimum.point).map(Array.init)),
            loss: minimum.value, iterations: minimum.iterations, converged: minimum.converged)
    }

    private func centred(_ vectors: [[Double]]) -> [[Double]] {
        let mean = vectors.reduce(0) { $0 + $1[0] } / Double(vectors.count)
        return vectors.map { vector in
            var moved = vector
            moved[0] -= mean
            return moved
        }
    }
}

/// The matrix of second derivatives has a block for each pair of classes.
private let maximumNewtonClasses = 20

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

    /// The second derivatives: the block of classes k and l sums p_k (1 - p_k), or -p_k p_l, times
    /// the products of columns.
    func curvature(_ point: [Double]) -> SymmetricMatrix {
        let probabilities = probabilities(point)
        let rows = Double(design.rows)
        let width = design.coefficientCount
        var matrix = SymmetricMatrix(order: classCount * width)
        for left in 0..<classCount {
            for right in 0...left {
                let (first, second) = (probabilities[left], probabilities[right])
                let weights = first.indices.map { row in
                    first[row] * ((left == right ? 1 : 0) - second[row]) / rows
                }
                let block = design.gram(rowWeights: SharedBuffer(weights), executor)
                for row in 0..<width {
                    for column in 0..<(left == right ? row + 1 : width) {
                        matrix[left * width + row, right * width + column] =
                            block[max(row, column), min(row, column)]
                    }
                }
            }
            for index in 1..<max(1, width) {
                matrix[left * width + index, left * width + index] += penalty.strength
            }
        }
        return matrix
    }

    /// Each class's probabilities, row by row.
    private func probabilities(_ point: [Double]) -> [[Double]] {
        let scores = vectors(point).map { design.scores(Array($0), executor) }
        let blocks = design.blocks
        let parts = executor.map(blocks.count) { block in
            losses(scores, rows: blocks.range(block), isLabelSubtracted: false).errors
        }
        return (0..<classCount).map { index in Array(parts.map { $0[index] }.joined()) }
    }

    /// The sum of the losses of some rows, and for each class the rows' probabilities, minus 1 for
    /// the true class unless told otherwise.
    private func losses(
        _ scores: [[Double]], rows: Range<Int>, isLabelSubtracted: Bool = true
    ) -> (loss: Double, errors: [[Double]]) {
        var loss = 0.0
        var errors = [[Double]](
            repeating: [Double](repeating: 0, count: rows.count), count: classCount)
        var shares = [Double](repeating: 0, count: classCount)
        for row in rows {
            for index in 0..<classCount { shares[index] = scores[index][row] }
            let label = Int(classes[row])
            loss += softmax(&shares) - scores[label][row]
            if isLabelSubtracted { shares[label] -= 1 }
            for index in 0..<classCount { errors[index][row - rows.lowerBound] = shares[index] }
        }
        return (loss, errors)
    }
}
