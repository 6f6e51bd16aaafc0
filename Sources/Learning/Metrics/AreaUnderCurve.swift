internal import Kernels

/// The area under the ROC curve: the chance that a random positive row scores above a random
/// negative one, ties counting half (the Mann-Whitney statistic). Counted in integers, so exact up
/// to the last division; nil unless there are rows of both sorts.
package func areaUnderCurve(scores: [Double], isPositive: [Bool]) -> Double? {
    Ranking(scores: scores, isPositive: isPositive).areaUnderCurve(nil)
}

/// Rows sorted by their scores once, for measures that depend on the order alone.
struct Ranking: Sendable {
    private let order: [Int]
    /// Where in `order` each group of equal scores ends.
    private let groupEnds: [Int]
    private let isPositive: [Bool]

    init(scores: [Double], isPositive: [Bool]) {
        precondition(scores.count == isPositive.count)
        let order = orderTotally(scores)
        self.order = order
        self.isPositive = isPositive
        // NaN equals nothing: it is a tie of one.
        groupEnds = order.indices.map { $0 + 1 }.filter { end in
            end == order.count || scores[order[end]] != scores[order[end - 1]]
        }
    }

    /// The positive and the negative rows of a group of equal scores.
    typealias Counts = (positives: Int, negatives: Int)

    /// The counts of every group, the lowest scores first.
    func groups(_ weights: [Int]?) -> [Counts] {
        var start = 0
        return groupEnds.map { end in
            var positives = 0
            var negatives = 0
            for place in start..<end {
                let weight = weights?[order[place]] ?? 1
                if isPositive[order[place]] { positives += weight } else { negatives += weight }
            }
            start = end
            return (positives, negatives)
        }
    }

    /// The area under the ROC curve.
    func areaUnderCurve(_ weights: [Int]?) -> Double? {
        var positives = 0
        var negatives = 0
        // Twice the pairs won, so that a tie is a whole number. 2^62 of them are more than 10^9
        // rows of each sort make.
        var twiceWon = 0
        for group in groups(weights) {
            twiceWon += group.positives * (2 * negatives + group.negatives)
            positives += group.positives
            negatives += group.negatives
        }
        guard positives > 0, negatives > 0 else { return nil }
        return Double(twiceWon) / (2 * Double(positives) * Double(negatives))
    }

    /// The mean of the precisions at every threshold, each weighted with the recall that it adds;
    /// nil without positive rows.
    func averagePrecision(_ weights: [Int]?) -> Double? {
        let groups = groups(weights)
        let all = groups.reduce(0) { $0 + $1.positives }
        guard all > 0 else { return nil }
        var found = 0
        var named = 0
        var sum = 0.0
        for group in groups.reversed() where group.positives + group.negatives > 0 {
            found += group.positives
            named += group.positives + group.negatives
            sum += Double(group.positives) * (Double(found) / Double(named))
        }
        return sum / Double(all)
    }
}
