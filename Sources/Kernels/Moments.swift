/// The count, mean and spread of some values, mergeable in a fixed tree.
package struct Moments: Sendable, Equatable {
    /// The number of values.
    package private(set) var count = 0
    /// Their mean; 0 without values.
    package private(set) var mean = 0.0
    private var squares = 0.0

    /// No values.
    package init() {}

    /// The mean of the squared distances from the mean (the population variance); 0 without values.
    package var variance: Double { count == 0 ? 0 : squares / Double(count) }

    /// Adds a value (Welford's update).
    package mutating func add(_ value: Double) {
        count += 1
        let distance = value - mean
        mean += distance / Double(count)
        squares += distance * (value - mean)
    }

    /// The moments of both sets of values (Chan, Golub and LeVeque's merge).
    package static func + (left: Moments, right: Moments) -> Moments {
        guard left.count > 0 else { return right }
        guard right.count > 0 else { return left }
        var merged = Moments()
        merged.count = left.count + right.count
        let distance = right.mean - left.mean
        let share = Double(right.count) / Double(merged.count)
        merged.mean = left.mean + distance * share
        merged.squares =
            left.squares + right.squares + distance * distance * Double(left.count) * share
        return merged
    }

    /// The moments of the values that are not NaN, in the blocks of `RowBlocks`.
    package static func of(_ values: [Double], _ executor: ParallelExecutor) -> Moments {
        let blocks = RowBlocks(rows: values.count)
        let parts = executor.map(blocks.count) { block in
            var part = Moments()
            for index in blocks.range(block) where !values[index].isNaN { part.add(values[index]) }
            return part
        }
        return treeReduce(parts, +) ?? Moments()
    }
}
