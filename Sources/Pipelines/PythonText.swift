import Bytes

/// A part of a Python program, read word by word and literal by literal.
struct PythonText {
    /// How deep brackets nest at most.
    private static let maximumDepth = 64

    private let bytes: [UInt8]
    private var offset: Int
    private let end: Int

    /// The text of `bytes` from `start` to before `end`.
    init(_ bytes: [UInt8], _ start: Int, _ end: Int) {
        self.bytes = bytes
        offset = start
        self.end = end
    }

    /// The offset behind the logical line that begins at `start`: brackets, texts and `\` carry it
    /// over the ends of lines.
    static func endOfLine(
        _ bytes: [UInt8], from start: Int
    ) throws(PythonConstants.Failure) -> Int {
        var text = PythonText(bytes, start, bytes.count)
        var depth = 0
        while let byte = text.current {
            let place = text.offset
            switch byte {
            case 0x0a where depth == 0: return place + 1
            case 0x23: text.passRestOfLine()
            case 0x5c: text.offset += 2
            case 0x22, 0x27:
                guard text.passQuoted() else {
                    throw failure(bytes, place, "a text that does not end")
                }
            case 0x28, 0x5b, 0x7b:
                depth += 1
                text.offset += 1
            case 0x29, 0x5d, 0x7d:
                depth -= 1
                guard depth >= 0 else {
                    throw failure(bytes, place, "a bracket that nothing opens")
                }
                text.offset += 1
            default: text.offset += 1
            }
        }
        guard depth == 0 else { throw failure(bytes, start, "a bracket that does not close") }
        return bytes.count
    }

    private static func failure(
        _ bytes: [UInt8], _ offset: Int, _ reason: String
    ) -> PythonConstants.Failure {
        PythonConstants.Failure(
            reason: reason, line: 1 + bytes[..<offset].count { $0 == 0x0a })
    }

    private var current: UInt8? { offset < end ? bytes[offset] : nil }

    private func byte(_ distance: Int) -> UInt8? {
        offset + distance < end ? bytes[offset + distance] : nil
    }

    private mutating func passRestOfLine() {
        while let byte = current, byte != 0x0a { _ = byte; offset += 1 }
    }

    /// Passes blanks, comments and ends of lines: where these matter, the text ends.
    private mutating func passBlanks() {
        while let byte = current {
            switch byte {
            case 0x20, 0x09, 0x0a, 0x0c, 0x0d: offset += 1
            case 0x23: passRestOfLine()
            case 0x5c where self.byte(1) == 0x0a: offset += 2
            case 0x5c where self.byte(1) == 0x0d && self.byte(2) == 0x0a: offset += 3
            default: return
            }
        }
    }

    /// Whether nothing but blanks is left.
    var isAtEnd: Bool {
        var rest = self
        rest.passBlanks()
        return rest.current == nil
    }

    /// Passes a character if it comes next.
    mutating func pass(_ character: Unicode.Scalar) -> Bool {
        passBlanks()
        guard current == UInt8(ascii: character) else { return false }
        offset += 1
        return true
    }

    /// The name that comes next.
    mutating func word() -> String? {
        passBlanks()
        let start = offset
        while let byte = current, PythonText.isNameByte(byte), offset > start || !isDigit(byte) {
            offset += 1
        }
        return start == offset ? nil : String(decoding: bytes[start..<offset], as: UTF8.self)
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        (0x41...0x5a).contains(byte & ~0x20) || (0x30...0x39).contains(byte) || byte == 0x5f
            || byte >= 0x80
    }

    private func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }

    /// Passes the rest of `class A(B):` or `def f(a: int) -> None:`, its colon included.
    mutating func passHeader() -> Bool {
        passUntil { $0 == 0x3a } && pass(":")
    }

    /// Goes to the first byte outside of brackets and texts that `isWanted`.
    private mutating func passUntil(_ isWanted: (UInt8) -> Bool) -> Bool {
        var depth = 0
        while let byte = current {
            if depth == 0, isWanted(byte) { return true }
            switch byte {
            case 0x23: passRestOfLine()
            case 0x22, 0x27: guard passQuoted() else { return false }
            case 0x28, 0x5b, 0x7b: depth += 1; offset += 1
            case 0x29, 0x5d, 0x7d: depth -= 1; offset += 1
            default: offset += 1
            }
        }
        return false
    }

    /// Passes `=`, or `: int =`, or an operator as in `+=`. nil where no assignment comes next;
    /// whether the new value is what stands behind it.
    mutating func passAssignment() -> Bool? {
        passBlanks()
        if current == 0x3a {
            offset += 1
            guard passUntil({ $0 == 0x3d || $0 == 0x3b }), current == 0x3d else { return nil }
        }
        if current == 0x3d {
            guard byte(1) != 0x3d else { return nil }
            offset += 1
            return true
        }
        let start = offset
        while let byte = current, "+-*/%&|^@<>".utf8.contains(byte) { offset += 1 }
        return offset > start && current == 0x3d ? false : nil
    }

    /// The constant up to the end of the statement, `a, b` being a list; nil for anything else.
    mutating func assignedValue() -> JSONValue? {
        guard let first = value(depth: 0) else { return nil }
        var elements = [first]
        var isList = false
        while pass(",") {
            isList = true
            passBlanks()
            if current == nil || current == 0x3b { break }
            guard let next = value(depth: 0) else { return nil }
            elements.append(next)
        }
        passBlanks()
        guard current == nil || current == 0x3b else { return nil }
        return isList ? .array(elements) : first
    }

    private mutating func value(depth: Int) -> JSONValue? {
        passBlanks()
        guard let byte = current, depth <= PythonText.maximumDepth else { return nil }
        switch byte {
        case 0x22, 0x27: return texts()
        case 0x28: return list(closedBy: ")", depth: depth)
        case 0x5b: return list(closedBy: "]", depth: depth)
        case 0x7b: return dictionary(depth: depth)
        case 0x2b, 0x2d, 0x2e, 0x30...0x39: return number()
        default: break
        }
        if hasTextPrefix { return texts() }
        switch word() {
        case "True": return .bool(true)
        case "False": return .bool(false)
        case "None": return .null
        default: return nil
        }
    }

    /// `(1)` is 1 and `(1,)` a list.
    private mutating func list(closedBy closing: Unicode.Scalar, depth: Int) -> JSONValue? {
        offset += 1
        var elements: [JSONValue] = []
        var hasComma = false
        while !pass(closing) {
            guard elements.isEmpty || hasComma, let element = value(depth: depth + 1) else {
                return nil
            }
            elements.append(element)
            hasComma = pass(",")
        }
        return closing == ")" && elements.count == 1 && !hasComma ? elements[0] : .array(elements)
    }

    private mutating func dictionary(depth: Int) -> JSONValue? {
        offset += 1
        var members: [String: JSONValue] = [:]
        var hasComma = true
        while !pass("}") {
            guard hasComma, let name = value(depth: depth + 1)?.scalarText, pass(":"),
                let member = value(depth: depth + 1)
            else { return nil }
            members[name] = member
            hasComma = pass(",")
        }
        return .object(members)
    }
}

// Numbers and texts.
extension PythonText {
    private mutating func number() -> JSONValue? {
        let isNegative = current == 0x2d
        if current == 0x2b || isNegative { offset += 1 }
        let start = offset
        while let byte = current {
            let isExponentSign =
                (byte == 0x2b || byte == 0x2d) && offset > start && bytes[offset - 1] | 0x20 == 0x65
                && bytes[start..<offset].allSatisfy {
                    isDigit($0) || [0x2e, 0x5f, 0x65, 0x45].contains($0)
                }
            guard PythonText.isNameByte(byte) || byte == 0x2e || isExponentSign else { break }
            offset += 1
        }
        let digits = String(decoding: bytes[start..<offset], as: UTF8.self)
        guard !digits.hasPrefix("_"), !digits.hasSuffix("_"), !digits.contains("__") else {
            return nil
        }
        let text = digits.lowercased().replacing("_", with: "")
        return PythonText.number(text).map { isNegative ? PythonText.negated($0) : $0 }
    }

    private static func number(_ text: String) -> JSONValue? {
        for (prefix, radix) in [("0x", 16), ("0o", 8), ("0b", 2)] where text.hasPrefix(prefix) {
            guard text.utf8.dropFirst(2).first.map({ $0 != 0x2d && $0 != 0x2b }) == true else {
                return nil
            }
            return Int64(text.dropFirst(2), radix: radix).map(json)
        }
        let isWhole = text.utf8.allSatisfy { (0x30...0x39).contains($0) }
        if isWhole, let whole = Int64(text) {
            // `010` is no number in Python.
            if text.hasPrefix("0"), whole != 0 { return nil }
            return json(whole)
        }
        let isFloat = text.utf8.allSatisfy {
            (0x30...0x39).contains($0) || [0x2b, 0x2d, 0x2e, 0x65].contains($0)
        }
        let full = (text.hasPrefix(".") ? "0" : "") + text.replacing(".e", with: ".0e")
        guard isFloat, let value = Double(full.hasSuffix(".") ? full + "0" : full), value.isFinite
        else { return nil }
        return .number(value)
    }

    private static func json(_ whole: Int64) -> JSONValue {
        whole.magnitude <= UInt64(JSONValue.maximumInteger)
            ? .integer(whole) : .number(Double(whole))
    }

    private static func negated(_ value: JSONValue) -> JSONValue {
        switch value {
        case .integer(let number): .integer(-number)
        case .number(let number): .number(-number)
        default: value
        }
    }

    /// The letters before a quote, in lower case; empty where something else comes.
    private var textPrefix: String {
        var letters = ""
        for distance in 0..<3 {
            guard let byte = byte(distance) else { return "" }
            if byte == 0x22 || byte == 0x27 { return letters }
            guard (0x41...0x5a).contains(byte & ~0x20) else { return "" }
            letters.unicodeScalars.append(Unicode.Scalar(byte | 0x20))
        }
        return ""
    }

    private var hasTextPrefix: Bool { !textPrefix.isEmpty }

    /// One text or several side by side; nil for bytes and for those that are put together.
    private mutating func texts() -> JSONValue? {
        var result = ""
        repeat {
            let prefix = textPrefix
            guard ["", "r", "u"].contains(prefix) else { return nil }
            offset += prefix.utf8.count
            let start = offset
            guard passQuoted() else { return nil }
            let width =
                bytes[start..<offset].starts(with: Array(repeating: bytes[start], count: 3))
                    && offset - start >= 6 ? 3 : 1
            let inner = bytes[(start + width)..<(offset - width)]
            guard
                let text = prefix == "r"
                    ? String(decoding: inner, as: UTF8.self)
                    : PythonText.unescaped(inner)
            else { return nil }
            result += text
            passBlanks()
        } while current == 0x22 || current == 0x27 || hasTextPrefix
        return .string(result)
    }

    /// Passes a quoted text; false where it does not end.
    fileprivate mutating func passQuoted() -> Bool {
        let quote = bytes[offset]
        let isTriple = byte(1) == quote && byte(2) == quote
        offset += isTriple ? 3 : 1
        while let byte = current {
            if byte == 0x5c {
                offset += 2
            } else if byte == quote && (!isTriple || self.byte(1) == quote && self.byte(2) == quote)
            {
                offset += isTriple ? 3 : 1
                return true
            } else if byte == 0x0a && !isTriple {
                return false
            } else {
                offset += 1
            }
        }
        return false
    }

    private static let escapes: [UInt8: Unicode.Scalar] = [
        0x6e: "\n", 0x74: "\t", 0x72: "\r", 0x5c: "\\", 0x27: "'", 0x22: "\"", 0x61: "\u{7}",
        0x62: "\u{8}", 0x66: "\u{c}", 0x76: "\u{b}",
    ]

    /// The text that is meant; nil for one that names characters (`\N{…}`) or has wrong numbers.
    private static func unescaped(_ text: ArraySlice<UInt8>) -> String? {
        var result: [UInt8] = []
        var rest = text
        while let byte = rest.popFirst() {
            guard byte == 0x5c, let escaped = rest.popFirst() else {
                result.append(byte)
                continue
            }
            if let scalar = escapes[escaped] {
                result += Array(String(scalar).utf8)
            } else if let (scalar, length) = numbered(escaped, rest) {
                guard let scalar else { return nil }
                result += Array(String(scalar).utf8)
                rest = rest.dropFirst(length)
            } else if escaped != 0x0a {
                result += [0x5c, escaped]
            }
        }
        return String(decoding: result, as: UTF8.self)
    }

    /// `\x41`, `\u0041`, `\U00000041` and `\101`: the character, and how many bytes more it took.
    private static func numbered(
        _ escaped: UInt8, _ rest: ArraySlice<UInt8>
    ) -> (scalar: Unicode.Scalar?, length: Int)? {
        func scalar(_ digits: ArraySlice<UInt8>, _ radix: Int) -> Unicode.Scalar? {
            UInt32(String(decoding: digits, as: UTF8.self), radix: radix)
                .flatMap { Unicode.Scalar($0) }
        }
        if escaped == 0x4e { return (nil, 0) }
        if (0x30...0x37).contains(escaped) {
            let more = rest.prefix(2).prefix { (0x30...0x37).contains($0) }
            return (scalar([escaped] + more, 8), more.count)
        }
        let lengths: [UInt8: Int] = [0x78: 2, 0x75: 4, 0x55: 8]
        guard let length = lengths[escaped] else { return nil }
        let digits = rest.prefix(length)
        guard digits.count == length, digits.first != 0x2b, digits.first != 0x2d else {
            return (nil, 0)
        }
        return (scalar(digits, 16), length)
    }
}
