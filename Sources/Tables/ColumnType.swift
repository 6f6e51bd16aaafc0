/// What all values of a column are. A type is inferred over the whole table: every value that is
/// not null must have it; text has only `string`.
package enum ColumnType: String, Sendable, Hashable, CaseIterable {
    /// `true` or `false`, also `True`, `TRUE`, `False`, `FALSE`.
    case bool
    /// A decimal integer of 64 bits, written without `+` and without leading zeros.
    case int
    /// A decimal number, or `inf`, `-inf`, `Infinity`, `-Infinity`.
    case float
    /// A day: `2013-01-31`.
    case date
    /// A moment: `2013-01-31T09:30:00Z`; see `FieldSyntax.timestamp` for the forms.
    case timestamp
    /// Any other text.
    case string
}

/// A column's name and what was inferred of it.
package struct ColumnSummary: Sendable, Hashable {
    /// The name in the header.
    package let name: String
    /// The narrowest type that all values have; `string` when there is no value at all.
    package let type: ColumnType
    /// Whether at least one value is null.
    package let isNullable: Bool

    /// Makes a summary.
    package init(name: String, type: ColumnType, isNullable: Bool) {
        self.name = name
        self.type = type
        self.isNullable = isNullable
    }

    /// The type as pointers and reports write it: `int`, or `int?` where there are nulls.
    package var typeText: String { isNullable ? type.rawValue + "?" : type.rawValue }
}

/// What one pass over a table tells: a pure function of its bytes.
package struct TableSummary: Sendable, Hashable {
    /// The number of rows, the header not counted.
    package let rowCount: Int
    /// The columns in file order; names are distinct.
    package let columns: [ColumnSummary]

    /// Makes a summary.
    package init(rowCount: Int, columns: [ColumnSummary]) {
        self.rowCount = rowCount
        self.columns = columns
    }

    /// The summary with another type for one column, to read a table by the types of another
    /// one. Any type can be read as `string`, `int` as `float`; else the reading fails.
    package func retyping(_ name: String, as type: ColumnType) -> TableSummary {
        TableSummary(
            rowCount: rowCount,
            columns: columns.map { column in
                guard column.name == name else { return column }
                return ColumnSummary(name: name, type: type, isNullable: column.isNullable)
            })
    }
}
