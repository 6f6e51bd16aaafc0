package import Kernels
internal import Vocabulary

/// Logistic regression with a squared penalty: class 1's probability is the sigmoid of the score.
///
/// Up to 512 coefficients by Newton's method, beyond by L-BFGS.
package struct LogisticTrainer: Estimator {
    package let name = "logistic"
    package let targetKind = TargetKind.twoClasses

    /// Makes the trainer.
    package init() {}

    package func fit(
        _ design: DesignMatrix, _ target: Target, _ parameters: TrainingParameters,
        _ executor: ParallelExecutor
    ) throws -> Fit {
        guard case .classes(let classes, 2) = target else {
            preconditionFailure("a logistic model is fitted to two classes")
        }
        let objective = LogisticLoss(
            design: design, labels: classes.map(Double.init),
            penalty: Penalty(l2: parameters.l2, rows: design.rows), executor: executor)
        let start = [Double](repeating: 0, count: design.coefficientCount)
        let rule = StoppingRule(
            maximumIterations: parameters.maximumIterations, tolerance: parameters.tolerance)
        let minimum =
            design.coefficientCount <= maximumNewtonOrder
            ? minimiseByNewton(
                from: start, rule, objective.evaluate, curvature: objective.curvature)
            : minimiseByLBFGS(from: start, rule, objective.evaluate)
        guard minimum.value.isFinite, minimum.point.allSatisfy(\.isFinite) else {
            throw StoreError.lossNotFinite(name)
        }
        return Fit(
            coefficients: [minimum.point], loss: minimum.value, iterations: minimum.iterations,
            converged: minimum.converged)
    }
}

/// The mean of log(1 + e^s) - y s over the rows, plus the penalty.
private struct LogisticLoss {
    let design: DesignMatrix
    let labels: [Double]
    let penalty: Penalty
    let executor: ParallelExecutor

    func evaluate(_ point: [Double]) -> (value: Double, gradient: [Double]) {
        let scores = design.scores(point, executor)
        let blocks = design.blocks
        let parts = executor.map(blocks.count) { block in
            losses(scores, rows: blocks.range(block))
        }
        let rows = Double(design.rows)
        let loss = treeReduce(parts.map(\.loss)) { $0 + $1 } ?? 0
        let errors = Array(parts.map(\.errors).joined())
        var gradient = design.transposedProduct(errors, executor).map { $0 / rows }
        penalty.addDerivative(point[...], to: &gradient)
        return (loss / rows + penalty.value(point[...]), gradient)
    }

    /// The sum of the losses of some rows, and each row's probability minus its label.
    private func losses(
        _ scores: [Double], rows: Range<Int>
    ) -> (loss: Double, errors: [Double]) {
        var loss = 0.0
        let errors = rows.map { row in
            // One exponential serves the loss and the probability: e^-|s|.
            let score = scores[row]
            let power = exponential(-score.magnitude)
            loss += max(score, 0) + logarithmOnePlus(power) - labels[row] * score
            return (score >= 0 ? 1 : power) / (1 + power) - labels[row]
        }
        return (loss, errors)
    }

    func curvature(_ point: [Double]) -> SymmetricMatrix {
        let scores = design.scores(point, executor)
        let blocks = design.blocks
        let rows = Double(design.rows)
        let parts = executor.map(blocks.count) { block in
            blocks.range(block).map { row in
                let power = exponential(-scores[row].magnitude)
                return power / ((1 + power) * (1 + power)) / rows
            }
        }
        var matrix = design.gram(rowWeights: Array(parts.joined()), executor)
        penalty.addCurvature(to: &matrix)
        return matrix
    }
}
