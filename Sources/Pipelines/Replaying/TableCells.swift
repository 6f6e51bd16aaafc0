import Tables
import Vocabulary

/// The cells of a table, as they are read.
struct TableCells {
    /// The names of the columns.
    let names: [String]
    private var bytes: [UInt8] = []
    private var ends: [Int] = []

    /// A few bytes of a packed table may become many.
    static let maximumBytes = 256 << 20

    /// Reads a table. Memory: its text. Throws `TableError`, also for one that is too large, and what reading
    /// needs and is missing.
    init(_ source: TableSource) throws {
        var (bytes, ends): ([UInt8], [Int]) = ([], [])
        let header = try source.format.forEachBatch(of: source, first: nil) { batch in
            for row in 0..<batch.rowCount {
                for column in 0..<batch.columnCount {
                    // Unsafe: the batch's bytes are copied within the closure.
                    unsafe batch.withComparedValue(row: row, column: column) { value in
                        unsafe bytes.append(contentsOf: value)
                    }
                    ends.append(bytes.count)
                }
            }
            guard bytes.count + 8 * ends.count <= TableCells.maximumBytes else {
                throw TableError(
                    line: nil, "it is larger than \(ByteCount(TableCells.maximumBytes))")
            }
        }
        names = header.columnNames
        (self.bytes, self.ends) = (bytes, ends)
    }

    /// How many there are.
    var count: Int { ends.count }

    /// How many rows these are.
    var rowCount: Int { ends.count / max(1, names.count) }

    /// A cell, row after row.
    func cell(_ index: Int) -> ArraySlice<UInt8> {
        bytes[(index == 0 ? 0 : ends[index - 1])..<ends[index]]
    }

    /// Where a cell is, in words.
    func place(_ index: Int) -> String {
        "row \(index / names.count + 1), column '\(TableCells.printed(names[index % names.count]))'"
    }

    /// Where another table first differs from this one, in words.
    func firstDifference(in other: TableCells) -> String {
        if let column = zip(names, other.names).enumerated().first(where: { $1.0 != $1.1 })?.offset
        {
            return "column \(column + 1): '\(TableCells.printed(names[column]))' -> "
                + "'\(TableCells.printed(other.names[column]))'"
        }
        if names.count != other.names.count {
            return "\(names.count) -> \(other.names.count) columns"
        }
        if let cell = (0..<min(count, other.count)).first(where: { cell($0) != other.cell($0) }) {
            return place(cell)
        }
        if rowCount != other.rowCount {
            return "row \(min(rowCount, other.rowCount) + 1): \(rowCount) -> \(other.rowCount) rows"
        }
        return "all values equal"
    }

    private static func printed(_ name: String) -> String { printable(Array(name.utf8)) }
}
