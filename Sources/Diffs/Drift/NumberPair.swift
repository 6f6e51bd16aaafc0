import Kernels
import Tables

/// Two samples of numbers, each ascending with how often each number occurs; none is empty.
struct NumberPair: Sendable {
    let old: [WeightedValue]
    let new: [WeightedValue]

    private static func count(_ values: [WeightedValue]) -> Double {
        Double(values.reduce(0) { $0 + $1.count })
    }

    /// Calls `body` with both distribution functions from one number on, and how far the next one is.
    private func forEachStep(_ body: (Double, Double, Double) -> Void) {
        let (all, others) = (NumberPair.count(old), NumberPair.count(new))
        var (one, other) = (0, 0)
        var (below, belowOther) = (0, 0)
        while one < old.count || other < new.count {
            let here = min(
                one < old.count ? old[one].value : .infinity,
                other < new.count ? new[other].value : .infinity)
            if one < old.count, old[one].value == here {
                below += old[one].count
                one += 1
            }
            if other < new.count, new[other].value == here {
                belowOther += new[other].count
                other += 1
            }
            let next = min(
                one < old.count ? old[one].value : .infinity,
                other < new.count ? new[other].value : .infinity)
            body(Double(below) / all, Double(belowOther) / others, next.isFinite ? next - here : 0)
        }
    }

    /// The area between the distribution functions, in standard deviations of the old numbers; as it is
    /// where they do not differ.
    var wasserstein: Double {
        var area = 0.0
        forEachStep { area += ($0 - $1).magnitude * $2 }
        let deviation = NumberPair.deviation(old)
        return deviation > 0 ? area / deviation : area
    }

    /// The standard deviation, with which distances are measured.
    static func deviation(_ values: [WeightedValue]) -> Double {
        let total = NumberPair.count(values)
        let mean = values.reduce(0) { $0 + $1.value * Double($1.count) } / total
        let squares = values.reduce(0) {
            $0 + ($1.value - mean) * ($1.value - mean) * Double($1.count)
        }
        return (squares / total).squareRoot()
    }

    var ks: Double {
        var most = 0.0
        forEachStep { one, other, _ in most = max(most, (one - other).magnitude) }
        return most
    }

    /// The probability of such a `ks` where both have one distribution, by Stephens's approximation.
    var ksTail: Double {
        let (n, m) = (NumberPair.count(old), NumberPair.count(new))
        let root = (n * m / (n + m)).squareRoot()
        return kolmogorovTail((root + 0.12 + 0.11 / root) * ks)
    }

    /// Counts in bins that hold equally many of the old numbers, ten at most; beyond the extremes the
    /// outer bins go on.
    var binned: BinnedPair {
        let total = old.reduce(0) { $0 + $1.count }
        var edges: [Double] = []
        var below = 0
        var decile = 1
        for entry in old {
            below += entry.count
            guard decile <= 9, 10 * below >= decile * total else { continue }
            edges.append(entry.value)
            // A number that is frequent may be the edge of several.
            while 10 * below >= decile * total { decile += 1 }
        }
        func counts(_ values: [WeightedValue]) -> [Int] {
            var counts = Array(repeating: 0, count: edges.count + 1)
            var bin = 0
            for entry in values {
                while bin < edges.count, entry.value > edges[bin] { bin += 1 }
                counts[bin] += entry.count
            }
            return counts
        }
        return BinnedPair(old: counts(old), new: counts(new))
    }
}
