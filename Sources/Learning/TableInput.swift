internal import Bytes
internal import Tables
internal import Vocabulary

/// A step's input read as a table: any number of passes over a `ByteSource`.
struct TableInput: Sendable {
    let source: ByteSource
    private let format: any TableFormat

    /// The source as a table of the format that its name promises, CSV where it promises none.
    init(_ source: ByteSource) {
        self.source = source
        format = TableFormats.format(forName: Array(source.name.utf8)) ?? CSVFormat.csv
    }

    /// Whether it is delimited text.
    var isText: Bool { format is CSVFormat }

    /// The header: names of the columns, its text, and how its line ends.
    struct Header: Sendable, Equatable {
        let names: [String]
        let text: [UInt8]
        let lineEnd: [UInt8]

        /// The position of a column; throws `malformed` for a name that is not there.
        func position(of name: String, in table: String) throws -> Int {
            guard let position = names.firstIndex(of: name) else {
                throw StoreError.unknownColumn(name, table: table, known: names)
            }
            return position
        }
    }

    /// Reads as far as the header.
    func header() throws -> Header {
        guard let format = format as? CSVFormat else {
            let header = try table.header()
            return Header(names: header.columnNames, text: header.rawRow, lineEnd: [0x0a])
        }
        return try naming {
            var reader = format.makeReader()
            var start: [UInt8] = []
            do {
                // Unsafe, here and below: the buffer is read within the call.
                try unsafe table.forEachPlainBuffer { piece in
                    start += unsafe Array(piece)
                    try unsafe reader.consume(piece) { _ in }
                    if reader.header != nil { throw HeaderFound() }
                }
                try reader.finish { _ in }
            } catch is HeaderFound {}
            let text = reader.header?.rawRow ?? []
            return Header(
                names: reader.header?.columnNames ?? [], text: text,
                lineEnd: TableInput.lineEnd(after: text, in: start))
        }
    }

    /// Hands all rows to `body`, batch by batch. Throws `changedMeanwhile` when the table has no
    /// longer the columns of `header`: positions found there would not be its own.
    func forEachBatch(_ header: Header, _ body: (RowBatch) throws -> Void) throws {
        try naming {
            func checked(_ batch: RowBatch) throws {
                guard batch.columnCount == header.names.count else {
                    throw StoreError.tableChanged(source.name)
                }
                try body(batch)
            }
            _ = try format.forEachBatch(of: table, first: nil, checked)
        }
    }

    /// The types of the columns and the number of rows: one pass.
    func summary() throws -> TableSummary {
        try naming { try format.summary(of: table) }
    }

    /// Rows, types of columns, and where blocks of rows end: one pass. Of tables that are no text the
    /// blocks are those of `forEachTextPiece`.
    func layout() throws -> TableLayout {
        try naming {
            if let format = format as? CSVFormat {
                // Unsafe: the layout reads each buffer within the call.
                return try unsafe TableLayout(of: format) {
                    unsafe try table.forEachPlainBuffer($0)
                }
            }
            return try unsafe TableLayout(of: .of(table.header())) { body in
                // Unsafe: the array lives for the call.
                try forEachTextPiece { piece in
                    unsafe try piece.withUnsafeBytes { unsafe try body($0) }
                }
            }
        }
    }

    /// A table that is no text as the text that a step would have written of its values: header and rows
    /// in pieces of whole lines. A value that is missing has no byte, an empty text is `""`.
    func forEachTextPiece(_ body: ([UInt8]) throws -> Void) throws {
        try naming {
            var isFirst = true
            var piece: [UInt8] = []
            let header = try format.forEachBatch(of: table, first: nil) { batch in
                if isFirst { piece = batch.header.rawRow + [0x0a] }
                isFirst = false
                for row in 0..<batch.rowCount {
                    // Unsafe: a view of the batch, copied here.
                    unsafe piece.append(contentsOf: batch.rawRow(row))
                    piece.append(0x0a)
                }
                try body(piece)
                piece.removeAll(keepingCapacity: true)
            }
            if isFirst { try body(header.rawRow + [0x0a]) }
        }
    }

    private struct HeaderFound: Error {}

    /// The source as a table.
    var table: TableSource {
        unsafe TableSource(name: source.name, format: format, ranges: source.ranges) {
            [source] body in
            let next = try source.open()
            while case let piece = try next(), !piece.isEmpty {
                try unsafe piece.withUnsafeBytes { try unsafe body($0) }
            }
        }
    }

    /// Calls `body`; a `TableError` comes out as a `StoreError` that names the table.
    func naming<Result>(_ body: () throws -> Result) throws -> Result {
        do {
            return try body()
        } catch let error as TableError {
            throw error.named(source.name)
        }
    }

    /// The line end that follows the header text, which stands behind a byte order mark and blank
    /// lines at most.
    private static func lineEnd(after header: [UInt8], in start: [UInt8]) -> [UInt8] {
        var rest = start[...]
        if rest.starts(with: [0xef, 0xbb, 0xbf]) { rest = rest.dropFirst(3) }
        rest = rest.drop { $0 == 0x0a || $0 == 0x0d }
        return rest.dropFirst(header.count).first == 0x0d ? [0x0d, 0x0a] : [0x0a]
    }
}

extension StoreError {
    static func unknownColumn(_ name: String, table: String, known: [String]) -> StoreError {
        let near = nearest(name, in: known).map { "did you mean '\($0)'? " } ?? ""
        let some = known.prefix(20).joined(separator: ", ") + (known.count > 20 ? ", …" : "")
        return StoreError(
            .malformed, "'\(table)' has no column '\(name)'", subject: name,
            advice: near + "its columns are \(some)")
    }

    static func tableChanged(_ table: String) -> StoreError {
        StoreError(
            .changedMeanwhile, "'\(table)' changed while it was read", subject: table,
            advice: "run the command again when nothing writes to it")
    }

    static func noRows(_ table: String) -> StoreError {
        StoreError(
            .malformed, "'\(table)' has no rows", subject: table,
            advice: "check the step that wrote it: a table needs rows below its header")
    }
}
