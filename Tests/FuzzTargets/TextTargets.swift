import Bytes
import Tables
import Vocabulary

/// Text and tables.
let textTargets = [
    FuzzTarget("json", parseJSON),
    FuzzTarget("yaml") { _ = try parseYAML($0)?.jsonValue },
    FuzzTarget("csv") { try parseTable($0, CSVFormat.csv) },
    FuzzTarget("tsv") { try parseTable($0, CSVFormat.tsv) },
]

@Sendable private func parseJSON(_ bytes: [UInt8]) throws {
    let value = try JSONValue(parsing: bytes)
    let again = try JSONValue(parsing: value.canonical)
    try require(again.canonical == value.canonical, "JSON that has two canonical forms")
    try require(again == value, "JSON that is another value once it is written")
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
