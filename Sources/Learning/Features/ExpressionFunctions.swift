internal import Kernels
internal import Tables

/// A function of expressions: what it takes and gives.
struct ExpressionFunction: Sendable {
    /// What an argument must be.
    enum Kind: Sendable {
        case number
        case text
        case time
        case timestamp
        case any

        var words: String {
            switch self {
            case .number: "a number"
            case .text: "text"
            case .time: "a date or a timestamp"
            case .timestamp: "a timestamp"
            case .any: "a value"
            }
        }

        func accepts(_ type: ColumnType?) -> Bool {
            switch (self, type) {
            case (_, nil), (.any, _), (.text, .string): true
            case (.number, .int), (.number, .float), (.number, .bool): true
            case (.time, .date), (.time, .timestamp), (.timestamp, .timestamp): true
            default: false
            }
        }
    }

    let name: String
    let arguments: [Kind]
    let result: ColumnType
    /// From values that are all there.
    let apply: @Sendable ([Cell]) -> Cell

    private init(
        _ name: String, _ arguments: [Kind], _ result: ColumnType,
        _ apply: @escaping @Sendable ([Cell]) -> Cell
    ) {
        self.name = name
        self.arguments = arguments
        self.result = result
        self.apply = apply
    }

    /// Those whose result depends on the types of the arguments.
    private static let special = ["coalesce", "if", "min", "max", "abs"]

    /// All functions that no rule of their own is needed for, one line each.
    private static let all: [ExpressionFunction] = [
        .init("sqrt", [.number], .float) { number($0[0]) { $0.squareRoot() } },
        .init("exp", [.number], .float) { number($0[0], exponential) },
        .init("log", [.number], .float) { number($0[0]) { $0 > 0 ? logarithm($0) : .nan } },
        .init("floor", [.number], .int) { whole($0[0], .down) },
        .init("ceil", [.number], .int) { whole($0[0], .up) },
        .init("round", [.number], .int) { whole($0[0], .toNearestOrAwayFromZero) },
        // ASCII only: the tables of Unicode change from one version of a system to the next.
        .init("lower", [.text], .string) { text($0[0]) { (65...90).contains($0) ? $0 + 32 : $0 } },
        .init("upper", [.text], .string) { text($0[0]) { (97...122).contains($0) ? $0 - 32 : $0 } },
        .init("length", [.text], .int) { length($0[0]) },
        .init("contains", [.text, .text], .bool) { .bool(find($0[0].bytes, $0[1].bytes)) },
        .init("starts_with", [.text, .text], .bool) {
            .bool($0[0].bytes.starts(with: $0[1].bytes))
        },
        .init("ends_with", [.text, .text], .bool) {
            .bool($0[0].bytes.reversed().starts(with: $0[1].bytes.reversed()))
        },
        .init("concat", [.any, .any], .string) { .text($0[0].bytes + $0[1].bytes) },
        .init("text", [.any], .string) { .text($0[0].bytes) },
        .init("int", [.any], .int) { read($0[0], .int) },
        .init("float", [.any], .float) { read($0[0], .float) },
        .init("date", [.any], .date) { date($0[0]) },
        .init("timestamp", [.any], .timestamp) { timestamp($0[0]) },
        .init("year", [.time], .int) { civil($0[0]).map { .int(Int64($0.year)) } ?? .null },
        .init("month", [.time], .int) { civil($0[0]).map { .int(Int64($0.month)) } ?? .null },
        .init("day", [.time], .int) { civil($0[0]).map { .int(Int64($0.day)) } ?? .null },
        // Monday is 1: 1970-01-01 was a Thursday.
        .init("weekday", [.time], .int) {
            days($0[0]).map { .int((($0 + 3) % 7 + 7) % 7 + 1) } ?? .null
        },
        .init("hour", [.timestamp], .int) { clock($0[0], 3_600_000_000, 24) },
        .init("minute", [.timestamp], .int) { clock($0[0], 60_000_000, 60) },
    ]

    /// The names of all functions.
    static var names: [String] { special + all.map(\.name) }

    /// A call with typed arguments.
    static func call(
        _ name: String, _ arguments: [TypedExpression], offsets: [Int], at offset: Int
    ) throws(ExpressionError) -> TypedExpression {
        if special.contains(name) {
            return try specialCall(name, arguments, offsets: offsets, at: offset)
        }
        guard let function = all.first(where: { $0.name == name }) else {
            throw ExpressionError(
                "there is no function '\(name)'", at: offset, advice: SuggestionText.of(name, names)
            )
        }
        guard arguments.count == function.arguments.count else {
            throw count(name, "\(function.arguments.count)", offset)
        }
        for (index, kind) in function.arguments.enumerated()
        where !kind.accepts(arguments[index].type) {
            throw ExpressionError(
                "'\(name)' takes \(kind.words), and this is \(arguments[index].typeName)",
                at: offsets[index])
        }
        let values = arguments.map(\.evaluate)
        return TypedExpression(type: function.result) { row in
            let cells = values.map { $0(row) }
            return cells.contains(.null) ? .null : function.apply(cells)
        }
    }

    private static func count(_ name: String, _ wanted: String, _ offset: Int) -> ExpressionError {
        ExpressionError("'\(name)' takes \(wanted) value\(wanted == "1" ? "" : "s")", at: offset)
    }

    private static func specialCall(
        _ name: String, _ arguments: [TypedExpression], offsets: [Int], at offset: Int
    ) throws(ExpressionError) -> TypedExpression {
        let values = arguments.map(\.evaluate)
        switch name {
        case "abs":
            guard arguments.count == 1 else { throw count(name, "1", offset) }
            guard arguments[0].isNumber else {
                throw ExpressionError(
                    "'abs' takes a number, and this is \(arguments[0].typeName)", at: offsets[0])
            }
            return TypedExpression(type: arguments[0].type ?? .int) { row in
                switch values[0](row) {
                case .int(let value) where value != .min: .int(abs(value))
                case .float(let value): .float(value.magnitude)
                default: .null
                }
            }
        case "if":
            guard arguments.count == 3 else { throw count(name, "3", offset) }
            guard arguments[0].isTruth else {
                throw ExpressionError(
                    "'if' asks for true or false, and this is \(arguments[0].typeName)",
                    at: offsets[0])
            }
            let type = try common(name, Array(arguments.dropFirst()), Array(offsets.dropFirst()))
            return TypedExpression(type: type) { row in
                let chosen = values[0](row) == .bool(true) ? values[1](row) : values[2](row)
                return type.map(chosen.typed) ?? chosen
            }
        default:
            guard !arguments.isEmpty else { throw count(name, "1 or more", offset) }
            let type = try common(name, arguments, offsets)
            guard name != "coalesce" else {
                return TypedExpression(type: type) { row in
                    for value in values {
                        let cell = value(row)
                        if cell != .null { return type.map(cell.typed) ?? cell }
                    }
                    return .null
                }
            }
            let order = try CellOrder(arguments[0], arguments[0], offset)
            return TypedExpression(type: type) { row in
                let cells = values.map { value in type.map(value(row).typed) ?? .null }
                guard !cells.contains(.null) else { return .null }
                return cells.dropFirst().reduce(cells[0]) { best, next in
                    let isBelow = order.compare(next, best) ?? 0 < 0
                    let isAbove = order.compare(next, best) ?? 0 > 0
                    return (name == "min" ? isBelow : isAbove) ? next : best
                }
            }
        }
    }

    /// The type of all arguments: integers and decimals are decimals together.
    private static func common(
        _ name: String, _ arguments: [TypedExpression], _ offsets: [Int]
    ) throws(ExpressionError) -> ColumnType? {
        var type: ColumnType?
        for (index, argument) in arguments.enumerated() {
            guard let found = argument.type else { continue }
            guard let known = type, known != found else {
                type = found
                continue
            }
            guard [known, found].allSatisfy({ $0 == .int || $0 == .float }) else {
                throw ExpressionError(
                    "'\(name)' takes values of one type, and these are \(known.rawValue) and "
                        + found.rawValue, at: offsets[index])
            }
            type = .float
        }
        return type
    }
}

// MARK: - What the functions are made of

extension ExpressionFunction {
    private static func number(_ cell: Cell, _ apply: (Double) -> Double) -> Cell {
        cell.number.map { Cell(finite: apply($0)) } ?? .null
    }

    private static func whole(_ cell: Cell, _ rule: FloatingPointRoundingRule) -> Cell {
        cell.number.flatMap { Int64(exactly: $0.rounded(rule)) }.map { .int($0) } ?? .null
    }

    private static func text(_ cell: Cell, _ apply: (UInt8) -> UInt8) -> Cell {
        .text(cell.bytes.map(apply))
    }

    /// Code points: the bytes that do not continue one.
    private static func length(_ cell: Cell) -> Cell {
        .int(Int64(cell.bytes.count { $0 & 0xc0 != 0x80 }))
    }

    private static func find(_ text: [UInt8], _ part: [UInt8]) -> Bool {
        guard part.count <= text.count else { return false }
        return (0...(text.count - part.count)).contains { text[$0...].starts(with: part) }
    }

    /// A text read as the table would; a decimal without its fraction; a truth value as 0 or 1.
    private static func read(_ cell: Cell, _ type: ColumnType) -> Cell {
        if case .text(let bytes) = cell { return Cell.raw(bytes).typed(type) }
        guard let number = cell.number else { return .null }
        return type == .float ? .float(number) : whole(cell, .towardZero)
    }

    private static func date(_ cell: Cell) -> Cell {
        if case .text(let bytes) = cell { return Cell.raw(bytes).typed(.date) }
        return days(cell).map { .date($0) } ?? .null
    }

    private static func timestamp(_ cell: Cell) -> Cell {
        switch cell {
        case .text(let bytes): Cell.raw(bytes).typed(.timestamp)
        case .timestamp: cell
        case .date(let days): .timestamp(days * Calendar.microsPerDay)
        default: .null
        }
    }

    private static func days(_ cell: Cell) -> Int64? {
        switch cell {
        case .date(let days): days
        case .timestamp(let micros): Calendar.dayAndRest(micros).days
        default: nil
        }
    }

    private static func civil(_ cell: Cell) -> (year: Int, month: Int, day: Int)? {
        days(cell).map { Calendar.civil($0) }
    }

    private static func clock(_ cell: Cell, _ unit: Int64, _ modulus: Int64) -> Cell {
        guard case .timestamp(let micros) = cell else { return .null }
        return .int(Calendar.dayAndRest(micros).rest / unit % modulus)
    }
}
