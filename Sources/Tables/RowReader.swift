/// What a table says before its rows.
package struct TableHeader: Sendable, Hashable {
    /// The names of the columns, in file order.
    package let columnNames: [String]
    /// The header as it stands in the file, without byte order mark and line end.
    package let rawRow: [UInt8]
    /// The byte between fields.
    package let delimiter: UInt8
    /// The types of the columns, where the file states them. Then a field without any byte has no
    /// value and every other one has; else the texts tell both.
    package let types: [ColumnType]?

    init(
        columnNames: [String], rawRow: [UInt8], delimiter: UInt8, types: [ColumnType]? = nil
    ) {
        self.columnNames = columnNames
        self.rawRow = rawRow
        self.delimiter = delimiter
        self.types = types
    }
}

/// Reads a delimited text as rows, from buffers of any sizes pushed into it.
///
/// What comes out never depends on how the bytes were cut into buffers. Memory is bounded: the
/// longest row may have 16 MiB, and about four times that is held at worst.
package struct RowReader {
    /// The longest row accepted, in bytes, its line end not counted exactly.
    package static let maximumRowBytes = 16 << 20
    /// How much is indexed at once: small enough that the second look at it is from the cache.
    private static let windowBytes = 128 << 10

    /// The header: nil until it was read, which needs 64 KiB or the file's end.
    package private(set) var header: TableHeader?
    /// The number of rows read, the header not counted.
    package private(set) var rowCount = 0
    /// Whether a row that was read has a line end inside quotes, the header not counted.
    private(set) var hasQuotedLineEnds = false

    /// The delimiter, where it was given.
    private let delimiter: UInt8?
    /// Bytes that no complete row was found in yet.
    private var carry: [UInt8] = []
    /// The size that `carry` must reach before another look is worth its cost.
    private var patience = DelimiterSniffer.sampleBytes
    private var indexer: FieldIndexer?
    private var line = 1
    /// Where what is carried begins in the file; where nothing is, the bytes to come.
    private var position = 0

    /// The types that were stated elsewhere.
    private let types: [ColumnType]?

    /// A reader at the start of a file; without a delimiter it finds it. With types it reads the text that
    /// stands for a table whose file states them: see `TableHeader.types`.
    package init(delimiter: UInt8?, types: [ColumnType]? = nil) {
        self.delimiter = delimiter
        self.types = types
    }

    /// Reads on. `body` gets the rows that are complete, batch after batch; what it throws ends
    /// the reading. Throws `TableError` where the bytes are no table.
    package mutating func consume(
        _ buffer: UnsafeRawBufferPointer, _ body: (RowBatch) throws -> Void
    ) throws {
        guard let start = buffer.baseAddress else { return }
        // Unsafe: a view of the caller's buffer, read within 0..<count only.
        let bytes = unsafe UnsafeBufferPointer(
            start: start.assumingMemoryBound(to: UInt8.self), count: buffer.count)
        var offset = 0
        while offset < bytes.count, indexer == nil || !carry.isEmpty {
            let piece = min(max(RowReader.windowBytes, carry.count), bytes.count - offset)
            unsafe offset += try top(
                up: UnsafeBufferPointer(
                    rebasing: bytes[offset..<(offset + piece)]), body)
        }
        guard offset < bytes.count, let base = bytes.baseAddress else { return }
        let left = bytes.count - offset
        let used = unsafe try rows(base + offset, count: left, isFinal: false, body)
        position += used
        unsafe carry.append(
            contentsOf: UnsafeBufferPointer(rebasing: bytes[(offset + used)...]))
        patience = 2 * carry.count
    }

    /// Ends the file: the last row needs no line end. Throws as `consume` does.
    package mutating func finish(_ body: (RowBatch) throws -> Void) throws {
        patience = 0
        let rest = try readHeader(isFinal: true)
        _ = unsafe try rest.withUnsafeBufferPointer { bytes -> Int in
            guard let base = bytes.baseAddress else { return 0 }
            return unsafe try rows(base, count: bytes.count, isFinal: true, body)
        }
    }

    /// Appends to what is carried and reads that. Returns how much of `piece` is dealt with: when
    /// the next row starts inside it, the rest is read in place.
    private mutating func top(
        up piece: UnsafeBufferPointer<UInt8>, _ body: (RowBatch) throws -> Void
    ) throws -> Int {
        let before = carry.count
        unsafe carry.append(contentsOf: piece)
        guard carry.count >= patience else { return piece.count }
        let isAfterHeader = indexer != nil
        let rest = try readHeader(isFinal: false)
        guard indexer != nil else {
            patience = 2 * carry.count
            return piece.count
        }
        let used = unsafe try rest.withUnsafeBufferPointer { bytes -> Int in
            guard let base = bytes.baseAddress else { return 0 }
            return unsafe try rows(base, count: bytes.count, isFinal: false, body)
        }
        position += used
        if isAfterHeader, used >= before { return used - before }
        carry = Array(rest[(rest.startIndex + used)...])
        patience = 2 * carry.count
        return piece.count
    }

    /// Reads the header, when it was not read before and is complete, and takes what is carried
    /// behind it.
    private mutating func readHeader(isFinal: Bool) throws(TableError) -> ArraySlice<UInt8> {
        defer { if indexer != nil { carry = [] } }
        if indexer != nil { return carry[...] }
        if let text = WideText(firstBytes: carry) { throw .wideText(text) }
        var rest = carry[...]
        if rest.starts(with: [0xef, 0xbb, 0xbf]) { rest = rest.dropFirst(3) }
        while let first = rest.first,
            first == 0x0a || first == 0x0d && rest.dropFirst().first == 0x0a
        {
            rest = rest.dropFirst(first == 0x0a ? 1 : 2)
            line += 1
        }
        if rest.isEmpty, isFinal { throw TableError(line: nil, "it is empty: there is no header") }
        let found = delimiter ?? sniffedDelimiter(from: rest.startIndex)
        guard let row = try completeHeader(rest, delimiter: found, isFinal: isFinal) else {
            line = 1
            return []
        }
        let names = try row.columnNames(line: line, areNames: types != nil)
        header = TableHeader(
            columnNames: names, rawRow: Array(rest[..<row.textEnd]), delimiter: found,
            types: types)
        line += rest[..<row.next].count { $0 == 0x0a }
        indexer = FieldIndexer(delimiter: found, width: names.count)
        position += row.next
        return rest[row.next...]
    }

    /// Always from the same bytes of the file, however many are there already.
    private func sniffedDelimiter(from start: Int) -> UInt8 {
        let end = max(start, min(carry.count, DelimiterSniffer.sampleBytes))
        return DelimiterSniffer.delimiter(of: carry[start..<end])
    }

    private func completeHeader(
        _ rest: ArraySlice<UInt8>, delimiter: UInt8, isFinal: Bool
    ) throws(TableError) -> HeaderRow? {
        let fault: HeaderRow.Fault
        do throws(HeaderRow.Fault) {
            return try HeaderRow(reading: rest, delimiter: delimiter, isFinal: isFinal)
        } catch {
            fault = error
        }
        guard case .incomplete(let inQuotes) = fault else { throw .textAfterQuote(line: line) }
        if isFinal { throw .unclosedQuote(line: line) }
        guard rest.count <= RowReader.maximumRowBytes else {
            throw .rowTooLong(line: line, inQuotes: inQuotes)
        }
        return nil
    }
}

// MARK: - Rows

extension RowReader {
    /// Hands out the complete rows at `base`, window by window. Returns the bytes they took.
    // Unsafe: reads bytes 0..<count of `base` only.
    private mutating func rows(
        _ base: UnsafePointer<UInt8>, count: Int, isFinal: Bool, _ body: (RowBatch) throws -> Void
    ) throws -> Int {
        guard var indexer else { return 0 }
        self.indexer = nil
        defer { self.indexer = indexer }
        var offset = 0
        var window = RowReader.windowBytes
        while offset < count {
            let length = min(window, count - offset)
            let isLast = offset + length == count
            let start = unsafe base + offset
            let found = unsafe indexer.index(start, count: length, isFinal: isFinal && isLast)
            unsafe try deliver(found, start, at: position + offset, indexer, body)
            offset += found.endOffset
            if case .blankLine(let next) = found.stop {
                offset += next - found.endOffset
                line += 1
            } else if let stop = found.stop {
                throw unsafe error(stop, start, found, length, indexer)
            } else if found.rowCount == 0 {
                if length > RowReader.maximumRowBytes {
                    throw TableError.rowTooLong(line: line, inQuotes: found.endsInQuotes)
                }
                if isLast { return isFinal ? count : offset }
                window = min(2 * window, RowReader.maximumRowBytes + 1)
                continue
            }
            window = RowReader.windowBytes
        }
        return offset
    }

    private mutating func deliver(
        _ found: FieldIndexer.Outcome, _ start: UnsafePointer<UInt8>, at byteOffset: Int,
        _ indexer: FieldIndexer, _ body: (RowBatch) throws -> Void
    ) throws {
        guard found.rowCount > 0, let header else { return }
        if found.hasHighBytes,
            let fault = unsafe UTF8Check.firstFault(start, count: found.endOffset)
        {
            throw TableError.notUTF8(line: unsafe line + newlines(start, fault))
        }
        unsafe try indexer.ends.withUnsafeBufferPointer { ends in
            guard let first = ends.baseAddress else { return }
            let batch = unsafe RowBatch(
                base: start, ends: first, rowCount: found.rowCount, header: header,
                firstRow: rowCount, byteOffset: byteOffset)
            try body(batch)
        }
        rowCount += found.rowCount
        hasQuotedLineEnds = hasQuotedLineEnds || found.quotedNewlines > 0
        line += found.quotedNewlines + found.rowCount
    }

    private func error(
        _ stop: FieldIndexer.Stop, _ start: UnsafePointer<UInt8>, _ found: FieldIndexer.Outcome,
        _ length: Int, _ indexer: FieldIndexer
    ) -> TableError {
        // `line` already stands behind the rows that were delivered.
        func lineOf(_ place: Int) -> Int {
            unsafe line + newlines(start + found.endOffset, place - found.endOffset)
        }
        switch stop {
        case .ragged(let rowStart):
            let rest = unsafe Array(
                UnsafeBufferPointer(start: start + rowStart, count: length - rowStart))
            let row = try? HeaderRow(
                reading: rest[...], delimiter: indexer.delimiter, isFinal: true)
            return .ragged(
                line: lineOf(rowStart), fields: row?.fields.count ?? 0, expected: indexer.width)
        case .zeroByte(let place): return .zeroByte(line: lineOf(place))
        case .textAfterQuote(let place): return .textAfterQuote(line: lineOf(place))
        case .unclosedQuote(let place): return .unclosedQuote(line: lineOf(place))
        case .blankLine(let next): return .ragged(line: lineOf(next), fields: 0, expected: 0)
        }
    }

    private func newlines(_ start: UnsafePointer<UInt8>, _ count: Int) -> Int {
        unsafe UnsafeBufferPointer(start: start, count: count).count { $0 == 0x0a }
    }
}
