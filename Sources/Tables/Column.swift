/// A column of a table in memory.
package struct Column: Sendable {
    /// The values, in row order. Where there is none, the entry is 0, false, NaN or code -1.
    package enum Values: Sendable {
        /// Truth values.
        case bools([Bool])
        /// Integers.
        case ints([Int64])
        /// Numbers; may be infinite.
        case floats([Double])
        /// Days since 1970-01-01.
        case dates([Int64])
        /// Microseconds since 1970-01-01T00:00:00Z.
        case timestamps([Int64])
        /// Codes into a dictionary of distinct texts, in the order in which they first appear.
        case strings(codes: [Int32], dictionary: [String])
    }

    /// Name, type, and whether there are nulls in these rows.
    package let summary: ColumnSummary
    /// The values.
    package let values: Values
    /// Which rows have no value.
    package let nulls: NullMask

    /// Makes a column.
    package init(summary: ColumnSummary, values: Values, nulls: NullMask) {
        self.summary = summary
        self.values = values
        self.nulls = nulls
    }

    /// The name.
    package var name: String { summary.name }
    /// The type.
    package var type: ColumnType { summary.type }

    /// The number of rows.
    package var count: Int {
        switch values {
        case .bools(let values): values.count
        case .ints(let values), .dates(let values), .timestamps(let values): values.count
        case .floats(let values): values.count
        case .strings(let codes, _): codes.count
        }
    }

    /// The values as numbers, NaN where there is none: false and true are 0 and 1, dates days,
    /// timestamps seconds. Nil for texts. Integers beyond 2^53 are rounded. Copies.
    package func numbers() -> [Double]? {
        let scale: Double
        let integers: [Int64]
        switch values {
        case .strings: return nil
        case .floats(let values): return values
        case .bools(let values): (integers, scale) = (values.map { $0 ? 1 : 0 }, 1)
        case .ints(let values), .dates(let values): (integers, scale) = (values, 1)
        case .timestamps(let values): (integers, scale) = (values, 1_000_000)
        }
        var result = integers.map { Double($0) / scale }
        if nulls.nullCount > 0 {
            for row in result.indices where nulls.isNull(row) { result[row] = .nan }
        }
        return result
    }
}
