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
        _ executor: ParallelExecutor, observer: StepObserver
    ) throws -> Fit {
        guard case .classes(let classes, 2) = target else {
            preconditionFailure("a logistic model is fitted to two classes")
        }
        let objective = LogisticLoss(
            design, labels: classes.map(Double.init),
            Penalty(l2: parameters.l2, rows: design.rows), executor)
        let start = [Double](repeating: 0, count: design.coefficientCount)
        let rule = StoppingRule(
            maximumIterations: parameters.maximumIterations, tolerance: parameters.tolerance)
        let minimum =
            design.coefficientCount <= maximumNewtonOrder
            ? minimiseByNewton(
                from: start, rule, observer: observer, objective.evaluate,
                curvature: objective.curvature)
            : minimiseByLBFGS(from: start, rule, observer: observer, objective.evaluate)
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
    /// Each row's weight in the second derivatives at the point evaluated last.
    let weights: SharedBuffer<Double>

    init(
        _ design: DesignMatrix, labels: [Double], _ penalty: Penalty, _ executor: ParallelExecutor
    ) {
        self.design = design
        self.labels = labels
        self.penalty = penalty
        self.executor = executor
        // Unsafe: an evaluation sets them before the second derivatives read them.
        weights = unsafe SharedBuffer(unset: design.rows)
    }

    func evaluate(_ point: [Double]) -> (value: Double, gradient: [Double]) {
        let pass = design.logisticPass(point, labels: labels, weights: weights, executor)
        let rows = Double(design.rows)
        var gradient = pass.gradient.map { $0 / rows }
        penalty.addDerivative(point[...], to: &gradient)
        return (pass.loss / rows + penalty.value(point[...]), gradient)
    }

    /// The second derivatives at the point evaluated last, from the weights kept there.
    func curvature(_: [Double]) -> SymmetricMatrix {
        var matrix = design.gram(rowWeights: weights, executor)
        penalty.addCurvature(to: &matrix)
        return matrix
    }
}
