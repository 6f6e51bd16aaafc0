/// A JSON document that is written part by part, so that what is large need not be held: the text is that
/// of `JSONValue.pretty`.
package indirect enum JSONStream {
    /// What is held.
    case value(JSONValue)
    /// Named parts; written sorted.
    case object([String: JSONStream])
    /// A list: calls its argument with each element, in order.
    case list((_ element: (JSONStream) throws -> Void) throws -> Void)

    /// A list of values, each of which is made when it is written.
    package static func list<Element>(
        of elements: some Sequence<Element>, _ value: @escaping (Element) -> JSONValue
    ) -> JSONStream {
        .list { write in for element in elements { try write(.value(value(element))) } }
    }

    /// Writes indented text with sorted keys that ends without a newline, in pieces of some tens of
    /// kilobytes. Throws what `sink` and the lists throw.
    package func writePretty(to sink: ([UInt8]) throws -> Void) throws {
        var text: [UInt8] = []
        try write(indent: 0, &text, sink)
        try sink(text)
    }

    private static let pieceBytes = 64 << 10

    private func write(
        indent: Int, _ text: inout [UInt8], _ sink: ([UInt8]) throws -> Void
    ) throws {
        switch self {
        case .value(let value): JSONWriter.appendPretty(value, indent: indent, to: &text)
        case .object(let members):
            guard !members.isEmpty else { return text += Array("{}".utf8) }
            text.append(UInt8(ascii: "{"))
            for (index, key) in JSONWriter.sorted(members).enumerated() {
                JSONStream.begin(isFirst: index == 0, indent: indent + 1, &text)
                JSONWriter.append(string: key, to: &text)
                text += Array(": ".utf8)
                try members[key]?.write(indent: indent + 1, &text, sink)
            }
            JSONStream.newline(indent, &text)
            text.append(UInt8(ascii: "}"))
        case .list(let elements):
            text.append(UInt8(ascii: "["))
            var isFirst = true
            try elements { element in
                JSONStream.begin(isFirst: isFirst, indent: indent + 1, &text)
                try element.write(indent: indent + 1, &text, sink)
                isFirst = false
            }
            if !isFirst { JSONStream.newline(indent, &text) }
            text.append(UInt8(ascii: "]"))
        }
        guard text.count >= JSONStream.pieceBytes else { return }
        try sink(text)
        text.removeAll(keepingCapacity: true)
    }

    private static func begin(isFirst: Bool, indent: Int, _ text: inout [UInt8]) {
        if !isFirst { text.append(UInt8(ascii: ",")) }
        newline(indent, &text)
    }

    private static func newline(_ depth: Int, _ text: inout [UInt8]) {
        text.append(UInt8(ascii: "\n"))
        text.append(contentsOf: repeatElement(UInt8(ascii: " "), count: 2 * depth))
    }
}
