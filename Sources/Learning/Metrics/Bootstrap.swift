internal import Bytes
internal import Kernels

/// Intervals of measures by resampling the rows with replacement (the percentile bootstrap: B.
/// Efron, 1979). The resamples are a function of the seed and the number of rows alone, so that two
/// models that are measured on the same rows are measured on the same resamples.
struct Bootstrap: Sendable {
    let resamples: Int
    /// The share of the resamples that an interval holds.
    let level: Double
    let seed: UInt64

    /// How often each row is drawn in a resample.
    func weights(_ resample: Int, rows: Int) -> [Int] {
        var weights = [Int](repeating: 0, count: rows)
        var random = RandomSource(
            seed: seed, purpose: "evaluate bootstrap", substream: UInt64(resample)
        ).generator
        for _ in 0..<rows { weights[Int(random.integer(below: UInt64(rows)))] += 1 }
        return weights
    }

    /// The intervals of what `measures` gives for the weights of each resample, by name: null for a
    /// measure that some resample leaves undefined.
    func intervals(
        rows: Int, _ executor: ParallelExecutor,
        _ measures: @escaping @Sendable ([Int]) -> [(name: String, value: Double?)]
    ) -> JSONValue {
        let drawn = executor.map(resamples) { measures(weights($0, rows: rows)) }
        var members: [String: JSONValue] = [:]
        for (index, measure) in (drawn.first ?? []).enumerated() {
            members[measure.name] = interval(drawn.map { $0[index].value })
        }
        return .object(members)
    }

    private func interval(_ values: [Double?]) -> JSONValue {
        let known = sortedTotally(values.compactMap { $0 }.filter(\.isFinite))
        guard known.count == values.count,
            let low = quantile(ofSorted: known, at: (1 - level) / 2),
            let high = quantile(ofSorted: known, at: (1 + level) / 2)
        else { return .null }
        return ["low": .number(low), "high": .number(high)]
    }
}
