internal import Kernels
internal import Vocabulary

/// Half the mean squared error of a target in units of its spread, around its mean, plus the penalty: as
/// far as sums of products of columns tell it, without the rows.
///
/// The loss comes out as a difference of numbers near 1, so of a fit that leaves less than 1e-15 of the
/// variance nothing is told but that.
struct SquaredErrorSums {
    /// The mean products of the columns, the first of which is 1.
    let products: SymmetricMatrix
    /// The mean products of the columns with the target.
    let right: [Double]
    /// The mean square of the target.
    let square: Double
    let rows: Int
    let unit: TargetUnit

    func penalty(_ parameters: TrainingParameters) -> Penalty {
        Penalty(l2: parameters.l2, rows: rows)
    }

    /// The objective at a point.
    func value(_ point: [Double], _ penalty: Penalty) -> Double {
        var sum = square
        for row in point.indices {
            var image = -2 * right[row]
            for column in point.indices { image += products.element(row, column) * point[column] }
            sum += point[row] * image
        }
        return 0.5 * max(0, sum) + penalty.value(point[...])
    }
}

/// Fits by sums of products alone.
protocol ProductEstimator: Estimator {
    /// The most coefficients for which it goes by sums; of more it sees the rows.
    var maximumProducts: Int { get }

    /// Fits what the sums say. Throws as `fit` of rows does.
    func fit(
        _ sums: SquaredErrorSums, _ parameters: TrainingParameters, _ observer: StepObserver
    ) throws -> Fit
}

/// What a target is measured in: from its mean, by its spread.
struct TargetUnit {
    let mean: Double
    let scale: Double

    init(_ moments: Moments) {
        mean = moments.mean
        let spread = moments.variance.squareRoot()
        scale = spread > 0 ? spread : 1
    }

    init(mean: Double, scale: Double) {
        self.mean = mean
        self.scale = scale
    }

    /// The fit of a minimum, in the target's own unit. Throws `numeric` where it is none.
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
}
