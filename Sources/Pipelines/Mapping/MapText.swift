import Bytes
import Vocabulary

/// What a stage file says of a map stage.
enum MapText {
    /// The declaration of a stage with the placeholders of items replaced: in its command by the
    /// shell's variables, which no name of a file can break out of, and in `out` by plain text.
    /// Any other declaration stays as it is.
    static func prepared(_ node: YAMLNode, _ template: StageTemplate) throws -> YAMLNode {
        guard node["map"] != nil, let entries = node.mapping else { return node }
        let changed = try entries.map { key, value in
            switch key.text {
            case "cmd": (key: key, value: try commands(value, template))
            case "map": (key: key, value: output(of: value))
            default: (key: key, value: value)
            }
        }
        return YAMLNode(.mapping(changed), line: node.line, column: node.column)
    }

    private static func output(of node: YAMLNode) -> YAMLNode {
        guard let entries = node.mapping else { return node }
        let changed = entries.map { key, value in
            guard key.text == "out", let text = value.text else { return (key: key, value: value) }
            let filled = ParameterPlaceholder.pieces(of: text).map { piece in
                switch piece {
                case .text(let plain): plain
                case .parameter(let key):
                    StageMap.ItemName(rawValue: key) == nil
                        ? ParameterPlaceholder.hidden(key) : "${\(key)}"
                }
            }
            return (key: key, value: replaced(value, filled.joined()))
        }
        return YAMLNode(.mapping(changed), line: node.line, column: node.column)
    }

    private static func commands(_ node: YAMLNode, _ template: StageTemplate) throws -> YAMLNode {
        guard let elements = node.sequence else { return try command(node, template) }
        return YAMLNode(
            .sequence(try elements.map { try command($0, template) }), line: node.line,
            column: node.column)
    }

    private static func command(_ node: YAMLNode, _ template: StageTemplate) throws -> YAMLNode {
        guard let text = node.text else { return node }
        var quoting = ShellQuoting()
        var filled = ""
        for piece in ParameterPlaceholder.pieces(of: text) {
            switch piece {
            case .text(let plain):
                quoting.pass(plain)
                filled += plain
            case .parameter(let key):
                guard let name = StageMap.ItemName(rawValue: key) else {
                    filled += ParameterPlaceholder.hidden(key)
                    continue
                }
                switch quoting.state {
                case .none: filled += "\"$\(name.variable)\""
                // Letters may follow at once.
                case .double: filled += "${\(name.variable)}"
                case .single:
                    throw template.source.failure(
                        node.line,
                        "\(template.owner) puts '${\(key)}' between single quotes, where the shell "
                            + "replaces nothing",
                        advice: "write it without quotes, or between double ones")
                }
            }
        }
        return replaced(node, filled)
    }

    private static func replaced(_ node: YAMLNode, _ text: String) -> YAMLNode {
        YAMLNode(.scalar(text, isPlain: false), line: node.line, column: node.column)
    }
}

/// Whether the text of a shell has come to a place between quotes.
private struct ShellQuoting {
    enum State { case none, double, single }

    private(set) var state = State.none
    private var isEscaped = false

    mutating func pass(_ text: String) {
        for byte in text.utf8 {
            if isEscaped {
                isEscaped = false
                continue
            }
            switch (byte, state) {
            case (0x5c, .none), (0x5c, .double): isEscaped = true
            case (0x22, .none): state = .double
            case (0x22, .double): state = .none
            case (0x27, .none): state = .single
            case (0x27, .single): state = .none
            default: break
            }
        }
    }
}

extension FilledTemplate {
    /// What the stage maps; nil for one that does not.
    func map(of command: String) throws -> StageMap? {
        guard let node = fields["map"] else { return nil }
        let source = template.source
        let parts = try StageFields(
            node, owner: "'map' of \(template.owner)", known: ["over", "out"], in: source)
        guard let over = try parts.text("over"), let out = try parts.text("out") else {
            throw source.failure(
                node.line, "'map' of \(template.owner) needs both 'over' and 'out'",
                advice: "write 'map: {over: data/images, out: 'thumbs/${item.path}'}'")
        }
        let place = source.place(node.line)
        func path(_ text: String, _ verb: String) throws -> RepoPath {
            try StagePath(text: text, folder: directory).resolved(
                stage: template.name, verb: verb, place: place)
        }
        let (overPath, outPath) = try (path(over, "reads"), path(out, "writes"))
        do throws(DecodeError) {
            return try StageMap(command: command, over: overPath, out: outPath.text ?? out)
        } catch {
            throw source.failure(
                node.line, "'map' of \(template.owner) makes no sense: \(error.reason)",
                advice: "write 'map: {over: data/images, out: 'thumbs/${item.path}'}'")
        }
    }

    /// The one output of a map stage, with the flags that `outs` may give it.
    func outputs(
        of map: StageMap, _ declared: [OutputDeclaration], _ others: [OutputDeclaration]
    ) throws -> [OutputDeclaration] {
        let source = template.source
        if let other = (declared.filter { $0.path != map.target } + others).first {
            throw source.failure(
                template.line,
                "\(template.owner) declares '\(other.path)', but a map stage writes only "
                    + "'\(map.target)'",
                advice: "let another stage make it of '\(map.target)'")
        }
        guard let own = declared.first else { return [OutputDeclaration(map.target)] }
        guard declared.count == 1, !own.flags.isPersistent, own.flags.isCached else {
            throw source.failure(
                template.line,
                "'\(map.target)' of \(template.owner) is declared twice, 'persist' or not cached",
                advice: "the items of a map stage stay where they are by themselves, and are cached"
            )
        }
        return [own]
    }
}
