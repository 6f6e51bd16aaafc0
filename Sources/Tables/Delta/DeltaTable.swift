import Vocabulary

/// A Delta Lake table: the files of a folder that its log says are rows, and what it says of them.
///
/// Files that the log does not name are no part of it; each that it names is in the folder.
package struct DeltaTable: Sendable {
    /// A file of rows.
    package struct File: Sendable {
        /// Where it is below the folder.
        package let path: [String]
        /// Values of the columns that its folder stands for, in the order in which the log names these.
        package let values: [String?]
        /// Its length, as the log says.
        let sizeBytes: Int
        /// How many rows it has, where the log says so.
        let rowCount: Int?
    }

    /// Which version of the table it is.
    package let version: Int
    /// The files with its rows, by their paths.
    package let files: [File]
    private let columns: [DeltaColumn]

    /// Names and types of its columns.
    package var columnTypes: [String] { columns.map { "\($0.name): \($0.type.rawValue)" } }

    /// Whether the files of a folder are those of such a table.
    package static func isTable(_ paths: [[String]]) -> Bool {
        paths.contains { $0.first == DeltaLog.folder }
    }

    /// The table of a folder with files at those paths, of which `open` opens those of the log; `version`
    /// names another one than the newest. Throws `.malformed` where the log is damaged or asks for what is
    /// not read here, `.notFound` for a version that there is not.
    package init(
        name: String, files paths: [[String]], version wanted: Int? = nil,
        _ open: ([String], any TableFormat) throws -> TableSource
    ) throws {
        let version: DeltaLog.Version
        do throws(TableError) {
            version = try DeltaLog(paths).version(wanted)
        } catch {
            throw DeltaTable.refused(name, error.reason, wanted == nil ? .malformed : .notFound)
        }
        var replay = DeltaReplay()
        for path in version.checkpoint {
            try DeltaTable.naming(name, path) {
                try replay.takeCheckpoint(open(path, ArrowFormat.parquet))
            }
        }
        for path in version.commits {
            try DeltaTable.naming(name, path) {
                try replay.takeCommit(open(path, JSONLinesFormat()))
            }
        }
        self.version = version.number
        do throws(TableError) {
            columns = try DeltaTable.columns(of: replay)
            files = try DeltaTable.files(of: replay, columns)
        } catch { throw DeltaTable.refused(name, error.reason) }
        let here = Set(paths)
        if let gone = files.first(where: { !here.contains($0.path) }) {
            throw DeltaTable.refused(
                name,
                "version \(version.number) has the file '\(printable(Array(gone.path.joined(separator: "/").utf8)))', "
                    + "which is not in the folder",
                advice: "older versions lose their files when the table is vacuumed; "
                    + "the folder at an older revision may have them")
        }
    }

    /// The table as rows, or only those of some of its files. `open` opens them.
    package func source(
        name: String, files wanted: [[String]]? = nil,
        _ open: ([String], any TableFormat) throws -> TableSource
    ) throws -> TableSource {
        let chosen = wanted.map(Set.init)
        let files = try self.files.filter { chosen?.contains($0.path) ?? true }.map {
            (source: try open($0.path, ArrowFormat.parquet), file: $0)
        }
        // The files are read by the format.
        return unsafe TableSource(name: name, format: DeltaFormat(columns: columns, files: files)) {
            _ in
        }
    }

    private static func columns(of replay: DeltaReplay) throws(TableError) -> [DeltaColumn] {
        guard let needs = replay.needs, let metaData = replay.metaData else {
            throw TableError(line: nil, "its log does not say what the table is")
        }
        if let unknown = needs.unknown {
            throw TableError(line: nil, "it asks for \(unknown), which is not read here")
        }
        if let mode = metaData.configuration["delta.columnMapping.mode"], mode != "none" {
            throw TableError(
                line: nil,
                "it has column mapping ('\(printable(Array(mode.utf8)))'), which is not read here")
        }
        guard metaData.provider == "parquet" else {
            throw TableError(line: nil, "its files are not Parquet")
        }
        return try DeltaColumn.columns(metaData)
    }

    private static func files(
        of replay: DeltaReplay, _ columns: [DeltaColumn]
    ) throws(TableError) -> [File] {
        let partitions = columns.filter { $0.partition != nil }.sorted {
            ($0.partition ?? 0) < ($1.partition ?? 0)
        }
        var files: [File] = []
        for entry in replay.files.values {
            guard !entry.hasDeletionVector else {
                throw TableError(line: nil, "it has deletion vectors, which are not read here")
            }
            var values: [String?] = []
            for column in partitions {
                guard let text = entry.partitionValues[column.name] else {
                    throw TableError(
                        line: nil,
                        "its log does not say what '\(printable(Array(column.name.utf8)))' is in one of its files"
                    )
                }
                values.append(try column.value(text))
            }
            files.append(
                File(
                    path: entry.path, values: values, sizeBytes: entry.sizeBytes,
                    rowCount: entry.rowCount))
        }
        files.sort { $0.path.lexicographicallyPrecedes($1.path) }
        for (file, next) in zip(files, files.dropFirst()) where file.path == next.path {
            throw TableError(line: nil, "its log has a file twice")
        }
        return files
    }

    private static func naming(_ name: String, _ path: [String], _ body: () throws -> Void) throws {
        do {
            try body()
        } catch let error as TableError {
            throw refused(
                name, "'\(printable(Array(path.joined(separator: "/").utf8)))' \(error)")
        }
    }

    private static func refused(
        _ name: String, _ why: String, _ kind: StoreError.Kind = .malformed, advice: String? = nil
    ) -> StoreError {
        StoreError(
            kind, "cannot read the folder '\(name)' as a Delta Lake table: \(why)", subject: name,
            advice: advice)
    }
}

extension DeltaReplay {
    /// Takes all actions of a commit, line by line.
    fileprivate mutating func takeCommit(_ source: TableSource) throws {
        var splitter = LineSplitter()
        var replay = self
        // The views live for the calls.
        func take(_ text: UnsafeBufferPointer<UInt8>, _ line: Int) throws {
            do throws(TableError) {
                let isBlank = unsafe text.allSatisfy { $0 == 0x20 || $0 == 0x0d || $0 == 0x09 }
                guard !isBlank, let action = try DeltaAction(parsing: unsafe Array(text)) else {
                    return
                }
                try replay.take(action)
            } catch { throw TableError(line: line, error.reason) }
        }
        unsafe try source.forEachBuffer { unsafe try splitter.consume($0, take) }
        unsafe try splitter.finish(take)
        self = replay
    }

    /// Takes all actions of a part of a checkpoint.
    fileprivate mutating func takeCheckpoint(_ source: TableSource) throws {
        var reader = DeltaCheckpointReader()
        try source.forEachBatch { batch in
            try reader.forEachAction(of: batch) { try take($0) }
        }
    }
}
