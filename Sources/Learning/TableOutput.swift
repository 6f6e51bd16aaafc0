internal import Tables
internal import Vocabulary

/// Writes a table that a step makes, so that equal rows are equal bytes: as Parquet where the name of the
/// file ends in `.parquet`, separated by tabs where it ends in `.tsv`, by commas otherwise.
struct TableOutput {
    private let name: String
    private let columns: [RowSchema.Column]
    private let sink: ByteSink
    /// Nil where the table is written as text.
    private var parquet: ParquetWriter?
    private var text: CSVWriter
    private var fields = 0
    /// The rows written so far.
    private(set) var rows = 0

    private static let heldBytes = 1 << 18

    /// Starts a table with these columns.
    init(_ columns: [RowSchema.Column], to sink: ByteSink, name: String) {
        self.name = name
        self.columns = columns
        self.sink = sink
        let format = TableFormats.format(forName: Array(name.utf8)) as? CSVFormat
        text = CSVWriter(delimiter: format?.delimiter ?? 0x2c)
        if TableOutput.isTyped(name) {
            parquet = ParquetWriter(columns: columns.map { ($0.name, $0.type) })
        } else {
            text.append(row: columns.map(\.name))
        }
    }

    /// Whether the types of columns matter in a table of that name.
    static func isTyped(_ name: String) -> Bool {
        (TableFormats.format(forName: Array(name.utf8)) as? ArrowFormat)?.name
            == ArrowFormat.parquet.name
    }

    /// Whether steps write tables of that name.
    static func isWritable(_ name: String) -> Bool {
        guard let format = TableFormats.format(forName: Array(name.utf8)) else { return true }
        return format is CSVFormat || isTyped(name)
    }

    /// Writes the next field of the row.
    mutating func append(_ cell: Cell) throws {
        if let isRight = parquet?.append(cell) {
            guard isRight else { throw mistyped() }
        } else {
            let bytes = cell.bytes
            // Unsafe: a view of the array, for the call.
            unsafe bytes.withUnsafeBufferPointer {
                unsafe text.append(field: $0, at: fields, of: columns.count)
            }
        }
        fields += 1
    }

    /// Writes the next field of the row: that of another table.
    mutating func append(_ batch: RowBatch, row: Int, column: Int) throws {
        guard parquet == nil else { return try append(Cell(batch, row: row, column: column)) }
        // Unsafe: a view of the batch, copied by the writer.
        unsafe batch.withValue(row: row, column: column) {
            unsafe text.append(field: $0, at: fields, of: columns.count)
        }
        fields += 1
    }

    /// Ends the row, which has a field for every column.
    mutating func endRow() throws {
        precondition(fields == columns.count, "a row has a field for every column")
        fields = 0
        rows += 1
        if parquet?.endRow() == nil { text.endRow() }
        if parquet?.byteCount ?? text.bytes.count >= TableOutput.heldBytes { try flush() }
    }

    /// Writes what is left.
    mutating func finish() throws {
        parquet?.finish()
        try flush()
    }

    private mutating func flush() throws {
        let bytes = parquet?.take() ?? text.take()
        if !bytes.isEmpty { try sink.write(bytes) }
    }

    private func mistyped() -> StoreError {
        let column = columns[fields]
        return StoreError(
            .malformed,
            "cannot write '\(name)': the value of column '\(printable(Array(column.name.utf8)))' in row "
                + "\(rows + 1) is not of type \(column.type.rawValue)",
            subject: column.name, advice: "look at that column of the step's inputs")
    }
}

extension ParquetWriter {
    /// Writes the next field of the row; false where the cell is not of the column's type.
    fileprivate mutating func append(_ cell: Cell) -> Bool {
        switch (cell, nextType) {
        case (.null, _): appendNull()
        case (.bool(let value), .bool): append(bool: value)
        case (.int(let value), .int), (.int(let value), .float): append(int: value)
        case (.float(let value), .float): append(float: value)
        case (.date(let value), .date), (.timestamp(let value), .timestamp): append(int: value)
        case (.text(let bytes), .string):
            // Unsafe, here and below: a view of the array, for the call.
            unsafe bytes.withUnsafeBufferPointer { unsafe append(text: $0) }
        case (.raw(let bytes), _):
            return unsafe bytes.withUnsafeBufferPointer { field in
                guard unsafe !FieldSyntax.isNull(field) else {
                    appendNull()
                    return true
                }
                return unsafe append(field: field)
            }
        default: return false
        }
        return true
    }
}
