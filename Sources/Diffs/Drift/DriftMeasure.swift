import Kernels

/// A number that says how far two distributions are from each other: 0 for equal ones.
package enum DriftMeasure: String, Sendable, CaseIterable {
    /// The area between the distribution functions, divided by the reference's standard deviation.
    case wasserstein
    /// The Jensen-Shannon distance with logarithms to base 2: the root of the divergence, from 0 to 1.
    case jensenShannon = "jensen-shannon"
    /// The population stability index.
    case psi
    /// Kolmogorov and Smirnov's: the largest distance of the distribution functions, from 0 to 1.
    case ks
    /// The chi-square statistic of both counts having one distribution.
    case chiSquare = "chi-square"
    /// Hellinger's distance, from 0 to 1.
    case hellinger
}

/// Counts of two samples in the same bins.
struct BinnedPair: Sendable {
    let old: [Int]
    let new: [Int]

    private var totals: (Double, Double) {
        (Double(old.reduce(0, +)), Double(new.reduce(0, +)))
    }

    /// Calls `body` with the shares of each bin that holds something.
    private func sum(_ body: (Double, Double) -> Double) -> Double {
        let totals = totals
        var sum = 0.0
        for (one, other) in zip(old, new) where one + other > 0 {
            sum += body(Double(one) / totals.0, Double(other) / totals.1)
        }
        return sum
    }

    var jensenShannon: Double {
        let divergence = sum { p, q in
            let middle = (p + q) / 2
            return [p, q].reduce(0) {
                $1 > 0 ? $0 + $1 * logarithm($1 / middle) / 2 : $0
            }
        }
        return (max(0, divergence) / 0.693147180559945309417).squareRoot()
    }

    var hellinger: Double {
        (max(
            0, sum { p, q in (p.squareRoot() - q.squareRoot()) * (p.squareRoot() - q.squareRoot()) }
        )
            / 2).squareRoot()
    }

    /// Half a row is added to each bin, so that an empty one does not make it infinite.
    var psi: Double {
        let totals = totals
        let extra = Double(old.count) / 2
        var sum = 0.0
        for (one, other) in zip(old, new) {
            let p = (Double(one) + 0.5) / (totals.0 + extra)
            let q = (Double(other) + 0.5) / (totals.1 + extra)
            sum += (q - p) * logarithm(q / p)
        }
        return sum
    }

    /// Pearson's statistic of the table of two rows, and its degrees of freedom.
    var chiSquare: (statistic: Double, degrees: Int) {
        let totals = totals
        let all = totals.0 + totals.1
        var statistic = 0.0
        var bins = 0
        for (one, other) in zip(old, new) where one + other > 0 {
            bins += 1
            for (count, total) in [(one, totals.0), (other, totals.1)] {
                let expected = Double(one + other) * total / all
                statistic += (Double(count) - expected) * (Double(count) - expected) / expected
            }
        }
        return (statistic, max(0, bins - 1))
    }
}
