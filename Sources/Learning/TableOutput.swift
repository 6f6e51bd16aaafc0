internal import Tables

/// Writes a table that a step makes, so that equal rows are equal bytes.
struct TableOutput {
    private let sink: ByteSink
    private let columnCount: Int
    private var writer: CSVWriter
    private var fields = 0
    /// The rows written so far.
    private(set) var rows = 0

    /// Starts a table with these columns: separated by tabs where the name of the file ends in
    /// `.tsv`, by commas otherwise.
    init(_ columns: [String], to sink: ByteSink, name: String) {
        self.sink = sink
        let format = TableFormats.format(forName: Array(name.utf8)) as? CSVFormat
        writer = CSVWriter(delimiter: format?.delimiter ?? 0x2c)
        columnCount = columns.count
        writer.append(row: columns)
    }

    /// Writes the next field of the row.
    mutating func append(_ field: [UInt8]) {
        unsafe field.withUnsafeBufferPointer { unsafe append($0) }
    }

    /// Writes the next field of the row: a value, without the quotes of its file.
    // Unsafe: a view that the caller keeps valid for the call, copied by the writer.
    mutating func append(_ field: UnsafeBufferPointer<UInt8>) {
        unsafe writer.append(field: field, at: fields, of: columnCount)
        fields += 1
    }

    /// Ends the row, which has a field for every column.
    mutating func endRow() throws {
        precondition(fields == columnCount, "a row has a field for every column")
        fields = 0
        rows += 1
        writer.endRow()
        if writer.bytes.count >= 1 << 18 { try finish() }
    }

    /// Writes what is left.
    mutating func finish() throws {
        let bytes = writer.take()
        if !bytes.isEmpty { try sink.write(bytes) }
    }
}
