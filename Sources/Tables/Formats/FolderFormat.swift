import Bytes
import Vocabulary

/// The files of a folder, all of one format, read as one table; folders called `key=value` on the way to a
/// file are columns behind its own.
///
/// Columns are known by name: a file that lacks one has no values there.
package struct FolderFormat: TableFormat {
    package let name: String
    package let suffixes: [String] = []
    package let mayBePacked = false
    package let isCounted = false
    private let files: [File]

    private struct File: Sendable {
        let source: TableSource
        /// From the names of folders; nil for a value that is none.
        let values: [(key: String, value: String?)]
        /// Whether only its columns are of interest, and not its rows.
        let lendsColumns: Bool
    }

    /// What Hive calls a folder of rows that lack the value.
    private static let noValue = "__HIVE_DEFAULT_PARTITION__"

    /// Whether the file at a path below a folder is a part of the table: its name promises a table, and
    /// neither it nor a folder on the way begins as what programs put beside data does. The log of a Delta
    /// Lake table is one too: it says which files count, so that no table can be read past it.
    package static func isPart(_ path: [String]) -> Bool {
        guard let name = path.last else { return false }
        if path.dropLast().last == DeltaLog.folder {
            return path.dropLast(2).allSatisfy(mayHoldParts)
                && (name.hasSuffix(".json") || name.hasSuffix(".parquet"))
        }
        guard path.dropLast().allSatisfy(mayHoldParts), !name.hasPrefix("_"), !name.hasPrefix(".")
        else { return false }
        // Arrays in a folder are rarely rows of one table.
        let format = TableFormats.format(forName: Array(name.utf8))
        return format != nil && !(format is NPYFormat || format is NPZFormat)
    }

    /// Whether a folder of that name below a folder may hold parts of its table, or of its log.
    package static func mayHoldPartsOrLog(_ name: String) -> Bool {
        mayHoldParts(name) || name == DeltaLog.folder
    }

    /// What programs put beside data begins with a dot or `_`, but so may a column's name: `_day=1`.
    private static func mayHoldParts(_ name: String) -> Bool {
        !name.hasPrefix(".") && (!name.hasPrefix("_") || name.contains("="))
    }

    /// The table of files at those paths below a folder, in the order of these, opened by `open`. `name` is
    /// what errors call the folder; `others` are files whose columns the table has, but whose rows are left
    /// out; `version` asks for one of a Delta Lake table that is not the newest. Throws `.malformed` where
    /// these are of several formats or are not in the same kind of folders, or where there is none.
    package static func source(
        name: String, files paths: [[String]], columnsOf others: [[String]] = [],
        version: Int? = nil, _ open: ([String], any TableFormat) throws -> TableSource
    ) throws -> TableSource {
        func refused(_ why: String) -> StoreError {
            StoreError(
                .malformed, "cannot read the folder '\(name)' as a table: \(why)", subject: name,
                advice: "name one of the files in it")
        }
        if DeltaTable.isTable(paths) {
            return try DeltaTable(name: name, files: paths, version: version, open)
                .source(name: name, open)
        }
        if let inner = (paths + others).first(where: { $0.contains(DeltaLog.folder) }) {
            let log = inner.prefix { $0 != DeltaLog.folder }.joined(separator: "/")
            throw refused(
                "'\(printable(Array(log.utf8)))' in it is a Delta Lake table of its own")
        }
        if let version {
            throw StoreError(
                .badUsage,
                "'\(name)' has no version \(version): it is no Delta Lake table", subject: name,
                advice: "versions of other tables are those of git: PATH@REVISION")
        }
        let places = paths.map { ($0, false) } + others.map { ($0, true) }
        let files = try places.sorted { $0.0.lexicographicallyPrecedes($1.0) }.compactMap {
            path, lendsColumns in
            try TableFormats.format(forName: Array((path.last ?? "").utf8)).map { format in
                File(
                    source: try open(path, format), values: values(of: path),
                    lendsColumns: lendsColumns)
            }
        }
        guard let first = files.first else { throw refused("no file in it is one") }
        for file in files {
            guard file.source.format.name == first.source.format.name else {
                throw refused("it holds '\(first.source.name)' and '\(file.source.name)'")
            }
            guard file.values.map(\.key) == first.values.map(\.key) else {
                throw refused(
                    "'\(first.source.name)' and '\(file.source.name)' are not in the same kind of folders"
                )
            }
        }
        let format = FolderFormat(name: "folder of \(first.source.format.name)", files: files)
        // The files are read by the format.
        return unsafe TableSource(name: name, format: format) { _ in }
    }

    /// The columns that the folders on the way to a file give, with their values there.
    package static func values(of path: [String]) -> [(key: String, value: String?)] {
        path.dropLast().compactMap(FolderFormat.value)
    }

    /// The key and value that a folder's name gives.
    private static func value(_ name: String) -> (key: String, value: String?)? {
        guard let sign = name.firstIndex(of: "="), sign > name.startIndex else { return nil }
        let text = String(name[name.index(after: sign)...])
        return (String(name[..<sign]), text == noValue ? nil : unescaped(text))
    }

    /// The text with `%2F` as what it stands for, where that is text.
    private static func unescaped(_ text: String) -> String {
        PercentEncoding.decode(text).flatMap { String(validating: $0, as: UTF8.self) } ?? text
    }
}

// MARK: - Rows

extension FolderFormat {
    package func forEachBatch(
        of source: TableSource, first limit: Int?, _ body: (RowBatch) throws -> Void
    ) throws -> TableHeader {
        let columns = try columns()
        var rows = RowBuilder(columns: columns.names, types: columns.types)
        for file in files where !file.lendsColumns {
            let missing = limit.map { $0 - rows.rowCount }
            if let missing, missing <= 0 { break }
            var places: [Int?]?
            _ = try file.source.forEachBatch(first: missing) { batch in
                let own = places ?? columns.own.map { batch.header.columnNames.firstIndex(of: $0) }
                places = own
                for row in 0..<batch.rowCount {
                    for place in own { rows.append(place, row, of: batch) }
                    for (_, value) in file.values { rows.append(value) }
                    try rows.endRow(body)
                    if rows.rowCount == limit { try rows.flush(body) }
                }
            }
        }
        try rows.flush(body)
        return rows.header
    }

    package func summary(of source: TableSource) throws -> TableSummary {
        var inference: [ColumnInference] = []
        var counts: [Int] = []
        var rowCount = 0
        let header = try forEachBatch(of: source, first: nil) { batch in
            if counts.isEmpty {
                counts = Array(repeating: 0, count: batch.columnCount)
                inference = counts.map { _ in ColumnInference() }
            }
            rowCount += batch.rowCount
            for column in 0..<batch.columnCount {
                if batch.isTyped {
                    for row in 0..<batch.rowCount where !batch.isNull(row: row, column: column) {
                        counts[column] += 1
                    }
                } else {
                    inference[column].observe(batch, column: column)
                }
            }
        }
        return TableSummary(
            rowCount: rowCount,
            columns: header.columnNames.enumerated().map { index, name in
                guard let types = header.types else {
                    return (inference.isEmpty ? ColumnInference() : inference[index])
                        .summary(name: name)
                }
                return ColumnSummary(
                    name: name, type: types[index],
                    isNullable: rowCount > 0 && counts[index] < rowCount)
            })
    }

    /// All columns: those of the files, then those of the folders.
    private struct Columns {
        var own: [String] = []
        var names: [String] = []
        /// Nil where the texts tell the types.
        var types: [ColumnType]?
    }

    /// The columns of all files, each once, in the order in which they come.
    private func columns() throws -> Columns {
        var columns = Columns()
        var types: [String: ColumnType] = [:]
        var areTyped = false
        for file in files {
            let header = try file.source.header()
            areTyped = header.types != nil
            for (index, name) in header.columnNames.enumerated() {
                let type = header.types?[index] ?? .string
                if let known = types[name] {
                    types[name] = FolderFormat.common(known, type)
                } else {
                    types[name] = type
                    columns.own.append(name)
                }
            }
        }
        let keys = files.first?.values.map(\.key) ?? []
        columns.names = columns.own + keys
        if Set(columns.names).count < columns.names.count {
            throw TableError(line: nil, "a folder has the name of a column")
        }
        guard areTyped else { return columns }
        let folders = keys.indices.map { index in
            FolderFormat.type(of: files.compactMap { $0.values[index].value })
        }
        columns.types = columns.own.map { types[$0] ?? .string } + folders
        return columns
    }

    /// The narrowest type of values of both.
    private static func common(_ left: ColumnType, _ right: ColumnType) -> ColumnType {
        if left == right { return left }
        return Set([left, right]) == [.int, .float] ? .float : .string
    }

    /// The type of folders' values.
    private static func type(of texts: [String]) -> ColumnType {
        let all: [ColumnType] = texts.map { text in
            var text = text
            return text.withUTF8 { value in
                if unsafe FieldSyntax.int(value) != nil { return .int }
                return unsafe FieldSyntax.date(value) != nil ? .date : .string
            }
        }
        return Set(all).count == 1 ? all[0] : .string
    }
}

extension RowBuilder {
    /// Appends a text, or no value.
    fileprivate mutating func append(_ value: String?) {
        if let value { append(value) } else { appendNull() }
    }

    /// Appends a field of a row of another table; nil is a column that it does not have.
    fileprivate mutating func append(_ column: Int?, _ row: Int, of batch: RowBatch) {
        guard let column, !(batch.isTyped && batch.isNull(row: row, column: column)) else {
            return appendNull()
        }
        unsafe batch.withValue(row: row, column: column) { unsafe append($0) }
    }
}
