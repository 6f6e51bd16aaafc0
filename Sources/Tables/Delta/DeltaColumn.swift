import Bytes
import Vocabulary

/// A column of a Delta Lake table, as its log states it.
struct DeltaColumn: Sendable, Hashable {
    let name: String
    let type: ColumnType
    /// Whether its values are moments, which files of old programs write without saying that they are UTC's.
    var isInstant = false
    /// Which of the columns that folders stand for it is; nil for one that is in the files.
    var partition: Int?
    /// Whether it is a float of 32 bits.
    private var isNarrow = false
    /// Whether it is a decimal, which keeps all its digits.
    private var isDecimal = false

    private static let maximumColumns = 10_000
    private static let maximumDepth = 64

    /// The columns of a table: those of a schema in JSON, structures as dotted names. Throws `TableError`
    /// for one that is damaged or has a type that is not read.
    static func columns(_ metaData: DeltaMetaData) throws(TableError) -> [DeltaColumn] {
        guard let schema = try? JSONValue(parsing: Array(metaData.schema.utf8)) else {
            throw TableError(line: nil, "its schema is not JSON")
        }
        var columns: [DeltaColumn] = []
        try append(schema, "", metaData.partitionColumns, to: &columns, depth: 0)
        guard Set(columns.map(\.name)).count == columns.count else {
            throw TableError(line: nil, "its schema names a column twice")
        }
        for name in metaData.partitionColumns
        where !columns.contains(where: { $0.name == name && $0.partition != nil }) {
            throw TableError(
                line: nil,
                "it is partitioned by '\(printable(Array(name.utf8)))', which is no column")
        }
        guard !columns.isEmpty else { throw TableError(line: nil, "it has no columns") }
        return columns
    }

    private static func append(
        _ structure: JSONValue, _ prefix: String, _ partitions: [String],
        to columns: inout [DeltaColumn], depth: Int
    ) throws(TableError) {
        guard structure["type"]?.stringValue == "struct",
            let fields = structure["fields"]?.arrayValue, depth < maximumDepth
        else { throw TableError(line: nil, "its schema is damaged") }
        for field in fields {
            guard let own = field["name"]?.stringValue, let type = field["type"] else {
                throw TableError(line: nil, "its schema is damaged")
            }
            let name = prefix + own
            let partition = prefix.isEmpty ? partitions.firstIndex(of: own) : nil
            if partition == nil, type["type"]?.stringValue == "struct",
                type["fields"]?.arrayValue?.isEmpty == false
            {
                try append(type, name + ".", [], to: &columns, depth: depth + 1)
                continue
            }
            guard var column = DeltaColumn(name, type) else {
                let text = type.stringValue ?? type["type"]?.stringValue ?? "?"
                throw TableError(
                    line: nil,
                    "column '\(printable(Array(name.utf8)))' has the type "
                        + "'\(printable(Array(text.utf8.prefix(80))))', which is not read")
            }
            column.partition = partition
            if partition != nil, type.stringValue == nil || type.stringValue == "binary" {
                throw TableError(
                    line: nil,
                    "it is partitioned by '\(printable(Array(name.utf8)))', which is nested or of bytes"
                )
            }
            columns.append(column)
            guard columns.count <= maximumColumns else {
                throw TableError(line: nil, "it has more than \(maximumColumns) columns")
            }
        }
    }

    private init?(_ name: String, _ type: JSONValue) {
        self.name = name
        guard let text = type.stringValue else {
            guard ["array", "map", "struct"].contains(type["type"]?.stringValue) else { return nil }
            self.type = .string
            return
        }
        switch text {
        case "string", "binary", "void", "null": self.type = .string
        case "long", "integer", "short", "byte": self.type = .int
        case "float", "double":
            self.type = .float
            isNarrow = text == "float"
        case "boolean": self.type = .bool
        case "date": self.type = .date
        case "timestamp", "timestamp_ntz":
            self.type = .timestamp
            isInstant = text == "timestamp"
        default:
            guard text == "decimal" || text.hasPrefix("decimal(") else { return nil }
            self.type = .float
            isDecimal = true
        }
    }

    /// The value that a log writes for a partition, as the text that stands for it in a table; nil for no
    /// value. Throws `TableError` for one that is not of the column's type.
    func value(_ text: String?) throws(TableError) -> String? {
        guard var text, !text.isEmpty else { return nil }
        if type == .string { return text }
        if type == .float, text.lowercased() == "nan" { return nil }
        // Unsafe: the view lives for the call.
        let value = text.withUTF8 { field -> String? in
            switch type {
            case .bool: return unsafe FieldSyntax.bool(field).map { $0 ? "true" : "false" }
            case .int: return unsafe FieldSyntax.int(field).map { "\($0)" }
            case .float:
                guard let number = unsafe FieldSyntax.float(field) else { return nil }
                if isDecimal { return unsafe String(decoding: field, as: UTF8.self) }
                return isNarrow ? shortestText(Float(number)) : shortestText(number)
            case .date:
                guard unsafe FieldSyntax.date(field) != nil else { return nil }
                return unsafe String(decoding: field, as: UTF8.self)
            case .timestamp:
                guard let moment = unsafe FieldSyntax.timestamp(field) else { return nil }
                var bytes: [UInt8] = []
                bytes.append(moment: moment, units: 1_000_000)
                return String(decoding: bytes, as: UTF8.self) + (isInstant ? "Z" : "")
            case .string: return nil
            }
        }
        guard let value else {
            throw TableError(
                line: nil,
                "its log has a value of '\(printable(Array(name.utf8)))' that is no \(type.rawValue)"
            )
        }
        return value
    }
}
