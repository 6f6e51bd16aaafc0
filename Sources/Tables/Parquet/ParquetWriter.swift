import Bytes

/// Writes rows as a Parquet file, always the same bytes for the same rows: PLAIN values, not compressed, one
/// page for each column of a row group. docs/format/parquet-snapshot.md has the bytes.
///
/// Row groups end where rows say so, as chunks of the store end where bytes do: a group of rows that did not
/// change has the same bytes in the next version, wherever it stands.
///
/// Memory: the rows of a group, and some 60 bytes for each column of every group that was written.
package struct ParquetWriter {
    /// What was written and not taken yet.
    private var bytes: [UInt8]
    private let schema: [(name: String, type: ColumnType)]
    private var columns: [ParquetColumn]
    /// How much was written, taken or not.
    private var offset: Int
    /// The row groups as the footer lists them.
    private var groups: [UInt8] = []
    private var groupCount = 0
    private var rowCount = 0
    private var ending = GroupEnding()
    /// The values of the row, for its hash.
    private var row: [UInt8] = []
    private var filled = 0

    /// Encodings of Parquet.
    static let plain = 0
    static let runs = 3

    private static let magic = Array("PAR1".utf8)
    private static let createdBy = "mlstore snapshot version 1.0.0"

    /// A writer of tables with these columns, one at least.
    package init(columns: [(name: String, type: ColumnType)]) {
        schema = columns
        self.columns = columns.map { ParquetColumn($0.type) }
        bytes = ParquetWriter.magic
        offset = bytes.count
    }

    /// The type of the field that comes next.
    package var nextType: ColumnType { schema[filled].type }

    /// Writes the next field of the row: no value.
    package mutating func appendNull() {
        row.append(0)
        columns[filled].appendNull()
        filled += 1
    }

    /// Writes the next field of the row, whose column holds truth values.
    package mutating func append(bool value: Bool) {
        row.append(value ? 2 : 1)
        columns[filled].append(bool: value)
        filled += 1
    }

    /// Writes the next field of the row: of a column of integers, decimals, days or moments.
    package mutating func append(int value: Int64) {
        switch nextType {
        case .float: append(float: Double(value))
        case .date: append(bits: UInt64(bitPattern: value), bytes: 4)
        case .bool, .int, .timestamp, .string: append(bits: UInt64(bitPattern: value), bytes: 8)
        }
    }

    /// Writes the next field of the row, of a column of decimals. NaN is no value.
    package mutating func append(float value: Double) {
        if value.isNaN { return appendNull() }
        append(bits: value.bitPattern, bytes: 8)
    }

    /// Writes the next field of the row, whose column holds texts.
    // Unsafe: a view that the caller keeps valid for the call, copied here.
    package mutating func append(text: UnsafeBufferPointer<UInt8>) {
        row.append(3)
        unsafe row.append(contentsOf: text)
        unsafe columns[filled].append(text: text)
        filled += 1
    }

    /// Writes the next field of the row from its text in a table, which stands for a value of the column's
    /// type. False where it does not; then nothing was written.
    // Unsafe: a view that the caller keeps valid for the call, copied here.
    package mutating func append(field: UnsafeBufferPointer<UInt8>) -> Bool {
        switch nextType {
        case .string: unsafe append(text: field)
        case .bool:
            guard let value = unsafe FieldSyntax.bool(field) else { return false }
            append(bool: value)
        case .float:
            guard let value = unsafe FieldSyntax.float(field) else { return false }
            append(float: value)
        case .int, .date, .timestamp:
            guard let value = unsafe integer(field) else { return false }
            append(int: value)
        }
        return true
    }

    private func integer(_ field: UnsafeBufferPointer<UInt8>) -> Int64? {
        switch nextType {
        case .date: unsafe FieldSyntax.date(field)
        case .timestamp: unsafe FieldSyntax.timestamp(field)
        default: unsafe FieldSyntax.int(field)
        }
    }

    private mutating func append(bits: UInt64, bytes: Int) {
        row.append(4)
        for index in 0..<bytes {
            row.append(UInt8(truncatingIfNeeded: bits >> UInt64(8 * index)))
        }
        columns[filled].append(bits: bits, bytes: bytes)
        filled += 1
    }

    /// Ends the row, which has a field for every column.
    package mutating func endRow() {
        precondition(filled == columns.count, "a row has a field for every column")
        filled = 0
        rowCount += 1
        if ending.isEnd(of: row) { endGroup() }
        row.removeAll(keepingCapacity: true)
    }

    /// Takes what was written and goes on with nothing.
    package mutating func take() -> [UInt8] {
        defer { bytes = [] }
        return bytes
    }

    /// How many bytes can be taken.
    package var byteCount: Int { bytes.count }

    /// Ends the file: the last row group and the footer.
    package mutating func finish() {
        if ending.rows > 0 { endGroup() }
        var footer = ThriftWriter()
        footer.int32(1, 2)  // the format's version
        footer.structures(2, count: schema.count + 1)
        footer.beginElement()
        footer.text(4, "schema")
        footer.int32(5, schema.count)
        footer.end()
        for column in schema { ParquetType(type: column.type).write(column.name, to: &footer) }
        footer.int64(3, rowCount)
        footer.structures(4, count: groupCount)
        footer.append(groups)
        footer.text(6, ParquetWriter.createdBy)
        footer.end()
        var writer = ByteWriter()
        writer.append(footer.bytes)
        writer.append(uint32: UInt32(footer.bytes.count))
        writer.append(ParquetWriter.magic)
        bytes += writer.bytes
    }

    private mutating func endGroup() {
        var group = ThriftWriter()
        group.beginElement()
        group.structures(1, count: columns.count)
        let start = offset
        for index in columns.indices {
            let nulls = columns[index].nullCount
            let chunk = columns[index].takeChunk()
            list(schema[index], chunk.count, nulls: nulls, in: &group)
            bytes += chunk
            offset += chunk.count
        }
        group.int64(2, offset - start)
        group.int64(3, ending.rows)
        group.end()
        groups += group.bytes
        groupCount += 1
        ending = GroupEnding()
    }

    /// Writes what the footer says of a column chunk that begins at `offset`.
    private func list(
        _ column: (name: String, type: ColumnType), _ length: Int, nulls: Int,
        in group: inout ThriftWriter
    ) {
        group.beginElement()
        group.int64(2, 0)  // unused since 2024
        group.begin(3)
        group.int32(1, ParquetType(type: column.type).physical)
        group.int32s(2, [ParquetWriter.plain, ParquetWriter.runs])
        group.texts(3, [column.name])
        group.int32(4, 0)  // not compressed
        group.int64(5, ending.rows)
        group.int64(6, length)
        group.int64(7, length)
        group.int64(9, offset)
        group.begin(12)
        group.int64(3, nulls)
        group.end()
        group.end()
        group.end()
    }
}

/// Says where row groups end: behind a row whose hash is below a limit, so that a change moves no ends but
/// those near it.
///
/// A group has 16,384 rows or 4 MiB at least, and as much again on average; 131,072 rows or 32 MiB, and a row,
/// at most. Of eight bytes a value, a column has 128 KiB or more then, which is what the store cuts well.
struct GroupEnding {
    private(set) var rows = 0
    private var bytes = 0

    private static let leastRows = 16_384
    private static let leastBytes = 4 << 20
    private static let mostRows = 131_072
    private static let mostBytes = 32 << 20

    /// Counts a row; whether the group ends behind it.
    mutating func isEnd(of row: [UInt8]) -> Bool {
        rows += 1
        bytes += row.count
        if rows >= GroupEnding.mostRows || bytes >= GroupEnding.mostBytes { return true }
        guard rows >= GroupEnding.leastRows || bytes >= GroupEnding.leastBytes else { return false }
        let limit = max(
            1 << 32 / UInt64(GroupEnding.leastRows),
            UInt64(row.count) << 32 / UInt64(GroupEnding.leastBytes))
        return xxh3(row) >> 32 < limit
    }
}
