import CArrow
import Vocabulary

/// How the values of an Arrow array are laid out, as far as they are read here.
enum ArrowShape: Sendable {
    case null
    case bool
    case int(bytes: Int, isSigned: Bool)
    case float(bytes: Int)
    /// A scaled integer.
    case decimal(bytes: Int, scale: Int)
    /// Texts or bytes behind offsets of four or eight bytes.
    case bytes(isText: Bool, isLarge: Bool)
    /// Texts or bytes that are inline or in one of several buffers.
    case view(isText: Bool)
    case fixedBytes(Int)
    /// Days, or milliseconds since the epoch.
    case date(isMilliseconds: Bool)
    /// A time of day, in units of which a second has so many.
    case time(bytes: Int, units: Int64)
    case timestamp(units: Int64, hasZone: Bool)
    case duration
    indirect case list(isLarge: Bool, ArrowShape)
    indirect case fixedList(Int, ArrowShape)
    case structure([(name: String, shape: ArrowShape)])
    indirect case dictionary(bytes: Int, isSigned: Bool, ArrowShape)

    /// The type of a column of such values.
    var columnType: ColumnType {
        switch self {
        case .bool: .bool
        case .int, .duration: .int
        case .float, .decimal: .float
        case .date: .date
        case .timestamp: .timestamp
        case .dictionary(_, _, let values): values.columnType
        default: .string
        }
    }
}

extension ArrowShape {
    private static let maximumDepth = 64

    /// The layout that a schema says. `name` is what errors call the column.
    // Unsafe: a schema of the plug-in, which lives meanwhile.
    init(_ schema: ArrowSchema, name: String, depth: Int = 0) throws(TableError) {
        guard depth < ArrowShape.maximumDepth else {
            throw TableError(line: nil, "column '\(name)' is nested too deeply")
        }
        let format = unsafe schema.format.map { unsafe String(cString: $0) } ?? ""
        let plain = unsafe try ArrowShape(format, schema, name, depth)
        guard let dictionary = unsafe schema.dictionary else {
            self = plain
            return
        }
        guard case .int(let bytes, let isSigned) = plain else {
            throw ArrowShape.unknown(format, name)
        }
        self = .dictionary(
            bytes: bytes, isSigned: isSigned,
            unsafe try ArrowShape(dictionary.pointee, name: name, depth: depth + 1))
    }

    private init(
        _ format: String, _ schema: ArrowSchema, _ name: String, _ depth: Int
    ) throws(TableError) {
        if let simple = ArrowShape.simple[format] ?? ArrowShape.parameterized(format) {
            self = simple
            return
        }
        var children: [(name: String, shape: ArrowShape)] = []
        for index in unsafe 0..<max(0, Int(schema.n_children)) {
            guard let child = unsafe schema.children?[index]?.pointee else { break }
            let own = unsafe child.name.map { unsafe String(cString: $0) } ?? ""
            children.append(
                (own, unsafe try ArrowShape(child, name: "\(name).\(own)", depth: depth + 1)))
        }
        let first = children.first?.shape
        switch (format, first) {
        case ("+s", _): self = .structure(children)
        case ("+l", let child?), ("+m", let child?): self = .list(isLarge: false, child)
        case ("+L", let child?): self = .list(isLarge: true, child)
        case (_, let child?):
            guard format.hasPrefix("+w:"), let count = Int(format.dropFirst(3)), count >= 0 else {
                throw ArrowShape.unknown(format, name)
            }
            self = .fixedList(count, child)
        default: throw ArrowShape.unknown(format, name)
        }
    }

    private static func unknown(_ format: String, _ name: String) -> TableError {
        TableError(
            line: nil,
            "column '\(printable(Array(name.utf8)))' has a type that is not read here "
                + "('\(printable(Array(format.utf8)))' of Arrow)")
    }

    private static let simple: [String: ArrowShape] = [
        "n": .null, "b": .bool,
        "c": .int(bytes: 1, isSigned: true), "C": .int(bytes: 1, isSigned: false),
        "s": .int(bytes: 2, isSigned: true), "S": .int(bytes: 2, isSigned: false),
        "i": .int(bytes: 4, isSigned: true), "I": .int(bytes: 4, isSigned: false),
        "l": .int(bytes: 8, isSigned: true), "L": .int(bytes: 8, isSigned: false),
        "e": .float(bytes: 2), "f": .float(bytes: 4), "g": .float(bytes: 8),
        "z": .bytes(isText: false, isLarge: false), "Z": .bytes(isText: false, isLarge: true),
        "u": .bytes(isText: true, isLarge: false), "U": .bytes(isText: true, isLarge: true),
        "vz": .view(isText: false), "vu": .view(isText: true),
        "tdD": .date(isMilliseconds: false), "tdm": .date(isMilliseconds: true),
        "tts": .time(bytes: 4, units: 1), "ttm": .time(bytes: 4, units: 1000),
        "ttu": .time(bytes: 8, units: 1_000_000), "ttn": .time(bytes: 8, units: 1_000_000_000),
        "tDs": .duration, "tDm": .duration, "tDu": .duration, "tDn": .duration,
    ]

    /// `d:precision,scale[,bits]`, `w:bytes`, `tsX:zone`.
    private static func parameterized(_ format: String) -> ArrowShape? {
        if format.hasPrefix("w:"), let count = Int(format.dropFirst(2)), count >= 0 {
            return .fixedBytes(count)
        }
        if format.hasPrefix("d:") {
            let parts = format.dropFirst(2).split(separator: ",").map { Int($0) ?? -1 }
            guard parts.count >= 2 else { return nil }
            let bits = parts.count > 2 ? parts[2] : 128
            guard [32, 64, 128, 256].contains(bits), abs(parts[1]) <= 100 else { return nil }
            return .decimal(bytes: bits / 8, scale: parts[1])
        }
        let units: [Character: Int64] = [
            "s": 1, "m": 1000, "u": 1_000_000, "n": 1_000_000_000,
        ]
        guard format.hasPrefix("ts"), let unit = format.dropFirst(2).first.flatMap({ units[$0] }),
            let colon = format.firstIndex(of: ":")
        else { return nil }
        return .timestamp(units: unit, hasZone: format.index(after: colon) < format.endIndex)
    }
}

/// The columns of a file: its fields, and those of fields that hold others, each by its way down.
struct ArrowSchemaReader {
    /// A column.
    struct Leaf {
        /// The names on the way, joined by dots.
        let name: String
        /// The places of children on the way down from the row.
        let path: [Int]
        let shape: ArrowShape
    }

    let leaves: [Leaf]

    init(_ schema: ArrowSchema) throws(TableError) {
        guard case .structure(let fields) = unsafe try ArrowShape(schema, name: "") else {
            throw TableError(line: nil, "it holds no columns")
        }
        var leaves: [Leaf] = []
        ArrowSchemaReader.collect(fields, "", [], &leaves)
        guard !leaves.isEmpty else { throw TableError(line: nil, "it has no columns") }
        guard leaves.count <= HeaderRow.maximumColumns else {
            throw TableError(
                line: nil,
                "it has \(leaves.count) columns, at most \(HeaderRow.maximumColumns) fit")
        }
        var seen: Set<String> = []
        for leaf in leaves where !seen.insert(leaf.name).inserted {
            throw TableError(
                line: nil, "two columns are called '\(printable(Array(leaf.name.utf8)))'")
        }
        self.leaves = leaves
    }

    private static func collect(
        _ fields: [(name: String, shape: ArrowShape)], _ prefix: String, _ path: [Int],
        _ leaves: inout [Leaf]
    ) {
        for (index, field) in fields.enumerated() {
            let name = prefix + (field.name.isEmpty ? "column_\(index + 1)" : field.name)
            if case .structure(let inner) = field.shape, !inner.isEmpty {
                collect(inner, name + ".", path + [index], &leaves)
            } else {
                leaves.append(Leaf(name: name, path: path + [index], shape: field.shape))
            }
        }
    }
}
