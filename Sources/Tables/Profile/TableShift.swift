import Vocabulary

/// What the rows are like that only one of two versions of a table has, column by column. With the
/// profile of the old version it says how far the new one's columns can be from that at most, so that
/// these need not be read.
package struct TableShift: Sendable {
    /// A count among the rows that only the old version has, and among those that only the new one has.
    struct Counts<Value: Sendable>: Sendable {
        let old: Value
        let new: Value
    }

    /// One column.
    struct Column: Sendable {
        let missing: Counts<Int>
        let kinds: Counts<KindCounts>
        /// Finite numbers.
        let numbers: Counts<Int>
        /// Among the new rows: the least and the greatest finite number.
        let numberRange: ClosedRange<Double>?
        /// Among the new rows: the earliest and latest day or moment, in seconds since 1970.
        let timeRange: ClosedRange<Double>?
        /// Letters of the longest new value.
        let longest: Int

        init(old: ColumnTally, new: ColumnTally) {
            missing = Counts(old: old.missing, new: new.missing)
            kinds = Counts(old: old.kinds, new: new.kinds)
            numbers = Counts(old: old.numbers.count, new: new.numbers.count)
            numberRange = new.numberRange
            timeRange = new.timeRange
            longest = new.lengths.longest
        }
    }

    let columnNames: [String]
    let rows: Counts<Int>
    let columns: [Column]

    /// The rows that only the old version has and those that only the new one has, by their profiles.
    package init(old: TableProfile, new: TableProfile) {
        precondition(old.columnNames == new.columnNames)
        columnNames = old.columnNames
        rows = Counts(old: old.rowCount, new: new.rowCount)
        columns = old.columnNames.indices.map { Column(old: old.tally($0), new: new.tally($0)) }
    }
}

/// What can be said of a column of a version that was not read.
package struct ColumnReach: Sendable {
    /// Of the old version.
    package let column: ColumnProfile
    /// Rows without a value in the new version.
    package let newMissing: Int
    /// Rows with a value there.
    package let newPresent: Int
    /// The share of the values that is not that of equal values of the other version, at most (the total
    /// variation); nil where the new version's values may be counted in another way than the old one's.
    package let moved: Double?
    /// From the least to the greatest number or time, in seconds, of both versions; nil for others.
    package let range: ClosedRange<Double>?
    /// How far a number that stands in both profiles for one of the table can be from the other at most.
    package let error: Double
}

extension TableProfile {
    /// What the new version's columns can be at most, where this is the profile of the old one; nil where
    /// that cannot be said.
    package func reach(_ shift: TableShift) -> [ColumnReach]? {
        guard shift.columnNames == columnNames, Set(columnNames).count == columnNames.count,
            rowCount >= shift.rows.old
        else { return nil }
        var found: [ColumnReach] = []
        for place in columnNames.indices {
            let (tally, told) = (tally(place), column(place))
            // Types that a file states are not those of its values.
            guard told.type == tally.type, let reach = tally.reach(shift.columns[place], told)
            else { return nil }
            found.append(reach)
        }
        return found
    }
}

extension ColumnTally {
    /// The least and the greatest finite number.
    fileprivate var numberRange: ClosedRange<Double>? {
        numbers.count > 0 ? numbers.low...numbers.high : nil
    }

    /// The earliest and latest day or moment, in seconds since 1970.
    fileprivate var timeRange: ClosedRange<Double>? {
        let days = dates.map { seconds(day: $0.first.time)...seconds(day: $0.last.time) }
        let points = moments.map { seconds(moment: $0.first.time)...seconds(moment: $0.last.time) }
        return ColumnTally.hull(days, points)
    }

    private static func hull(
        _ one: ClosedRange<Double>?, _ other: ClosedRange<Double>?
    ) -> ClosedRange<Double>? {
        guard let one, let other else { return one ?? other }
        return min(one.lowerBound, other.lowerBound)...max(one.upperBound, other.upperBound)
    }

    /// Nil where the shift is not one of this column.
    fileprivate func reach(_ shift: TableShift.Column, _ column: ColumnProfile) -> ColumnReach? {
        let newMissing = missing - shift.missing.old + shift.missing.new
        let newKinds = kinds.replacing(shift.kinds.old, by: shift.kinds.new)
        guard newMissing >= shift.missing.new, let newKinds else { return nil }
        let isNumeric = column.numbers != nil
        let isTime = column.type == .date || column.type == .timestamp
        let range =
            isNumeric
            ? ColumnTally.hull(numberRange, shift.numberRange)
            : isTime ? ColumnTally.hull(timeRange, shift.timeRange) : nil
        var moved: Double?
        var error = 0.0
        if newKinds.type == column.type {
            if !isNumeric, !isTime {
                // Beyond some number values are only told apart by their hashes.
                if values.exact == nil || isCountedExactly(with: shift) {
                    moved = share(shift.kinds.old.total, shift.kinds.new.total, of: present)
                }
            } else if let range, max(lengths.longest, shift.longest) <= DistinctValues.textBytes {
                moved = share(
                    isNumeric ? shift.numbers.old : shift.kinds.old.total,
                    isNumeric ? shift.numbers.new : shift.kinds.new.total,
                    of: isNumeric ? numbers.count : present)
                error = binWidth(isNumeric ? fullSketch() : fullTimes(), range, shift)
            }
        }
        return ColumnReach(
            column: column, newMissing: newMissing, newPresent: newKinds.total, moved: moved,
            range: range, error: error)
    }

    /// Whether all values of the new version are counted, as those of the old one are.
    private func isCountedExactly(with shift: TableShift.Column) -> Bool {
        guard let table = values.exact else { return false }
        return table.count + shift.kinds.new.total <= values.limit
    }

    /// One less the share of the shared values in the version that has more; nil where one has none.
    private func share(_ removed: Int, _ added: Int, of count: Int) -> Double? {
        let kept = count - removed
        let most = max(count, kept + added)
        guard kept >= 0, count > 0, kept + added > 0 else { return nil }
        return 1 - Double(kept) / Double(most)
    }

    /// How wide a bin of either version can be: the same number is in one bin of both, or in one that is
    /// part of the other's.
    private func binWidth(
        _ sketch: ValueSketch, _ range: ClosedRange<Double>, _ shift: TableShift.Column
    ) -> Double {
        if isCountedExactly(with: shift) { return 0 }
        let bits = sketch.leastBits(adding: shift.kinds.new.total, within: range)
        let most = max(range.lowerBound.magnitude, range.upperBound.magnitude)
        return Double(
            sign: .plus, exponent: -bits, significand: max(most, .leastNormalMagnitude))
    }
}

extension KindCounts {
    /// The counts with other values in the place of some; nil where there are fewer of these.
    fileprivate func replacing(_ some: KindCounts, by others: KindCounts) -> KindCounts? {
        var counts = self
        for (_, part) in KindCounts.parts {
            counts[keyPath: part] -= some[keyPath: part]
            guard counts[keyPath: part] >= 0 else { return nil }
            counts[keyPath: part] += others[keyPath: part]
        }
        return counts
    }
}
