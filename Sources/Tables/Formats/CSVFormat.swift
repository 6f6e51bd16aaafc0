/// Text of delimited fields, one header row: RFC 4180 and what spreadsheets make of it. Its bytes may
/// be packed by gzip or zstd, whatever the file is called.
package struct CSVFormat: TableFormat {
    package let name: String
    package let suffixes: [String]
    package let mayBePacked = true
    package let isCounted = true
    /// The delimiter; nil when it is found from the file's first 64 KiB.
    package let delimiter: UInt8?

    /// `.csv`: delimited by `,`, tab, `;` or `|`, whichever fits the file.
    package static let csv = CSVFormat(name: "csv", suffixes: [".csv"], delimiter: nil)
    /// `.tsv`: delimited by tabs.
    package static let tsv = CSVFormat(name: "tsv", suffixes: [".tsv"], delimiter: 0x09)

    /// The types of the columns, where the text stands for a table whose file states them: see
    /// `TableHeader.types`.
    private let types: [ColumnType]?

    private init(
        name: String, suffixes: [String], delimiter: UInt8?, types: [ColumnType]? = nil
    ) {
        self.name = name
        self.suffixes = suffixes
        self.delimiter = delimiter
        self.types = types
    }

    /// Text with the delimiter and the types of a header, whatever it is called.
    package static func of(_ header: TableHeader) -> CSVFormat {
        CSVFormat(name: "csv", suffixes: [], delimiter: header.delimiter, types: header.types)
    }

    /// A reader at the start of such a file, which takes its bytes unpacked.
    package func makeReader() -> RowReader { RowReader(delimiter: delimiter, types: types) }

    package func forEachBatch(
        of source: TableSource, first limit: Int?, _ body: (RowBatch) throws -> Void
    ) throws -> TableHeader {
        var reader = makeReader()
        unsafe try source.forEachPlainBuffer { unsafe try reader.consume($0, body) }
        try reader.finish(body)
        guard let header = reader.header else { throw TableError(line: nil, "no header") }
        return header
    }

    package func summary(of source: TableSource) throws -> TableSummary {
        try scan(source).summary
    }

    /// The summary, and what is known of the lines then: nothing, where the bytes are packed. Throws
    /// `TableError` where the bytes are no such table.
    package func scan(
        _ source: TableSource
    ) throws -> (summary: TableSummary, lines: TableLines?) {
        var scanner = TableScanner(self)
        unsafe try source.forEachPlainBuffer { unsafe try scanner.consume($0) }
        let summary = try scanner.finish()
        return (summary, try source.isPacked() ? nil : scanner.lines)
    }
}
