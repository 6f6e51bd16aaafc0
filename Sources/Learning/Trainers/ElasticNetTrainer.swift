package import Kernels
internal import Vocabulary

/// Linear regression with both penalties: l1 times the sizes of the weights, which leaves features
/// out, and l2 times half their squares.
///
/// By descent along one coordinate after the other on the matrix of the columns' products, so each
/// step costs nothing that grows with the rows (J. Friedman, T. Hastie, R. Tibshirani, 2010).
package struct ElasticNetTrainer: ProductEstimator {
    package let name = "elastic-net"
    package let targetKind = TargetKind.numbers
    package let isSparse = true

    /// Makes the trainer.
    package init() {}

    /// The most coefficients: the products of all pairs are kept for each block of rows.
    static let maximumCoefficients = 2000

    /// Beyond this the sums of some blocks of rows together would take gigabytes.
    let maximumProducts = 1000

    package func fit(
        _ design: DesignMatrix, _ target: Target, _ parameters: TrainingParameters,
        _ executor: ParallelExecutor, observer: StepObserver
    ) throws -> Fit {
        guard design.coefficientCount <= ElasticNetTrainer.maximumCoefficients else {
            throw StoreError.tooManyCoefficients(design.coefficientCount)
        }
        return try fit(SquaredError(design, target, executor).sums(), parameters, observer)
    }

    func fit(
        _ sums: SquaredErrorSums, _ parameters: TrainingParameters, _ observer: StepObserver
    ) throws -> Fit {
        let penalty = sums.penalty(parameters)
        // In the unit of the target the loss is scale^2 times as large, the weights scale times.
        let l1 = (parameters.l1 ?? 1) / (Double(sums.rows) * sums.unit.scale)
        var descent = CoordinateDescent(
            products: sums.products, right: sums.right, l1: l1, l2: penalty.strength)
        guard descent.isFinite else { throw StoreError.lossNotFinite(name) }
        let observer = observer.scaled(by: sums.unit.scale * sums.unit.scale)
        var iterations = 0
        observer(0, loss: descent.loss, state: bits(sums.products.elements) + bits(sums.right))
        while iterations < parameters.maximumIterations,
            descent.largestDerivative > parameters.tolerance
        {
            descent.sweep()
            iterations += 1
            observer(iterations, loss: descent.loss, state: bits(descent.point))
        }
        let point = descent.point
        let sizes = point.dropFirst().reduce(0) { $0 + $1.magnitude }
        return try sums.unit.fit(
            Minimum(
                point: point, value: sums.value(point, penalty) + l1 * sizes,
                iterations: iterations,
                converged: descent.largestDerivative <= parameters.tolerance), name)
    }
}

/// Half w' products w - right' w, plus l1 |w| and l2 / 2 |w|^2, of all weights but the intercept, which
/// has at every point its best value.
private struct CoordinateDescent {
    let products: SymmetricMatrix
    let right: [Double]
    let l1: Double
    let l2: Double
    private var weights: [Double]
    /// The products times the weights.
    private var image: [Double]
    private let means: [Double]
    private let meanOfTarget: Double

    /// From the mean products of columns, the first of which is 1, with each other and the target.
    init(products: SymmetricMatrix, right: [Double], l1: Double, l2: Double) {
        let means = (1..<right.count).map { products[$0, 0] }
        var centred = SymmetricMatrix(order: means.count)
        for row in means.indices {
            for column in 0...row {
                centred[row, column] =
                    products[1 + row, 1 + column] - means[row] * means[column]
            }
        }
        self.products = centred
        self.right = means.indices.map { right[1 + $0] - means[$0] * right[0] }
        self.l1 = l1
        self.l2 = l2
        self.means = means
        meanOfTarget = right[0]
        weights = [Double](repeating: 0, count: means.count)
        image = weights
    }

    /// The intercept and the weights.
    var point: [Double] {
        var intercept = meanOfTarget
        for index in means.indices { intercept -= means[index] * weights[index] }
        return [intercept] + weights
    }

    /// Whether there is something to descend on.
    var isFinite: Bool { products.elements.allSatisfy(\.isFinite) && right.allSatisfy(\.isFinite) }

    /// The objective, from the products alone: of a target whose mean square is 1.
    var loss: Double {
        var value = 0.5
        for (index, weight) in weights.enumerated() {
            value += weight * (0.5 * (image[index] + l2 * weight) - right[index])
            value += l1 * weight.magnitude
        }
        return value
    }

    /// The largest derivative by a weight; at a weight of zero, where there are two, the smaller.
    var largestDerivative: Double {
        weights.indices.reduce(0) { max($0, derivative($1)) }
    }

    private func derivative(_ index: Int) -> Double {
        let slope = image[index] - right[index]
        let weight = weights[index]
        if weight == 0 { return max(0, slope.magnitude - l1) }
        return (slope + l2 * weight + (weight > 0 ? l1 : -l1)).magnitude
    }

    /// Moves each weight in turn to where the objective is least along it.
    mutating func sweep() {
        for index in weights.indices {
            let diagonal = products[index, index]
            let pull = right[index] - image[index] + diagonal * weights[index]
            // A column without values has no weight.
            let curvature = diagonal + l2
            let moved = curvature > 0 ? shrink(pull) / curvature : 0
            let step = moved - weights[index]
            guard step != 0 else { continue }
            weights[index] = moved
            for other in image.indices {
                image[other] += step * products[max(index, other), min(index, other)]
            }
        }
    }

    private func shrink(_ pull: Double) -> Double {
        if pull > l1 { return pull - l1 }
        return pull < -l1 ? pull + l1 : 0
    }
}

extension StoreError {
    static func tooManyCoefficients(_ count: Int) -> StoreError {
        StoreError(
            .numeric,
            "cannot fit an elastic-net model with \(count) coefficients: "
                + "\(ElasticNetTrainer.maximumCoefficients) are the most",
            subject: "features",
            advice: "name fewer columns under 'features', or use 'model: linear'")
    }
}
