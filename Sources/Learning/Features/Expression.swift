internal import Bytes

/// An expression over the columns of a row, parsed: every part knows where it stands.
struct Expression: Sendable, Equatable {
    indirect enum Node: Sendable, Equatable {
        case column(String)
        case literal(Cell)
        /// `-` and `not`.
        case prefix(String, Expression)
        case infix(String, Expression, Expression)
        case isNull(Expression, negated: Bool)
        case isIn(Expression, [Expression], negated: Bool)
        case call(String, [Expression])
    }

    let node: Node
    let offset: Int

    /// Parses a text.
    init(parsing text: String) throws(ExpressionError) {
        var lexer = ExpressionLexer(text)
        var parser = ExpressionParser(try lexer.tokens())
        self = try parser.expression()
        try parser.expectEnd()
    }

    init(_ node: Node, at offset: Int) {
        self.node = node
        self.offset = offset
    }
}

/// Precedence from the weakest: `or`, `and`, `not`, comparisons, `+ -`, `* / // %`, `-`.
private struct ExpressionParser {
    private let tokens: [Token]
    private var index = 0
    private var depth = 0

    private static let maximumDepth = 100
    private static let comparisons = ["=", "==", "!=", "<", "<=", ">", ">="]

    init(_ tokens: [Token]) { self.tokens = tokens }

    private var token: Token { tokens[index] }

    mutating func expression() throws(ExpressionError) -> Expression {
        depth += 1
        defer { depth -= 1 }
        guard depth <= ExpressionParser.maximumDepth else {
            throw ExpressionError("it is nested too deeply", at: token.offset)
        }
        var left = try conjunction()
        while take(word: "or") {
            left = Expression(.infix("or", left, try conjunction()), at: left.offset)
        }
        return left
    }

    private mutating func conjunction() throws(ExpressionError) -> Expression {
        var left = try negation()
        while take(word: "and") {
            left = Expression(.infix("and", left, try negation()), at: left.offset)
        }
        return left
    }

    private mutating func negation() throws(ExpressionError) -> Expression {
        let offset = token.offset
        var isNegated = false
        while take(word: "not") { isNegated.toggle() }
        let inner = try comparison()
        // Twice 'not' still asks for a truth value.
        return isNegated ? Expression(.prefix("not", inner), at: offset) : inner
    }

    private mutating func comparison() throws(ExpressionError) -> Expression {
        let left = try sum()
        let offset = token.offset
        if take(word: "is") {
            let negated = take(word: "not")
            guard take(word: "null") else {
                throw ExpressionError("'is' is followed by 'null' or 'not null'", at: token.offset)
            }
            return Expression(.isNull(left, negated: negated), at: left.offset)
        }
        if word == "in" || word == "not" && next == .name("in") {
            let negated = take(word: "not")
            index += 1
            try expect("(")
            return Expression(.isIn(left, try list(), negated: negated), at: left.offset)
        }
        guard case .symbol(let symbol) = token.kind, ExpressionParser.comparisons.contains(symbol)
        else { return left }
        index += 1
        let right = try sum()
        if case .symbol(let another) = token.kind, ExpressionParser.comparisons.contains(another) {
            throw ExpressionError(
                "comparisons do not chain", at: token.offset, advice: "join two with 'and'")
        }
        return Expression(.infix(symbol == "==" ? "=" : symbol, left, right), at: offset)
    }

    private mutating func sum() throws(ExpressionError) -> Expression {
        var left = try product()
        while case .symbol(let symbol) = token.kind, ["+", "-"].contains(symbol) {
            let offset = token.offset
            index += 1
            left = Expression(.infix(symbol, left, try product()), at: offset)
        }
        return left
    }

    private mutating func product() throws(ExpressionError) -> Expression {
        var left = try unary()
        while case .symbol(let symbol) = token.kind, ["*", "/", "//", "%"].contains(symbol) {
            let offset = token.offset
            index += 1
            left = Expression(.infix(symbol, left, try unary()), at: offset)
        }
        return left
    }

    private mutating func unary() throws(ExpressionError) -> Expression {
        let offset = token.offset
        var isNegative = false
        var isSigned = false
        while case .symbol("-") = token.kind {
            isNegative.toggle()
            isSigned = true
            index += 1
        }
        let inner = try atom()
        guard isSigned else { return inner }
        let negative = Expression(.prefix("-", inner), at: offset)
        return isNegative ? negative : Expression(.prefix("-", negative), at: offset)
    }

    private mutating func atom() throws(ExpressionError) -> Expression {
        let offset = token.offset
        let kind = token.kind
        if case .end = kind { throw ExpressionError("a value is missing here", at: offset) }
        index += 1
        switch kind {
        case .integer(let value): return Expression(.literal(.int(value)), at: offset)
        case .number(let value): return Expression(.literal(.float(value)), at: offset)
        case .text(let text): return Expression(.literal(.text(Array(text.utf8))), at: offset)
        case .column(let name): return Expression(.column(name), at: offset)
        case .symbol("("):
            let inner = try expression()
            try expect(")")
            return inner
        case .name(let name): return try named(name, offset)
        default: throw ExpressionError("a value is missing here", at: offset)
        }
    }

    private mutating func named(
        _ name: String, _ offset: Int
    ) throws(ExpressionError) -> Expression {
        switch name {
        case "true": return Expression(.literal(.bool(true)), at: offset)
        case "false": return Expression(.literal(.bool(false)), at: offset)
        case "null": return Expression(.literal(.null), at: offset)
        case "and", "or", "not", "is", "in":
            throw ExpressionError(
                "a value is missing before '\(name)'", at: offset,
                advice: "a column of that name is written in backquotes: `\(name)`")
        default: break
        }
        guard case .symbol("(") = token.kind else { return Expression(.column(name), at: offset) }
        index += 1
        return Expression(.call(name, try list()), at: offset)
    }

    /// What stands between parentheses, the first of which is behind us.
    private mutating func list() throws(ExpressionError) -> [Expression] {
        if case .symbol(")") = token.kind {
            index += 1
            return []
        }
        var elements = [try expression()]
        while case .symbol(",") = token.kind {
            index += 1
            elements.append(try expression())
        }
        try expect(")")
        return elements
    }

    private var word: String? { if case .name(let word) = token.kind { word } else { nil } }

    private var next: Token.Kind? { index + 1 < tokens.count ? tokens[index + 1].kind : nil }

    private mutating func take(word wanted: String) -> Bool {
        guard word == wanted else { return false }
        index += 1
        return true
    }

    private mutating func expect(_ symbol: String) throws(ExpressionError) {
        guard case .symbol(symbol) = token.kind else {
            throw ExpressionError("'\(symbol)' is missing here", at: token.offset)
        }
        index += 1
    }

    func expectEnd() throws(ExpressionError) {
        guard case .end = token.kind else {
            throw ExpressionError("the expression should end before this", at: token.offset)
        }
    }
}
