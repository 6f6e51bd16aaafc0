package import Vocabulary

extension JSONValue {
    /// Parses one JSON text (RFC 8259, strictly): UTF-8, one value, no duplicate keys, no lone
    /// surrogates, numbers within a double's range, at most `maximumDepth` levels.
    package init(parsing bytes: [UInt8], maximumDepth: Int = 128) throws(DecodeError) {
        if let invalid = JSONParser.firstInvalidUTF8(bytes) {
            throw DecodeError(at: invalid, "text is not UTF-8")
        }
        var parser = JSONParser(bytes: bytes, maximumDepth: maximumDepth)
        self = try parser.document()
    }
}

/// Recursive descent over bytes that are known to be UTF-8; recursion is bounded by the depth.
private struct JSONParser {
    let bytes: [UInt8]
    let maximumDepth: Int
    var offset = 0

    init(bytes: [UInt8], maximumDepth: Int) {
        self.bytes = bytes
        self.maximumDepth = maximumDepth
    }

    static func firstInvalidUTF8(_ bytes: [UInt8]) -> Int? {
        String(validating: bytes, as: UTF8.self) == nil ? 0 : nil
    }

    mutating func document() throws(DecodeError) -> JSONValue {
        let value = try value(depth: 0)
        skipSpace()
        guard offset == bytes.count else { throw fault("text after the value") }
        return value
    }

    private func fault(_ reason: String) -> DecodeError { DecodeError(at: offset, reason) }

    private var next: UInt8? { offset < bytes.count ? bytes[offset] : nil }

    private mutating func skipSpace() {
        while let byte = next, byte == 0x20 || byte == 0x0a || byte == 0x0d || byte == 0x09 {
            offset += 1
        }
    }

    private mutating func value(depth: Int) throws(DecodeError) -> JSONValue {
        guard depth <= maximumDepth else { throw fault("nested too deeply") }
        skipSpace()
        switch next {
        case UInt8(ascii: "{"): return try object(depth: depth)
        case UInt8(ascii: "["): return try array(depth: depth)
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "t"): return try word("true", .bool(true))
        case UInt8(ascii: "f"): return try word("false", .bool(false))
        case UInt8(ascii: "n"): return try word("null", .null)
        case UInt8(ascii: "-"), .some(0x30...0x39): return try number()
        case nil: throw fault("unexpected end of text")
        default: throw fault("unexpected character")
        }
    }

    private mutating func word(
        _ text: String, _ value: JSONValue
    ) throws(DecodeError) -> JSONValue {
        let expected = Array(text.utf8)
        guard bytes[offset...].starts(with: expected) else { throw fault("unexpected character") }
        offset += expected.count
        return value
    }

    private mutating func object(depth: Int) throws(DecodeError) -> JSONValue {
        offset += 1
        var members: [String: JSONValue] = [:]
        skipSpace()
        if next == UInt8(ascii: "}") {
            offset += 1
            return .object(members)
        }
        while true {
            skipSpace()
            let start = offset
            guard next == UInt8(ascii: "\"") else { throw fault("expected a key") }
            let key = try string()
            skipSpace()
            guard next == UInt8(ascii: ":") else { throw fault("expected ':'") }
            offset += 1
            let member = try value(depth: depth + 1)
            guard members.updateValue(member, forKey: key) == nil else {
                throw DecodeError(at: start, "duplicate key")
            }
            skipSpace()
            if next == UInt8(ascii: "}") {
                offset += 1
                return .object(members)
            }
            guard next == UInt8(ascii: ",") else { throw fault("expected ',' or '}'") }
            offset += 1
        }
    }

    private mutating func array(depth: Int) throws(DecodeError) -> JSONValue {
        offset += 1
        var elements: [JSONValue] = []
        skipSpace()
        if next == UInt8(ascii: "]") {
            offset += 1
            return .array(elements)
        }
        while true {
            elements.append(try value(depth: depth + 1))
            skipSpace()
            if next == UInt8(ascii: "]") {
                offset += 1
                return .array(elements)
            }
            guard next == UInt8(ascii: ",") else { throw fault("expected ',' or ']'") }
            offset += 1
        }
    }

    private mutating func string() throws(DecodeError) -> String {
        offset += 1
        var text: [UInt8] = []
        while let byte = next {
            offset += 1
            switch byte {
            case UInt8(ascii: "\""): return String(decoding: text, as: UTF8.self)
            case UInt8(ascii: "\\"): try escape(into: &text)
            case 0..<0x20: throw DecodeError(at: offset - 1, "control character in a string")
            default: text.append(byte)
            }
        }
        throw fault("unterminated string")
    }

    private mutating func escape(into text: inout [UInt8]) throws(DecodeError) {
        guard let byte = next else { throw fault("unterminated string") }
        offset += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): text.append(byte)
        case UInt8(ascii: "b"): text.append(0x08)
        case UInt8(ascii: "f"): text.append(0x0c)
        case UInt8(ascii: "n"): text.append(0x0a)
        case UInt8(ascii: "r"): text.append(0x0d)
        case UInt8(ascii: "t"): text.append(0x09)
        case UInt8(ascii: "u"): try unicodeEscape(into: &text)
        default: throw DecodeError(at: offset - 1, "unknown escape")
        }
    }

    private mutating func unicodeEscape(into text: inout [UInt8]) throws(DecodeError) {
        let start = offset
        var code = try fourDigits()
        if (0xd800..<0xdc00).contains(code) {
            guard next == UInt8(ascii: "\\"), offset + 1 < bytes.count,
                bytes[offset + 1] == UInt8(ascii: "u")
            else { throw DecodeError(at: start, "lone surrogate") }
            offset += 2
            let low = try fourDigits()
            guard (0xdc00..<0xe000).contains(low) else {
                throw DecodeError(at: start, "lone surrogate")
            }
            code = 0x10000 + (code - 0xd800) << 10 + (low - 0xdc00)
        }
        guard let scalar = Unicode.Scalar(code) else {
            throw DecodeError(at: start, "lone surrogate")
        }
        text.append(contentsOf: Array(String(scalar).utf8))
    }

    private mutating func fourDigits() throws(DecodeError) -> UInt32 {
        guard bytes.count - offset >= 4 else { throw fault("unterminated string") }
        var value: UInt32 = 0
        for _ in 0..<4 {
            let byte = bytes[offset]
            switch byte {
            case 0x30...0x39: value = value << 4 | UInt32(byte - 0x30)
            case 0x41...0x46: value = value << 4 | UInt32(byte - 0x41 + 10)
            case 0x61...0x66: value = value << 4 | UInt32(byte - 0x61 + 10)
            default: throw fault("expected a hexadecimal digit")
            }
            offset += 1
        }
        return value
    }

    private mutating func number() throws(DecodeError) -> JSONValue {
        let start = offset
        var isInteger = true
        if next == UInt8(ascii: "-") { offset += 1 }
        if next == UInt8(ascii: "0") {
            offset += 1
        } else {
            try digits()
        }
        if next == UInt8(ascii: ".") {
            isInteger = false
            offset += 1
            try digits()
        }
        if next == UInt8(ascii: "e") || next == UInt8(ascii: "E") {
            isInteger = false
            offset += 1
            if next == UInt8(ascii: "+") || next == UInt8(ascii: "-") { offset += 1 }
            try digits()
        }
        guard offset - start <= 400 else { throw DecodeError(at: start, "number too long") }
        let text = String(decoding: bytes[start..<offset], as: UTF8.self)
        if isInteger, text != "-0", let value = Int64(text), value != .min,
            abs(value) <= JSONValue.maximumInteger
        {
            return .integer(value)
        }
        guard let value = Double(text), value.isFinite else {
            throw DecodeError(at: start, "number out of range")
        }
        return .number(value)
    }

    private mutating func digits() throws(DecodeError) {
        let start = offset
        while let byte = next, (0x30...0x39).contains(byte) { offset += 1 }
        guard offset > start else { throw fault("expected a digit") }
    }
}
