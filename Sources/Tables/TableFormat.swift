/// A file format that can be read as rows of named columns.
///
/// To add one: a file in `Formats/` and a line in `TableFormats.all`.
package protocol TableFormat: Sendable {
    /// The name in reports: `csv`.
    var name: String { get }
    /// The ends of file names, in lower case with the dot, that promise this format.
    var suffixes: [String] { get }
    /// A reader at the start of such a file.
    func makeReader() -> RowReader
}

/// The table formats, in the order in which they are tried.
package enum TableFormats {
    /// Every format there is.
    package static let all: [any TableFormat] = [CSVFormat.csv, CSVFormat.tsv]

    /// The format that a file's name promises, or nil. Only the end of the name counts, in
    /// either case; whether the bytes keep the promise shows when they are read.
    package static func format(forName name: [UInt8]) -> (any TableFormat)? {
        let lowered = name.map { (0x41...0x5a).contains($0) ? $0 | 0x20 : $0 }
        return all.first { format in
            format.suffixes.contains { suffix in
                lowered.count > suffix.utf8.count
                    && lowered.suffix(suffix.utf8.count).elementsEqual(suffix.utf8)
            }
        }
    }
}
