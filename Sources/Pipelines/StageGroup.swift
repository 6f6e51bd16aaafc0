import Bytes
import Vocabulary

/// A declaration that stands for several stages: `foreach` over a list or a mapping, or `matrix`
/// over the product of several lists. Each member is the same stage with other values of `item`
/// and `key`.
struct StageGroup {
    /// One stage of a group.
    struct Member {
        /// What stands behind the `@` of its name.
        let key: String
        let names: [String: ParameterScope.Binding]
    }

    /// The most members of one group.
    static let maximumCount = 10_000

    let name: String
    /// The members in the order of the file.
    let members: [Member]
    /// What each member is.
    let template: YAMLNode

    /// Reads the declaration of `name`; nil for one of a single stage.
    init?(_ name: String, from node: YAMLNode, in source: StageSource) throws {
        if node["foreach"] != nil || node["do"] != nil {
            let fields = try StageFields(
                node, owner: "stage '\(name)'", known: ["foreach", "do"], in: source)
            guard let data = fields["foreach"], let template = fields["do"] else {
                throw source.failure(
                    node.line, "stage '\(name)' needs both 'foreach' and 'do'",
                    advice: "write the list under 'foreach:' and the stage under 'do:'")
            }
            try self.init(name, template, GroupReader(name: name, source: source).each(data))
        } else if let data = node["matrix"], let entries = node.mapping {
            let template = YAMLNode(
                .mapping(entries.filter { $0.key.text != "matrix" }), line: node.line,
                column: node.column)
            try self.init(name, template, GroupReader(name: name, source: source).product(data))
        } else {
            return nil
        }
    }

    private init(_ name: String, _ template: YAMLNode, _ members: [Member]) {
        self.name = name
        self.template = template
        self.members = members
    }
}

/// Reads what a group ranges over.
private struct GroupReader {
    let name: String
    let source: StageSource

    /// The members of a `foreach`: by their text for a list of scalars, by position for a list of
    /// anything else, by name for a mapping.
    func each(_ node: YAMLNode) throws -> [StageGroup.Member] {
        let filled = try fill(node)
        let members: [StageGroup.Member]
        switch filled.content {
        case .sequence(let elements):
            let values = elements.map(\.jsonValue)
            let areScalars = values.allSatisfy { $0.scalarText != nil }
            members = values.enumerated().map { index, value in
                StageGroup.Member(
                    key: areScalars ? value.scalarText ?? "" : String(index),
                    names: ["item": .value(value)])
            }
        case .mapping(let entries):
            let origin = parameter(in: node)
            members = entries.map { key, value in
                let text = key.text ?? ""
                let item: ParameterScope.Binding =
                    origin.map { .parameter($0 + "." + text) } ?? .value(value.jsonValue)
                return StageGroup.Member(
                    key: text, names: ["item": item, "key": .value(.string(text))])
            }
        case .scalar:
            throw source.failure(
                node.line, "'foreach' of stage '\(name)' is neither a list nor a mapping",
                advice: "write 'foreach: [a, b]', or the name of such a parameter as '${name}'")
        }
        return try checked(members, at: node.line)
    }

    /// The members of a `matrix`: each value of the first list with each of the next, and so on.
    func product(_ node: YAMLNode) throws -> [StageGroup.Member] {
        guard let axes = try fill(node).mapping, !axes.isEmpty else {
            throw source.failure(
                node.line, "'matrix' of stage '\(name)' is no mapping of names to lists",
                advice: "write 'matrix: {model: [cnn, gbt], region: [eu, us]}'")
        }
        var combinations: [(parts: [String], item: [String: JSONValue])] = [([], [:])]
        for (axis, list) in axes {
            let label = axis.text ?? ""
            guard let values = list.sequence?.map(\.jsonValue) else {
                throw source.failure(
                    axis.line, "'\(label)' in the matrix of stage '\(name)' is no list",
                    advice: "write '\(label): [first, second]'")
            }
            try checkCount(combinations.count * values.count, at: axis.line)
            combinations = combinations.flatMap { parts, item in
                values.enumerated().map { index, value in
                    (
                        parts + [value.scalarText ?? label + String(index)],
                        item.merging([label: value]) { _, last in last }
                    )
                }
            }
        }
        let members = combinations.map { parts, item in
            let key = parts.joined(separator: "-")
            return StageGroup.Member(
                key: key, names: ["item": .value(.object(item)), "key": .value(.string(key))])
        }
        return try checked(members, at: node.line)
    }

    private func fill(_ node: YAMLNode) throws -> YAMLNode {
        var substitution = Substitution(stage: name, source: source)
        return try substitution.apply(to: node)
    }

    /// The parameter that a node is, where it is nothing but a placeholder. Members of a mapping
    /// then depend on what they use of it; elements of a list have no name to be known by.
    private func parameter(in node: YAMLNode) -> String? {
        guard let text = node.text, case let pieces = ParameterPlaceholder.pieces(of: text),
            pieces.count == 1, case .parameter(let key) = pieces[0]
        else { return nil }
        return source.scope.parameterKey(key)
    }

    private func checked(
        _ members: [StageGroup.Member], at line: Int
    ) throws -> [StageGroup.Member] {
        try checkCount(members.count, at: line)
        var seen: Set<String> = []
        for member in members {
            let shown = printable(Array(member.key.utf8))
            guard StageName.isMember(member.key) else {
                throw source.failure(
                    line, "'\(shown)' cannot name a member of stage '\(name)'",
                    advice: "use up to 100 letters, digits and '_-.,:/+=~%', or a mapping, whose "
                        + "keys are the names")
            }
            guard seen.insert(member.key).inserted else {
                throw source.failure(
                    line, "stage '\(name)' has the member '\(shown)' twice",
                    advice: "list each value once")
            }
        }
        return members
    }

    private func checkCount(_ count: Int, at line: Int) throws {
        guard count <= StageGroup.maximumCount else {
            throw source.failure(
                line, "stage '\(name)' stands for more than \(StageGroup.maximumCount) stages",
                advice: "split it, or let one command do several of them")
        }
    }
}

/// What stages may be called.
enum StageName {
    /// Whether people may declare a stage or a group of that name.
    static func isDeclarable(_ name: String) -> Bool {
        (1...100).contains(name.utf8.count) && name.first != "." && name.first != "-"
            && name.utf8.allSatisfy { isLetterOrDigit($0) || [0x2d, 0x2e, 0x5f].contains($0) }
    }

    /// Whether it may stand behind the `@` of a name: it is made of values, so more is allowed;
    /// nothing that a shell would take apart.
    static func isMember(_ key: String) -> Bool {
        (1...100).contains(key.utf8.count)
            && key.unicodeScalars.allSatisfy { scalar in
                scalar.isASCII
                    ? isLetterOrDigit(UInt8(scalar.value))
                        || "_-.,:/+=~%".unicodeScalars.contains(scalar)
                    : scalar.properties.isAlphabetic
            }
    }

    private static func isLetterOrDigit(_ byte: UInt8) -> Bool {
        (0x30...0x39).contains(byte) || (0x41...0x5a).contains(byte)
            || (0x61...0x7a).contains(byte)
    }
}
