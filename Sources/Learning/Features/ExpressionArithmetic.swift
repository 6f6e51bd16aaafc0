internal import Tables

extension ExpressionChecker {
    /// `+ - * / // %` of numbers, and the differences and shifts of dates and moments. A result
    /// that is no finite number, or does not fit, is no value.
    func arithmetic(
        _ symbol: String, _ left: TypedExpression, _ right: TypedExpression,
        _ leftPlace: Expression, _ rightPlace: Expression, _ offset: Int
    ) throws(ExpressionError) -> TypedExpression {
        if let time = time(symbol, left, right) { return time }
        for (typed, place) in [(left, leftPlace), (right, rightPlace)] where !typed.isNumber {
            throw ExpressionError(
                "'\(symbol)' takes numbers, and this is \(typed.typeName)", at: place.offset,
                advice: typed.type == .string
                    ? "join texts with concat(a, b); read a number with float(a)" : nil)
        }
        let first = left.evaluate
        let second = right.evaluate
        if symbol == "/" {
            return TypedExpression(type: .float) { row in
                guard let dividend = first(row).number, let divisor = second(row).number else {
                    return .null
                }
                return Cell(finite: dividend / divisor)
            }
        }
        guard left.type != .float, right.type != .float else {
            return try decimals(symbol, first, second, offset)
        }
        return TypedExpression(type: .int) { row in
            guard case .int(let one) = first(row), case .int(let other) = second(row) else {
                return .null
            }
            return ExpressionChecker.integers(symbol, one, other).map { .int($0) } ?? .null
        }
    }

    private func decimals(
        _ symbol: String, _ first: @escaping (Row) -> Cell, _ second: @escaping (Row) -> Cell,
        _ offset: Int
    ) throws(ExpressionError) -> TypedExpression {
        let combine: (Double, Double) -> Double
        switch symbol {
        case "+": combine = { $0 + $1 }
        case "-": combine = { $0 - $1 }
        case "*": combine = { $0 * $1 }
        case "//": combine = { ($0 / $1).rounded(.down) }
        default:
            // The remainder has the sign of the divisor, as in Python.
            combine = { dividend, divisor in
                let rest = dividend.truncatingRemainder(dividingBy: divisor)
                return rest != 0 && (rest < 0) != (divisor < 0) ? rest + divisor : rest
            }
        }
        return TypedExpression(type: .float) { row in
            guard let one = first(row).number, let other = second(row).number else { return .null }
            return Cell(finite: combine(one, other))
        }
    }

    /// Nil where the result does not fit, or the divisor is 0. `//` rounds down.
    private static func integers(_ symbol: String, _ one: Int64, _ other: Int64) -> Int64? {
        let result: (partialValue: Int64, overflow: Bool)
        switch symbol {
        case "+": result = one.addingReportingOverflow(other)
        case "-": result = one.subtractingReportingOverflow(other)
        case "*": result = one.multipliedReportingOverflow(by: other)
        default:
            guard other != 0, !(one == .min && other == -1) else { return nil }
            let rest = one % other
            let isBelow = rest != 0 && (rest < 0) != (other < 0)
            if symbol == "//" { return one / other - (isBelow ? 1 : 0) }
            return isBelow ? rest + other : rest
        }
        return result.overflow ? nil : result.partialValue
    }

    /// A date and days, the days between dates, the seconds between moments; nil for other types.
    private func time(
        _ symbol: String, _ left: TypedExpression, _ right: TypedExpression
    ) -> TypedExpression? {
        guard symbol == "-" || symbol == "+" else { return nil }
        let sign: Int64 = symbol == "-" ? -1 : 1
        let first = left.evaluate
        let second = right.evaluate
        switch (left.type, right.type) {
        case (.date, .date) where symbol == "-":
            return TypedExpression(type: .int) { row in
                guard case .date(let one) = first(row), case .date(let other) = second(row) else {
                    return .null
                }
                return .int(one - other)
            }
        case (.timestamp, .timestamp) where symbol == "-":
            return TypedExpression(type: .float) { row in
                guard case .timestamp(let one) = first(row),
                    case .timestamp(let other) = second(row)
                else { return .null }
                return Cell(finite: Double(one - other) / 1_000_000)
            }
        case (.date, .int):
            return TypedExpression(type: .date) { row in
                guard case .date(let day) = first(row), case .int(let days) = second(row),
                    case let moved = day.addingReportingOverflow(sign &* days), !moved.overflow,
                    Calendar.isWritable(moved.partialValue)
                else { return .null }
                return .date(moved.partialValue)
            }
        default:
            return nil
        }
    }
}

extension Calendar {
    /// Whether the day has a year of four digits.
    static func isWritable(_ day: Int64) -> Bool { (-719_528...2_932_896).contains(day) }
}
