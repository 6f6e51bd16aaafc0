/// What a profile tells of a column.
package struct ColumnProfile: Sendable, Hashable {
    /// Whether each row has a value of its own.
    package enum Uniqueness: String, Sendable, Hashable {
        /// All values were counted: no two are equal, and none is missing.
        case unique
        /// No two of the values of the sample are equal, and none is missing.
        case likely
        /// Two are equal, or one is missing.
        case no
    }

    /// A text that occurs, or what texts look like, and how often.
    package struct Frequency<Value: Sendable & Hashable>: Sendable, Hashable {
        /// What occurs.
        package let value: Value
        /// Rows that have it.
        package let count: Int
    }

    /// The first and the last of days or moments.
    package struct Span: Sendable, Hashable {
        /// The earliest.
        package let first: String
        /// The latest.
        package let last: String
    }

    /// How long values are, in Unicode scalars.
    package struct Lengths: Sendable, Hashable {
        /// Of the shortest.
        package let shortest: Int
        /// Of the longest.
        package let longest: Int
        /// Of all.
        package let mean: Double
    }

    /// The name in the header.
    package let name: String
    /// The type that all values have.
    package let type: ColumnType
    /// Rows without a value.
    package let missing: Int
    /// Different values; numbers are told apart by what they mean, others by their text.
    package let distinct: Int
    /// Whether `distinct` is exact, and not an estimate with a standard error of 2.2 %.
    package let isDistinctExact: Bool
    /// Whether the column may be a key.
    package let uniqueness: Uniqueness
    /// Nil where the column is not one of numbers.
    package let numbers: NumberProfile?
    /// The earliest and latest day or moment, as they stand in the table.
    package let times: Span?
    /// How long the values are; nil without a value.
    package let lengths: Lengths?
    /// What texts look like, the most frequent first.
    package let shapes: [Frequency<TextShape>]
    /// All values by how often they occur, of each the first 64 bytes, the most frequent first; nil
    /// where there are more than were counted.
    package let frequencies: [Frequency<String>]?
    /// The finite numbers of a column of numbers, ascending: exact, or the middles of bins where
    /// `numbers` says so; else empty.
    package let values: [WeightedValue]
    /// The days or moments of a column of them, in seconds since 1970, ascending: exact, or the middles
    /// of bins where not all values were counted; else empty.
    package let moments: [WeightedValue]
    /// Rows by the hashes of their values, in as many bins as every other column has; empty without a
    /// value, and where they were not asked for: those of very many columns take more than all else.
    package let hashCounts: [Int]

    /// The ten most frequent values.
    package var top: [Frequency<String>] { Array((frequencies ?? []).prefix(10)) }
    /// Rows with a value.
    package let present: Int

    /// The smallest value as text, of numbers and times.
    package var low: String? { numbers?.low ?? times?.first }
    /// The largest.
    package var high: String? { numbers?.high ?? times?.last }

    /// Of the tally, nothing waits.
    init(
        name: String, _ tally: ColumnTally, rowCount: Int, type: ColumnType, countingHashes: Bool
    ) {
        self.name = name
        self.type = type
        missing = tally.missing
        present = tally.present
        let table = tally.values.exact
        let estimate = tally.values.estimate()
        isDistinctExact = estimate.isExact
        let isNumeric = type == .int || type == .float
        let exact = isNumeric ? table.flatMap(ColumnProfile.numbers) : nil
        if type == .float, let table, let exact {
            distinct = exact.count + ColumnProfile.infinities(table)
        } else {
            distinct = min(estimate.count, tally.present)
        }
        uniqueness =
            if missing > 0 || rowCount == 0 || tally.values.hasRepetition {
                .no
            } else if estimate.isExact {
                distinct == rowCount ? .unique : .no
            } else {
                .likely
            }
        let values = exact ?? (isNumeric ? NumberProfile.values(tally) : [])
        self.values = values
        numbers =
            isNumeric ? NumberProfile(tally, values: values, isExact: exact != nil) : nil
        moments =
            type == .date || type == .timestamp ? ColumnProfile.moments(tally, table) : []
        hashCounts = countingHashes ? tally.fullBuckets().counts : []
        times = (type == .date ? tally.dates : type == .timestamp ? tally.moments : nil).map {
            Span(first: $0.first.text, last: $0.last.text)
        }
        lengths =
            tally.present == 0
            ? nil
            : Lengths(
                shortest: tally.lengths.shortest, longest: tally.lengths.longest,
                mean: Double(tally.lengths.total) / Double(tally.present))
        // In the order of their declaration where they are equally frequent.
        shapes = TextShape.allCases.compactMap { shape in
            let count = tally.shapes[shape.place]
            return count > 0 ? Frequency(value: shape, count: count) : nil
        }.sorted { $0.count > $1.count }
        frequencies = table.map(ColumnProfile.frequencies)
    }

    private static func frequencies(_ table: ValueTable) -> [Frequency<String>] {
        let sorted = (0..<table.count).sorted {
            table.countOf($0) != table.countOf($1)
                ? table.countOf($0) > table.countOf($1)
                : table.text($0).lexicographicallyPrecedes(table.text($1))
        }
        return sorted.map {
            Frequency(
                value: String(decoding: table.text($0), as: UTF8.self), count: table.countOf($0))
        }
    }

    /// The finite numbers that the texts mean, ascending; nil where one was cut.
    private static func numbers(_ table: ValueTable) -> [WeightedValue]? {
        var counts: [Double: Int] = [:]
        for index in 0..<table.count {
            guard let number = table.number(index) else { return nil }
            if number.isFinite { counts[number + 0, default: 0] += table.countOf(index) }
        }
        return counts.sorted { $0.key < $1.key }.map { WeightedValue(value: $0, count: $1) }
    }

    private static func moments(_ tally: ColumnTally, _ table: ValueTable?) -> [WeightedValue] {
        guard let table else { return tally.fullTimes().values() }
        var counts: [Double: Int] = [:]
        table.forEachTime { counts[$0, default: 0] += $1 }
        return counts.sorted { $0.key < $1.key }.map { WeightedValue(value: $0, count: $1) }
    }

    /// How many of positive and negative infinity occur.
    private static func infinities(_ table: ValueTable) -> Int {
        Set((0..<table.count).compactMap { table.number($0) }.filter(\.isInfinite)).count
    }
}
