/// What a network's scores are compared with, row by row of a table.
package enum NetworkTarget: Sendable {
    /// Half the squared difference.
    case numbers([Double])
    /// log(1 + e^s) - y s, y 0 or 1.
    case twoClasses([UInt32])
    /// log of the sum of e^s, less the score of the row's class.
    case classes([UInt32], count: Int)

    /// The scores of a row.
    package var outputs: Int {
        if case .classes(_, let count) = self { count } else { 1 }
    }

    /// The loss of a row, and its derivatives by the scores in their place.
    func replace(_ scores: inout [Double], row: Int) -> Double {
        switch self {
        case .numbers(let targets):
            scores[0] -= targets[row]
            return 0.5 * scores[0] * scores[0]
        case .twoClasses(let labels):
            let (score, label) = (scores[0], Double(labels[row]))
            let power = exponential(-score.magnitude)
            scores[0] = (score >= 0 ? 1 : power) / (1 + power) - label
            return max(score, 0) + logarithmOnePlus(power) - label * score
        case .classes(let classes, _):
            let label = Int(classes[row])
            let own = scores[label]
            let loss = softmax(&scores) - own
            scores[label] -= 1
            return loss
        }
    }

    /// The mean loss of some rows, whose scores stand output by output.
    func meanLoss(_ scores: [[Double]], _ rows: [UInt32]) -> Double {
        let sum = blockSum(count: rows.count) { place in
            var own = scores.map { $0[place] }
            return replace(&own, row: Int(rows[place]))
        }
        return sum / Double(rows.count)
    }
}
