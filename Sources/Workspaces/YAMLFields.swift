package import Bytes
package import Vocabulary

/// Reads the fields of one mapping of a small YAML file of ours, naming file and line in every
/// error.
package struct YAMLFields {
    /// What errors call the file.
    package let file: String
    /// What errors advise.
    package let advice: String
    /// The mapping.
    package let node: YAMLNode
    private let pairs: [(key: YAMLNode, value: YAMLNode)]

    /// The fields of `node`; throws `.malformed` where it is no mapping.
    package init(_ node: YAMLNode, file: String, advice: String) throws {
        self.file = file
        self.advice = advice
        self.node = node
        guard let pairs = node.mapping else {
            throw YAMLFields.malformed(
                file: file, line: node.line, "keys and values are expected here", advice: advice)
        }
        self.pairs = pairs
    }

    /// The mapping that a whole file is.
    package static func document(_ bytes: [UInt8], file: String, advice: String) throws
        -> YAMLFields
    {
        if let line = conflictLine(bytes) {
            throw StoreError(
                .conflict, "cannot read '\(file)': line \(line) is a conflict marker of git",
                subject: file, advice: conflictAdvice(file))
        }
        let parsed: YAMLNode?
        do throws(YAMLError) {
            parsed = try parseYAML(bytes)
        } catch {
            throw malformed(
                file: file, line: error.line, error.reason, advice: advice, cause: error)
        }
        guard let root = parsed else {
            throw malformed(file: file, line: 1, "the file is empty", advice: advice)
        }
        return try YAMLFields(root, file: file, advice: advice)
    }

    /// Refuses keys that are not in `known`, with the nearest of them as a hint.
    package func checkKeys(_ known: [String]) throws {
        for (key, _) in pairs {
            let name = key.text ?? ""
            guard !known.contains(name) else { continue }
            let shown = printable(Array(name.utf8))
            let hint = nearest(name, in: known).map { ": did you mean '\($0)'?" } ?? ""
            throw malformed(key, "unknown key '\(shown)'\(hint)")
        }
    }

    /// The value of a key, if it is there.
    package func optional(_ key: String) -> YAMLNode? { node[key] }

    /// The value of a key that must be there.
    package func required(_ key: String) throws -> YAMLNode {
        guard let value = node[key] else { throw malformed(node, "the key '\(key)' is missing") }
        return value
    }

    /// The text under a key that must be there.
    package func text(_ key: String) throws -> String {
        let value = try required(key)
        guard let text = value.text else { throw malformed(value, "'\(key)' must be text") }
        return text
    }

    /// A whole number from 0 up.
    func count(_ key: String) throws -> Int {
        let value = try required(key)
        guard let number = value.jsonValue.integerValue, number >= 0,
            let count = Int(exactly: number)
        else { throw malformed(value, "'\(key)' must be a whole number, 0 or more") }
        return count
    }

    func flag(_ key: String) throws -> Bool {
        guard let value = optional(key) else { return false }
        guard let flag = value.jsonValue.boolValue else {
            throw malformed(value, "'\(key)' must be true or false")
        }
        return flag
    }

    /// The version, which is from 1 to `newest`.
    @discardableResult
    package func checkVersion(newest: Int = 1) throws -> Int {
        let value = try required("version")
        guard let version = value.jsonValue.integerValue, version > 0 else {
            throw malformed(value, "'version' must be a whole number")
        }
        guard version <= newest else {
            throw StoreError(
                .newerFormat,
                "cannot read '\(file)': it has version \(version), and this mlstore knows version "
                    + "\(newest)",
                subject: file, advice: "install a newer mlstore", safety: "nothing was changed")
        }
        return Int(version)
    }

    /// The fields of a mapping in this one.
    package func below(_ node: YAMLNode) throws -> YAMLFields {
        try YAMLFields(node, file: file, advice: advice)
    }

    /// An error that names file and line.
    package func malformed(_ node: YAMLNode, _ reason: String) -> StoreError {
        YAMLFields.malformed(file: file, line: node.line, reason, advice: advice)
    }

    static func malformed(
        file: String, line: Int, _ reason: String, advice: String, cause: (any Error)? = nil
    ) -> StoreError {
        StoreError(
            .malformed, "cannot read '\(file)' line \(line): \(reason)", subject: file,
            advice: advice, safety: "nothing was changed", cause: cause)
    }

    /// The first line that git's merge left as a marker, from 1.
    private static func conflictLine(_ bytes: [UInt8]) -> Int? {
        let markers = ["<<<<<<<", "=======", ">>>>>>>"].map { Array($0.utf8) }
        let lines = bytes.split(separator: 0x0a, omittingEmptySubsequences: false)
        let found = lines.firstIndex { line in markers.contains { line.starts(with: $0) } }
        return found.map { $0 + 1 }
    }

    private static func conflictAdvice(_ file: String) -> String {
        "keep one side with 'git checkout --ours -- \(file)' or '--theirs', then run "
            + "'mlstore checkout'"
    }
}
