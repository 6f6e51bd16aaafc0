import Vocabulary

/// Rows in memory as typed columns.
package struct Table: Sendable {
    /// The columns: those asked for, in the order of the file.
    package let columns: [Column]
    /// The number of rows.
    package let rowCount: Int

    /// Makes a table of columns that all have `rowCount` values.
    package init(columns: [Column], rowCount: Int) {
        self.columns = columns
        self.rowCount = rowCount
    }

    /// The column of that name, or nil.
    package func column(named name: String) -> Column? { columns.first { $0.name == name } }

    /// Reads the wanted columns (all when nil) of a table: one pass for the types, when `summary`
    /// does not tell them, and one for the values. Memory: 8 bytes a value, 4 for text.
    ///
    /// Throws `.notFound` for a column that is not there, `.malformed` where a value is not of
    /// the type that `summary` says.
    package init(
        reading source: TableSource, columns wanted: [String]? = nil,
        summary: TableSummary? = nil
    ) throws {
        let summary = try summary ?? source.summary()
        var builder = try TableBuilder(summary: summary, columns: wanted, name: source.name)
        try source.forEachBatch { try builder.append($0) }
        self = builder.finish()
    }
}

/// Builds a table from batches of rows.
package struct TableBuilder {
    private let name: String
    private let positions: [Int]
    private let allNames: [String]
    private var columns: [ColumnBuilder]
    private var rowCount = 0
    private var hasCheckedHeader = false

    /// A builder of the wanted columns of tables that `summary` describes. `name` is what errors
    /// call the table.
    package init(summary: TableSummary, columns wanted: [String]?, name: String) throws {
        self.name = name
        allNames = summary.columns.map(\.name)
        for column in wanted ?? [] where !allNames.contains(column) {
            throw StoreError(
                .notFound, "'\(name)' has no column '\(printable(Array(column.utf8)))'",
                subject: column, advice: TableBuilder.advice(for: column, among: allNames))
        }
        let chosen = wanted.map(Set.init)
        positions = summary.columns.indices.filter { index in
            chosen?.contains(summary.columns[index].name) ?? true
        }
        columns = positions.map {
            ColumnBuilder(summary.columns[$0], expectedRows: min(summary.rowCount, 1 << 27))
        }
    }

    /// Appends the rows of `batch`. Throws `.malformed` where the batch has other columns, or a
    /// value that is not of its column's type.
    package mutating func append(_ batch: RowBatch) throws {
        if !hasCheckedHeader {
            guard batch.header.columnNames == allNames else {
                throw StoreError(
                    .malformed, "'\(name)' does not have the columns it had before", subject: name)
            }
            hasCheckedHeader = true
        }
        for index in columns.indices {
            guard let row = columns[index].append(batch, column: positions[index]) else { continue }
            let column = columns[index].summary
            throw StoreError(
                .malformed,
                "cannot read column '\(column.name)' of '\(name)' as \(column.type.rawValue): "
                    + "the value in row \(batch.firstRow + row + 1) is something else",
                subject: column.name)
        }
        rowCount += batch.rowCount
    }

    /// The table of all rows that were appended.
    package consuming func finish() -> Table {
        Table(columns: columns.map { $0.finish() }, rowCount: rowCount)
    }

    private static func advice(for column: String, among names: [String]) -> String {
        if let alike = names.first(where: { $0.lowercased() == column.lowercased() }) {
            return "did you mean '\(alike)'?"
        }
        let shown = names.prefix(20).joined(separator: ", ")
        return "its columns are: \(shown)\(names.count > 20 ? ", …" : "")"
    }
}
