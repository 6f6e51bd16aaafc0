internal import Bytes
internal import Kernels

/// How far probabilities are what they say: rows by equal ranges of the probability.
struct Calibration: Sendable {
    /// A range of probabilities that has rows.
    struct Bin: Sendable {
        let index: Int
        let rows: Int
        let meanProbability: Double
        /// The share of the rows for which what the probability is of was so.
        let share: Double
    }

    let binCount: Int
    let bins: [Bin]
    let rows: Int

    /// Bins the probabilities of what `isTrue` says of each row.
    init(probabilities: [Double], isTrue: [Bool], bins binCount: Int) {
        self.binCount = binCount
        rows = probabilities.count
        var members = [[Int]](repeating: [], count: binCount)
        for (row, probability) in probabilities.enumerated() {
            members[min(binCount - 1, Int(probability * Double(binCount)))].append(row)
        }
        bins = members.enumerated().compactMap { index, rows in
            guard !rows.isEmpty else { return nil }
            let sum = blockSum(count: rows.count) { probabilities[rows[$0]] }
            return Bin(
                index: index, rows: rows.count, meanProbability: sum / Double(rows.count),
                share: Double(rows.count { isTrue[$0] }) / Double(rows.count))
        }
    }

    /// Of the positive class for two classes, of the predicted one for more.
    init(_ metrics: ClassificationMetrics, bins: Int) {
        let isTrue = metrics.truth.indices.map { row in
            metrics.threshold == nil
                ? metrics.truth[row] == metrics.predictions[row] : metrics.truth[row] == 1
        }
        self.init(probabilities: metrics.probabilities, isTrue: isTrue, bins: bins)
    }

    /// The mean distance of probability and share, the bins weighted by their rows.
    var error: Double {
        bins.reduce(0) {
            $0 + Double($1.rows) / Double(rows) * ($1.meanProbability - $1.share).magnitude
        }
    }

    var json: JSONValue {
        let table = bins.map { bin -> JSONValue in
            [
                "from": .number(Double(bin.index) / Double(binCount)),
                "to": .number(Double(bin.index + 1) / Double(binCount)),
                "rows": JSONValue(bin.rows), "meanProbability": .number(bin.meanProbability),
                "share": .number(bin.share),
            ]
        }
        return ["error": .number(error), "bins": .array(table)]
    }
}
