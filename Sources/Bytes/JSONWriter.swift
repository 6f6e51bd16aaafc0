extension JSONValue {
    /// The canonical bytes of RFC 8785: no space, keys in UTF-16 order, numbers as ECMAScript
    /// writes them. Equal values have equal bytes.
    package var canonical: [UInt8] {
        var text: [UInt8] = []
        JSONWriter.append(self, to: &text)
        return text
    }

    /// Indented text with sorted keys, for people and for `--json`; ends without a newline.
    package var pretty: String {
        var text: [UInt8] = []
        JSONWriter.appendPretty(self, indent: 0, to: &text)
        return String(decoding: text, as: UTF8.self)
    }
}

enum JSONWriter {
    static func append(_ value: JSONValue, to text: inout [UInt8]) {
        switch value {
        case .array(let elements):
            text.append(UInt8(ascii: "["))
            for (index, element) in elements.enumerated() {
                if index > 0 { text.append(UInt8(ascii: ",")) }
                append(element, to: &text)
            }
            text.append(UInt8(ascii: "]"))
        case .object(let members):
            text.append(UInt8(ascii: "{"))
            for (index, key) in sorted(members).enumerated() {
                if index > 0 { text.append(UInt8(ascii: ",")) }
                append(string: key, to: &text)
                text.append(UInt8(ascii: ":"))
                append(members[key] ?? .null, to: &text)
            }
            text.append(UInt8(ascii: "}"))
        default:
            appendScalar(value, to: &text)
        }
    }

    static func appendPretty(_ value: JSONValue, indent: Int, to text: inout [UInt8]) {
        func newline(_ depth: Int) {
            text.append(UInt8(ascii: "\n"))
            text.append(contentsOf: repeatElement(UInt8(ascii: " "), count: 2 * depth))
        }
        switch value {
        case .array(let elements) where !elements.isEmpty:
            text.append(UInt8(ascii: "["))
            for (index, element) in elements.enumerated() {
                if index > 0 { text.append(UInt8(ascii: ",")) }
                newline(indent + 1)
                appendPretty(element, indent: indent + 1, to: &text)
            }
            newline(indent)
            text.append(UInt8(ascii: "]"))
        case .object(let members) where !members.isEmpty:
            text.append(UInt8(ascii: "{"))
            for (index, key) in sorted(members).enumerated() {
                if index > 0 { text.append(UInt8(ascii: ",")) }
                newline(indent + 1)
                append(string: key, to: &text)
                text.append(contentsOf: Array(": ".utf8))
                appendPretty(members[key] ?? .null, indent: indent + 1, to: &text)
            }
            newline(indent)
            text.append(UInt8(ascii: "}"))
        default:
            append(value, to: &text)
        }
    }

    private static func appendScalar(_ value: JSONValue, to text: inout [UInt8]) {
        switch value {
        case .bool(let flag): text.append(contentsOf: Array((flag ? "true" : "false").utf8))
        case .integer(let number): text.append(contentsOf: Array(String(number).utf8))
        case .number(let number): text.append(contentsOf: Array(shortestText(number).utf8))
        case .string(let string): append(string: string, to: &text)
        default: text.append(contentsOf: Array("null".utf8))
        }
    }

    /// Keys by their UTF-16 code units, as RFC 8785 asks. Most keys are ASCII, where byte order
    /// is the same and much cheaper.
    static func sorted<Value>(_ members: [String: Value]) -> [String] {
        members.keys.sorted { left, right in
            left.utf16.lexicographicallyPrecedes(right.utf16)
        }
    }

    static func append(string: String, to text: inout [UInt8]) {
        let digits = Array("0123456789abcdef".utf8)
        text.append(UInt8(ascii: "\""))
        for byte in string.utf8 {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"): text += [UInt8(ascii: "\\"), byte]
            case 0x08: text += Array("\\b".utf8)
            case 0x09: text += Array("\\t".utf8)
            case 0x0a: text += Array("\\n".utf8)
            case 0x0c: text += Array("\\f".utf8)
            case 0x0d: text += Array("\\r".utf8)
            case 0..<0x20:
                text += Array("\\u00".utf8)
                text += [digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            default: text.append(byte)
            }
        }
        text.append(UInt8(ascii: "\""))
    }
}
