internal import Bytes
internal import Kernels

/// How well classes are predicted: from scores, so that the log loss of a sure prediction is exact.
struct ClassificationMetrics: Measurable {
    let classes: [String]
    let truth: [UInt32]
    let predictions: [UInt32]
    /// Of every row: -log(probability of the true class).
    let losses: [Double]
    /// Of every row: the probability of the second of two classes, or that of the predicted one of
    /// several.
    let probabilities: [Double]
    /// The order of the rows by the score of the second of two classes; or by the probability of
    /// each of several.
    let rankings: [Ranking]
    /// Two classes only: the probability from which the second class is predicted.
    let threshold: Double?
    /// Two classes only: how many times as much recall counts as precision in `fBeta`.
    let beta: Double?

    /// Measures the scores of a model of two classes, whose probability of the second is the
    /// sigmoid of the score.
    init(
        twoClasses classes: [String], scores: [Double], truth: [UInt32], threshold: Double,
        beta: Double?
    ) {
        let isPositive = truth.map { $0 == 1 }
        self.classes = classes
        self.truth = truth
        self.threshold = threshold
        self.beta = beta
        probabilities = scores.map(sigmoid)
        predictions = probabilities.map { $0 >= threshold ? 1 : 0 }
        losses = scores.indices.map { softplus(isPositive[$0] ? -scores[$0] : scores[$0]) }
        rankings = [Ranking(scores: scores, isPositive: isPositive)]
    }

    /// Measures the scores of a softmax model: one array a class. The first of equally probable
    /// classes is the predicted one.
    init(classes: [String], scores: [[Double]], truth: [UInt32]) {
        var predictions: [UInt32] = []
        var losses: [Double] = []
        var largest: [Double] = []
        var probabilities = scores
        for (row, label) in truth.enumerated() {
            var shares = scores.map { $0[row] }
            let best = firstLargest(shares)
            predictions.append(UInt32(best))
            losses.append(softmax(&shares) - scores[Int(label)][row])
            largest.append(shares[best])
            for index in shares.indices { probabilities[index][row] = shares[index] }
        }
        self.classes = classes
        self.truth = truth
        self.predictions = predictions
        self.losses = losses
        self.probabilities = largest
        rankings = classes.indices.map { index in
            Ranking(
                scores: probabilities[index], isPositive: truth.map { Int($0) == index })
        }
        threshold = nil
        beta = nil
    }

    var rows: Int { truth.count }

    /// How often each class was predicted for each true class.
    func confusion(_ weights: [Int]?) -> ConfusionMatrix {
        ConfusionMatrix(
            truth: truth, predictions: predictions, weights: weights, classCount: classes.count)
    }

    var details: [String: JSONValue] {
        let confusion = confusion(nil)
        var result = ["confusion": confusion.json(classes), "classes": confusion.perClass(classes)]
        if let threshold {
            result["threshold"] = .number(threshold)
            result["positive"] = .string(classes[1])
        }
        if let beta { result["beta"] = .number(beta) }
        return result
    }

    /// Precision, recall and F1 are the second class's for two classes, means over the classes
    /// (`macro…`, `weighted…`) for more.
    func measures(_ weights: [Int]?) -> [Measure] {
        let confusion = confusion(weights)
        let common: [Measure] = [
            ("accuracy", confusion.accuracy),
            ("balancedAccuracy", confusion.balancedAccuracy), ("mcc", confusion.correlation),
            ("kappa", confusion.kappa),
            ("logLoss", weightedSum(rows, weights) { losses[$0] } / Double(confusion.total)),
            ("auc", mean { $0.areaUnderCurve(weights) }),
            ("averagePrecision", mean { $0.averagePrecision(weights) }),
        ]
        guard threshold != nil else {
            return common + [
                ("macroPrecision", confusion.macro(confusion.precision)),
                ("macroRecall", confusion.macro(confusion.recall)),
                ("macroF1", confusion.macro(confusion.f1)),
                ("weightedPrecision", confusion.weighted(confusion.precision)),
                ("weightedRecall", confusion.weighted(confusion.recall)),
                ("weightedF1", confusion.weighted(confusion.f1)),
            ]
        }
        let squares = weightedSum(rows, weights) { row in
            let distance = probabilities[row] - (truth[row] == 1 ? 1 : 0)
            return distance * distance
        }
        return common + [
            ("brier", squares / Double(confusion.total)), ("precision", confusion.precision(1)),
            ("recall", confusion.recall(1)), ("specificity", confusion.recall(0)),
            ("f1", confusion.f1(1)),
        ] + (beta.map { [("fBeta", confusion.fBeta(1, $0))] } ?? [])
    }

    /// The mean over the rankings; nil where one of them has no value.
    private func mean(_ measure: (Ranking) -> Double?) -> Double? {
        let known = rankings.compactMap(measure)
        return known.count == rankings.count ? known.reduce(0, +) / Double(known.count) : nil
    }
}

/// The index of the largest score, the first of equal ones: the class that a model says.
func firstLargest(_ scores: [Double]) -> Int {
    scores.indices.max { scores[$0] < scores[$1] || scores[$0] == scores[$1] && $0 > $1 } ?? 0
}
