internal import Bytes
internal import Kernels

/// How well classes are predicted: from scores, so that the log loss of a sure prediction is exact.
struct ClassificationMetrics: Sendable, Equatable {
    let classes: [String]
    let confusion: ConfusionMatrix
    /// The mean of -log(probability of the true class).
    let logLoss: Double
    /// The area under the ROC curve; for more than two classes the mean over the classes, each
    /// against the others. Nil where a class has no rows, or all.
    let auc: Double?
    /// Two classes only: the mean squared distance of the probability from 1 or 0.
    let brier: Double?
    /// Two classes only: the probability from which the second class is predicted.
    let threshold: Double?

    /// Measures the scores of a model of two classes, whose probability of the second is the
    /// sigmoid of the score.
    init(twoClasses classes: [String], scores: [Double], truth: [UInt32], threshold: Double) {
        let probabilities = scores.map(sigmoid)
        let predictions: [UInt32] = probabilities.map { $0 >= threshold ? 1 : 0 }
        let isPositive = truth.map { $0 == 1 }
        self.classes = classes
        confusion = ConfusionMatrix(truth: truth, predictions: predictions, classCount: 2)
        logLoss =
            blockSum(count: scores.count) { softplus(isPositive[$0] ? -scores[$0] : scores[$0]) }
            / Double(scores.count)
        auc = areaUnderCurve(scores: scores, isPositive: isPositive)
        let distances = probabilities.indices.map { probabilities[$0] - (isPositive[$0] ? 1 : 0) }
        brier = blockDot(distances, distances) / Double(scores.count)
        self.threshold = threshold
    }

    /// Measures the scores of a softmax model: one array a class. The first of equally probable
    /// classes is the predicted one.
    init(classes: [String], scores: [[Double]], truth: [UInt32]) {
        var predictions: [UInt32] = []
        var losses: [Double] = []
        var probabilities = scores
        for (row, label) in truth.enumerated() {
            var shares = scores.map { $0[row] }
            predictions.append(UInt32(firstLargest(shares)))
            losses.append(softmax(&shares) - scores[Int(label)][row])
            for index in shares.indices { probabilities[index][row] = shares[index] }
        }
        self.classes = classes
        confusion = ConfusionMatrix(
            truth: truth, predictions: predictions, classCount: classes.count)
        logLoss = blockSum(losses) / Double(truth.count)
        let areas = classes.indices.map { index in
            areaUnderCurve(
                scores: probabilities[index], isPositive: truth.map { Int($0) == index })
        }
        let known = areas.compactMap { $0 }
        auc = known.count == areas.count ? known.reduce(0, +) / Double(known.count) : nil
        brier = nil
        threshold = nil
    }

    /// The metrics by name: precision, recall and F1 are the second class's for two classes, the
    /// means over the classes (`macro…`) for more.
    var json: [String: JSONValue] {
        var result: [String: JSONValue] = [
            "rows": JSONValue(confusion.counts.reduce(0, +)),
            "accuracy": .number(confusion.accuracy), "logLoss": .number(logLoss),
            "auc": JSONValue(auc), "confusion": confusion.json(classes),
            "classes": confusion.perClass(classes),
        ]
        if let brier, let threshold {
            result["brier"] = .number(brier)
            result["threshold"] = .number(threshold)
            result["positive"] = .string(classes[1])
            result["precision"] = JSONValue(confusion.precision(1))
            result["recall"] = JSONValue(confusion.recall(1))
            result["f1"] = JSONValue(confusion.f1(1))
        } else {
            result["macroPrecision"] = .number(confusion.macro(confusion.precision))
            result["macroRecall"] = .number(confusion.macro(confusion.recall))
            result["macroF1"] = .number(confusion.macro(confusion.f1))
        }
        return result
    }
}

/// The index of the largest score, the first of equal ones: the class that a model says.
func firstLargest(_ scores: [Double]) -> Int {
    scores.indices.max { scores[$0] < scores[$1] || scores[$0] == scores[$1] && $0 > $1 } ?? 0
}
