/// Makes batches of rows value by value: of a table whose file states types, or one of several others.
///
/// Fields are laid out as in a delimited text, so that everything that reads batches reads these; but
/// the places of their ends are known, and nothing is parsed again. A value that is missing has no
/// byte, an empty text is `""`.
struct RowBuilder {
    let header: TableHeader
    private var bytes: [UInt8] = []
    private var ends: [UInt32] = []
    private var rowStart = 0
    private var rowsInBatch = 0
    private(set) var rowCount = 0

    /// How many bytes of complete rows are handed out together.
    private static let batchBytes = 128 << 10

    /// A builder of rows with these columns; without types the texts tell them, and what is no value.
    init(columns: [String], types: [ColumnType]?) {
        var writer = CSVWriter()
        writer.append(row: columns)
        header = TableHeader(
            columnNames: columns, rawRow: Array(writer.bytes.dropLast()),
            delimiter: writer.delimiter, types: types)
    }

    /// Appends a field without a value.
    mutating func appendNull() { endField() }

    /// Appends a field with that value.
    mutating func append(_ text: String) {
        var text = text
        text.withUTF8 { unsafe append($0) }
    }

    /// Appends a field with that value: UTF-8, as the caller has checked.
    // Unsafe: a view that the caller keeps valid for the call, copied here.
    mutating func append(_ field: UnsafeBufferPointer<UInt8>) {
        // An empty value is not a missing one.
        unsafe bytes.append(field, delimiter: 0x2c, quoted: field.isEmpty)
        endField()
    }

    /// Ends the row, whose fields were all appended; hands out what is complete now and then. Throws
    /// `TableError` for a row that is too long, and what `body` throws.
    mutating func endRow(_ body: (RowBatch) throws -> Void) throws {
        rowsInBatch += 1
        rowCount += 1
        guard bytes.count - rowStart <= RowReader.maximumRowBytes else {
            throw TableError(
                line: nil, "row \(rowCount) is longer than \(RowReader.maximumRowText)")
        }
        rowStart = bytes.count
        if bytes.count >= RowBuilder.batchBytes { try flush(body) }
    }

    /// Hands out the rows that were not.
    mutating func flush(_ body: (RowBatch) throws -> Void) throws {
        guard rowsInBatch > 0 else { return }
        // Unsafe: the batch lives for the call.
        unsafe try bytes.withUnsafeBufferPointer { text in
            unsafe try ends.withUnsafeBufferPointer { places in
                guard let base = text.baseAddress, let first = places.baseAddress else { return }
                let batch = unsafe RowBatch(
                    base: base, ends: first, rowCount: rowsInBatch, header: header,
                    firstRow: rowCount - rowsInBatch)
                try body(batch)
            }
        }
        bytes.removeAll(keepingCapacity: true)
        ends.removeAll(keepingCapacity: true)
        rowsInBatch = 0
        rowStart = 0
    }

    private mutating func endField() {
        // A batch has at most its bytes and one row more: far below 4 GiB.
        ends.append(UInt32(truncatingIfNeeded: bytes.count))
        bytes.append(0x2c)
    }
}
