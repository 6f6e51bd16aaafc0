internal import Tables
internal import Vocabulary

/// An expression whose types fit, ready for rows.
struct TypedExpression {
    /// Nil for `null`, which fits everywhere.
    let type: ColumnType?
    let evaluate: (Row) -> Cell

    var isNumber: Bool { type == nil || type == .int || type == .float }
    var isText: Bool { type == nil || type == .string }
    var isTruth: Bool { type == nil || type == .bool }
    var typeName: String { type?.rawValue ?? "null" }
}

/// Finds the type of an expression over the columns of a schema, before any row is read.
///
/// No value in gives no value out, save for `and` and `or`, which may know their answer from one
/// side, and for what asks for it: `is null`, `coalesce`, `if`.
struct ExpressionChecker {
    let schema: RowSchema

    func check(_ expression: Expression) throws(ExpressionError) -> TypedExpression {
        switch expression.node {
        case .column(let name): return try column(name, expression.offset)
        case .literal(let cell):
            return TypedExpression(type: ExpressionChecker.type(cell)) { _ in cell }
        case .prefix(let symbol, let inner): return try prefix(symbol, inner)
        case .infix(let symbol, let left, let right):
            return try infix(symbol, left, right, expression.offset)
        case .isNull(let inner, let negated):
            let value = try check(inner).evaluate
            return TypedExpression(type: .bool) { .bool((value($0) == .null) != negated) }
        case .isIn(let inner, let list, let negated):
            return try membership(inner, list, negated)
        case .call(let name, let arguments):
            var typed: [TypedExpression] = []
            for argument in arguments { typed.append(try check(argument)) }
            return try ExpressionFunction.call(
                name, typed, offsets: arguments.map(\.offset), at: expression.offset)
        }
    }

    private static func type(_ cell: Cell) -> ColumnType? {
        switch cell {
        case .bool: .bool
        case .int: .int
        case .float: .float
        case .text: .string
        default: nil
        }
    }

    private func column(_ name: String, _ offset: Int) throws(ExpressionError) -> TypedExpression {
        guard let index = schema.index(name) else {
            throw ExpressionError(
                "there is no column '\(name)'", at: offset,
                advice: SuggestionText.of(name, schema.columns.map(\.name)))
        }
        let type = schema.columns[index].type
        return TypedExpression(type: type) { $0[index].typed(type) }
    }

    private func prefix(
        _ symbol: String, _ inner: Expression
    ) throws(ExpressionError) -> TypedExpression {
        let typed = try check(inner)
        let value = typed.evaluate
        if symbol == "not" {
            guard typed.isTruth else { throw mismatch("'not' takes true or false", typed, inner) }
            return TypedExpression(type: .bool) { row in
                if case .bool(let flag) = value(row) { .bool(!flag) } else { .null }
            }
        }
        guard typed.isNumber else { throw mismatch("'-' takes a number", typed, inner) }
        return TypedExpression(type: typed.type ?? .int) { row in
            switch value(row) {
            case .int(let number) where number != .min: .int(-number)
            case .float(let number): .float(-number)
            default: .null
            }
        }
    }

    private func infix(
        _ symbol: String, _ left: Expression, _ right: Expression, _ offset: Int
    ) throws(ExpressionError) -> TypedExpression {
        let first = try check(left)
        let second = try check(right)
        switch symbol {
        case "and", "or":
            guard first.isTruth else {
                throw mismatch("'\(symbol)' takes true or false", first, left)
            }
            guard second.isTruth else {
                throw mismatch("'\(symbol)' takes true or false", second, right)
            }
            return logic(symbol == "and", first.evaluate, second.evaluate)
        case "=", "!=", "<", "<=", ">", ">=":
            return try comparison(symbol, first, second, offset)
        default:
            return try arithmetic(symbol, first, second, left, right, offset)
        }
    }

    /// `false and nothing` is false, `true or nothing` is true.
    private func logic(
        _ isAnd: Bool, _ left: @escaping (Row) -> Cell, _ right: @escaping (Row) -> Cell
    ) -> TypedExpression {
        TypedExpression(type: .bool) { row in
            let first = left(row)
            if first == .bool(!isAnd) { return first }
            let second = right(row)
            if second == .bool(!isAnd) { return second }
            return first == .null || second == .null ? .null : .bool(isAnd)
        }
    }

    private func comparison(
        _ symbol: String, _ left: TypedExpression, _ right: TypedExpression, _ offset: Int
    ) throws(ExpressionError) -> TypedExpression {
        let ordering = try CellOrder(left, right, offset)
        let first = left.evaluate
        let second = right.evaluate
        let accepts: (Int) -> Bool =
            switch symbol {
            case "=": { $0 == 0 }
            case "!=": { $0 != 0 }
            case "<": { $0 < 0 }
            case "<=": { $0 <= 0 }
            case ">": { $0 > 0 }
            default: { $0 >= 0 }
            }
        return TypedExpression(type: .bool) { row in
            ordering.compare(first(row), second(row)).map { .bool(accepts($0)) } ?? .null
        }
    }

    /// Like `= a or = b or …`.
    private func membership(
        _ inner: Expression, _ list: [Expression], _ negated: Bool
    ) throws(ExpressionError) -> TypedExpression {
        let typed = try check(inner)
        var candidates: [(order: CellOrder, value: (Row) -> Cell)] = []
        for element in list {
            let candidate = try check(element)
            candidates.append(
                (try CellOrder(typed, candidate, element.offset), candidate.evaluate))
        }
        let value = typed.evaluate
        return TypedExpression(type: .bool) { row in
            let found = value(row)
            var isUnknown = found == .null
            for candidate in candidates {
                guard let order = candidate.order.compare(found, candidate.value(row)) else {
                    isUnknown = true
                    continue
                }
                if order == 0 { return .bool(!negated) }
            }
            return isUnknown ? .null : .bool(negated)
        }
    }

    private func mismatch(
        _ rule: String, _ typed: TypedExpression, _ expression: Expression
    ) -> ExpressionError {
        ExpressionError("\(rule), and this is \(typed.typeName)", at: expression.offset)
    }
}

/// What is near a name, for advice.
enum SuggestionText {
    static func of(_ name: String, _ known: [String]) -> String {
        StoreError.suggestion(name, Array(known.prefix(40)))
    }
}

/// The order of the values of two expressions of types that can be compared.
struct CellOrder {
    /// Throws where the types are not comparable.
    init(
        _ left: TypedExpression, _ right: TypedExpression, _ offset: Int
    ) throws(ExpressionError) {
        guard let first = left.type, let second = right.type, first != second,
            !(left.isNumber && right.isNumber)
        else { return }
        let isTime = [first, second].contains { $0 == .date || $0 == .timestamp }
        throw ExpressionError(
            "\(first.rawValue) and \(second.rawValue) cannot be compared", at: offset,
            advice: isTime
                ? "write a date as date('2013-01-31'), a moment as timestamp('2013-01-31T12:00')"
                : nil)
    }

    /// Below, at or above 0; nil where one has no value. Texts are ordered by their bytes.
    func compare(_ left: Cell, _ right: Cell) -> Int? {
        switch (left, right) {
        case (.int(let first), .int(let second)), (.date(let first), .date(let second)),
            (.timestamp(let first), .timestamp(let second)):
            return first < second ? -1 : first > second ? 1 : 0
        case (.text(let first), .text(let second)):
            return first == second ? 0 : first.lexicographicallyPrecedes(second) ? -1 : 1
        case (.bool(let first), .bool(let second)):
            return first == second ? 0 : second ? -1 : 1
        default:
            guard let first = left.number, let second = right.number else { return nil }
            return first < second ? -1 : first > second ? 1 : 0
        }
    }
}
