import Vocabulary

/// What the header of an NPY file says: the fields of a row and how many there are.
struct NPYHeader {
    /// How the bytes of a value are read.
    enum Kind: Hashable {
        case bool
        case int(bytes: Int, isSigned: Bool)
        case float(bytes: Int)
        /// Text, padded by NUL: UTF-8, or UTF-32.
        case text(bytes: Int, isWide: Bool)
        /// Days since 1970.
        case day
        /// So many of a second since 1970.
        case moment(units: Int64)
        case duration

        /// The type of a column of such values.
        var columnType: ColumnType {
            switch self {
            case .bool: .bool
            case .int, .duration: .int
            case .float: .float
            case .text: .string
            case .day: .date
            case .moment: .timestamp
            }
        }
    }

    /// Values that all rows have, and where.
    struct Field: Hashable {
        var name: String
        let kind: Kind
        let width: Int
        let isBigEndian: Bool
        /// The lengths of an array in each row; empty for one value.
        var shape: [Int] = []
        /// Where it begins: in the row, or, with columns behind each other, in the file's values.
        var offset = 0

        /// Its bytes in a row.
        var bytes: Int { width * shape.reduce(1, *) }
        /// The type of its column.
        var columnType: ColumnType { shape.isEmpty ? kind.columnType : .string }
        /// Whether a value of it can stand for none.
        var mayBeMissing: Bool {
            guard shape.isEmpty else { return false }
            switch kind {
            case .float, .day, .moment, .duration: return true
            case .bool, .int, .text: return false
            }
        }
    }

    /// The columns.
    private(set) var fields: [Field] = []
    /// The rows.
    private(set) var rowCount = 0
    /// The bytes of a row.
    private(set) var rowBytes = 0
    /// Whether the values of a column stand together, and not those of a row.
    private(set) var isByColumn = false
    /// Whether rows have fields with names.
    private(set) var isStructured = false
    /// Whether it has two dimensions.
    private(set) var isMatrix = false
    /// Where the values begin.
    let start: Int

    static let maximumColumns = 100_000
    private static let maximumBytes = 1 << 20

    /// Reads it. Throws `TableError` for what is no NPY file, lies about its length, or holds what is no
    /// table.
    init(_ ranges: TableRanges) throws {
        let head = try ranges.read(0..<min(12, ranges.sizeBytes))
        guard head.count == 12, head.starts(with: [0x93] + Array("NUMPY".utf8)),
            (1...3).contains(head[6])
        else { throw TableError(line: nil, "it is no NPY file") }
        let width = head[6] == 1 ? 2 : 4
        let length = head[8..<(8 + width)].reversed().reduce(0) { $0 << 8 | Int($1) }
        start = 8 + width + length
        guard length <= NPYHeader.maximumBytes, start <= ranges.sizeBytes,
            case .members(let members)? = PythonLiteral(
                parsing: try ranges.read(8 + width..<start))
        else { throw TableError(line: nil, "its header is damaged") }
        try take(members)
        try checkLength(ranges.sizeBytes - start)
    }

    private mutating func take(_ members: [(String, PythonLiteral)]) throws(TableError) {
        let known = Dictionary(members, uniquingKeysWith: { first, _ in first })
        guard let type = known["descr"], case .list(let lengths)? = known["shape"],
            case .bool(let isByColumn)? = known["fortran_order"]
        else { throw TableError(line: nil, "its header is damaged") }
        let shape = lengths.compactMap {
            if case .int(let length) = $0, length >= 0 { length } else { nil }
        }
        guard shape.count == lengths.count else {
            throw TableError(line: nil, "its header is damaged")
        }
        if case .list(let list) = type {
            isStructured = true
            var offset = 0
            try addFields(list, prefix: "", &offset, depth: 0)
            rowBytes = offset
        }
        guard shape.count == 1 || shape.count == 2 && !isStructured else {
            throw TableError(
                line: nil, "it has \(shape.count) dimensions, and a table has rows and columns")
        }
        rowCount = shape[0]
        isMatrix = shape.count == 2
        if case .text(let code) = type {
            try addColumns(code, shape.count == 2 ? shape[1] : 1, isByColumn && shape.count == 2)
        } else if !isStructured {
            throw TableError(line: nil, "its header is damaged")
        }
        guard !fields.isEmpty else { throw TableError(line: nil, "it has no columns") }
        guard Set(fields.map(\.name)).count == fields.count else {
            throw TableError(line: nil, "two of its fields have the same name")
        }
    }

    /// The columns of a plain array.
    private mutating func addColumns(
        _ code: String, _ count: Int, _ isByColumn: Bool
    ) throws(TableError) {
        guard count <= NPYHeader.maximumColumns else {
            throw TableError(line: nil, "it has more than \(NPYHeader.maximumColumns) columns")
        }
        let plain = try NPYHeader.field("column_1", code)
        let (column, overflow) = rowCount.multipliedReportingOverflow(by: plain.width)
        guard !overflow, column <= 1 << 50 else {
            throw TableError(line: nil, "its header tells of more values than a file can have")
        }
        self.isByColumn = isByColumn
        rowBytes = plain.width * count
        fields = (0..<count).map { number in
            var field = plain
            field.name = "column_\(number + 1)"
            field.offset = number * (isByColumn ? column : plain.width)
            return field
        }
    }

    /// The fields of a structured type: `[('a', '<i4'), ('b', [('c', '<f8')]), ('d', '<i2', (3,))]`.
    private mutating func addFields(
        _ list: [PythonLiteral], prefix: String, _ offset: inout Int, depth: Int
    ) throws(TableError) {
        for entry in list {
            guard case .list(let parts) = entry, parts.count == 2 || parts.count == 3, depth < 16,
                fields.count < NPYHeader.maximumColumns
            else { throw TableError(line: nil, "its header is damaged") }
            guard let name = NPYHeader.name(parts[0]) else {
                throw TableError(line: nil, "its header is damaged")
            }
            let shape = try parts.count == 3 ? NPYHeader.shape(parts[2]) : []
            switch parts[1] {
            case .list(let inner):
                guard shape.isEmpty else {
                    throw TableError(
                        line: nil,
                        "field '\(printable(Array(name.utf8)))' is an array of structures")
                }
                try addFields(inner, prefix: prefix + name + ".", &offset, depth: depth + 1)
            case .text(let code): try addField(prefix, name, code, shape, &offset)
            default: throw TableError(line: nil, "its header is damaged")
            }
        }
    }

    /// One field that holds values, or the room between two.
    private mutating func addField(
        _ prefix: String, _ name: String, _ code: String, _ shape: [Int], _ offset: inout Int
    ) throws(TableError) {
        if name.isEmpty, code.dropFirst().first == "V", let padding = Int(code.dropFirst(2)),
            (0...RowReader.maximumRowBytes - offset).contains(padding)
        {
            offset += padding
            return
        }
        var field = try NPYHeader.field(prefix + name, code)
        field.shape = shape
        field.offset = offset
        let most = (RowReader.maximumRowBytes - offset) / field.width
        // Lengths are at most 2^24, so that no product of two overflows.
        guard shape.reduce(1, { min($0 * $1, most + 1) }) <= most else {
            throw TableError(line: nil, "a row is longer than \(RowReader.maximumRowText)")
        }
        offset += field.bytes
        fields.append(field)
    }

    /// A name, also one with a title before it.
    private static func name(_ literal: PythonLiteral) -> String? {
        switch literal {
        case .text(let name): return name
        case .list(let names):
            guard names.count == 2, case .text(let name) = names[1] else { return nil }
            return name
        default: return nil
        }
    }

    private static func shape(_ literal: PythonLiteral) throws(TableError) -> [Int] {
        guard case .list(let lengths) = literal, lengths.count <= 16 else {
            throw TableError(line: nil, "its header is damaged")
        }
        let shape = lengths.compactMap { length -> Int? in
            guard case .int(let length) = length, (1...1 << 24).contains(length) else { return nil }
            return length
        }
        guard shape.count == lengths.count else {
            throw TableError(line: nil, "its header is damaged")
        }
        return shape
    }

    private func checkLength(_ bytes: Int) throws(TableError) {
        let (wanted, overflow) = rowBytes.multipliedReportingOverflow(by: rowCount)
        guard !overflow, wanted == bytes, rowBytes > 0 else {
            throw TableError(
                line: nil,
                "its header tells of \(overflow ? "too many" : "\(wanted)") bytes of values, but there are \(bytes)"
            )
        }
    }

    /// What a type code says: `<i4`, `|S8`, `<M8[us]`.
    private static func field(_ name: String, _ code: String) throws(TableError) -> Field {
        let order = code.first
        let rest = code.dropFirst()
        let size = Int(rest.dropFirst().prefix { $0.isNumber }) ?? 0
        let unit = rest.dropFirst(1 + "\(size)".count)
        guard let order, "<>|=".contains(order), let kind = kind(rest.first, size, String(unit))
        else {
            let holder = name == "column_1" ? "it" : "field '\(printable(Array(name.utf8)))'"
            let why =
                rest.first == "O"
                ? "Python objects" : "values of type '\(printable(Array(code.utf8)))'"
            throw TableError(line: nil, "\(holder) holds \(why), which are not read")
        }
        var width = size
        if case .text(let bytes, _) = kind { width = bytes }
        return Field(name: name, kind: kind, width: width, isBigEndian: order == ">")
    }

    private static func kind(_ letter: Character?, _ size: Int, _ unit: String) -> Kind? {
        switch (letter, size) {
        case ("b", 1) where unit.isEmpty: return .bool
        case ("i", 1), ("i", 2), ("i", 4), ("i", 8):
            return unit.isEmpty ? .int(bytes: size, isSigned: true) : nil
        case ("u", 1), ("u", 2), ("u", 4), ("u", 8):
            return unit.isEmpty ? .int(bytes: size, isSigned: false) : nil
        case ("f", 2), ("f", 4), ("f", 8): return unit.isEmpty ? .float(bytes: size) : nil
        case ("S", 1...(1 << 24)): return unit.isEmpty ? .text(bytes: size, isWide: false) : nil
        case ("U", 1...(1 << 22)): return unit.isEmpty ? .text(bytes: 4 * size, isWide: true) : nil
        case ("m", 8): return .duration
        case ("M", 8):
            switch unit {
            case "[D]": return .day
            case "[s]": return .moment(units: 1)
            case "[ms]": return .moment(units: 1000)
            case "[us]": return .moment(units: 1_000_000)
            case "[ns]": return .moment(units: 1_000_000_000)
            default: return nil
            }
        default: return nil
        }
    }
}

/// The values that the header of an NPY file is written in.
indirect enum PythonLiteral {
    case text(String)
    case int(Int)
    case bool(Bool)
    /// A list or a tuple.
    case list([PythonLiteral])
    case members([(String, PythonLiteral)])

    private static let maximumDepth = 40

    /// Reads one value and nothing behind it but spaces; nil for anything else.
    init?(parsing bytes: [UInt8]) {
        var place = 0
        guard let value = PythonLiteral.value(bytes, &place, 0) else { return nil }
        PythonLiteral.skipSpace(bytes, &place)
        guard place == bytes.count else { return nil }
        self = value
    }

    private static func skipSpace(_ bytes: [UInt8], _ place: inout Int) {
        while place < bytes.count, [0x20, 0x09, 0x0a, 0x0d].contains(bytes[place]) { place += 1 }
    }

    private static func take(_ byte: Character, _ bytes: [UInt8], _ place: inout Int) -> Bool {
        skipSpace(bytes, &place)
        guard place < bytes.count, bytes[place] == byte.asciiValue else { return false }
        place += 1
        return true
    }

    private static func value(_ bytes: [UInt8], _ place: inout Int, _ depth: Int) -> PythonLiteral?
    {
        skipSpace(bytes, &place)
        guard place < bytes.count, depth < maximumDepth else { return nil }
        switch bytes[place] {
        case UInt8(ascii: "'"), UInt8(ascii: "\""): return text(bytes, &place).map { .text($0) }
        case UInt8(ascii: "["): return list("[", "]", bytes, &place, depth)
        case UInt8(ascii: "("): return list("(", ")", bytes, &place, depth)
        case UInt8(ascii: "{"): return members(bytes, &place, depth)
        default:
            let start = place
            while place < bytes.count,
                (bytes[place] | 0x20 >= 0x61 && bytes[place] | 0x20 <= 0x7a)
                    || (0x30...0x39).contains(bytes[place]) || bytes[place] == 0x2d
            { place += 1 }
            let word = String(decoding: bytes[start..<place], as: UTF8.self)
            if word == "True" || word == "False" { return .bool(word == "True") }
            // Old programs wrote long integers.
            return Int(word.hasSuffix("L") ? word.dropLast() : word[...]).map { .int($0) }
        }
    }

    private static func text(_ bytes: [UInt8], _ place: inout Int) -> String? {
        let quote = bytes[place]
        place += 1
        var text: [UInt8] = []
        while place < bytes.count, bytes[place] != quote {
            if bytes[place] == UInt8(ascii: "\\") {
                place += 1
                guard place < bytes.count, [quote, UInt8(ascii: "\\")].contains(bytes[place]) else {
                    return nil
                }
            }
            text.append(bytes[place])
            place += 1
        }
        guard place < bytes.count else { return nil }
        place += 1
        // Version 1 and 2 are Latin-1, of which only ASCII is read.
        return String(validating: text, as: UTF8.self)
    }

    private static func list(
        _ open: Character, _ close: Character, _ bytes: [UInt8], _ place: inout Int, _ depth: Int
    ) -> PythonLiteral? {
        guard take(open, bytes, &place) else { return nil }
        var values: [PythonLiteral] = []
        while !take(close, bytes, &place) {
            guard let value = value(bytes, &place, depth + 1) else { return nil }
            values.append(value)
            if !take(",", bytes, &place) {
                return take(close, bytes, &place) ? .list(values) : nil
            }
        }
        return .list(values)
    }

    private static func members(
        _ bytes: [UInt8], _ place: inout Int, _ depth: Int
    ) -> PythonLiteral? {
        guard take("{", bytes, &place) else { return nil }
        var members: [(String, PythonLiteral)] = []
        while !take("}", bytes, &place) {
            guard case .text(let key)? = value(bytes, &place, depth + 1),
                take(":", bytes, &place), let value = value(bytes, &place, depth + 1)
            else { return nil }
            members.append((key, value))
            if !take(",", bytes, &place) {
                return take("}", bytes, &place) ? .members(members) : nil
            }
        }
        return .members(members)
    }
}
