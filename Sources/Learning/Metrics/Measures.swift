internal import Bytes
internal import Kernels

/// A measure of predictions by its name; nil where it is not defined.
typealias Measure = (name: String, value: Double?)

/// What was predicted for some rows beside the truth, ready to be measured many times: on all rows,
/// on a slice of them, on a resample.
protocol Measurable: Sendable {
    /// The number of rows.
    var rows: Int { get }

    /// All measures, each row counted as often as its weight says; nil counts each once. Some
    /// weight is above 0.
    func measures(_ weights: [Int]?) -> [Measure]

    /// What is told of all rows besides measures: the confusion matrix, the classes.
    var details: [String: JSONValue] { get }
}

extension Measurable {
    /// The measures by name.
    func json(_ weights: [Int]? = nil) -> [String: JSONValue] {
        var members: [String: JSONValue] = [:]
        for (name, value) in measures(weights) { members[name] = JSONValue(value) }
        members["rows"] = JSONValue(weights?.reduce(0, +) ?? rows)
        return members
    }
}

/// The measures by which models can be chosen.
enum ChoiceMeasure {
    private static let lessIsBetter = [
        "rmse", "mae", "medianAbsoluteError", "maximumError", "mape", "pinballLoss", "logLoss",
        "brier",
    ]
    private static let moreIsBetter = [
        "r2", "explainedVariance", "accuracy", "balancedAccuracy", "auc", "averagePrecision", "mcc",
        "kappa", "precision", "recall", "specificity", "f1", "macroF1", "weightedF1",
    ]

    static let names = lessIsBetter + moreIsBetter

    /// Whether `value` is better than `other` by that measure.
    static func isBetter(_ value: Double, than other: Double, by name: String) -> Bool {
        lessIsBetter.contains(name) ? value < other : value > other
    }
}

/// The sum of `term(row)`, each row counted as often as its weight says, in the tree of `blockSum`.
@inline(__always)
func weightedSum(_ rows: Int, _ weights: [Int]?, _ term: (Int) -> Double) -> Double {
    guard let weights else { return blockSum(count: rows, term) }
    // A weight of 0 must not turn an infinite term into NaN.
    return blockSum(count: rows) { weights[$0] == 0 ? 0 : Double(weights[$0]) * term($0) }
}
