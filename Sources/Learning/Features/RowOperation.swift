internal import Bytes
internal import Kernels
internal import Tables
internal import Vocabulary

/// One operation of the `features` step, as the stage declares it: checked as far as that is
/// possible without a table.
protocol RowOperation: Sendable {
    /// The key in `do`.
    static var name: String { get }

    /// Reads what stands under the key.
    init(_ options: OperationOptions) throws

    /// The other table that it reads.
    var table: String? { get }
    /// Whether it learns something of the rows that another table is to be changed by too.
    var isFitted: Bool { get }

    /// Whether it changes each row by that row alone, the same in any table.
    var changesRowsAlone: Bool { get }
    /// What it asks of its rows, if it can do with answers about single columns.
    var questions: [(column: String, question: ColumnQuestion)] { get }
    /// The columns in which it fills what has no value, and changes nothing else.
    var filledColumns: [String] { get }
    /// The columns that it changes otherwise by what it learns, or takes away.
    var learntColumns: [String] { get }

    /// The operation on rows of `schema`; throws where the columns are not there or not of a type
    /// that it can take.
    func bound(
        to schema: RowSchema, _ environment: OperationEnvironment
    ) throws -> any BoundOperation
}

extension RowOperation {
    var table: String? { nil }
    var isFitted: Bool { false }
    var changesRowsAlone: Bool { false }
    var questions: [(column: String, question: ColumnQuestion)] { [] }
    var filledColumns: [String] { [] }
    var learntColumns: [String] { [] }
}

/// What operations are given besides the schema.
struct OperationEnvironment {
    /// The other table that the operation reads.
    let table: TableInput?
    /// For draws: of the seed, the operation and its place.
    let random: RandomSource
}

/// An operation at work on rows of a known schema.
protocol BoundOperation {
    /// The schema of the rows that leave it; asked for when it has learnt.
    func schema() throws -> RowSchema

    /// Whether it looks at all rows before it changes the first.
    var learns: Bool { get }
    /// Looks at a row.
    mutating func learn(_ row: Row) throws
    /// Ends the look at the rows.
    mutating func endLearning() throws

    /// Whether it learns from the answers to its questions instead.
    var asks: Bool { get }
    /// Where the answers are to be found in the rows, in the order of the questions.
    var forms: [ColumnStatistic.Form] { get }
    /// Learns from the answers.
    mutating func learn(from answers: [ColumnStatistic]) throws
    /// What it fills a column with, when it has learnt.
    func fill(of column: String) -> Cell?

    /// What it learnt that is kept in the file of fitted values; nil where nothing is.
    var fitted: JSONValue? { get }
    /// Takes what was kept; throws `malformed` where that is not of this operation.
    mutating func restore(_ fitted: JSONValue) throws

    /// Begins a pass over the rows.
    mutating func start()
    /// Changes a row; false drops it.
    mutating func apply(_ row: inout Row) throws -> Bool
}

extension BoundOperation {
    var learns: Bool { false }
    mutating func learn(_ row: Row) throws {}
    mutating func endLearning() throws {}
    var asks: Bool { false }
    var forms: [ColumnStatistic.Form] { [] }
    mutating func learn(from answers: [ColumnStatistic]) throws {}
    func fill(of column: String) -> Cell? { nil }
    var fitted: JSONValue? { nil }
    mutating func restore(_ fitted: JSONValue) throws {}
    mutating func start() {}
}

/// The operations, one line each.
let rowOperations: [any RowOperation.Type] = [
    FilterOperation.self,
    DeriveOperation.self,
    SelectOperation.self,
    DropOperation.self,
    RenameOperation.self,
    JoinOperation.self,
    AsOfJoinOperation.self,
    WindowOperation.self,
    ImputeOperation.self,
    ScaleOperation.self,
    OneHotOperation.self,
    TargetEncodingOperation.self,
]

/// What stands under the key of an operation.
struct OperationOptions {
    /// For messages: `'derive' (operation 2)`.
    let place: String
    /// `features.do[2].derive`.
    let path: String
    let value: JSONValue

    /// A list of names without repetition.
    func names() throws -> [String] {
        try StepOptions(step: path, ["columns": value], known: ["columns"]).names("columns") ?? []
    }

    /// Texts by name, sorted by the names' bytes.
    func texts(_ meaning: String) throws -> [(name: String, text: String)] {
        guard let members = value.objectValue, !members.isEmpty else { throw wrong(meaning) }
        return try members.keys.sorted { Array($0.utf8).precedes(Array($1.utf8)) }.map { name in
            guard !name.isEmpty, let text = members[name]?.scalarText else { throw wrong(meaning) }
            return (name, text)
        }
    }

    func expression(_ text: String, of name: String? = nil) throws -> DeclaredExpression {
        try DeclaredExpression(text, place: name.map { "'\($0)' in \(place)" } ?? place)
    }

    func wrong(_ meaning: String) -> StoreError {
        StoreError(
            .invalidPipeline, "\(place) has a wrong value: it takes \(meaning)", subject: path,
            advice: "correct it in mlstore.yaml, or in params.yaml if it comes from there")
    }
}

extension JSONValue {
    /// A scalar as the text that a person wrote.
    fileprivate var scalarText: String? {
        switch self {
        case .string(let text): text
        case .integer(let value): String(value)
        case .number(let value): shortestText(value)
        case .bool(let value): value ? "true" : "false"
        default: nil
        }
    }
}

/// An expression with the place that errors name.
struct DeclaredExpression: Sendable {
    let text: String
    let place: String
    let expression: Expression

    init(_ text: String, place: String) throws {
        self.text = text
        self.place = place
        do {
            expression = try Expression(parsing: text)
        } catch {
            throw error.named(place, text)
        }
    }

    /// The expression over columns of a schema.
    func typed(_ schema: RowSchema) throws -> TypedExpression {
        try typed(expression, schema)
    }

    /// A part of it.
    func typed(_ part: Expression, _ schema: RowSchema) throws -> TypedExpression {
        do {
            return try ExpressionChecker(schema: schema).check(part)
        } catch {
            throw error.named(place, text)
        }
    }
}

/// Distances in time, as a stage writes them: `7d`, `12h`, `30m`, `45s`, or a plain number in the
/// unit of a column of numbers.
struct TimeSpan: Sendable, Equatable {
    let value: Double
    /// Whether it has a unit: then `value` are microseconds.
    let hasUnit: Bool

    init?(_ json: JSONValue) {
        if let number = json.numberValue {
            guard number > 0 else { return nil }
            value = number
            hasUnit = false
            return
        }
        guard let text = json.stringValue, let unit = text.last,
            let count = Double(text.dropLast()), count > 0, count.isFinite
        else { return nil }
        let seconds: [Character: Double] = ["d": 86_400, "h": 3600, "m": 60, "s": 1]
        guard let scale = seconds[unit] else { return nil }
        value = count * scale * 1_000_000
        hasUnit = true
    }

    static let meaning = "a time such as 7d, 12h, 30m or 45s, or a number above 0"
}

extension RowSchema {
    /// The position of a column that says when; `span` must be in its unit.
    func timePosition(_ name: String, _ place: String, _ span: TimeSpan?) throws -> Int {
        let position = try position(name, place)
        let type = columns[position].type
        let isTime = type == .date || type == .timestamp
        guard isTime || type == .int || type == .float, span.map({ $0.hasUnit == isTime }) ?? true
        else {
            throw StoreError(
                .malformed,
                "\(place) cannot tell the time by column '\(name)' of type "
                    + type.rawValue, subject: name,
                advice: "name a column of dates or timestamps with a span such as 7d, or a column "
                    + "of numbers with a span that is a number")
        }
        return position
    }
}
