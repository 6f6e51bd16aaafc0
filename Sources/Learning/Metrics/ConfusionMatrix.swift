internal import Bytes

/// How often each class was predicted for each true class. Integers, so nothing here can depend on
/// an order.
struct ConfusionMatrix: Sendable, Equatable {
    let classCount: Int
    /// Row by row: the row is the true class, the column the predicted one.
    private(set) var counts: [Int]

    init(truth: [UInt32], predictions: [UInt32], classCount: Int) {
        self.classCount = classCount
        counts = [Int](repeating: 0, count: classCount * classCount)
        for (label, prediction) in zip(truth, predictions) {
            counts[Int(label) * classCount + Int(prediction)] += 1
        }
    }

    /// The rows that were predicted right, as a share of all.
    var accuracy: Double {
        let right = (0..<classCount).reduce(0) { $0 + counts[$1 * classCount + $1] }
        return Double(right) / Double(counts.reduce(0, +))
    }

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
