/// The first rows of a table, as text.
package struct TableHead: Sendable, Hashable {
    /// The names of the columns, in file order.
    package let columnNames: [String]
    /// A text for each column; nil where there is no value.
    package let rows: [[String?]]
}

extension TableSource {
    /// The first rows, `limit` at most; reads no further than that takes. What is wrong behind them
    /// is not seen. Memory: their text.
    package func head(rows limit: Int) throws -> TableHead {
        var rows: [[String?]] = []
        var names: [String]?
        do {
            names = try forEachBatch(first: limit) { batch in
                names = batch.header.columnNames
                for row in 0..<min(batch.rowCount, limit - rows.count) {
                    rows.append(
                        (0..<batch.columnCount).map { column in
                            batch.isNull(row: row, column: column)
                                ? nil : batch.text(row: row, column: column)
                        })
                }
                if rows.count == limit { throw SeenEnough() }
            }.columnNames
        } catch is SeenEnough {}
        return TableHead(columnNames: names ?? [], rows: rows)
    }
}
