/// Some complete rows of a table, as slices of the bytes they were read from.
///
/// Valid only inside the closure that was given it: nothing is copied. Rows and columns count
/// from 0.
// Safe to hold, unsafe to read from: the readers below are marked so, and take indexes that the
// caller keeps below `rowCount` and `columnCount`.
@safe package struct RowBatch {
    let base: UnsafePointer<UInt8>
    let ends: UnsafePointer<UInt32>
    /// The number of rows; at least 1.
    package let rowCount: Int
    /// The number of fields in every row.
    package let columnCount: Int
    /// How many rows of the table came before this batch.
    package let firstRow: Int
    /// Where the first row begins in a delimited table's bytes, unpacked; 0 in other tables.
    package let byteOffset: Int
    /// What the table said before its rows.
    package let header: TableHeader
    /// Whether the file states types: see `TableHeader.types`.
    let isTyped: Bool

    init(
        base: UnsafePointer<UInt8>, ends: UnsafePointer<UInt32>, rowCount: Int, header: TableHeader,
        firstRow: Int, byteOffset: Int = 0
    ) {
        unsafe self.base = base
        unsafe self.ends = ends
        self.rowCount = rowCount
        columnCount = header.columnNames.count
        self.header = header
        isTyped = header.types != nil
        self.firstRow = firstRow
        self.byteOffset = byteOffset
    }

    /// The field as it stands in the file, quotes and all.
    @inline(__always)
    package func rawField(row: Int, column: Int) -> UnsafeBufferPointer<UInt8> {
        let index = row &* columnCount &+ column
        let start = unsafe index == 0 ? 0 : Int(ends[index &- 1]) &+ 1
        var end = unsafe Int(ends[index])
        if column == columnCount &- 1, end > start, unsafe base[end &- 1] == 0x0d { end &-= 1 }
        return unsafe UnsafeBufferPointer(start: base + start, count: end &- start)
    }

    /// How many bytes behind `byteOffset` the row ends, its line end included: where the table ends
    /// without one, a byte too many.
    @inline(__always)
    package func rowEnd(_ row: Int) -> Int {
        // Unsafe: there is an end for every field.
        unsafe Int(ends[(row &+ 1) &* columnCount &- 1]) &+ 1
    }

    /// The row as it stands in the file, without its line end.
    package func rawRow(_ row: Int) -> UnsafeBufferPointer<UInt8> {
        let first = row &* columnCount
        let start = unsafe first == 0 ? 0 : Int(ends[first &- 1]) &+ 1
        let last = unsafe rawField(row: row, column: columnCount - 1)
        let end = unsafe last.baseAddress.map { unsafe $0 - base + last.count } ?? start
        return unsafe UnsafeBufferPointer(start: base + start, count: end &- start)
    }

    /// The field without the quotes around it. Quotes doubled inside it are still doubled: equal to
    /// the field's value whenever `hasDoubledQuotes` says no.
    @inline(__always)
    package func trimmedField(row: Int, column: Int) -> UnsafeBufferPointer<UInt8> {
        let raw = unsafe rawField(row: row, column: column)
        guard raw.count >= 2, unsafe raw[0] == 0x22 else { return unsafe raw }
        return unsafe UnsafeBufferPointer(rebasing: raw[1..<(raw.count - 1)])
    }

    /// Calls `body` with the field's value: its text without quotes. Copies only fields with
    /// doubled quotes.
    @inline(__always)
    package func withValue<Result>(
        row: Int, column: Int, _ body: (UnsafeBufferPointer<UInt8>) throws -> Result
    ) rethrows -> Result {
        let raw = unsafe rawField(row: row, column: column)
        guard raw.count >= 2, unsafe raw[0] == 0x22 else { return unsafe try body(raw) }
        let inner = unsafe UnsafeBufferPointer(rebasing: raw[1..<(raw.count - 1)])
        guard unsafe inner.contains(0x22) else { return unsafe try body(inner) }
        let value = unsafe RowBatch.undoubled(inner)
        return unsafe try value.withUnsafeBufferPointer { unsafe try body($0) }
    }

    /// The field's value as bytes of its own.
    package func value(row: Int, column: Int) -> [UInt8] {
        unsafe withValue(row: row, column: column) { unsafe Array($0) }
    }

    /// The field's value as text, which is UTF-8: the reader has checked.
    package func text(row: Int, column: Int) -> String {
        unsafe withValue(row: row, column: column) { unsafe String(decoding: $0, as: UTF8.self) }
    }

    /// Calls `body` with what a comparison of two versions compares: the field's value, but for an
    /// empty text of a typed table, which is another value than none: a byte that no text has.
    @inline(__always)
    package func withComparedValue<Result>(
        row: Int, column: Int, _ body: (UnsafeBufferPointer<UInt8>) throws -> Result
    ) rethrows -> Result {
        guard isTyped, unsafe rawField(row: row, column: column).count == 2 else {
            return unsafe try withValue(row: row, column: column, body)
        }
        return unsafe try withValue(row: row, column: column) { value in
            guard value.isEmpty else { return unsafe try body(value) }
            return try unsafe withUnsafePointer(to: 0xfe as UInt8) {
                try unsafe body(UnsafeBufferPointer(start: $0, count: 1))
            }
        }
    }

    /// Whether the field has no value: in a typed table no byte, else one of the texts that say so.
    @inline(__always)
    package func isNull(row: Int, column: Int) -> Bool {
        if isTyped { return unsafe rawField(row: row, column: column).isEmpty }
        let field = unsafe trimmedField(row: row, column: column)
        return unsafe FieldSyntax.isNull(field)
    }

    private static func undoubled(_ inner: UnsafeBufferPointer<UInt8>) -> [UInt8] {
        var value: [UInt8] = []
        value.reserveCapacity(inner.count)
        var skipsNext = false
        for index in 0..<inner.count {
            let byte = unsafe inner[index]
            if byte == 0x22, skipsNext {
                skipsNext = false
                continue
            }
            skipsNext = byte == 0x22
            value.append(byte)
        }
        return value
    }
}
