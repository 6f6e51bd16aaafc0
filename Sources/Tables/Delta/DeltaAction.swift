import Bytes
import Vocabulary

/// An action of the log of a Delta Lake table, as far as a reader needs it.
enum DeltaAction {
    case add(DeltaEntry)
    case remove(id: String)
    case metaData(DeltaMetaData)
    case needs(DeltaProtocol)
}

/// A file that the log adds.
struct DeltaEntry {
    /// Where it is below the folder.
    let path: [String]
    /// What tells it from other entries: its path, and what of its rows is deleted.
    let id: String
    /// The values of the columns that its folder stands for, as the log writes them.
    let partitionValues: [String: String?]
    /// Its length.
    let sizeBytes: Int
    /// How many rows it has, where the log says so.
    let rowCount: Int?
    /// Whether some of its rows are deleted without it having been written anew.
    let hasDeletionVector: Bool

    /// How many bytes its texts have, about.
    var textBytes: Int {
        partitionValues.reduce(2 * id.utf8.count) {
            $0 + $1.key.utf8.count + ($1.value?.utf8.count ?? 0)
        }
    }
}

/// What the log says of the table.
struct DeltaMetaData {
    let schema: String
    let partitionColumns: [String]
    let configuration: [String: String]
    let provider: String
}

/// What a reader must know.
struct DeltaProtocol {
    let readerVersion: Int
    let features: [String]
}

// MARK: - Lines of commits

extension DeltaAction {
    /// The action of a line of a commit; nil for one that a reader does not need. Throws `TableError`
    /// without a line.
    init?(parsing line: [UInt8]) throws(TableError) {
        let value: JSONValue
        do throws(DecodeError) {
            value = try JSONValue(parsing: line)
        } catch {
            throw TableError(line: nil, "is not JSON: \(error)")
        }
        guard case .object = value else { throw TableError(line: nil, "is not a JSON object") }
        if let add = value["add"], !add.isNull {
            self = .add(try DeltaEntry(add))
        } else if let remove = value["remove"], !remove.isNull {
            guard let path = remove["path"]?.stringValue else { throw .damagedAction("remove") }
            self = .remove(id: DeltaEntry.id(path, try DeltaEntry.vector(of: remove)))
        } else if let metaData = value["metaData"], !metaData.isNull {
            self = .metaData(try DeltaMetaData(metaData))
        } else if let needs = value["protocol"], !needs.isNull {
            self = .needs(try DeltaProtocol(needs))
        } else {
            return nil
        }
    }
}

extension DeltaEntry {
    fileprivate init(_ value: JSONValue) throws(TableError) {
        guard let path = value["path"]?.stringValue,
            let size = value["size"]?.integerValue, size >= 0
        else { throw .damagedAction("add") }
        var values: [String: String?] = [:]
        for (name, text) in value["partitionValues"]?.objectValue ?? [:] {
            guard text.isNull || text.stringValue != nil else { throw .damagedAction("add") }
            values[name] = .some(text.stringValue)
        }
        try self.init(
            path: path, partitionValues: values, sizeBytes: Int(size),
            rowCount: DeltaEntry.rowCount(stats: value["stats"]?.stringValue),
            vector: try DeltaEntry.vector(of: value))
    }

    /// An entry of what a commit or a checkpoint says.
    init(
        path: String, partitionValues: [String: String?], sizeBytes: Int, rowCount: Int?,
        vector: String?
    ) throws(TableError) {
        self.path = try DeltaEntry.decoded(path)
        id = DeltaEntry.id(path, vector)
        self.partitionValues = partitionValues
        self.sizeBytes = sizeBytes
        self.rowCount = rowCount
        hasDeletionVector = vector != nil
    }

    static func id(_ path: String, _ vector: String?) -> String {
        vector.map { path + "\n" + $0 } ?? path
    }

    /// How many rows the statistics tell of; they need not.
    static func rowCount(stats: String?) -> Int? {
        guard let stats, let value = try? JSONValue(parsing: Array(stats.utf8)),
            let rows = value["numRecords"]?.integerValue, rows >= 0
        else { return nil }
        return Int(rows)
    }

    /// What tells a deletion vector from others; nil where there is none.
    fileprivate static func vector(of action: JSONValue) throws(TableError) -> String? {
        guard let vector = action["deletionVector"], !vector.isNull else { return nil }
        guard let type = vector["storageType"]?.stringValue,
            let place = vector["pathOrInlineDv"]?.stringValue
        else { throw .damagedAction("deletionVector") }
        return "\(type) \(place) \(vector["offset"]?.integerValue ?? 0)"
    }

    /// The parts of a path, which the log writes as a part of a URL. Throws for one that is not below the
    /// folder.
    private static func decoded(_ text: String) throws(TableError) -> [String] {
        guard let bytes = PercentEncoding.decode(text),
            let path = String(validating: bytes, as: UTF8.self)
        else { throw TableError(line: nil, "names a file by a damaged path") }
        let parts = path.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        let isInside = parts.allSatisfy { !["", ".", ".."].contains($0) && !$0.contains("\0") }
        // A URL begins with its scheme: `s3://bucket/a.parquet`, `file:/a.parquet`.
        let scheme = text.split(separator: "/", omittingEmptySubsequences: false)[0]
        guard isInside, !scheme.contains(":") else {
            throw TableError(
                line: nil,
                "names '\(printable(Array(path.utf8)))', which is not inside the folder")
        }
        return parts
    }
}

extension DeltaMetaData {
    fileprivate init(_ value: JSONValue) throws(TableError) {
        guard let schema = value["schemaString"]?.stringValue else {
            throw .damagedAction("metaData")
        }
        self.schema = schema
        partitionColumns = (value["partitionColumns"]?.arrayValue ?? []).compactMap(\.stringValue)
        configuration = (value["configuration"]?.objectValue ?? [:]).compactMapValues(\.stringValue)
        provider = value["format"]?["provider"]?.stringValue ?? "parquet"
    }
}

extension DeltaProtocol {
    fileprivate init(_ value: JSONValue) throws(TableError) {
        guard let version = value["minReaderVersion"]?.integerValue else {
            throw .damagedAction("protocol")
        }
        readerVersion = Int(version)
        features = (value["readerFeatures"]?.arrayValue ?? []).compactMap(\.stringValue)
    }

    /// What tables may ask for without their rows being another thing here.
    private static let known: Set = [
        // Refused where it is in use.
        "columnMapping", "deletionVectors",
        "timestampNtz", "vacuumProtocolCheck",
    ]

    /// What is asked for and not known here, in words; nil for nothing.
    var unknown: String? {
        guard (1...3).contains(readerVersion) else { return "reader version \(readerVersion)" }
        return features.first { !DeltaProtocol.known.contains($0) }.map {
            "the feature '\(printable(Array($0.utf8)))'"
        }
    }
}

extension TableError {
    static func damagedAction(_ name: String) -> TableError {
        TableError(line: nil, "has a damaged '\(name)'")
    }
}

// MARK: - Rows of checkpoints

/// Reads the rows of a checkpoint as actions: a table with a column for every field of every action.
struct DeltaCheckpointReader {
    private var places: [String: Int]?

    /// Hands the actions of a batch to `body`. Throws `TableError`, and what that throws.
    mutating func forEachAction(
        of batch: RowBatch, _ body: (DeltaAction) throws -> Void
    ) throws {
        let places =
            self.places
            ?? Dictionary(
                batch.header.columnNames.enumerated().map { ($1, $0) },
                uniquingKeysWith: { first, _ in first })
        self.places = places
        for number in 0..<batch.rowCount {
            if let action = try Row(batch: batch, number: number, places: places).action() {
                try body(action)
            }
        }
    }

    private struct Row {
        let batch: RowBatch
        let number: Int
        let places: [String: Int]

        subscript(name: String) -> String? {
            guard let column = places[name], !batch.isNull(row: number, column: column) else {
                return nil
            }
            return batch.text(row: number, column: column)
        }

        func action() throws(TableError) -> DeltaAction? {
            if self["checkpointMetadata.version"] != nil || self["sidecar.path"] != nil {
                throw TableError(line: nil, "is a checkpoint of version 2, which is not read")
            }
            if let path = self["add.path"] { return .add(try entry(path)) }
            if let schema = self["metaData.schemaString"] {
                return .metaData(
                    DeltaMetaData(
                        schema: schema, partitionColumns: try list("metaData.partitionColumns"),
                        configuration: try map("metaData.configuration").compactMapValues { $0 },
                        provider: self["metaData.format.provider"] ?? "parquet"))
            }
            if let version = self["protocol.minReaderVersion"] {
                guard let version = Int(version) else { throw .damagedAction("protocol") }
                return .needs(
                    DeltaProtocol(
                        readerVersion: version, features: try list("protocol.readerFeatures")))
            }
            return nil
        }

        private func entry(_ path: String) throws(TableError) -> DeltaEntry {
            guard let size = self["add.size"].flatMap({ Int($0) }), size >= 0 else {
                throw .damagedAction("add")
            }
            let vector = self["add.deletionVector.pathOrInlineDv"].map { place in
                let type = self["add.deletionVector.storageType"] ?? ""
                return "\(type) \(place) \(self["add.deletionVector.offset"] ?? "0")"
            }
            let parsed = self["add.stats_parsed.numRecords"].flatMap { Int($0) }
            return try DeltaEntry(
                path: path, partitionValues: try map("add.partitionValues"), sizeBytes: size,
                rowCount: DeltaEntry.rowCount(stats: self["add.stats"]) ?? parsed, vector: vector)
        }

        private func json(_ name: String) throws(TableError) -> [JSONValue] {
            guard let text = self[name] else { return [] }
            guard case .array(let values)? = try? JSONValue(parsing: Array(text.utf8)) else {
                throw .damagedAction(name)
            }
            return values
        }

        private func list(_ name: String) throws(TableError) -> [String] {
            try json(name).compactMap(\.stringValue)
        }

        /// A map is a list of keys and values.
        private func map(_ name: String) throws(TableError) -> [String: String?] {
            var map: [String: String?] = [:]
            for member in try json(name) {
                guard let key = member["key"]?.stringValue else { throw .damagedAction(name) }
                map[key] = .some(member["value"]?.stringValue)
            }
            return map
        }
    }
}
