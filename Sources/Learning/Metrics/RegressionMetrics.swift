internal import Bytes
internal import Kernels

/// How far predictions of numbers are from the truth.
struct RegressionMetrics: Measurable {
    let predictions: [Double]
    let truth: [Double]
    /// The share of the truth that a prediction is meant to lie above, for the pinball loss.
    let quantile: Double
    private let errors: [Double]
    /// The rows by the magnitude of their errors.
    private let order: [Int]

    /// Measures at least one prediction.
    init(predictions: [Double], truth: [Double], quantile: Double) {
        precondition(predictions.count == truth.count && !truth.isEmpty)
        self.predictions = predictions
        self.truth = truth
        self.quantile = quantile
        errors = predictions.indices.map { predictions[$0] - truth[$0] }
        order = orderTotally(errors.map(\.magnitude))
    }

    var rows: Int { truth.count }

    var details: [String: JSONValue] { ["quantile": .number(quantile)] }

    func measures(_ weights: [Int]?) -> [Measure] {
        let count = Double(weights?.reduce(0, +) ?? rows)
        func mean(_ term: (Int) -> Double) -> Double { weightedSum(rows, weights, term) / count }
        let squares = mean { errors[$0] * errors[$0] }
        let meanError = mean { errors[$0] }
        let variance = variance(weights, mean)
        let errorVariance = mean { (errors[$0] - meanError) * (errors[$0] - meanError) }
        let ranks = Ranks(order, weights)
        return [
            ("rmse", squares.squareRoot()), ("mae", mean { errors[$0].magnitude }),
            ("medianAbsoluteError", ranks.median { errors[$0].magnitude }),
            ("maximumError", ranks.last.map { errors[$0].magnitude }),
            ("meanError", meanError), ("r2", variance.map { 1 - squares / $0 }),
            ("explainedVariance", variance.map { 1 - errorVariance / $0 }),
            ("mape", percentage(weights, mean)),
            ("pinballLoss", mean { max(-quantile * errors[$0], (1 - quantile) * errors[$0]) }),
        ]
    }

    /// The variance of the truth; nil when all true values are equal.
    private func variance(_ weights: [Int]?, _ mean: ((Int) -> Double) -> Double) -> Double? {
        var lowest = Double.infinity
        var highest = -Double.infinity
        for row in truth.indices where weights?[row] != 0 {
            lowest = min(lowest, truth[row])
            highest = max(highest, truth[row])
        }
        guard lowest < highest else { return nil }
        let centre = mean { truth[$0] }
        return mean { (truth[$0] - centre) * (truth[$0] - centre) }
    }

    /// The mean of the errors as shares of the truth; nil when a true value is 0.
    private func percentage(_ weights: [Int]?, _ mean: ((Int) -> Double) -> Double) -> Double? {
        for row in truth.indices where weights?[row] != 0 && truth[row] == 0 { return nil }
        return mean { (errors[$0] / truth[$0]).magnitude }
    }
}

/// Rows in the order of some value, each as often as its weight says.
private struct Ranks {
    private let order: [Int]
    private let weights: [Int]?

    init(_ order: [Int], _ weights: [Int]?) {
        self.order = order
        self.weights = weights
    }

    /// The last row that counts.
    var last: Int? { order.last { weights?[$0] != 0 } }

    /// The middle value, or the mean of the two around the middle.
    func median(_ value: (Int) -> Double) -> Double? {
        let count = weights?.reduce(0, +) ?? order.count
        guard count > 0 else { return nil }
        let lower = value(row(at: (count - 1) / 2))
        guard count % 2 == 0 else { return lower }
        return lower + 0.5 * (value(row(at: count / 2)) - lower)
    }

    private func row(at rank: Int) -> Int {
        guard let weights else { return order[rank] }
        var passed = 0
        for row in order {
            passed += weights[row]
            if passed > rank { return row }
        }
        return order[order.count - 1]
    }
}
