/// One fast pass over a delimited table: rows, columns, types, nulls, and whether lines are rows.
///
/// Pushed buffers of any size, so that it can run beside hashing and storing the same bytes.
/// Costs about 2 ns a byte and little memory.
package struct TableScanner {
    private var reader: RowReader
    private var columns: [ColumnInference] = []

    /// A scanner at the start of a file of that format, which takes its bytes unpacked.
    package init(_ format: CSVFormat) { reader = format.makeReader() }

    /// Looks at the next bytes. After an error the scanner is of no further use.
    package mutating func consume(_ buffer: UnsafeRawBufferPointer) throws(TableError) {
        var columns = self.columns
        defer { self.columns = columns }
        self.columns = []
        do {
            unsafe try reader.consume(buffer) { TableScanner.observe($0, &columns) }
        } catch {
            throw (error as? TableError) ?? TableError(line: nil, "\(error)")
        }
    }

    /// Ends the file and tells what it holds.
    package mutating func finish() throws(TableError) -> TableSummary {
        do {
            try reader.finish { TableScanner.observe($0, &columns) }
        } catch {
            throw (error as? TableError) ?? TableError(line: nil, "\(error)")
        }
        let names = reader.header?.columnNames ?? []
        if columns.isEmpty { columns = names.map { _ in ColumnInference() } }
        return TableSummary(
            rowCount: reader.rowCount,
            columns: zip(columns, names).map { $0.summary(name: $1) })
    }

    /// What kind of lines the rows read so far are made of; nil before the header was read.
    var lines: TableLines? {
        reader.header.map {
            TableLines(delimiter: $0.delimiter, areRows: !reader.hasQuotedLineEnds)
        }
    }

    private static func observe(_ batch: RowBatch, _ columns: inout [ColumnInference]) {
        if columns.isEmpty {
            columns = Array(repeating: ColumnInference(), count: batch.columnCount)
        }
        for column in 0..<batch.columnCount { columns[column].observe(batch, column: column) }
    }
}
