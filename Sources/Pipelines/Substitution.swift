import Bytes
import Vocabulary

/// Replaces the placeholders of one stage, and notes which parameters it used.
struct Substitution {
    let stage: String
    let source: StageSource
    /// The parameters that were used, leaf by leaf.
    private(set) var used: [String: JSONValue] = [:]

    init(stage: String, source: StageSource) {
        self.stage = stage
        self.source = source
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
            for (key, value) in entries {
                result.append((try filledKey(key), try apply(to: value)))
            }
            return YAMLNode(.mapping(result), line: node.line, column: node.column)
        }
    }

    /// A key may be a path with placeholders: `- models/${item}.bin: {cache: false}`.
    private mutating func filledKey(_ key: YAMLNode) throws -> YAMLNode {
        let pieces = ParameterPlaceholder.pieces(of: key.text ?? "")
        if pieces == [.text(key.text ?? "")] { return key }
        let filled = try text(pieces, at: key.line)
        return YAMLNode(.scalar(filled, isPlain: false), line: key.line, column: key.column)
    }

    private mutating func applyToScalar(_ text: String, _ node: YAMLNode) throws -> YAMLNode {
        let pieces = ParameterPlaceholder.pieces(of: text)
        if case .parameter(let key) = pieces[0], pieces.count == 1 {
            return YAMLNode(try value(of: key, at: node.line), line: node.line, column: node.column)
        }
        if pieces == [.text(text)] { return node }
        return YAMLNode(
            .scalar(try self.text(pieces, at: node.line), isPlain: false), line: node.line,
            column: node.column)
    }

    private mutating func text(
        _ pieces: [ParameterPlaceholder.Piece], at line: Int
    ) throws -> String {
        var result = ""
        for piece in pieces {
            switch piece {
            case .text(let plain): result += plain
            case .parameter(let key): result += try scalarText(of: key, at: line)
            }
        }
        return result
    }

    private mutating func value(of key: String, at line: Int) throws -> JSONValue {
        guard let found = source.scope.find(key) else {
            throw source.unknownParameter(
                key, stage: stage, line: line, among: source.scope.keys,
                in: (source.folder.map { "\($0)/" } ?? "") + Parameters.fileName)
        }
        used.merge(found.used) { _, last in last }
        return found.value
    }

    private mutating func scalarText(of key: String, at line: Int) throws -> String {
        guard let text = try value(of: key, at: line).scalarText else {
            throw source.failure(
                line, "stage '\(stage)' puts '\(key)' into a text, but it is a mapping or a list",
                advice: "name one of its values, as in '${\(key).name}'")
        }
        return text
    }
}

extension JSONValue {
    /// A scalar as it stands within a longer text; nil for a mapping or a list.
    var scalarText: String? {
        switch self {
        case .string(let text): text
        case .integer(let number): String(number)
        case .number(let number): shortestText(number)
        case .bool(let flag): flag ? "true" : "false"
        case .null: "null"
        case .array, .object: nil
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
        default: self = node(.scalar(value.scalarText ?? "", isPlain: true))
        }
    }
}
