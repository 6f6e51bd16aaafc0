internal import Bytes
internal import Tables
internal import Vocabulary

/// `impute`: a value where there is none: `mean`, `median`, `mode`, or `{value: …}`.
struct ImputeOperation: RowOperation {
    static let name = "impute"

    enum Rule: Sendable, Equatable {
        case mean
        case median
        case mode
        case value(Cell)
    }

    let columns: [(name: String, rule: Rule)]
    let place: String

    init(_ options: OperationOptions) throws {
        place = options.place
        let meaning = "columns with mean, median, mode or {value: …} each"
        guard let members = options.value.objectValue, !members.isEmpty else {
            throw options.wrong(meaning)
        }
        columns = try members.keys.sorted { Array($0.utf8).precedes(Array($1.utf8)) }.map { name in
            guard let rule = members[name].flatMap(Rule.init) else { throw options.wrong(meaning) }
            return (name, rule)
        }
    }

    var isFitted: Bool { true }

    var filledColumns: [String] { columns.map(\.name) }

    var questions: [(column: String, question: ColumnQuestion)] {
        columns.compactMap { column in column.rule.question.map { (column.name, $0) } }
    }

    func bound(
        to schema: RowSchema, _ environment: OperationEnvironment
    ) throws -> any BoundOperation {
        var new = schema
        var learners: [Bound.Learner] = []
        for column in columns {
            let position = try schema.position(column.name, place)
            let type = schema.columns[position].type
            var result = type
            switch column.rule {
            case .mean, .median:
                guard type == .int || type == .float else {
                    throw StoreError.notNumeric(column.name, type, place)
                }
                result = .float
            case .mode: break
            case .value(.float) where type == .int: result = .float
            case .value(let cell):
                guard cell.typed(type) != .null, cell.fits(type) else {
                    throw StoreError.wrongFill(column.name, type, place)
                }
            }
            new.columns[position] = RowSchema.Column(name: column.name, type: result)
            learners.append(
                Bound.Learner(
                    name: column.name, position: position, type: type, result: result,
                    rule: column.rule))
        }
        return Bound(learners: learners, rows: new)
    }

    private struct Bound: BoundOperation {
        struct Learner {
            let name: String
            let position: Int
            let type: ColumnType
            let result: ColumnType
            let rule: Rule
            var fill = Cell.null
        }

        var learners: [Learner]
        let rows: RowSchema

        var asks: Bool { true }

        func schema() -> RowSchema { rows }

        var forms: [ColumnStatistic.Form] {
            learners.compactMap { learner in
                learner.rule.question.map {
                    .init(
                        learner.position, learner.type, $0, isFilled: false, holdsNumbers: true)
                }
            }
        }

        mutating func learn(from answers: [ColumnStatistic]) throws {
            var rest = answers[...]
            for index in learners.indices {
                let learner = learners[index]
                let fill: Cell?
                if case .value(let cell) = learner.rule {
                    fill = cell
                } else {
                    fill = try rest.popFirst().flatMap { try Bound.fill($0, of: learner.name) }
                }
                guard let fill, fill != .null else { throw StoreError.emptyFeature(learner.name) }
                learners[index].fill = fill
            }
        }

        private static func fill(_ answer: ColumnStatistic, of name: String) throws -> Cell? {
            switch answer.form.question {
            case .moments: return answer.moments.mean.map { Cell(finite: $0) }
            case .median: return answer.median.map { Cell(finite: $0) }
            case .frequencies, .categories:
                guard !answer.isOverfull else {
                    throw StoreError.tooManyCategories(name, table: "the rows")
                }
                // The most frequent; of equally frequent ones the first by bytes.
                return answer.texts.max {
                    $0.value < $1.value || $0.value == $1.value && $1.key.precedes($0.key)
                }.map { .raw($0.key) }
            }
        }

        func fill(of column: String) -> Cell? {
            learners.first { $0.name == column }.map(\.fill)
        }

        var fitted: JSONValue? {
            .object(
                Dictionary(
                    learners.map {
                        ($0.name, .string(String(decoding: $0.fill.bytes, as: UTF8.self)))
                    }
                ) { first, _ in first })
        }

        mutating func restore(_ fitted: JSONValue) throws {
            for index in learners.indices {
                guard let text = fitted[learners[index].name]?.stringValue,
                    case let fill = Cell.raw(Array(text.utf8)).typed(learners[index].result),
                    fill != .null
                else { throw StoreError.wrongFitted() }
                learners[index].fill = .raw(Array(text.utf8))
            }
        }

        mutating func apply(_ row: inout Row) -> Bool {
            for learner in learners
            where row[learner.position].typed(learner.type) == .null {
                row[learner.position] = learner.fill
            }
            return true
        }
    }
}

extension ImputeOperation.Rule {
    /// What must be known of the column.
    fileprivate var question: ColumnQuestion? {
        switch self {
        case .mean: .moments
        case .median: .median
        case .mode: .frequencies
        case .value: nil
        }
    }

    fileprivate init?(_ json: JSONValue) {
        switch json.stringValue {
        case "mean": self = .mean
        case "median": self = .median
        case "mode": self = .mode
        default:
            guard let members = json.objectValue, members.count == 1, let value = members["value"]
            else { return nil }
            switch value {
            case .bool(let flag): self = .value(.bool(flag))
            case .integer(let number): self = .value(.int(number))
            // Written as 2.0, it is the same value: a text of the stage keeps no difference.
            case .number(let number):
                self = .value(Int64(exactly: number).map { .int($0) } ?? .float(number))
            case .string(let text) where !text.isEmpty: self = .value(.raw(Array(text.utf8)))
            default: return nil
            }
        }
    }
}

extension Cell {
    /// Whether the cell may stand in a column of that type.
    fileprivate func fits(_ type: ColumnType) -> Bool {
        switch (self, type) {
        case (.raw, _), (.bool, .bool), (.int, .int), (.int, .float), (.float, .float): true
        default: false
        }
    }
}

/// `scale`: numbers as (x - a) / b, where a and b are the mean and the standard deviation
/// (`standard`) or the least value and the range (`range`).
struct ScaleOperation: RowOperation {
    static let name = "scale"
    let columns: [(name: String, isRange: Bool)]
    let place: String

    init(_ options: OperationOptions) throws {
        place = options.place
        guard options.value.objectValue != nil else {
            columns = try options.names().map { ($0, false) }
            return
        }
        let meaning = "columns with 'standard' or 'range' each, or a list of columns"
        columns = try options.texts(meaning).map { name, rule in
            guard ["standard", "range"].contains(rule) else { throw options.wrong(meaning) }
            return (name, rule == "range")
        }
    }

    var isFitted: Bool { true }

    var learntColumns: [String] { columns.map(\.name) }

    var questions: [(column: String, question: ColumnQuestion)] {
        columns.map { ($0.name, .moments) }
    }

    func bound(
        to schema: RowSchema, _ environment: OperationEnvironment
    ) throws -> any BoundOperation {
        var new = schema
        var learners: [Bound.Learner] = []
        for column in columns {
            let position = try schema.position(column.name, place)
            let type = schema.columns[position].type
            guard type == .int || type == .float else {
                throw StoreError.notNumeric(column.name, type, place)
            }
            new.columns[position] = RowSchema.Column(name: column.name, type: .float)
            learners.append(
                Bound.Learner(
                    name: column.name, position: position, type: type, isRange: column.isRange))
        }
        return Bound(learners: learners, rows: new)
    }

    private struct Bound: BoundOperation {
        struct Learner {
            let name: String
            let position: Int
            let type: ColumnType
            let isRange: Bool
            var offset = 0.0
            var scale = 1.0
        }

        var learners: [Learner]
        let rows: RowSchema

        var asks: Bool { true }

        func schema() -> RowSchema { rows }

        var forms: [ColumnStatistic.Form] {
            learners.map {
                .init($0.position, $0.type, .moments, isFilled: false, holdsNumbers: false)
            }
        }

        mutating func learn(from answers: [ColumnStatistic]) throws {
            for (index, answer) in zip(learners.indices, answers) {
                let name = learners[index].name
                let moments = answer.moments
                guard let mean = moments.mean else { throw StoreError.emptyFeature(name) }
                guard moments.least < moments.most else {
                    throw StoreError.constantFeature(name, in: "scale")
                }
                let range = moments.most - moments.least
                learners[index].offset = learners[index].isRange ? moments.least : mean
                learners[index].scale =
                    learners[index].isRange ? range : moments.standardDeviation ?? .infinity
                guard range.isFinite, learners[index].scale.isFinite, learners[index].scale > 0
                else { throw StoreError.hugeFeature(name) }
            }
        }

        var fitted: JSONValue? {
            .object(
                Dictionary(
                    learners.map {
                        ($0.name, ["offset": .number($0.offset), "scale": .number($0.scale)])
                    }
                ) { first, _ in first })
        }

        mutating func restore(_ fitted: JSONValue) throws {
            for index in learners.indices {
                guard let offset = fitted[learners[index].name]?["offset"]?.numberValue,
                    let scale = fitted[learners[index].name]?["scale"]?.numberValue, scale > 0
                else { throw StoreError.wrongFitted() }
                learners[index].offset = offset
                learners[index].scale = scale
            }
        }

        mutating func apply(_ row: inout Row) -> Bool {
            for learner in learners {
                let number = row[learner.position].typed(learner.type).number
                row[learner.position] =
                    number.map { Cell(finite: ($0 - learner.offset) / learner.scale) } ?? .null
            }
            return true
        }
    }
}

extension StoreError {
    static func notNumeric(_ column: String, _ type: ColumnType, _ place: String) -> StoreError {
        StoreError(
            .malformed, "\(place) takes numbers, and column '\(column)' is \(type.rawValue)",
            subject: column, advice: "leave '\(column)' out, or derive a number from it first")
    }

    static func wrongFill(_ column: String, _ type: ColumnType, _ place: String) -> StoreError {
        StoreError(
            .malformed, "\(place) has a value for column '\(column)' that is not \(type.rawValue)",
            subject: column, advice: "give a value of the type of the column")
    }

    /// What a file of fitted values holds is not of its operations.
    static func wrongFitted() -> StoreError {
        StoreError(
            .malformed, "the file of fitted values does not fit the operations",
            advice: "make it anew with the stage that wrote it")
    }
}
