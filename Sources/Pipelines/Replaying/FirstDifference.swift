import Bytes
package import Vocabulary

/// The first place where two contents differ.
package struct FirstDifference: Sendable, Equatable {
    /// The file, where the contents are directories.
    package var file: RepoPath?
    /// The first byte that differs, counted from 0: the length of the shorter one if it is a
    /// prefix of the other. Nil where one of them is missing.
    package var byteOffset: Int?
    /// The line of that byte, counted from 1, in files of lines.
    package var line: Int?
    /// What of the file that byte belongs to: a cell of a table, an element of an array.
    package var element: String?
    /// The values that differ, for JSON and YAML.
    package var changes: [ValueChange] = []
}

extension FirstDifference: CustomStringConvertible {
    /// A few words for people: `first at byte 1234 (line 17)`, `'auc': 0.75 -> 0.76`.
    package var description: String {
        var parts: [String] = []
        if let file { parts.append("in '\(file)'") }
        if let byteOffset {
            parts.append("first at byte \(byteOffset)" + (line.map { " (line \($0))" } ?? ""))
        }
        if let element { parts.append(element) }
        func text(_ value: JSONValue?) -> String {
            value.map { String(decoding: $0.canonical, as: UTF8.self) } ?? "none"
        }
        parts += changes.prefix(5).map { "'\($0.key)': \(text($0.old)) -> \(text($0.new))" }
        if changes.count > 5 { parts.append("and \(changes.count - 5) more values") }
        return parts.joined(separator: ", ")
    }
}

extension FirstDifference {
    /// The members of a record.
    var members: [String: JSONValue] {
        var members: [String: JSONValue] = [:]
        members["file"] = file.map { .string($0.description) }
        members["byte"] = byteOffset.map { JSONValue($0) }
        members["line"] = line.map { JSONValue($0) }
        members["element"] = element.map { .string($0) }
        if !changes.isEmpty {
            members["values"] = .object(
                Dictionary(
                    changes.map { change in
                        (
                            change.key,
                            ["expected": change.old ?? .null, "found": change.new ?? .null]
                        )
                    }
                ) { _, last in last })
        }
        return members
    }
}
