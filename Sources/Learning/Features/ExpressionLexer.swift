internal import Vocabulary

/// A mistake in an expression, with its place.
struct ExpressionError: Error, Equatable {
    /// What is wrong, as the rest of a sentence.
    let reason: String
    /// Characters before the mistake.
    let offset: Int
    /// What to do besides looking at the place.
    var advice: String?

    init(_ reason: String, at offset: Int, advice: String? = nil) {
        self.reason = reason
        self.offset = offset
        self.advice = advice
    }

    /// The error that people see, with a mark under the place. `place` says where the expression
    /// stands: `'derive' of 'late'`.
    func named(_ place: String, _ text: String) -> StoreError {
        StoreError(
            .invalidPipeline, "cannot understand the expression of \(place): \(reason)",
            subject: text,
            advice: (advice ?? "correct the expression at the mark") + "\n    \(text)\n    "
                + String(repeating: " ", count: offset) + "^")
    }
}

/// A word of an expression.
struct Token: Equatable {
    enum Kind: Equatable {
        case name(String)
        /// A column in backquotes: never a keyword.
        case column(String)
        case integer(Int64)
        case number(Double)
        case text(String)
        case symbol(String)
        case end
    }

    let kind: Kind
    let offset: Int
}

/// Cuts an expression into words.
struct ExpressionLexer {
    private let characters: [Character]
    private var index = 0

    init(_ text: String) { characters = Array(text) }

    /// The longest expression read.
    static let maximumCharacters = 10_000

    mutating func tokens() throws(ExpressionError) -> [Token] {
        guard characters.count <= ExpressionLexer.maximumCharacters else {
            throw ExpressionError(
                "it is longer than \(ExpressionLexer.maximumCharacters) characters", at: 0)
        }
        var tokens: [Token] = []
        while true {
            while index < characters.count, characters[index].isWhitespace { index += 1 }
            let offset = index
            guard index < characters.count else {
                return tokens + [Token(kind: .end, offset: offset)]
            }
            tokens.append(Token(kind: try next(), offset: offset))
        }
    }

    private mutating func next() throws(ExpressionError) -> Token.Kind {
        let first = characters[index]
        if first == "'" || first == "\"" { return .text(try quoted(first)) }
        if first == "`" { return .column(try quoted(first)) }
        if first.isASCII, first.isNumber { return try number() }
        if first == "_" || first.isLetter { return .name(word()) }
        let two = String(characters[index..<min(index + 2, characters.count)])
        if ["<=", ">=", "!=", "==", "//"].contains(two) {
            index += 2
            return .symbol(two)
        }
        guard "+-*/%()<>=,".contains(first) else {
            throw ExpressionError("'\(first)' means nothing here", at: index)
        }
        index += 1
        return .symbol(String(first))
    }

    private mutating func word() -> String {
        let start = index
        while index < characters.count, case let next = characters[index],
            next == "_" || next.isLetter || next.isNumber
        { index += 1 }
        return String(characters[start..<index])
    }

    /// Text in quotes; a doubled quote is one.
    private mutating func quoted(_ quote: Character) throws(ExpressionError) -> String {
        let start = index
        var text = ""
        index += 1
        while index < characters.count {
            if characters[index] != quote {
                text.append(characters[index])
            } else if index + 1 < characters.count, characters[index + 1] == quote {
                text.append(quote)
                index += 1
            } else {
                index += 1
                return text
            }
            index += 1
        }
        throw ExpressionError("the quote that begins here does not end", at: start)
    }

    private mutating func number() throws(ExpressionError) -> Token.Kind {
        let start = index
        var isWhole = true
        while index < characters.count, case let next = characters[index] {
            let follows =
                index > start && (characters[index - 1] == "e" || characters[index - 1] == "E")
            if next.isASCII, next.isNumber {
                index += 1
            } else if next == "." || next == "e" || next == "E"
                || follows && (next == "-" || next == "+")
            {
                isWhole = false
                index += 1
            } else {
                break
            }
        }
        let text = String(characters[start..<index])
        if isWhole, let value = Int64(text) { return .integer(value) }
        guard let value = Double(text), value.isFinite else {
            throw ExpressionError("'\(text)' is no number", at: start)
        }
        return .number(value)
    }
}
