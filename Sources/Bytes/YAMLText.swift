/// A value to be written as YAML, its mappings in a given order.
package enum YAMLText: Sendable {
    /// Text; quoted where plain text would mean something else.
    case text(String)
    /// A scalar written just so: numbers, `true`, ids.
    case literal(String)
    /// A list, one element a line.
    case list([YAMLText])
    /// A mapping, one key a line.
    case block([(String, YAMLText)])
    /// A mapping on one line: `{a: 1, b: 2}`; of scalars.
    case flow([(String, YAMLText)])

    /// The value of a JSON document, its keys sorted.
    package init(_ value: JSONValue) {
        switch value {
        case .string(let text): self = .text(text)
        case .array(let elements): self = .list(elements.map { YAMLText($0) })
        case .object(let members):
            self = .block(members.keys.sorted().map { ($0, YAMLText(members[$0] ?? .null)) })
        default: self = .literal(String(decoding: value.canonical, as: UTF8.self))
        }
    }

    /// The text, each line ended by a newline. Equal values give equal text.
    package var document: String {
        var output = ""
        append(to: &output, indent: 0)
        return output
    }

    /// `text` as one YAML scalar: plain where that is surely text, else in double quotes.
    package static func quoted(_ text: String) -> String {
        isSurelyText(text) ? text : quotedJSON(text)
    }

    private func append(to output: inout String, indent: Int) {
        switch self {
        case .block(let pairs) where !pairs.isEmpty:
            for (key, value) in pairs {
                let name = YAMLText.quoted(key)
                let isLong = YAMLText.isLongKey(name)
                output += spaces(indent) + (isLong ? "? \(name)\n\(spaces(indent)):" : name + ":")
                value.appendBehindKey(to: &output, indent: indent)
            }
        case .list(let elements) where !elements.isEmpty:
            for element in elements { element.appendElement(to: &output, indent: indent) }
        default:
            output += spaces(indent) + inline + "\n"
        }
    }

    private func appendBehindKey(to output: inout String, indent: Int) {
        switch self {
        case .block(let pairs) where !pairs.isEmpty:
            output += "\n"
            append(to: &output, indent: indent + 2)
        case .list(let elements) where !elements.isEmpty:
            output += "\n"
            append(to: &output, indent: indent + 2)
        default:
            output += " " + inline + "\n"
        }
    }

    private func appendElement(to output: inout String, indent: Int) {
        switch self {
        case .block(let pairs) where !pairs.isEmpty:
            var text = ""
            append(to: &text, indent: indent + 2)
            output += spaces(indent) + "- " + text.dropFirst(indent + 2)
        case .list(let elements) where !elements.isEmpty:
            output += spaces(indent) + "-\n"
            append(to: &output, indent: indent + 2)
        default:
            output += spaces(indent) + "- " + inline + "\n"
        }
    }

    private var inline: String {
        switch self {
        case .text(let text): YAMLText.quoted(text)
        case .literal(let text): text
        case .list(let elements): "[" + elements.map(\.inline).joined(separator: ", ") + "]"
        case .block(let pairs), .flow(let pairs):
            "{" + pairs.map(YAMLText.inlinePair).joined(separator: ", ") + "}"
        }
    }

    private static func inlinePair(_ key: String, _ value: YAMLText) -> String {
        let name = quoted(key)
        return isLongKey(name) ? "? \(name) : \(value.inline)" : "\(name): \(value.inline)"
    }

    /// YAML 1.2, section 7.4.2: a key without a `?` has at most 1,024 characters.
    private static func isLongKey(_ name: String) -> Bool { name.unicodeScalars.count > 1_000 }

    private func spaces(_ count: Int) -> String { String(repeating: " ", count: count) }

    /// Letters, digits and a few marks, starting with a letter, and no word of the core schema.
    private static func isSurelyText(_ text: String) -> Bool {
        guard let first = text.utf8.first, isLetter(first) else { return false }
        guard text.utf8.allSatisfy({ isLetter($0) || isDigit($0) || isMark($0) }) else {
            return false
        }
        let words: Set<String> = ["null", "true", "false", "yes", "no", "on", "off", "y", "n"]
        return !words.contains(text.lowercased())
    }

    private static func isLetter(_ byte: UInt8) -> Bool {
        (0x41...0x5a).contains(byte) || (0x61...0x7a).contains(byte) || byte == 0x5f
    }

    private static func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }

    private static func isMark(_ byte: UInt8) -> Bool {
        byte == 0x2d || byte == 0x2e || byte == 0x2f
    }

    /// JSON's quoting is also YAML's, once DEL, C1 controls and line separators are escaped.
    private static func quotedJSON(_ text: String) -> String {
        let json = String(decoding: JSONValue.string(text).canonical, as: UTF8.self)
        var result = ""
        for scalar in json.unicodeScalars {
            let value = scalar.value
            if value == 0x7f || (0x80..<0xa0).contains(value) || value == 0x2028
                || value == 0x2029 || value == 0xfeff
            {
                let hex = String(value, radix: 16)
                result += "\\u" + String(repeating: "0", count: 4 - hex.count) + hex
            } else {
                result.unicodeScalars.append(scalar)
            }
        }
        return result
    }
}
