import Bytes
import Vocabulary

extension StageFile {
    /// Reads a stage file and the parameters beside it (nil where there is no such file), which
    /// name no other files.
    ///
    /// Throws `.malformed` for what is no YAML, `.invalidPipeline` for unknown keys, missing
    /// parameters and wrong types, `.outsideWorkspace` for paths that lead out; every message
    /// names the file and the line.
    package init(parsing bytes: [UInt8], parameters text: [UInt8]?) throws {
        try self.init { path in
            switch path.text {
            case StageFile.fileName: bytes
            case Parameters.fileName: text
            default: nil
            }
        }
    }

    /// Reads the stage file of a workspace, those that it includes, and their parameters. `read`
    /// gives the bytes of a file, nil where there is none; without a stage file there are no stages.
    /// `list` gives the names in a folder (nil for the top), for wildcards.
    /// Throws as above, and what `read` throws.
    init(
        reading read: @escaping (RepoPath) throws -> [UInt8]?,
        listing list: @escaping (RepoPath?) throws -> [DependencySearch.Entry] = { _ in [] }
    ) throws {
        var reader = StageFileReader(read: read, files: ParameterFiles(read))
        let path = try RepoPath(StageFile.fileName)
        if let bytes = try read(path) { try reader.read(bytes, of: path) }
        try reader.findDependencies(list)
        self.init(
            stages: reader.stages, groups: reader.groups,
            parameters: try reader.files.parameters(in: RepoPath(Parameters.fileName))
                ?? Parameters(.object([:])))
    }
}

/// Collects the stages of a stage file and of those that it includes.
private struct StageFileReader {
    /// The most stages that a file may stand for, members of groups counted.
    static let maximumCount = 100_000
    /// The most files that include each other.
    static let maximumFileCount = 1000

    let read: (RepoPath) throws -> [UInt8]?
    let files: ParameterFiles
    private(set) var stages: [Stage] = []
    private(set) var groups: [String] = []
    /// Where each name was declared.
    private var places: [String: SourcePlace] = [:]
    /// The files that were read, or are being read.
    private var seen: Set<RepoPath> = []

    init(read: @escaping (RepoPath) throws -> [UInt8]?, files: ParameterFiles) {
        self.read = read
        self.files = files
    }

    mutating func read(_ bytes: [UInt8], of path: RepoPath) throws {
        seen.insert(path)
        let hidden: [UInt8]
        do throws(DecodeError) {
            hidden = try ParameterPlaceholder.hide(in: bytes)
        } catch {
            let line = 1 + bytes[..<error.offset].count { $0 == 0x0a }
            throw StoreError.sourceFile(path.description, line, error.reason)
        }
        guard let root = try parseSource(hidden, of: path.description), !root.isNull else { return }
        var source = StageSource(path: path)
        let fields = try StageFields(
            root, owner: "the file", known: ["stages", "vars", "include"], in: source)
        try addDefaultParameters(to: &source)
        try VariableReader(files: files, owner: "the file", folder: source.folder)
            .add(fields["vars"], to: &source)
        try readStages(fields["stages"], in: source)
        for (text, line) in try fields.texts("include") { try include(text, line, in: source) }
    }

    /// Finds what wildcards match, when all stages are known.
    mutating func findDependencies(
        _ list: @escaping (RepoPath?) throws -> [DependencySearch.Entry]
    ) throws {
        guard stages.contains(where: { !$0.patterns.isEmpty }) else { return }
        var search = DependencySearch(stages, list: list)
        for index in stages.indices where !stages[index].patterns.isEmpty {
            let stage = stages[index]
            let found = try stage.patterns.flatMap { try search.matches(of: $0, in: stage.name) }
            stages[index].dependencies = Set(stage.dependencies + found).sorted()
            try stages[index].checkOwnPaths()
        }
    }

    private func addDefaultParameters(to source: inout StageSource) throws {
        let name = try RepoPath(Parameters.fileName)
        let path = source.folder?.appending(name) ?? name
        guard let values = try files.parameters(in: path) else { return }
        _ = source.scope.add(.init(prefix: ParameterFiles.prefix(of: path), values: values))
    }

    /// Reads another file, whose paths and names are those of its own folder.
    private mutating func include(_ text: String, _ line: Int, in source: StageSource) throws {
        let path = try StagePath(text: text, folder: source.folder)
            .included(at: source.place(line))
        guard !seen.contains(path) else {
            throw source.failure(
                line, "'\(path)' is included a second time", advice: "include each file once")
        }
        guard seen.count < StageFileReader.maximumFileCount else {
            throw source.failure(
                line, "more than \(StageFileReader.maximumFileCount) files include each other")
        }
        guard let bytes = try read(path) else {
            throw source.failure(
                line, "the file includes '\(path)', which is not there",
                advice: "paths are relative to the folder of the file that includes them")
        }
        try read(bytes, of: path)
    }

    private mutating func readStages(_ list: YAMLNode?, in source: StageSource) throws {
        guard let list, !list.isNull else { return }
        guard let entries = list.mapping else {
            throw source.failure(
                list.line, "'stages' is no mapping of names to stages",
                advice: "write the name of a stage and its keys below 'stages:'")
        }
        for (key, value) in entries { try readStage(key, value, in: source) }
    }

    private mutating func readStage(
        _ key: YAMLNode, _ node: YAMLNode, in source: StageSource
    ) throws {
        guard let own = key.text, StageName.isDeclarable(own) else {
            throw source.failure(
                key.line, "'\(printable(Array((key.text ?? "").utf8)))' cannot name a stage",
                advice: "use up to 100 letters, digits, '_', '-' and '.'")
        }
        let name = source.fullName(own)
        if let other = places.updateValue(source.place(key.line), forKey: name) {
            throw source.failure(
                key.line, "there is a stage '\(name)' at \(other) already",
                advice: "give one of them another name")
        }
        guard let group = try StageGroup(name, from: node, in: source) else {
            return try add(name, in: nil, at: key.line, node, source)
        }
        groups.append(name)
        guard stages.count + group.members.count <= StageFileReader.maximumCount else {
            throw source.failure(
                key.line, "there are more than \(StageFileReader.maximumCount) stages",
                advice: "let one command do several of them")
        }
        for member in group.members {
            try add(
                name + "@" + member.key, in: name, at: key.line, group.template,
                source.binding(member.names))
        }
    }

    private mutating func add(
        _ name: String, in group: String?, at line: Int, _ node: YAMLNode, _ source: StageSource
    ) throws {
        var source = source
        if let variables = node["vars"] {
            try VariableReader(files: files, owner: "stage '\(name)'", folder: source.folder)
                .add(variables, to: &source)
        }
        let template = StageTemplate(
            name: name, group: group, line: line, node: node, source: source)
        stages.append(try Stage(template, files))
    }
}

/// Reads `vars`: files of values, and values that stand there.
private struct VariableReader {
    let files: ParameterFiles
    let owner: String
    /// What the paths of files are relative to.
    let folder: RepoPath?

    /// Adds what the list holds to what placeholders of `source` may name.
    func add(_ list: YAMLNode?, to source: inout StageSource) throws {
        guard let list, !list.isNull else { return }
        guard let elements = list.sequence else {
            throw source.failure(
                list.line, "'vars' of \(owner) is no list",
                advice: "write 'vars: [file.yaml, {name: value}]'")
        }
        for element in elements {
            try checkPlain(element, source)
            guard let layer = try layer(of: element, source),
                let clash = source.scope.add(layer)
            else { continue }
            throw source.failure(
                element.line, "'vars' of \(owner) gives '\(clash)' a second value",
                advice: "give each name one value, there or in \(Parameters.fileName)")
        }
    }

    /// Variables are what placeholders are made of; they hold none.
    private func checkPlain(_ node: YAMLNode, _ source: StageSource) throws {
        switch node.content {
        case .scalar(let text, _):
            let isPlain = ParameterPlaceholder.pieces(of: text).allSatisfy {
                if case .text = $0 { true } else { false }
            }
            guard isPlain else {
                throw source.failure(
                    node.line, "'vars' of \(owner) holds a placeholder",
                    advice: "write the value itself")
            }
        case .sequence(let elements): for element in elements { try checkPlain(element, source) }
        case .mapping(let entries): for entry in entries { try checkPlain(entry.value, source) }
        }
    }

    /// `{name: value}`, `file.yaml`, or `file.yaml:name,name`; nil for the default parameters,
    /// which are there already.
    private func layer(
        of node: YAMLNode, _ source: StageSource
    ) throws -> ParameterScope.Layer? {
        guard let text = node.text else {
            let values = Parameters(node.jsonValue)
            guard node.mapping != nil, values.unreachableName(under: nil) == nil else {
                throw source.failure(
                    node.line, "'vars' of \(owner) holds what is neither a file nor named values",
                    advice: "write 'vars: [file.yaml, {name: value}]'; names have no dot")
            }
            return .init(prefix: nil, values: values)
        }
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        let path = try StagePath(text: String(parts[0]), folder: folder)
            .included(at: source.place(node.line))
        let standard = try RepoPath(Parameters.fileName)
        if path == source.folder?.appending(standard) ?? standard { return nil }
        guard let found = try files.parameters(in: path) else {
            throw source.failure(
                node.line, "'vars' of \(owner) names '\(path)', which is not there",
                advice: "paths are relative to the folder of the stage file")
        }
        let prefix = ParameterFiles.prefix(of: path)
        guard parts.count > 1 else {
            return .init(prefix: prefix, values: try reachable(found, path, node.line, source))
        }
        var selected: [String: JSONValue] = [:]
        for name in parts[1].split(separator: ",").map(String.init) {
            guard let value = found.values[name] else {
                throw source.failure(
                    node.line,
                    "'vars' of \(owner) takes '\(name)' of '\(path)', which has no such "
                        + "name",
                    advice: nearest(name, in: found.keys).map { "did you mean '\($0)'?" })
            }
            selected[name] = value
        }
        let values = try reachable(Parameters(.object(selected)), path, node.line, source)
        return .init(prefix: prefix, values: values)
    }

    private func reachable(
        _ values: Parameters, _ path: RepoPath, _ line: Int, _ source: StageSource
    ) throws -> Parameters {
        guard let name = values.unreachableName(under: nil) else { return values }
        throw source.failure(
            line,
            "'vars' of \(owner) takes '\(printable(Array(name.utf8)))' of '\(path)', a name "
                + "that is empty or has a dot",
            advice: "take only what is needed, as in '\(path):name'")
    }
}
