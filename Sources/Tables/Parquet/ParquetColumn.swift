import Bytes

/// The values of a column in the rows of one group, encoded as they are added.
struct ParquetColumn {
    let type: ColumnType
    /// The values that there are, in the encoding PLAIN.
    private var values: [UInt8] = []
    /// A bit for each row, the first in the lowest: whether there is a value.
    private var present: [UInt8] = []
    private var rows = 0
    private var valueCount = 0

    init(_ type: ColumnType) { self.type = type }

    /// The bytes that the column holds.
    var byteCount: Int { values.count + present.count }

    /// How many rows have no value.
    var nullCount: Int { rows - valueCount }

    mutating func appendNull() { mark(false) }

    mutating func append(bool value: Bool) {
        if valueCount & 7 == 0 { values.append(0) }
        if value { values[values.count - 1] |= 1 << UInt8(valueCount & 7) }
        mark(true)
    }

    /// Appends the lowest bytes of a number, the lowest first.
    mutating func append(bits: UInt64, bytes: Int) {
        for index in 0..<bytes {
            values.append(UInt8(truncatingIfNeeded: bits >> UInt64(8 * index)))
        }
        mark(true)
    }

    // Unsafe: a view that the caller keeps valid for the call, copied here.
    mutating func append(text: UnsafeBufferPointer<UInt8>) {
        // A text is shorter than a row, and that than 4 GiB.
        append(bits: UInt64(text.count), bytes: 4)
        unsafe values.append(contentsOf: text)
    }

    private mutating func mark(_ isPresent: Bool) {
        if rows & 7 == 0 { present.append(0) }
        if isPresent {
            present[present.count - 1] |= 1 << UInt8(rows & 7)
            valueCount += 1
        }
        rows += 1
    }

    /// The column chunk, one page, of all rows since the last one.
    mutating func takeChunk() -> [UInt8] {
        let levels = levels
        let size = 4 + levels.count + values.count
        var page = ThriftWriter()
        page.int32(1, 0)  // a data page
        page.int32(2, size)
        page.int32(3, size)
        page.begin(5)
        page.int32(1, rows)
        page.int32(2, ParquetWriter.plain)
        page.int32(3, ParquetWriter.runs)
        page.int32(4, ParquetWriter.runs)
        page.end()
        page.end()
        var writer = ByteWriter(capacity: page.bytes.count + size)
        writer.append(page.bytes)
        writer.append(uint32: UInt32(levels.count))
        writer.append(levels)
        writer.append(values)
        self = ParquetColumn(type)
        return writer.bytes
    }

    /// Which rows have a value: one run where all are alike, else a bit each.
    private var levels: [UInt8] {
        var writer = ByteWriter()
        if nullCount == 0 || valueCount == 0 {
            writer.append(varint: UInt64(rows) << 1)
            writer.append(uint8: valueCount > 0 ? 1 : 0)
        } else {
            writer.append(varint: UInt64(present.count) << 1 | 1)
            writer.append(present)
        }
        return writer.bytes
    }
}
