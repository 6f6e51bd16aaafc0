import Bytes
import Diffs
import Tables
import Vocabulary

/// Text and tables.
let textTargets = [
    FuzzTarget("json", parseJSON),
    FuzzTarget("yaml") { _ = try parseYAML($0)?.jsonValue },
    FuzzTarget("csv") { try parseTable($0, CSVFormat.csv) },
    FuzzTarget("jsonl") { try parseLines($0) },
    FuzzTarget("packed") { try parsePacked($0) },
    FuzzTarget("tsv") { try parseTable($0, CSVFormat.tsv) },
    FuzzTarget("table-schema", parseSchema),
    FuzzTarget("npy") { try parseArray($0, NPYFormat.npy) },
    FuzzTarget("npz") { try parseArray($0, NPZFormat.npz) },
]

@Sendable private func parseJSON(_ bytes: [UInt8]) throws {
    let value = try JSONValue(parsing: bytes)
    let again = try JSONValue(parsing: value.canonical)
    try require(again.canonical == value.canonical, "JSON that has two canonical forms")
    try require(again == value, "JSON that is another value once it is written")
}

/// A schema file; what is written of it reads the same.
@Sendable private func parseSchema(_ bytes: [UInt8]) throws {
    let schema = try TableSchema(parsing: bytes, file: "schema")
    let text = schema.text(of: "table")
    let again = try TableSchema(parsing: Array(text.utf8), file: "schema")
    try require(again.text(of: "table") == text, "a schema that is another one once it is written")
}

/// A table in one piece and in pieces: both say the same.
private func parseTable(_ bytes: [UInt8], _ format: CSVFormat) throws {
    let whole = scan(bytes, format, pieceBytes: max(1, bytes.count))
    let pieces = scan(bytes, format, pieceBytes: 1 + bytes.count % 13)
    switch (whole, pieces) {
    case (.success(let a), .success(let b)):
        try require(a == b, "a table that reads differently in pieces")
    case (.failure(let a), .failure): throw a
    case (.success, .failure(let error)), (.failure(let error), .success):
        throw WrongResult("a table that is none in pieces, or only there: \(error)")
    }
}

/// A table of JSON lines in one piece and in pieces: both say the same, and the rows fit the summary.
@Sendable private func parseLines(_ bytes: [UInt8]) throws {
    let source = TableSource(name: "t.jsonl", format: JSONLinesFormat(), bytes: bytes)
    let pieces = unsafe TableSource(name: "t.jsonl", format: JSONLinesFormat()) { body in
        var rest = bytes[...]
        while !rest.isEmpty {
            let piece = Array(rest.prefix(1 + bytes.count % 13))
            rest = rest.dropFirst(piece.count)
            try unsafe piece.withUnsafeBytes { unsafe try body($0) }
        }
    }
    let summary = try source.summary()
    try require(try pieces.summary() == summary, "lines that read differently in pieces")
    let table = try Table(reading: source, summary: summary)
    try require(table.rowCount == summary.rowCount, "a row that is counted and not read")
    for (column, known) in zip(table.columns, summary.columns) {
        try require(column.summary == known, "a column that reads as another")
    }
}

/// A table that may be packed: whatever unpacks is a table or is refused.
@Sendable private func parsePacked(_ bytes: [UInt8]) throws {
    _ = try TableSource(name: "t.csv", format: CSVFormat.csv, bytes: bytes).head(rows: 100)
}

/// An array, or an archive of some, as a table: as many rows as its header tells, or a refusal.
@Sendable private func parseArray(_ bytes: [UInt8], _ format: any TableFormat) throws {
    let source = TableSource(name: "t", format: format, bytes: bytes)
    let summary = try source.summary()
    var rowCount = 0
    try source.forEachBatch { rowCount += $0.rowCount }
    try require(rowCount == summary.rowCount, "a row that is counted and not read")
    if let extent = try source.statedExtent() {
        try require(
            extent == TableExtent(rows: rowCount, columns: summary.columns.count),
            "a size that is told and not so")
    }
    let parts = try source.parts()
    try require(
        parts.isEmpty || parts.reduce(0) { $0 + $1.rowCount } == rowCount,
        "parts that are not all rows")
}

private func scan(
    _ bytes: [UInt8], _ format: CSVFormat, pieceBytes: Int
) -> Result<TableSummary, TableError> {
    Result { () throws(TableError) in
        var scanner = TableScanner(format)
        var offset = 0
        while offset < bytes.count {
            let end = min(bytes.count, offset + pieceBytes)
            let piece = Array(bytes[offset..<end])
            var fault: TableError?
            piece.withUnsafeBytes { buffer in
                do throws(TableError) {
                    try scanner.consume(buffer)
                } catch { fault = error }
            }
            if let fault { throw fault }
            offset = end
        }
        return try scanner.finish()
    }
}
