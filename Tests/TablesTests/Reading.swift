import Tables
import Vocabulary

/// Everything a reader hands out, copied.
struct ReadTable: Equatable {
    var names: [String] = []
    var delimiter: UInt8 = 0
    var rows: [[String]] = []
    var rawRows: [[UInt8]] = []
}

/// Reads `bytes` in buffers of the sizes that `sizes` gives, over and over.
func read(
    _ bytes: [UInt8], format: CSVFormat = CSVFormat.csv, bufferSizes sizes: [Int] = [1 << 20]
) throws -> ReadTable {
    var table = ReadTable()
    var reader = format.makeReader()
    func collect(_ batch: RowBatch) {
        for row in 0..<batch.rowCount {
            table.rows.append((0..<batch.columnCount).map { batch.text(row: row, column: $0) })
            table.rawRows.append(Array(batch.rawRow(row)))
        }
    }
    try push(bytes, sizes) { try reader.consume($0, collect) }
    try reader.finish(collect)
    table.names = reader.header?.columnNames ?? []
    table.delimiter = reader.header?.delimiter ?? 0
    return table
}

func read(_ text: String, bufferSizes sizes: [Int] = [1 << 20]) throws -> ReadTable {
    try read(Array(text.utf8), bufferSizes: sizes)
}

/// The scanner's answer.
func scan(
    _ bytes: [UInt8], format: CSVFormat = CSVFormat.csv, bufferSizes sizes: [Int] = [1 << 20]
) throws -> TableSummary {
    var scanner = TableScanner(format)
    try push(bytes, sizes) { try scanner.consume($0) }
    return try scanner.finish()
}

func scan(_ text: String) throws -> TableSummary { try scan(Array(text.utf8)) }

func push(
    _ bytes: [UInt8], _ sizes: [Int], _ body: (UnsafeRawBufferPointer) throws -> Void
) throws {
    try bytes.withUnsafeBytes { all in
        var offset = 0
        var turn = 0
        while offset < all.count {
            let end = min(all.count, offset + sizes[turn % sizes.count])
            try body(UnsafeRawBufferPointer(rebasing: all[offset..<end]))
            offset = end
            turn += 1
        }
    }
}

/// A generator that gives the same numbers for the same seed.
struct SeededNumbers: RandomNumberGenerator {
    private var state: UInt64
    init(_ seed: UInt64) { state = seed }
    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }
}
