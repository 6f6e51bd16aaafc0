internal import Bytes

/// How often each class was predicted for each true class. Integers, so nothing here can depend on
/// an order.
struct ConfusionMatrix: Sendable, Equatable {
    let classCount: Int
    /// Row by row: the row is the true class, the column the predicted one.
    private(set) var counts: [Int]

    /// Counts each row as often as its weight says; nil counts each once.
    init(truth: [UInt32], predictions: [UInt32], weights: [Int]?, classCount: Int) {
        self.classCount = classCount
        counts = [Int](repeating: 0, count: classCount * classCount)
        for row in truth.indices {
            counts[Int(truth[row]) * classCount + Int(predictions[row])] += weights?[row] ?? 1
        }
    }

    /// All rows.
    var total: Int { counts.reduce(0, +) }

    private var right: Int { (0..<classCount).reduce(0) { $0 + counts[$1 * classCount + $1] } }

    /// The rows that were predicted right, as a share of all.
    var accuracy: Double { Double(right) / Double(total) }

    /// The mean of the recalls of the classes that have rows.
    var balancedAccuracy: Double {
        let recalls = (0..<classCount).compactMap(recall)
        return recalls.reduce(0, +) / Double(recalls.count)
    }

    /// The right predictions that chance would give, times the rows: the sum over the classes of
    /// rows · predictions.
    private var chance: Int { (0..<classCount).reduce(0) { $0 + support($1) * predicted($1) } }

    /// Matthews' correlation of truth and prediction; nil where one of them is always the same.
    var correlation: Double? {
        let square = total * total
        let truths = (0..<classCount).reduce(0) { $0 + support($1) * support($1) }
        let predictions = (0..<classCount).reduce(0) { $0 + predicted($1) * predicted($1) }
        guard truths < square, predictions < square else { return nil }
        // Two roots, as the product of the two might not fit.
        return Double(right * total - chance)
            / (Double(square - truths).squareRoot() * Double(square - predictions).squareRoot())
    }

    /// Cohen's kappa: how far the accuracy is above that of chance; nil where chance is always
    /// right.
    var kappa: Double? { ratio(right * total - chance, total * total - chance) }

    /// Rows whose true class is `index`.
    func support(_ index: Int) -> Int {
        counts[(index * classCount)..<((index + 1) * classCount)].reduce(0, +)
    }

    /// Rows for which class `index` was predicted.
    func predicted(_ index: Int) -> Int {
        (0..<classCount).reduce(0) { $0 + counts[$1 * classCount + index] }
    }

    /// Right predictions of a class / predictions of it; nil when it was never predicted.
    func precision(_ index: Int) -> Double? {
        ratio(counts[index * classCount + index], predicted(index))
    }

    /// Right predictions of a class / rows of it; nil when there is none.
    func recall(_ index: Int) -> Double? {
        ratio(counts[index * classCount + index], support(index))
    }

    /// The harmonic mean of precision and recall; nil for a class that never occurs.
    func f1(_ index: Int) -> Double? {
        ratio(2 * counts[index * classCount + index], support(index) + predicted(index))
    }

    /// (1 + β²) · precision · recall / (β² · precision + recall); nil for a class that never occurs.
    func fBeta(_ index: Int, _ beta: Double) -> Double? {
        guard support(index) + predicted(index) > 0 else { return nil }
        let square = beta * beta
        return (1 + square) * Double(counts[index * classCount + index])
            / (square * Double(support(index)) + Double(predicted(index)))
    }

    /// The mean of a measure over the rows, each with the measure of its class, an undefined one
    /// counted as 0.
    func weighted(_ measure: (Int) -> Double?) -> Double {
        (0..<classCount).reduce(0) { $0 + Double(support($1)) * (measure($1) ?? 0) }
            / Double(total)
    }

    /// The mean of a measure over the classes that occur, an undefined one counted as 0.
    func macro(_ measure: (Int) -> Double?) -> Double {
        let occurring = (0..<classCount).filter { support($0) + predicted($0) > 0 }
        return occurring.reduce(0) { $0 + (measure($1) ?? 0) } / Double(max(1, occurring.count))
    }

    private func ratio(_ part: Int, _ whole: Int) -> Double? {
        whole == 0 ? nil : Double(part) / Double(whole)
    }

    /// `labels` and `counts`, rows are true classes.
    func json(_ classes: [String]) -> JSONValue {
        let rows = (0..<classCount).map { row in
            JSONValue.array(
                counts[(row * classCount)..<((row + 1) * classCount)].map { JSONValue($0) })
        }
        return ["labels": .array(classes.map { .string($0) }), "counts": .array(rows)]
    }

    /// Precision, recall, F1 and support of every class, by its name.
    func perClass(_ classes: [String]) -> JSONValue {
        var result: [String: JSONValue] = [:]
        for (index, name) in classes.enumerated() {
            result[name] = [
                "precision": JSONValue(precision(index)), "recall": JSONValue(recall(index)),
                "f1": JSONValue(f1(index)), "support": JSONValue(support(index)),
            ]
        }
        return .object(result)
    }
}

extension JSONValue {
    /// A measure, `null` where it is not defined.
    init(_ measure: Double?) { self = measure.map { .number($0) } ?? .null }
}
