/// A file format that can be read as rows of named columns.
///
/// To add one: a file in `Formats/` and a line in `TableFormats.all`.
package protocol TableFormat: Sendable {
    /// The name in reports: `csv`.
    var name: String { get }
    /// The ends of file names, in lower case with the dot, that promise this format.
    var suffixes: [String] { get }
    /// Whether such a file may be compressed as a whole, and then have `.gz` or `.zst` behind its
    /// name.
    var mayBePacked: Bool { get }
    /// Whether such files are read when they are added, for rows and columns in their pointers. A
    /// pointer must be the same on every machine: so not where reading takes what may be missing; of
    /// such files only `statedExtent` is told.
    var isCounted: Bool { get }

    /// Hands all rows of `source` to `body`, batch by batch, and returns the header. With a limit only
    /// so many first rows are wanted: there may be more, but columns that occur only behind them may
    /// be missing. Throws `TableError` where the bytes are no such table, and what `body` throws.
    func forEachBatch(
        of source: TableSource, first limit: Int?, _ body: (RowBatch) throws -> Void
    ) throws -> TableHeader

    /// The parts of `source` that can be read by themselves, in order; none where it has no such parts, or
    /// does not say where they are.
    func parts(of source: TableSource) throws -> [TablePart]

    /// How large `source` says it is, in a few bytes and in the same way on every machine; nil where only a
    /// reading of all of it tells. Throws `TableError` where the bytes are no such table.
    func statedExtent(of source: TableSource) throws -> TableExtent?

    /// Rows, columns and types. Throws `TableError` where the bytes are no such table.
    func summary(of source: TableSource) throws -> TableSummary
}

extension TableFormat {
    package func parts(of source: TableSource) throws -> [TablePart] { [] }
    package func statedExtent(of source: TableSource) throws -> TableExtent? { nil }
}

/// Rows of a file that stand together and can be read by themselves.
///
/// In files of equal columns, parts with equal bytes, rows and layouts hold the same rows.
package struct TablePart: Sendable, Hashable {
    /// How many rows it has, as the file says.
    package let rowCount: Int
    /// Where its bytes are.
    package let range: Range<Int>
    /// A number for how the bytes are encoded.
    package let layout: UInt64
}

/// The table formats, in the order in which they are tried.
package enum TableFormats {
    /// Every format there is.
    package static let all: [any TableFormat] = [
        CSVFormat.csv, CSVFormat.tsv, JSONLinesFormat(), ArrowFormat.parquet, ArrowFormat.arrow,
        NPYFormat.npy, NPZFormat.npz,
    ]

    /// The ends of names of tables, for messages.
    package static var suffixText: String {
        let suffixes = all.flatMap(\.suffixes)
        return suffixes.dropLast().joined(separator: ", ") + " or " + (suffixes.last ?? "")
    }

    private static let packedSuffixes = [".gz", ".zst"]

    /// The format that a file's name promises, or nil. Only the end of the name counts, in
    /// either case; whether the bytes keep the promise shows when they are read.
    package static func format(forName name: [UInt8]) -> (any TableFormat)? {
        let lowered = name.map { (0x41...0x5a).contains($0) ? $0 | 0x20 : $0 }
        guard let packed = packedSuffixes.first(where: { ends(lowered, with: $0) }) else {
            return all.first { $0.suffixes.contains { ends(lowered, with: $0) } }
        }
        let inner = Array(lowered.dropLast(packed.utf8.count))
        return all.first { $0.mayBePacked && $0.suffixes.contains { ends(inner, with: $0) } }
    }

    private static func ends(_ name: [UInt8], with suffix: String) -> Bool {
        name.count > suffix.utf8.count && name.suffix(suffix.utf8.count).elementsEqual(suffix.utf8)
    }
}
