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
            if index > 0 { bytes.append(delimiter) }
            append(field: Array(field.utf8), isOnly: fields.count == 1)
        }
        bytes.append(0x0a)
    }

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

    /// A lone empty field is quoted, so that its line does not look blank.
    private mutating func append(field: [UInt8], isOnly: Bool) {
        let needsQuotes =
            field.isEmpty && isOnly
            || field.contains { $0 == delimiter || $0 == 0x22 || $0 == 0x0a || $0 == 0x0d }
        guard needsQuotes else { return bytes.append(contentsOf: field) }
        bytes.append(0x22)
        for byte in field {
            if byte == 0x22 { bytes.append(0x22) }
            bytes.append(byte)
        }
        bytes.append(0x22)
    }
}
