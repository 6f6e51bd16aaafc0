import Bytes
import Vocabulary

/// Replaces the placeholders of one stage, and notes which parameters it used.
struct Substitution {
    let stage: String
    let parameters: Parameters
    /// The dotted keys that were used, as written.
    private(set) var usedKeys: Set<String> = []

    init(stage: String, parameters: Parameters) {
        self.stage = stage
        self.parameters = parameters
    }

    /// The node with every placeholder in it replaced. A text that is nothing but a placeholder
    /// becomes the value itself, whatever its type; within a longer text a scalar is written out.
    mutating func apply(to node: YAMLNode) throws -> YAMLNode {
        switch node.content {
        case .scalar(let text, _): return try applyToScalar(text, node)
        case .sequence(let elements):
            var result: [YAMLNode] = []
            for element in elements { result.append(try apply(to: element)) }
            return YAMLNode(.sequence(result), line: node.line, column: node.column)
        case .mapping(let entries):
            var result: [(key: YAMLNode, value: YAMLNode)] = []
            for (key, value) in entries { result.append((key, try apply(to: value))) }
            return YAMLNode(.mapping(result), line: node.line, column: node.column)
        }
    }

    private mutating func applyToScalar(_ text: String, _ node: YAMLNode) throws -> YAMLNode {
        let pieces = ParameterPlaceholder.pieces(of: text)
        if case .parameter(let key) = pieces[0], pieces.count == 1 {
            return YAMLNode(try value(of: key, at: node.line), line: node.line, column: node.column)
        }
        if pieces == [.text(text)] { return node }
        var result = ""
        for piece in pieces {
            switch piece {
            case .text(let plain): result += plain
            case .parameter(let key): result += try scalarText(of: key, at: node.line)
            }
        }
        return YAMLNode(
            .scalar(result, isPlain: false), line: node.line, column: node.column)
    }

    private mutating func value(of key: String, at line: Int) throws -> JSONValue {
        guard let value = parameters[key] else {
            throw StoreError.unknownParameter(key, in: parameters, stage: stage, line: line)
        }
        usedKeys.insert(key)
        return value
    }

    private mutating func scalarText(of key: String, at line: Int) throws -> String {
        switch try value(of: key, at: line) {
        case .string(let text): return text
        case .integer(let number): return String(number)
        case .number(let number): return shortestText(number)
        case .bool(let flag): return flag ? "true" : "false"
        case .null: return "null"
        case .array, .object:
            throw StoreError.stageFile(
                line, "stage '\(stage)' puts '\(key)' into a text, but it is a mapping or a list",
                advice: "name one of its values, as in '${\(key).name}'")
        }
    }
}

extension YAMLNode {
    /// The value as if it had been written at this place.
    init(_ value: JSONValue, line: Int, column: Int) {
        func node(_ content: Content) -> YAMLNode {
            YAMLNode(content, line: line, column: column)
        }
        switch value {
        case .null: self = node(.scalar("null", isPlain: true))
        case .bool(let flag): self = node(.scalar(flag ? "true" : "false", isPlain: true))
        case .integer(let number): self = node(.scalar(String(number), isPlain: true))
        case .number(let number): self = node(.scalar(shortestText(number), isPlain: true))
        case .string(let text): self = node(.scalar(text, isPlain: false))
        case .array(let elements):
            self = node(.sequence(elements.map { YAMLNode($0, line: line, column: column) }))
        case .object(let members):
            let entries = members.sorted { $0.key < $1.key }.map { name, member in
                (
                    key: node(.scalar(name, isPlain: false)),
                    value: YAMLNode(member, line: line, column: column)
                )
            }
            self = node(.mapping(entries))
        }
    }
}
