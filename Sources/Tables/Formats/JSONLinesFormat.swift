import Vocabulary

/// One JSON object a line (JSONL, NDJSON), perhaps packed by gzip or zstd: nested objects are columns
/// with dotted names, arrays are JSON text.
///
/// All lines are read once for the columns and their types, and once more for the rows.
package struct JSONLinesFormat: TableFormat {
    package let name = "jsonl"
    package let suffixes = [".jsonl", ".ndjson"]
    package let mayBePacked = true
    package let isCounted = true

    /// The format.
    package init() {}

    package func forEachBatch(
        of source: TableSource, first limit: Int?, _ body: (RowBatch) throws -> Void
    ) throws -> TableHeader {
        var columns = try JSONLinesColumns(of: source, first: limit)
        let known = try columns.summary().columns
        var builder = RowBuilder(columns: known.map(\.name), types: known.map(\.type))
        columns.parser.restart()
        unsafe try JSONLinesFormat.forEachLine(of: source, first: limit) { text, line in
            guard unsafe try columns.parser.parse(text, line: line) else { return false }
            let row = columns.parser.rowCount - 1
            for slot in columns.parser.slots {
                if slot.row == row, slot.kind != .null {
                    unsafe columns.parser.value(of: slot, in: text) { unsafe builder.append($0) }
                } else {
                    builder.appendNull()
                }
            }
            try builder.endRow(body)
            return true
        }
        try builder.flush(body)
        return builder.header
    }

    package func summary(of source: TableSource) throws -> TableSummary {
        try JSONLinesColumns(of: source, first: nil).summary()
    }

    /// Hands lines to `body`, which says whether one is a row, until there were `limit` rows.
    fileprivate static func forEachLine(
        of source: TableSource, first limit: Int?,
        _ body: (UnsafeBufferPointer<UInt8>, Int) throws -> Bool
    ) throws {
        var splitter = LineSplitter()
        var rows = 0
        // The views live for the calls.
        func take(_ text: UnsafeBufferPointer<UInt8>, _ line: Int) throws {
            if unsafe try body(text, line) { rows += 1 }
            if rows == limit { throw SeenEnough() }
        }
        do {
            unsafe try source.forEachPlainBuffer { unsafe try splitter.consume($0, take) }
            unsafe try splitter.finish(take)
        } catch is SeenEnough where rows == limit {}
    }
}

/// The columns that lines have, and their types.
private struct JSONLinesColumns {
    var parser = JSONRowParser()

    /// What was seen of one column.
    private struct Seen {
        var values = 0
        var bools = 0
        var ints = 0
        var floats = 0
        var texts = 0
        var dates = 0
        var times = 0

        /// The narrowest type of all values.
        var type: ColumnType {
            if values == 0 { return .string }
            if bools == values { return .bool }
            if ints == values { return .int }
            if ints + floats == values { return .float }
            if dates == values { return .date }
            return times == values ? .timestamp : .string
        }
    }

    private var seen: [Seen] = []

    init(of source: TableSource, first limit: Int?) throws {
        unsafe try JSONLinesFormat.forEachLine(of: source, first: limit) { text, line in
            guard unsafe try parser.parse(text, line: line) else { return false }
            while seen.count < parser.slots.count { seen.append(Seen()) }
            for column in parser.touched { unsafe observe(column, text) }
            return true
        }
    }

    // Unsafe: the line is the one that was parsed last.
    private mutating func observe(_ column: Int, _ text: UnsafeBufferPointer<UInt8>) {
        let slot = parser.slots[column]
        guard slot.kind != .null else { return }
        var found = seen[column]
        found.values += 1
        switch slot.kind {
        case .null, .json: break
        case .bool: found.bools += 1
        case .number:
            unsafe parser.value(of: slot, in: text) { value in
                if unsafe FieldSyntax.int(value) != nil {
                    found.ints += 1
                } else if unsafe FieldSyntax.isFloat(value) {
                    found.floats += 1
                }
            }
        case .text:
            // Once one text was neither, no column of texts is a date or a time.
            if found.texts == found.dates || found.texts == found.times {
                unsafe parser.value(of: slot, in: text) { value in
                    if unsafe FieldSyntax.date(value) != nil {
                        found.dates += 1
                    } else if unsafe FieldSyntax.timestamp(value) != nil {
                        found.times += 1
                    }
                }
            }
            found.texts += 1
        }
        seen[column] = found
    }

    /// Throws where there is no row, or no row has a value.
    func summary() throws(TableError) -> TableSummary {
        guard parser.rowCount > 0 else {
            throw TableError(line: nil, "it is empty: there is no row")
        }
        guard !parser.paths.isEmpty else { throw TableError(line: nil, "no row has a key") }
        var names: Set<String> = []
        let columns = try zip(parser.paths, seen).enumerated().map {
            (index, column) throws(TableError) in
            let path = String(decoding: column.0, as: UTF8.self)
            let name = path.isEmpty ? "column_\(index + 1)" : path
            guard names.insert(name).inserted else {
                throw TableError(
                    line: nil, "two columns are called '\(printable(Array(name.utf8)))'")
            }
            return ColumnSummary(
                name: name, type: column.1.type,
                isNullable: column.1.values < parser.rowCount)
        }
        return TableSummary(rowCount: parser.rowCount, columns: columns)
    }
}
