internal import Bytes
internal import Kernels

/// How far predictions of numbers are from the truth.
struct RegressionMetrics: Sendable, Equatable {
    let rows: Int
    /// The square root of the mean squared error.
    let rmse: Double
    /// The mean magnitude of the errors.
    let mae: Double
    /// The median magnitude of the errors.
    let medianAbsoluteError: Double
    /// The largest magnitude of an error.
    let maximumError: Double
    /// The mean of prediction minus truth.
    let meanError: Double
    /// 1 - squared error / squared distance from the mean; nil when all true values are equal.
    let r2: Double?

    /// Measures at least one prediction.
    init(predictions: [Double], truth: [Double], _ executor: ParallelExecutor) {
        precondition(predictions.count == truth.count && !truth.isEmpty)
        let errors = predictions.indices.map { predictions[$0] - truth[$0] }
        let magnitudes = sortedTotally(errors.map(\.magnitude))
        let count = Double(errors.count)
        let squares = blockDot(errors, errors)
        rows = errors.count
        rmse = (squares / count).squareRoot()
        mae = blockSum(magnitudes) / count
        medianAbsoluteError = quantile(ofSorted: magnitudes, at: 0.5) ?? 0
        maximumError = magnitudes.last ?? 0
        meanError = blockSum(errors) / count
        let variance = Moments.of(truth, executor).variance
        r2 = variance > 0 ? 1 - squares / count / variance : nil
    }

    /// The metrics by name.
    var json: [String: JSONValue] {
        [
            "rows": JSONValue(rows), "rmse": .number(rmse), "mae": .number(mae),
            "medianAbsoluteError": .number(medianAbsoluteError),
            "maximumError": .number(maximumError), "meanError": .number(meanError),
            "r2": r2.map { .number($0) } ?? .null,
        ]
    }
}
