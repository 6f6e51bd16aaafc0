package import Bytes
import Vocabulary

/// The values of `params.yaml`, reached by dotted keys: `train.l2`.
package struct Parameters: Sendable, Equatable {
    /// The file's name in a workspace.
    package static let fileName = "params.yaml"

    /// The whole document; an object.
    package let values: JSONValue

    /// Parameters with these values, which are an object.
    package init(_ values: JSONValue) { self.values = values }

    /// Reads the file's bytes; an empty file holds no parameters. Throws `.malformed` with the
    /// line for text that is no YAML mapping.
    package init(parsing bytes: [UInt8]) throws {
        try self.init(parsingYAML: bytes, file: Parameters.fileName)
    }

    init(parsingYAML bytes: [UInt8], file: String) throws {
        let root = try parseSource(bytes, of: file)
        guard let root, !root.isNull else {
            values = .object([:])
            return
        }
        guard case .mapping = root.content else {
            throw StoreError.sourceFile(
                file, root.line, "the file is no mapping of names to values",
                advice: "write lines such as 'seed: 7'")
        }
        try Parameters.checkKeys(root, file)
        values = root.jsonValue
    }

    /// The value at a dotted key: a scalar, a list or a whole mapping; nil if there is none. In a
    /// list, names are positions from 0.
    package subscript(key: String) -> JSONValue? {
        var value = values
        for name in key.split(separator: ".", omittingEmptySubsequences: false) {
            if let elements = value.arrayValue {
                guard let index = Int(name), elements.indices.contains(index) else { return nil }
                value = elements[index]
            } else if let member = value[String(name)] {
                value = member
            } else {
                return nil
            }
        }
        return value
    }

    /// The leaves at and below `key`, or all of them: `train` gives `train.l2`, `train.epochs`.
    /// Lists are leaves; so are empty mappings.
    package func leaves(under key: String? = nil) -> [String: JSONValue] {
        var found: [String: JSONValue] = [:]
        if let key {
            if let value = self[key] { collectLeaves(of: value, at: key, into: &found) }
        } else if let members = values.objectValue {
            for (name, value) in members { collectLeaves(of: value, at: name, into: &found) }
        }
        return found
    }

    /// Every key that a placeholder may name, sorted.
    package var keys: [String] {
        var found: Set<String> = []
        for leaf in leaves().keys {
            var prefix = ""
            for name in leaf.split(separator: ".", omittingEmptySubsequences: false) {
                prefix += prefix.isEmpty ? String(name) : "." + name
                found.insert(prefix)
            }
        }
        return found.sorted()
    }

    /// The parameters whose leaves are these: the inverse of `leaves`. A key that is both a leaf
    /// and a mapping keeps the mapping.
    package init(leaves: [String: JSONValue]) {
        var root: JSONValue = .object([:])
        for (key, value) in leaves.sorted(by: { $0.key < $1.key }) {
            let names = key.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
            root = Parameters.setting(value, at: names[...], in: root)
        }
        values = root
    }

    private static func setting(
        _ value: JSONValue, at names: ArraySlice<String>, in node: JSONValue?
    ) -> JSONValue {
        guard let first = names.first else { return value }
        var members = node?.objectValue ?? [:]
        members[first] = setting(value, at: names.dropFirst(), in: members[first])
        return .object(members)
    }

    /// A dot inside a name would make dotted keys ambiguous.
    private static func checkKeys(_ node: YAMLNode, _ file: String) throws {
        switch node.content {
        case .scalar: break
        case .sequence: break
        case .mapping(let entries):
            for (key, value) in entries {
                let name = key.text ?? ""
                guard !name.isEmpty, !name.contains(".") else {
                    throw StoreError.sourceFile(
                        file, key.line,
                        "the name '\(printable(Array(name.utf8)))' is empty or has a dot",
                        advice: "nest it instead: dots join the names of nested parameters")
                }
                try checkKeys(value, file)
            }
        }
    }
}

private func collectLeaves(
    of value: JSONValue, at key: String, into found: inout [String: JSONValue]
) {
    guard let members = value.objectValue, !members.isEmpty else {
        found[key] = value
        return
    }
    for (name, member) in members { collectLeaves(of: member, at: key + "." + name, into: &found) }
}
