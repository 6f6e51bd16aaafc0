/// A node of a parsed YAML document, with its place for error messages.
package struct YAMLNode: Sendable {
    /// What a node holds.
    package enum Content: Sendable {
        /// Text; `isPlain` where it stood without quotes, so that it may mean a number or null.
        case scalar(String, isPlain: Bool)
        /// A list.
        case sequence([YAMLNode])
        /// Keys and values in the order of the text; keys are scalars and differ from each other.
        case mapping([(key: YAMLNode, value: YAMLNode)])
    }

    /// What the node holds.
    package let content: Content
    /// The line where it starts, from 1.
    package let line: Int
    /// The column where it starts, from 1.
    package let column: Int

    /// A node with a place.
    package init(_ content: Content, line: Int, column: Int) {
        self.content = content
        self.line = line
        self.column = column
    }

    /// The value of `key` in a mapping.
    package subscript(key: String) -> YAMLNode? {
        mapping?.first { $0.key.text == key }?.value
    }

    /// The text of a scalar, whatever it means.
    package var text: String? {
        if case .scalar(let text, _) = content { text } else { nil }
    }

    /// The elements of a sequence.
    package var sequence: [YAMLNode]? {
        if case .sequence(let elements) = content { elements } else { nil }
    }

    /// The keys and values of a mapping.
    package var mapping: [(key: YAMLNode, value: YAMLNode)]? {
        if case .mapping(let pairs) = content { pairs } else { nil }
    }

    /// The value by the core schema of YAML 1.2: quoted scalars are text; plain ones may be null,
    /// a truth value or a number.
    package var jsonValue: JSONValue {
        switch content {
        case .scalar(let text, isPlain: false): .string(text)
        case .scalar(let text, isPlain: true): YAMLNode.resolve(text)
        case .sequence(let elements): .array(elements.map(\.jsonValue))
        case .mapping(let pairs):
            .object(
                Dictionary(pairs.map { ($0.key.text ?? "", $0.value.jsonValue) }) { _, last in last
                })
        }
    }

    /// Whether this is a plain `null`, `~` or nothing.
    package var isNull: Bool {
        if case .scalar = content { jsonValue.isNull } else { false }
    }

    private static func resolve(_ text: String) -> JSONValue {
        switch text {
        case "", "~", "null", "Null", "NULL": return .null
        case "true", "True", "TRUE": return .bool(true)
        case "false", "False", "FALSE": return .bool(false)
        default: return resolveNumber(text) ?? .string(text)
        }
    }

    /// Integers in decimal, `0x` and `0o`; floats in the core schema's form. What a double cannot
    /// hold (`.inf`, `.nan`, 1e999) stays text, since no JSON value stands for it.
    private static func resolveNumber(_ text: String) -> JSONValue? {
        if text.hasPrefix("0x") { return integer(text.dropFirst(2), radix: 16) }
        if text.hasPrefix("0o") { return integer(text.dropFirst(2), radix: 8) }
        let bytes = Array(text.utf8)
        var index = 0
        if index < bytes.count, bytes[index] == 0x2b || bytes[index] == 0x2d { index += 1 }
        let whole = digitCount(bytes, &index)
        var isFloat = false
        var fraction = 0
        if index < bytes.count, bytes[index] == 0x2e {
            isFloat = true
            index += 1
            fraction = digitCount(bytes, &index)
        }
        guard whole + fraction > 0 else { return nil }
        if index < bytes.count, bytes[index] | 0x20 == 0x65 {
            isFloat = true
            index += 1
            if index < bytes.count, bytes[index] == 0x2b || bytes[index] == 0x2d { index += 1 }
            guard digitCount(bytes, &index) > 0 else { return nil }
        }
        guard index == bytes.count else { return nil }
        if !isFloat, let value = Int64(text), value != .min,
            abs(value) <= JSONValue.maximumInteger
        {
            return .integer(value)
        }
        guard let value = Double(text.hasSuffix(".") ? text + "0" : text), value.isFinite else {
            return nil
        }
        return .number(value)
    }

    private static func integer(_ digits: Substring, radix: Int) -> JSONValue? {
        guard !digits.hasPrefix("-"), !digits.hasPrefix("+"),
            let value = Int64(digits, radix: radix), value <= JSONValue.maximumInteger
        else { return nil }
        return .integer(value)
    }

    private static func digitCount(_ bytes: [UInt8], _ index: inout Int) -> Int {
        let start = index
        while index < bytes.count, (0x30...0x39).contains(bytes[index]) { index += 1 }
        return index - start
    }
}
