/// Writes rows as delimited text, always the same bytes for the same rows: fields quoted only
/// where they must be, lines ended by a line feed.
package struct CSVWriter {
    /// What was written and not taken yet.
    package private(set) var bytes: [UInt8] = []
    /// The byte between fields.
    package let delimiter: UInt8

    /// A writer of fields with that delimiter.
    package init(delimiter: UInt8 = 0x2c) { self.delimiter = delimiter }

    /// Writes a row, or the header.
    package mutating func append(row fields: [String]) {
        for (index, field) in fields.enumerated() {
            let text = Array(field.utf8)
            unsafe text.withUnsafeBufferPointer {
                unsafe append(field: $0, at: index, of: fields.count)
            }
        }
        endRow()
    }

    /// Writes the field at `index` of a row of `count` fields: its value, without quotes.
    // Unsafe: a view that the caller keeps valid for the call, copied here.
    package mutating func append(
        field: UnsafeBufferPointer<UInt8>, at index: Int, of count: Int
    ) {
        if index > 0 { bytes.append(delimiter) }
        // A lone empty field is quoted, so that its line does not look blank.
        unsafe bytes.append(field, delimiter: delimiter, quoted: field.isEmpty && count == 1)
    }

    /// Ends the row whose fields were written one by one.
    package mutating func endRow() { bytes.append(0x0a) }

    /// Copies the row as it stands in its table, byte for byte, which must have the same
    /// delimiter.
    package mutating func append(rawRow row: Int, of batch: RowBatch) {
        unsafe bytes.append(contentsOf: batch.rawRow(row))
        bytes.append(0x0a)
    }

    /// Copies the header as it stands in its table.
    package mutating func append(header: TableHeader) {
        bytes.append(contentsOf: header.rawRow)
        bytes.append(0x0a)
    }

    /// Takes what was written and goes on with nothing.
    package mutating func take() -> [UInt8] {
        defer { bytes = [] }
        return bytes
    }
}

extension [UInt8] {
    /// Appends a field of delimited text, in quotes where it must be or is to be.
    // Unsafe: a view that the caller keeps valid for the call, copied here.
    mutating func append(
        _ field: UnsafeBufferPointer<UInt8>, delimiter: UInt8, quoted: Bool
    ) {
        guard unsafe quoted || needsQuotes(field, delimiter) else {
            return unsafe append(contentsOf: field)
        }
        append(0x22)
        for place in 0..<field.count {
            let byte = unsafe field[place]
            if byte == 0x22 { append(0x22) }
            append(byte)
        }
        append(0x22)
    }
}

private func needsQuotes(_ field: UnsafeBufferPointer<UInt8>, _ delimiter: UInt8) -> Bool {
    for place in 0..<field.count {
        let byte = unsafe field[place]
        if byte == delimiter || byte == 0x22 || byte == 0x0a || byte == 0x0d { return true }
    }
    return false
}
