/// Text of delimited fields, one header row: RFC 4180 and what spreadsheets make of it.
package struct CSVFormat: TableFormat {
    package let name: String
    package let suffixes: [String]
    /// The delimiter; nil when it is found from the file's first 64 KiB.
    package let delimiter: UInt8?

    /// `.csv`: delimited by `,`, tab, `;` or `|`, whichever fits the file.
    package static let csv = CSVFormat(name: "csv", suffixes: [".csv"], delimiter: nil)
    /// `.tsv`: delimited by tabs.
    package static let tsv = CSVFormat(name: "tsv", suffixes: [".tsv"], delimiter: 0x09)

    package func makeReader() -> RowReader { RowReader(delimiter: delimiter) }
}
