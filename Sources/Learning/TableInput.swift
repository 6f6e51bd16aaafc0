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
        try naming {
            let next = try source.open()
            var reader = format.makeReader()
            var start: [UInt8] = []
            while reader.header == nil {
                let piece = try next()
                if piece.isEmpty {
                    try reader.finish { _ in }
                    break
                }
                start += piece
                // Unsafe, here and below: the buffer is the array's, for the call.
                try unsafe piece.withUnsafeBytes { unsafe try reader.consume($0) { _ in } }
            }
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
            let next = try source.open()
            var reader = format.makeReader()
            while case let piece = try next(), !piece.isEmpty {
                try unsafe piece.withUnsafeBytes { unsafe try reader.consume($0, checked) }
            }
            try reader.finish(checked)
        }
    }

    /// The types of the columns and the number of rows: one pass.
    func summary() throws -> TableSummary {
        try naming {
            let next = try source.open()
            var scanner = TableScanner(format)
            while case let piece = try next(), !piece.isEmpty {
                try unsafe piece.withUnsafeBytes { unsafe try scanner.consume($0) }
            }
            return try scanner.finish()
        }
    }

    private func naming<Result>(_ body: () throws -> Result) throws -> Result {
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
