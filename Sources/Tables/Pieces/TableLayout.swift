import Bytes
package import Vocabulary

/// How a delimited table is laid out: rows, types of columns, and where it is cut into blocks of rows.
/// The layout of a table is the merge of those of its parts, in order.
///
/// Blocks end where rows say so: a row is a *mark* with a chance of its length in 512 KiB, by its hash,
/// and ends a block if no mark is in the 128 KiB before its end. So a row that is changed, put in or
/// taken out moves the ends of the blocks around it and of no others.
package struct TableLayout: Sendable, Equatable {
    /// The end of a block.
    struct End: Sendable, Equatable {
        /// Behind the row.
        var offset: Int
        /// In how many levels of groups the block is the last one: one end in 16 in one, and so on.
        let rank: Int
    }

    /// A run of whole rows.
    package struct Block: Sendable, Equatable {
        /// Where it stands among the table's bytes, unpacked. The first one begins with the header.
        package let range: Range<Int>
        /// In how many levels of groups it is the last one.
        package let rank: Int
    }

    /// The names of the columns, in file order.
    package let columnNames: [String]
    /// Rows, the header not counted.
    package private(set) var rowCount = 0
    private var columns: [ColumnInference]
    private var ends: [End] = []
    /// Behind the last mark.
    private var lastMark: Int?
    private var sizeBytes = 0
    /// A row of this many bytes would always be a mark. No end has a mark before it in a quarter of that.
    private let markBytes: Int

    /// Counts the ways in which tables were ever cut.
    package static let version = 1
    /// Blocks of some hundred kilobytes.
    package static let markBytes = 1 << 19

    private init(columnNames: [String], markBytes: Int = TableLayout.markBytes) {
        self.columnNames = columnNames
        self.markBytes = markBytes
        columns = columnNames.map { _ in ColumnInference() }
    }

    /// The layout of a table whose bytes `read` hands out, unpacked: one pass. Throws `TableError`.
    /// `markBytes` is there for tests: layouts of others are not joined.
    package init(
        of format: CSVFormat, markBytes: Int = TableLayout.markBytes,
        _ read: (_ body: (UnsafeRawBufferPointer) throws -> Void) throws -> Void
    ) throws {
        var reader = format.makeReader()
        var layout: TableLayout?
        var size = 0
        func observe(_ batch: RowBatch) {
            layout =
                layout
                ?? TableLayout(columnNames: batch.header.columnNames, markBytes: markBytes)
            layout?.observe(batch)
        }
        // Unsafe: the reader reads the buffer within the call.
        unsafe try read { buffer in
            size += buffer.count
            unsafe try reader.consume(buffer, observe)
        }
        try reader.finish(observe)
        self =
            layout
            ?? TableLayout(columnNames: reader.header?.columnNames ?? [], markBytes: markBytes)
        sizeBytes = size
    }

    /// The layout of a piece of a table: whole rows, behind each other, without the header unless
    /// `holdsHeader`. Throws where the bytes are not that, or end inside a row.
    package init(
        ofPiece header: TableHeader, holdsHeader: Bool, markBytes: Int = TableLayout.markBytes,
        _ pieces: [[UInt8]]
    ) throws {
        // Behind a heading of its own a piece is a table, with other offsets.
        let heading = holdsHeader ? [] : header.rawRow + [0x0a]
        let format = CSVFormat.of(header)
        self = try unsafe TableLayout(of: format, markBytes: markBytes) { body in
            for bytes in [heading] + pieces {
                // Unsafe: the array lives for the call.
                unsafe try bytes.withUnsafeBytes { unsafe try body($0) }
            }
        }
        guard columnNames == header.columnNames else {
            throw TableError(line: nil, "has other columns than before")
        }
        move(by: -heading.count)
    }

    private mutating func observe(_ batch: RowBatch) {
        for column in columns.indices { columns[column].observe(batch, column: column) }
        rowCount += batch.rowCount
        for row in 0..<batch.rowCount {
            // Unsafe: a view of the batch, hashed before it is gone.
            let bytes = unsafe batch.rawRow(row)
            let hash = unsafe xxh3(buffer: UnsafeRawBufferPointer(bytes))
            let limit = UInt64(bytes.count + 1) << 32 / UInt64(markBytes)
            guard hash >> 32 < limit else { continue }
            // The lower half of the hash has had no say in that.
            let rank = UInt32(truncatingIfNeeded: hash).trailingZeroBitCount / 4
            mark(End(offset: batch.byteOffset + batch.rowEnd(row), rank: rank))
        }
    }

    private mutating func mark(_ end: End) {
        if end.offset - (lastMark ?? .min / 2) >= markBytes / 4 { ends.append(end) }
        lastMark = end.offset
    }

    private mutating func move(by distance: Int) {
        for index in ends.indices { ends[index].offset += distance }
        lastMark = lastMark.map { $0 + distance }
        sizeBytes += distance
    }

    /// Takes in the part of the table that follows. Throws `.malformed` where it has other columns.
    package mutating func append(_ next: TableLayout) throws {
        guard columnNames == next.columnNames else {
            throw StoreError(.malformed, "cannot join parts of tables that have different columns")
        }
        var next = next
        next.move(by: sizeBytes)
        for column in columns.indices { columns[column].merge(next.columns[column]) }
        rowCount += next.rowCount
        // The first mark of any part is an end there; all others have their reasons within the part.
        if let first = next.ends.first { mark(first) }
        ends += next.ends.dropFirst()
        lastMark = next.lastMark ?? lastMark
        sizeBytes = next.sizeBytes
    }

    /// Rows, columns and types.
    package var summary: TableSummary {
        TableSummary(
            rowCount: rowCount,
            columns: zip(columns, columnNames).map { $0.summary(name: $1) })
    }

    /// The blocks, in order.
    package var blocks: [Block] {
        var blocks: [Block] = []
        var start = 0
        for end in ends where end.offset < sizeBytes {
            blocks.append(Block(range: start..<end.offset, rank: end.rank))
            start = end.offset
        }
        blocks.append(Block(range: start..<sizeBytes, rank: 0))
        return blocks
    }
}

// MARK: - As bytes

extension TableLayout {
    /// The bytes of a layout, without the names of the columns.
    package func encoded() -> [UInt8] {
        var writer = ByteWriter()
        writer.append(length: columns.count)
        for column in columns { writer.append(uint8: column.code) }
        for number in [rowCount, sizeBytes, lastMark.map { $0 + 1 } ?? 0, ends.count] {
            writer.append(length: number)
        }
        var last = 0
        for end in ends {
            writer.append(length: end.offset - last)
            writer.append(uint8: UInt8(end.rank))
            last = end.offset
        }
        return writer.bytes
    }

    /// The layout of a table with those columns from its bytes.
    package init(decoding bytes: [UInt8], columnNames: [String]) throws(DecodeError) {
        self.init(columnNames: columnNames)
        var cursor = ByteCursor()
        let span = bytes.span
        guard try cursor.length(span, maximum: .max) == columnNames.count else {
            throw DecodeError(at: 0, "other number of columns")
        }
        for column in columns.indices {
            guard let found = ColumnInference(code: try cursor.uint8(span)) else {
                throw DecodeError(at: cursor.offset, "no kind of column")
            }
            columns[column] = found
        }
        rowCount = try cursor.length(span, maximum: .max)
        sizeBytes = try cursor.length(span, maximum: .max)
        let mark = try cursor.length(span, maximum: .max)
        lastMark = mark > 0 ? mark - 1 : nil
        var last = 0
        for _ in 0..<(try cursor.length(span, maximum: span.count)) {
            // A row at the end of the table may have lost its line end.
            last += try cursor.length(span, maximum: sizeBytes + 1 - last)
            ends.append(End(offset: last, rank: Int(try cursor.uint8(span))))
        }
        guard cursor.isAtEnd(of: span) else { throw DecodeError(at: cursor.offset, "more bytes") }
    }
}
