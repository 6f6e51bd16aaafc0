import Bytes
import Vocabulary

extension StageFile {
    /// Reads a stage file and the parameters beside it (nil where there is no such file).
    ///
    /// Throws `.malformed` for what is no YAML, `.invalidPipeline` for unknown keys, missing
    /// parameters and wrong types, `.outsideWorkspace` for paths that lead out; every message
    /// names the line.
    package init(parsing bytes: [UInt8], parameters text: [UInt8]?) throws {
        let parameters = try text.map { try Parameters(parsing: $0) } ?? Parameters(.object([:]))
        var reader = StageFileReader()
        try reader.read(bytes, of: StageFile.fileName, parameters)
        self.init(stages: reader.stages, groups: reader.groups, parameters: parameters)
    }
}

/// Collects the stages of a stage file.
private struct StageFileReader {
    /// The most stages that a file may stand for, members of groups counted.
    static let maximumCount = 100_000

    private(set) var stages: [Stage] = []
    private(set) var groups: [String] = []

    mutating func read(_ bytes: [UInt8], of file: String, _ parameters: Parameters) throws {
        let hidden: [UInt8]
        do throws(DecodeError) {
            hidden = try ParameterPlaceholder.hide(in: bytes)
        } catch {
            let line = 1 + bytes[..<error.offset].count { $0 == 0x0a }
            throw StoreError.sourceFile(file, line, error.reason)
        }
        guard let root = try parseSource(hidden, of: file), !root.isNull else { return }
        let source = StageSource(file: file, scope: ParameterScope(parameters))
        let fields = try StageFields(root, owner: "the file", known: ["stages"], in: source)
        guard let list = fields["stages"], !list.isNull else { return }
        guard case .mapping(let entries) = list.content else {
            throw source.failure(
                list.line, "'stages' is no mapping of names to stages",
                advice: "write the name of a stage and its keys below 'stages:'")
        }
        for (key, value) in entries { try readStage(key, value, in: source) }
    }

    private mutating func readStage(
        _ key: YAMLNode, _ node: YAMLNode, in source: StageSource
    ) throws {
        let name = key.text ?? ""
        guard StageName.isDeclarable(name) else {
            throw source.failure(
                key.line, "'\(printable(Array(name.utf8)))' cannot name a stage",
                advice: "use up to 100 letters, digits, '_', '-' and '.'")
        }
        guard let group = try StageGroup(name, from: node, in: source) else {
            stages.append(
                try Stage(
                    StageTemplate(
                        name: name, group: nil, line: key.line, node: node, source: source)))
            return
        }
        groups.append(name)
        guard stages.count + group.members.count <= StageFileReader.maximumCount else {
            throw source.failure(
                key.line, "the file stands for more than \(StageFileReader.maximumCount) stages",
                advice: "let one command do several of them")
        }
        for member in group.members {
            stages.append(
                try Stage(
                    StageTemplate(
                        name: name + "@" + member.key, group: name, line: key.line,
                        node: group.template, source: source.binding(member.names))))
        }
    }
}
