import Bytes
import Vocabulary

/// The values of a JSON or YAML document, each by its path.
enum DocumentParts {
    static let maximumBytes = 16 << 20

    /// The format that a name promises.
    fileprivate enum Format: String {
        case json = "JSON"
        case yaml = "YAML"

        init?(name: [UInt8]) {
            let text = String(decoding: name, as: UTF8.self).lowercased()
            if [".json", ".ipynb", ".geojson"].contains(where: { text.hasSuffix($0) }) {
                self = .json
            } else if text.hasSuffix(".yaml") || text.hasSuffix(".yml") {
                self = .yaml
            } else {
                return nil
            }
        }
    }

    fileprivate static func leaves(_ format: Format, _ bytes: [UInt8]) -> [String: String]? {
        var leaves: [String: String] = [:]
        switch format {
        case .json:
            guard let value = try? JSONValue(parsing: bytes) else { return nil }
            collect(value, "", &leaves)
        case .yaml:
            guard let node = try? parseYAML(bytes) else { return nil }
            collect(node, "", &leaves)
        }
        return leaves
    }

    /// The leaves of a JSON value. The parser has bounded the depth.
    static func collect(_ value: JSONValue, _ path: String, _ leaves: inout [String: String]) {
        switch value {
        case .object(let members) where !members.isEmpty:
            for (key, member) in members { collect(member, join(path, key), &leaves) }
        case .array(let elements) where !elements.isEmpty:
            for (index, element) in elements.enumerated() {
                collect(element, "\(path)[\(index)]", &leaves)
            }
        default: leaves[path] = String(decoding: value.canonical, as: UTF8.self)
        }
    }

    private static func collect(_ node: YAMLNode, _ path: String, _ leaves: inout [String: String])
    {
        if let pairs = node.mapping, !pairs.isEmpty {
            for (key, value) in pairs { collect(value, join(path, key.text ?? "?"), &leaves) }
        } else if let elements = node.sequence, !elements.isEmpty {
            for (index, element) in elements.enumerated() {
                collect(element, "\(path)[\(index)]", &leaves)
            }
        } else if case .scalar(let text, let isPlain) = node.content {
            leaves[path] = isPlain ? text : "\"\(text)\""
        } else {
            leaves[path] = node.mapping == nil ? "[]" : "{}"
        }
    }

    /// A key that could be taken for a path stands in quotes.
    private static func join(_ path: String, _ key: String) -> String {
        let isPlain = !key.isEmpty && !key.contains { ".[]\"".contains($0) }
        let name = isPlain ? key : String(decoding: JSONValue.string(key).canonical, as: UTF8.self)
        return path.isEmpty ? name : "\(path).\(name)"
    }
}

/// Compares two documents value by value; nil where the name promises none, or a version is not one.
func diffDocuments(named name: [UInt8], _ old: [UInt8], _ new: [UInt8]) -> PartsDiff? {
    guard let format = DocumentParts.Format(name: name),
        let before = DocumentParts.leaves(format, old),
        let after = DocumentParts.leaves(format, new)
    else { return nil }
    var diff = PartsDiff(format.rawValue)
    diff.addChanges(from: before, to: after)
    return diff
}

extension PartsDiff {
    /// Adds the values that differ, in the order of their paths; counts the others.
    mutating func addChanges(from before: [String: String], to after: [String: String]) {
        var equal = 0
        for path in Set(before.keys).union(after.keys).sorted() {
            guard before[path] != after[path] else {
                equal += 1
                continue
            }
            var part = Part(name: path.isEmpty ? "." : path, old: before[path], new: after[path])
            if let old = before[path].flatMap(Double.init),
                let new = after[path].flatMap(Double.init),
                (new - old).isFinite
            {
                part.note = (new < old ? "" : "+") + shortestText(rounded(new - old))
            }
            add(part)
        }
        equalCount = (equalCount ?? 0) + equal
    }
}

/// At most six digits behind the point, unless the number is small.
func rounded(_ value: Double) -> Double {
    guard value.magnitude >= 1e-4, value.magnitude < 1e9 else { return value }
    return (value * 1e6).rounded() / 1e6
}

/// Compares two texts line by line; nil where a version is no text. Where more than some thousand lines
/// lie between the first and the last difference, lines are compared as bags: those that moved do not
/// differ then.
func diffTexts(_ old: [UInt8], _ new: [UInt8]) -> PartsDiff? {
    guard !old.contains(0), !new.contains(0), String(validating: old, as: UTF8.self) != nil,
        String(validating: new, as: UTF8.self) != nil
    else { return nil }
    let before = old.split(separator: 0x0a, omittingEmptySubsequences: false)
    let after = new.split(separator: 0x0a, omittingEmptySubsequences: false)
    let start = zip(before, after).prefix { $0.0 == $0.1 }.count
    let rest = min(before.count, after.count) - start
    let end = zip(before.reversed(), after.reversed()).prefix(rest).prefix { $0.0 == $0.1 }.count
    let (left, right) = (
        before[start..<(before.count - end)], after[start..<(after.count - end)]
    )
    var diff = PartsDiff("text")
    func text(_ line: ArraySlice<UInt8>) -> String {
        String(decoding: line.prefix(400), as: UTF8.self)
    }
    let (removed, added) = lineChanges(Array(left), Array(right))
    for index in removed {
        diff.add(.init(name: "line \(start + index + 1)", old: text(left[start + index]), new: nil))
    }
    for index in added {
        diff.add(
            .init(name: "line \(start + index + 1)", old: nil, new: text(right[start + index])))
    }
    diff.equalCount = before.count - removed.count
    return diff
}

private let comparedLines = 2000

/// The places of lines that only the first and only the second list have.
private func lineChanges(
    _ left: [ArraySlice<UInt8>], _ right: [ArraySlice<UInt8>]
) -> (removed: [Int], added: [Int]) {
    if left.count <= comparedLines, right.count <= comparedLines {
        var removed: [Int] = []
        var added: [Int] = []
        for change in right.difference(from: left) {
            switch change {
            case .remove(let offset, _, _): removed.append(offset)
            case .insert(let offset, _, _): added.append(offset)
            }
        }
        return (removed.sorted(), added.sorted())
    }
    return (unmatched(left, in: right), unmatched(right, in: left))
}

/// The lines that the other list has less often, by place.
private func unmatched(_ lines: [ArraySlice<UInt8>], in others: [ArraySlice<UInt8>]) -> [Int] {
    var counts: [ArraySlice<UInt8>: Int] = [:]
    for line in others { counts[line, default: 0] += 1 }
    return lines.indices.filter { index in
        guard let count = counts[lines[index]], count > 0 else { return true }
        counts[lines[index]] = count - 1
        return false
    }
}
