package import Kernels
internal import Vocabulary

/// Ridge regression: the least sum of squared errors plus l2 times the squared weights.
///
/// The target is standardised for the fit, which changes nothing in the result but makes the
/// tolerance independent of its unit. Up to 512 coefficients by the normal equations and Cholesky's
/// factor, beyond by L-BFGS.
package struct LinearTrainer: ProductEstimator {
    package let name = "linear"
    package let targetKind = TargetKind.numbers
    let maximumProducts = maximumNewtonOrder

    /// Makes the trainer.
    package init() {}

    package func fit(
        _ design: DesignMatrix, _ target: Target, _ parameters: TrainingParameters,
        _ executor: ParallelExecutor, observer: StepObserver
    ) throws -> Fit {
        let error = SquaredError(design, target, executor)
        guard design.coefficientCount > maximumProducts else {
            return try fit(error.sums(), parameters, observer)
        }
        let observer = observer.scaled(by: error.unit.scale * error.unit.scale)
        return try error.unit.fit(error.minimise(parameters, observer), name)
    }

    /// The minimum in one step: the objective is quadratic.
    func fit(
        _ sums: SquaredErrorSums, _ parameters: TrainingParameters, _ observer: StepObserver
    ) throws -> Fit {
        let observer = observer.scaled(by: sums.unit.scale * sums.unit.scale)
        observer(0, loss: nil, state: bits(sums.products.elements) + bits(sums.right))
        let penalty = sums.penalty(parameters)
        var matrix = sums.products
        penalty.addCurvature(to: &matrix)
        let minimum = CholeskyFactor(matrix).map { factor in
            let point = factor.solve(sums.right)
            let value = sums.value(point, penalty)
            observer(1, loss: value, state: bits(point))
            return Minimum(point: point, value: value, iterations: 1, converged: true)
        }
        return try sums.unit.fit(minimum, name)
    }
}

/// Half the mean squared error of a target in units of its spread, around its mean, row by row.
struct SquaredError {
    let unit: TargetUnit
    private let design: DesignMatrix
    private let target: [Double]
    private let executor: ParallelExecutor

    init(_ design: DesignMatrix, _ target: Target, _ executor: ParallelExecutor) {
        guard case .numbers(let numbers) = target else {
            preconditionFailure("squared errors are of numbers")
        }
        let unit = TargetUnit(Moments.of(numbers, executor))
        self.design = design
        self.target = numbers.map { ($0 - unit.mean) / unit.scale }
        self.executor = executor
        self.unit = unit
    }

    /// What the rows come to.
    func sums() -> SquaredErrorSums {
        let rows = Double(design.rows)
        var matrix = design.gram(rowWeights: nil, executor)
        for index in matrix.elements.indices { matrix.elements[index] /= rows }
        return SquaredErrorSums(
            products: matrix,
            right: design.transposedProduct(target, executor).map { $0 / rows },
            square: blockDot(target, target) / rows, rows: design.rows, unit: unit)
    }

    func minimise(_ parameters: TrainingParameters, _ observer: StepObserver) -> Minimum? {
        let penalty = Penalty(l2: parameters.l2, rows: design.rows)
        return minimiseByLBFGS(
            from: [Double](repeating: 0, count: design.coefficientCount),
            StoppingRule(
                maximumIterations: parameters.maximumIterations, tolerance: parameters.tolerance),
            observer: observer
        ) { evaluate($0, penalty) }
    }

    private func evaluate(
        _ point: [Double], _ penalty: Penalty
    ) -> (value: Double, gradient: [Double]) {
        let scores = design.scores(point, executor)
        let errors = scores.indices.map { scores[$0] - target[$0] }
        let rows = Double(design.rows)
        var gradient = design.transposedProduct(errors, executor).map { $0 / rows }
        penalty.addDerivative(point[...], to: &gradient)
        return (0.5 * blockDot(errors, errors) / rows + penalty.value(point[...]), gradient)
    }
}
