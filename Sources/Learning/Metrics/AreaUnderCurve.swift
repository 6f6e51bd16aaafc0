internal import Kernels

/// The area under the ROC curve: the chance that a random positive row scores above a random
/// negative one, ties counting half (the Mann-Whitney statistic). Counted in integers, so exact up
/// to the last division; nil unless there are rows of both sorts.
package func areaUnderCurve(scores: [Double], isPositive: [Bool]) -> Double? {
    precondition(scores.count == isPositive.count)
    let order = orderTotally(scores)
    var negatives = 0
    // Twice the pairs won, so that a tie is a whole number. 2^62 of them are more than 10^9 rows of
    // each sort make.
    var twiceWon = 0
    var start = 0
    while start < order.count {
        var end = start
        var tiedPositives = 0
        while end < order.count, scores[order[end]] == scores[order[start]] {
            if isPositive[order[end]] { tiedPositives += 1 }
            end += 1
        }
        // NaN equals nothing: it is a tie of one.
        if end == start {
            tiedPositives = isPositive[order[start]] ? 1 : 0
            end += 1
        }
        let tiedNegatives = end - start - tiedPositives
        twiceWon += tiedPositives * (2 * negatives + tiedNegatives)
        negatives += tiedNegatives
        start = end
    }
    let positives = order.count - negatives
    guard positives > 0, negatives > 0 else { return nil }
    return Double(twiceWon) / (2 * Double(positives) * Double(negatives))
}
