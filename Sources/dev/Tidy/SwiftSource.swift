/// A Swift file in two readings: as it is, and with comments, literals and quoted identifiers
/// blanked, so that a rule which looks for code never trips over prose.
struct SwiftSource {
    let path: String
    /// The lines as they are.
    let lines: [String]
    /// The lines with nothing but code in them, column for column.
    let code: [String]
    /// The comment text of each line; empty where it has none.
    let comments: [String]

    init(path: String, text: String) {
        self.path = path
        var masker = SwiftMasker(Array(text.utf8))
        masker.run()
        lines = SwiftSource.split(Array(text.utf8))
        code = SwiftSource.split(masker.code)
        comments = SwiftSource.split(masker.comments).map { line in
            String(line.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
        }
    }

    /// The folder below Sources or Tests: the target's name.
    var target: String {
        let parts = path.split(separator: "/")
        return parts.count > 2 ? String(parts[1]) : ""
    }

    var isTest: Bool { path.hasPrefix("Tests/") }

    /// Whether `line` (from 0), or the comment right above or below it, says something.
    func isExplained(at line: Int) -> Bool {
        let near = max(0, line - 2)...min(lines.count - 1, line + 1)
        return near.contains { comments[$0].utf8.count > 8 }
    }

    private static func split(_ bytes: [UInt8]) -> [String] {
        bytes.split(separator: 0x0a, omittingEmptySubsequences: false)
            .map { String(decoding: $0, as: UTF8.self) }
    }
}

/// Walks once over the bytes of a Swift file and sorts them into code and comments.
struct SwiftMasker {
    private let source: [UInt8]
    private var position = 0
    /// The code, everything else blank.
    private(set) var code: [UInt8]
    /// The comments, everything else blank.
    private(set) var comments: [UInt8]

    private static let blank = UInt8(ascii: " ")
    private static let lineEnd = UInt8(ascii: "\n")

    init(_ source: [UInt8]) {
        self.source = source
        let empty = source.map { $0 == SwiftMasker.lineEnd ? $0 : SwiftMasker.blank }
        code = empty
        comments = empty
    }

    mutating func run() {
        while position < source.count {
            switch source[position] {
            case UInt8(ascii: "/") where next(is: UInt8(ascii: "/")): lineComment()
            case UInt8(ascii: "/") where next(is: UInt8(ascii: "*")): blockComment()
            case UInt8(ascii: "\""): stringLiteral()
            case UInt8(ascii: "#") where startsRawString(): stringLiteral()
            case UInt8(ascii: "`"): quotedIdentifier()
            case let byte:
                code[position] = byte
                position += 1
            }
        }
    }

    private func next(is byte: UInt8) -> Bool {
        position + 1 < source.count && source[position + 1] == byte
    }

    private func at(_ byte: UInt8) -> Bool { position < source.count && source[position] == byte }

    private mutating func lineComment() {
        while position < source.count, !at(SwiftMasker.lineEnd) {
            comments[position] = source[position]
            position += 1
        }
    }

    private mutating func blockComment() {
        var depth = 0
        repeat {
            if at(UInt8(ascii: "/")), next(is: UInt8(ascii: "*")) {
                depth += 1
                position += 1
            } else if at(UInt8(ascii: "*")), next(is: UInt8(ascii: "/")) {
                depth -= 1
                position += 1
            } else if source[position] != SwiftMasker.lineEnd {
                comments[position] = source[position]
            }
            position += 1
        } while depth > 0 && position < source.count
    }

    /// A name in backticks becomes a plain word of the same length.
    private mutating func quotedIdentifier() {
        position += 1
        while position < source.count, !at(UInt8(ascii: "`")), !at(SwiftMasker.lineEnd) {
            code[position] = UInt8(ascii: "x")
            position += 1
        }
        position += 1
    }

    private func startsRawString() -> Bool {
        var index = position
        while index < source.count, source[index] == UInt8(ascii: "#") { index += 1 }
        return index > position && index < source.count && source[index] == UInt8(ascii: "\"")
    }

    private mutating func stringLiteral() {
        var hashes = 0
        while at(UInt8(ascii: "#")) {
            hashes += 1
            position += 1
        }
        let isBlock =
            next(is: UInt8(ascii: "\"")) && position + 2 < source.count
            && source[position + 2] == UInt8(ascii: "\"")
        let quotes = isBlock ? 3 : 1
        // The quotes stay, as a word that is no name.
        code[position] = UInt8(ascii: "\"")
        position += quotes
        while position < source.count {
            if closes(quotes: quotes, hashes: hashes) {
                code[position] = UInt8(ascii: "\"")
                position += quotes + hashes
                return
            }
            if quotes == 1, at(SwiftMasker.lineEnd) { return }
            if escapes(hashes: hashes) {
                position += 1 + hashes
                if at(UInt8(ascii: "(")) { interpolation() } else { position += 1 }
            } else {
                position += 1
            }
        }
    }

    private func closes(quotes: Int, hashes: Int) -> Bool {
        guard position + quotes + hashes <= source.count else { return false }
        return (0..<quotes).allSatisfy { source[position + $0] == UInt8(ascii: "\"") }
            && (0..<hashes).allSatisfy { source[position + quotes + $0] == UInt8(ascii: "#") }
    }

    private func escapes(hashes: Int) -> Bool {
        guard at(UInt8(ascii: "\\")), position + hashes < source.count else { return false }
        return (0..<hashes).allSatisfy { source[position + 1 + $0] == UInt8(ascii: "#") }
    }

    /// The code inside `\( )` stays blank, but its own literals are stepped over.
    private mutating func interpolation() {
        var depth = 0
        while position < source.count {
            if at(UInt8(ascii: "\"")) {
                stringLiteral()
                continue
            }
            if at(UInt8(ascii: "(")) { depth += 1 }
            if at(UInt8(ascii: ")")) { depth -= 1 }
            position += 1
            if depth == 0 { return }
        }
    }
}
