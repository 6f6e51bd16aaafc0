import Bytes
import Vocabulary

/// The fields of one mapping in a stage file, taken by name; unknown ones are refused at once.
struct StageFields {
    let owner: String
    private let values: [String: YAMLNode]

    init(_ node: YAMLNode, owner: String, known: [String]) throws {
        guard case .mapping(let entries) = node.content else {
            throw StoreError.stageFile(
                node.line, "\(owner) is no mapping", advice: "write 'key: value' lines below it")
        }
        var values: [String: YAMLNode] = [:]
        for (key, value) in entries {
            guard let name = key.text, known.contains(name) else {
                throw StoreError.unknownKey(
                    key.text ?? "", of: owner, among: known, line: key.line)
            }
            values[name] = value
        }
        self.owner = owner
        self.values = values
    }

    subscript(key: String) -> YAMLNode? { values[key] }

    /// The text of a field, or nil where it is missing.
    func text(_ key: String) throws -> String? {
        guard let node = values[key] else { return nil }
        return try text(of: node, key)
    }

    /// The texts of a list, or of a single text; empty where the field is missing.
    func texts(_ key: String) throws -> [(text: String, line: Int)] {
        guard let node = values[key], !node.isNull else { return [] }
        guard case .sequence(let elements) = node.content else {
            return [(try text(of: node, key), node.line)]
        }
        return try elements.map { (try text(of: $0, key), $0.line) }
    }

    /// A whole number from 0 to 2^53 - 1, or nil where the field is missing.
    func seed(_ key: String) throws -> Int64? {
        guard let node = values[key] else { return nil }
        guard let value = node.jsonValue.integerValue,
            (0...JSONValue.maximumInteger).contains(value)
        else {
            throw StoreError.stageFile(
                node.line, "'\(key)' of \(owner) is no whole number from 0 to 2^53 - 1",
                advice: "write '\(key): 7'")
        }
        return value
    }

    private func text(of node: YAMLNode, _ key: String) throws -> String {
        guard case .scalar(let text, _) = node.content, !text.isEmpty else {
            throw StoreError.stageFile(
                node.line, "'\(key)' of \(owner) holds something that is no text",
                advice: "write '\(key): text' or '\(key): [text, text]'")
        }
        return text
    }
}
