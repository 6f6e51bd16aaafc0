/// What a profile tells of a column of numbers. Infinite ones are counted and left out of the rest.
package struct NumberProfile: Sendable, Hashable {
    /// A share of the values and the value at its place among them.
    package struct Quantile: Sendable, Hashable {
        /// In 0...1.
        package let share: Double
        /// Linear between the two nearest values.
        package let value: Double
    }

    /// The shares that are told.
    package static let shares = [0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99]
    /// How many bins a histogram has.
    package static let binCount = 20

    /// Finite numbers.
    package let count: Int
    /// Of these, zeros.
    package let zeros: Int
    /// Of these, numbers below zero.
    package let negatives: Int
    /// Infinite numbers.
    package let infinities: Int
    /// The smallest number as text, integers without rounding; nil where there is none.
    package let low: String?
    /// The largest.
    package let high: String?
    /// The correctly rounded sum divided by the count; nil where there is none, or where the sum is
    /// too large for a double, as for what follows.
    package let mean: Double?
    /// The root of the squared deviations from the mean divided by `count - 1`; nil of fewer than two.
    package let standardDeviation: Double?
    /// A quantile for each of `shares`.
    package let quantiles: [Quantile]
    /// Whether the quantiles and the histogram are exact: all values were counted. Else a quantile is
    /// off by half a bin, and by 0.8 % of itself at most.
    package let isExact: Bool
    /// How many numbers are in each of `binCount` equally wide bins from the smallest to the largest.
    package let histogram: [Int]

    /// The middle value.
    package var median: Double? { quantiles.first { $0.share == 0.5 }?.value }

    /// The middles of the bins of the numbers, none beyond the extremes.
    static func values(_ tally: ColumnTally) -> [WeightedValue] {
        let (low, high) = (tally.numbers.low, tally.numbers.high)
        return tally.fullSketch().values().map {
            WeightedValue(value: min(max($0.value, low), high), count: $0.count)
        }
    }

    /// `values`: the numbers, ascending.
    init(_ tally: ColumnTally, values: [WeightedValue], isExact: Bool) {
        let numbers = tally.numbers
        count = numbers.count
        zeros = numbers.zeros
        negatives = numbers.negatives
        infinities = numbers.infinities
        self.isExact = isExact
        guard numbers.count > 0 else {
            (low, high, mean, standardDeviation) = (nil, nil, nil, nil)
            (quantiles, histogram) = ([], [])
            return
        }
        let isInteger = tally.type == .int
        low = isInteger ? "\(numbers.lowInteger)" : "\(numbers.low)"
        high = isInteger ? "\(numbers.highInteger)" : "\(numbers.high)"
        let center = numbers.sum.rounded / Double(numbers.count)
        mean = center.isFinite ? center : nil
        standardDeviation =
            numbers.count < 2
            ? nil
            : ExactSum.standardDeviation(
                sum: numbers.sum, squares: numbers.squares, count: numbers.count,
                divisor: numbers.count - 1)
        quantiles = NumberProfile.shares.map {
            Quantile(share: $0, value: WeightedValue.quantile($0, of: values))
        }
        histogram = WeightedValue.histogram(
            of: values, from: numbers.low, to: numbers.high, bins: NumberProfile.binCount)
    }
}
