internal import Bytes
internal import Tables
internal import Vocabulary

/// One value of a row on its way through the `features` step.
enum Cell: Sendable, Equatable {
    /// No value.
    case null
    /// As the table has it: its text, without quotes; perhaps one that stands for no value.
    case raw([UInt8])
    case bool(Bool)
    case int(Int64)
    /// Always finite.
    case float(Double)
    case text([UInt8])
    /// Days since 1970-01-01.
    case date(Int64)
    /// Microseconds since 1970-01-01T00:00:00Z.
    case timestamp(Int64)

    /// A field of a table. Where the file states types, so it does what has no value: a text of these
    /// may look like one that stands for none.
    init(_ batch: RowBatch, row: Int, column: Int) {
        guard let types = batch.header.types else {
            self = .raw(batch.value(row: row, column: column))
            return
        }
        guard !batch.isNull(row: row, column: column) else {
            self = .null
            return
        }
        let value = batch.value(row: row, column: column)
        self = types[column] == .string ? .text(value) : .raw(value)
    }

    /// The number, or no value where it is not finite.
    init(finite value: Double) { self = value.isFinite ? .float(value) : .null }

    /// The value as one of type `type`; text of the table is read, and integers become decimals
    /// where those are asked for. What is of another type has no value.
    func typed(_ type: ColumnType) -> Cell {
        switch (self, type) {
        case (.raw(let bytes), _): Cell.read(bytes, type)
        case (.int(let value), .float): .float(Double(value))
        default: self
        }
    }

    private static func read(_ bytes: [UInt8], _ type: ColumnType) -> Cell {
        // Unsafe: a view of the array, for the call.
        unsafe bytes.withUnsafeBufferPointer { field in
            if unsafe FieldSyntax.isNull(field) { return .null }
            switch type {
            case .bool: return unsafe FieldSyntax.bool(field).map { .bool($0) } ?? .null
            case .int: return unsafe FieldSyntax.int(field).map { .int($0) } ?? .null
            case .float: return unsafe FieldSyntax.float(field).map { Cell(finite: $0) } ?? .null
            case .date: return unsafe FieldSyntax.date(field).map { .date($0) } ?? .null
            case .timestamp:
                return unsafe FieldSyntax.timestamp(field).map { .timestamp($0) } ?? .null
            case .string: return .text(bytes)
            }
        }
    }

    /// What is written: empty where there is no value, a table's own text as it stands.
    var bytes: [UInt8] {
        switch self {
        case .null: []
        case .raw(let bytes), .text(let bytes): bytes
        case .bool(let value): Array((value ? "true" : "false").utf8)
        case .int(let value): Array(String(value).utf8)
        case .float(let value): Array(shortestText(value).utf8)
        case .date(let days): Array(Cell.dateText(days).utf8)
        case .timestamp(let micros): Array(Cell.timestampText(micros).utf8)
        }
    }

    /// The number of a typed cell, truth values as 0 and 1; nil where there is none.
    var number: Double? {
        switch self {
        case .int(let value): Double(value)
        case .float(let value): value
        case .bool(let value): value ? 1 : 0
        default: nil
        }
    }

    /// The place of a typed cell in time: microseconds of dates and timestamps, numbers as they
    /// are.
    var moment: Double? {
        switch self {
        case .date(let days): Double(days) * 86_400_000_000
        case .timestamp(let micros): Double(micros)
        default: number
        }
    }

    private static func dateText(_ days: Int64) -> String {
        let date = Calendar.civil(days)
        return "\(padded(date.year, 4))-\(padded(date.month, 2))-\(padded(date.day, 2))"
    }

    private static func timestampText(_ micros: Int64) -> String {
        let (days, rest) = Calendar.dayAndRest(micros)
        let seconds = Int(rest / 1_000_000)
        let fraction = Int(rest % 1_000_000)
        let time =
            "\(padded(seconds / 3600, 2)):\(padded(seconds / 60 % 60, 2)):"
            + padded(seconds % 60, 2)
        return dateText(days) + "T" + time + (fraction == 0 ? "" : "." + padded(fraction, 6)) + "Z"
    }

    private static func padded(_ value: Int, _ width: Int) -> String {
        let text = String(value)
        return String(repeating: "0", count: max(0, width - text.utf8.count)) + text
    }
}

/// Parts of moments.
enum Calendar {
    static let microsPerDay: Int64 = 86_400_000_000

    static func civil(_ days: Int64) -> (year: Int, month: Int, day: Int) {
        Timestamp.civil(daysSinceEpoch: Int(days))
    }

    /// The day of a moment, and the microseconds behind its start.
    static func dayAndRest(_ micros: Int64) -> (days: Int64, rest: Int64) {
        let rest = micros % microsPerDay
        return rest < 0
            ? (micros / microsPerDay - 1, rest + microsPerDay) : (micros / microsPerDay, rest)
    }
}

/// A row: a cell for every column of its schema.
typealias Row = [Cell]

/// The columns of the rows at some place in the `features` step.
struct RowSchema: Sendable, Equatable {
    struct Column: Sendable, Equatable {
        let name: String
        let type: ColumnType
    }

    var columns: [Column]

    init(columns: [Column]) { self.columns = columns }

    init(_ summary: TableSummary) {
        columns = summary.columns.map { Column(name: $0.name, type: $0.type) }
    }

    func index(_ name: String) -> Int? { columns.firstIndex { $0.name == name } }

    /// The position of a column; `place` says who asks.
    func position(_ name: String, _ place: String) throws -> Int {
        guard let index = index(name) else {
            throw StoreError(
                .malformed, "\(place) names a column '\(name)' that is not there", subject: name,
                advice: StoreError.suggestion(name, columns.map(\.name)))
        }
        return index
    }

    /// Adds a column; throws where there is one of that name.
    mutating func add(_ name: String, _ type: ColumnType, _ place: String) throws {
        guard index(name) == nil else {
            throw StoreError(
                .malformed, "\(place) makes a column '\(name)' that is there already",
                subject: name, advice: "choose another name, or 'drop' or 'rename' the first one")
        }
        columns.append(Column(name: name, type: type))
    }
}
