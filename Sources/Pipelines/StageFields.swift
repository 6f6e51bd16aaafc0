import Bytes
import Vocabulary

/// The fields of one mapping in a stage file, taken by name; unknown ones are refused at once.
struct StageFields {
    let owner: String
    let source: StageSource
    private let values: [String: YAMLNode]

    init(_ node: YAMLNode, owner: String, known: [String], in source: StageSource) throws {
        guard case .mapping(let entries) = node.content else {
            throw source.failure(
                node.line, "\(owner) is no mapping", advice: "write 'key: value' lines below it")
        }
        var values: [String: YAMLNode] = [:]
        for (key, value) in entries {
            guard let name = key.text, known.contains(name) else {
                throw source.unknownKey(key.text ?? "", of: owner, among: known, line: key.line)
            }
            values[name] = value
        }
        self.owner = owner
        self.source = source
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
        try number(key, atMost: JSONValue.maximumInteger, shown: "2^53 - 1", example: "7")
    }

    /// A whole number from 0 to `limit`, or nil where the field is missing.
    func count(_ key: String, atMost limit: Int) throws -> Int? {
        try number(key, atMost: Int64(limit), shown: String(limit), example: "2").map { Int($0) }
    }

    private func number(
        _ key: String, atMost limit: Int64, shown: String, example: String
    ) throws -> Int64? {
        guard let node = values[key] else { return nil }
        guard let value = node.jsonValue.integerValue, (0...limit).contains(value) else {
            throw source.failure(
                node.line, "'\(key)' of \(owner) is no whole number from 0 to \(shown)",
                advice: "write '\(key): \(example)'")
        }
        return value
    }

    /// A mapping of names to whole numbers from 1 up; empty where the field is missing.
    func counts(_ key: String) throws -> [String: Int] {
        guard let node = values[key] else { return [:] }
        guard case .mapping(let entries) = node.content else {
            throw source.failure(
                node.line, "'\(key)' of \(owner) is no mapping of names to numbers",
                advice: "write '\(key): {gpu: 1}'")
        }
        var counts: [String: Int] = [:]
        for (name, value) in entries {
            guard let text = name.text, StageFields.isResourceName(text),
                let count = value.jsonValue.integerValue, (1...1_000_000).contains(count)
            else {
                throw source.failure(
                    name.line,
                    "'\(key)' of \(owner) holds something else than a name and a whole number from "
                        + "1 up",
                    advice: "write '\(key): {gpu: 1}'; names are letters, digits, "
                        + "'_' and '-'")
            }
            counts[text] = Int(count)
        }
        return counts
    }

    private static func isResourceName(_ text: String) -> Bool {
        (1...100).contains(text.utf8.count)
            && text.utf8.allSatisfy { byte in
                (0x30...0x39).contains(byte) || (0x41...0x5a).contains(byte)
                    || (0x61...0x7a).contains(byte) || [0x2d, 0x5f].contains(byte)
            }
    }

    /// `true` or `false`, or nil where the field is missing.
    func flag(_ key: String) throws -> Bool? {
        guard let node = values[key] else { return nil }
        guard case .bool(let flag) = node.jsonValue else {
            throw source.failure(
                node.line, "'\(key)' of \(owner) is neither 'true' nor 'false'",
                advice: "write '\(key): true', or leave it out")
        }
        return flag
    }

    /// A time as in `90`, `45s`, `30m`, `2h`, `1d`, in milliseconds, more than 0; nil where the
    /// field is missing. A bare number counts seconds.
    func milliseconds(_ key: String) throws -> Int64? {
        guard let node = values[key] else { return nil }
        let text = node.text ?? ""
        let units: [(suffix: String, factor: Double)] = [
            ("ms", 1), ("s", 1000), ("m", 60_000), ("h", 3_600_000), ("d", 86_400_000), ("", 1000),
        ]
        let unit = units.first { text.hasSuffix($0.suffix) } ?? ("", 1000)
        let digits = text.dropLast(unit.suffix.count)
        let isNumber =
            !digits.isEmpty && digits.utf8.allSatisfy { (0x2e...0x39).contains($0) && $0 != 0x2f }
        guard isNumber, let value = Double(digits), case let time = value * unit.factor,
            (1...3_153_600_000_000).contains(time)
        else {
            throw source.failure(
                node.line, "'\(key)' of \(owner) is no time",
                advice: "write a number and a unit, as in '\(key): 30m'; the units are ms, s, m, h "
                    + "and d")
        }
        return Int64(time)
    }

    /// The text of a node that belongs to a field.
    func text(of node: YAMLNode, _ key: String) throws -> String {
        guard case .scalar(let text, _) = node.content, !text.isEmpty else {
            throw source.failure(
                node.line, "'\(key)' of \(owner) holds something that is no text",
                advice: "write '\(key): text' or '\(key): [text, text]'")
        }
        return text
    }
}
