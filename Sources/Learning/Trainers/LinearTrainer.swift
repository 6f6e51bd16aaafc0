package import Kernels
internal import Vocabulary

/// Ridge regression: the least sum of squared errors plus l2 times the squared weights.
///
/// The target is standardised for the fit, which changes nothing in the result but makes the
/// tolerance independent of its unit. Up to 512 coefficients by the normal equations and Cholesky's
/// factor, beyond by L-BFGS.
package struct LinearTrainer: Estimator {
    package let name = "linear"
    package let targetKind = TargetKind.numbers

    /// Makes the trainer.
    package init() {}

    package func fit(
        _ design: DesignMatrix, _ target: Target, _ parameters: TrainingParameters,
        _ executor: ParallelExecutor, observer: StepObserver
    ) throws -> Fit {
        guard case .numbers(let numbers) = target else {
            preconditionFailure("a linear model is fitted to numbers")
        }
        let objective = SquaredError(
            design, numbers, Penalty(l2: parameters.l2, rows: design.rows), executor)
        let observer = observer.scaled(by: objective.scale * objective.scale)
        let minimum =
            design.coefficientCount <= maximumNewtonOrder
            ? objective.solve(parameters, observer) : objective.minimise(parameters, observer)
        return try objective.fit(minimum, name)
    }
}

/// Half the mean squared error of a target in units of its spread, around its mean, plus the penalty.
struct SquaredError {
    let design: DesignMatrix
    let target: [Double]
    let penalty: Penalty
    let executor: ParallelExecutor
    private let mean: Double
    /// The spread.
    let scale: Double

    init(
        _ design: DesignMatrix, _ numbers: [Double], _ penalty: Penalty,
        _ executor: ParallelExecutor
    ) {
        let moments = Moments.of(numbers, executor)
        let spread = moments.variance.squareRoot()
        let scale = spread > 0 ? spread : 1
        self.design = design
        target = numbers.map { ($0 - moments.mean) / scale }
        self.penalty = penalty
        self.executor = executor
        mean = moments.mean
        self.scale = scale
    }

    /// The fit of a minimum, in the target's unit. Throws `numeric` where it is none.
    func fit(_ minimum: Minimum?, _ name: String) throws -> Fit {
        guard let minimum, minimum.value.isFinite, minimum.point.allSatisfy(\.isFinite) else {
            throw StoreError.lossNotFinite(name)
        }
        var coefficients = minimum.point.map { $0 * scale }
        coefficients[0] += mean
        return Fit(
            coefficients: [coefficients], loss: minimum.value * scale * scale,
            iterations: minimum.iterations, converged: minimum.converged)
    }

    func evaluate(_ point: [Double]) -> (value: Double, gradient: [Double]) {
        let scores = design.scores(point, executor)
        let errors = scores.indices.map { scores[$0] - target[$0] }
        let rows = Double(design.rows)
        var gradient = design.transposedProduct(errors, executor).map { $0 / rows }
        penalty.addDerivative(point[...], to: &gradient)
        return (0.5 * blockDot(errors, errors) / rows + penalty.value(point[...]), gradient)
    }

    /// The mean products of the columns with each other, and with the target.
    func normalEquations() -> (matrix: SymmetricMatrix, right: [Double]) {
        let rows = Double(design.rows)
        var matrix = design.gram(rowWeights: nil, executor)
        for index in matrix.elements.indices { matrix.elements[index] /= rows }
        return (matrix, design.transposedProduct(target, executor).map { $0 / rows })
    }

    /// The minimum in one step: the objective is quadratic.
    func solve(_ parameters: TrainingParameters, _ observer: StepObserver) -> Minimum? {
        let (products, right) = normalEquations()
        observer(0, loss: nil, state: bits(products.elements) + bits(right))
        var matrix = products
        penalty.addCurvature(to: &matrix)
        guard let factor = CholeskyFactor(matrix) else { return nil }
        let point = factor.solve(right)
        let value = evaluate(point).value
        observer(1, loss: value, state: bits(point))
        return Minimum(point: point, value: value, iterations: 1, converged: true)
    }

    func minimise(_ parameters: TrainingParameters, _ observer: StepObserver) -> Minimum? {
        minimiseByLBFGS(
            from: [Double](repeating: 0, count: design.coefficientCount),
            StoppingRule(
                maximumIterations: parameters.maximumIterations, tolerance: parameters.tolerance),
            observer: observer, evaluate)
    }
}
