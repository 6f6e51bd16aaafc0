import Bytes
import Learning
import Vocabulary
import Workspaces

/// A stage as it stands in a stage file, its placeholders not yet replaced.
struct StageTemplate: Sendable {
    let name: String
    let group: String?
    let line: Int
    let node: YAMLNode
    let source: StageSource

    var owner: String { "stage '\(name)'" }

    /// What the stage did when its parameters had the values that a lock keeps; nil where that
    /// makes no sense.
    func formerAction(_ recorded: [String: JSONValue]) -> Stage.Action? {
        let former = StageTemplate(
            name: name, group: group, line: line, node: node, source: source.former(recorded))
        return try? FilledTemplate(former).work().action
    }
}

/// A template with its placeholders replaced, and its fields known by name.
struct FilledTemplate {
    /// What the stage does, and what it reads for that.
    struct Work {
        let action: Stage.Action
        let step: StepDescription?
        let reads: [RepoPath]
        var patterns: [DependencyPattern] = []
    }

    let template: StageTemplate
    let fields: StageFields
    /// Where it runs, which its paths are relative to; nil for the top of the workspace.
    let directory: RepoPath?
    /// `cmd`, or the name of a built-in step.
    let kind: String
    /// The parameters that placeholders used, leaf by leaf.
    let used: [String: JSONValue]

    private static let commandKeys = [
        "cmd", "map", "deps", "params", "outs", "plots", "metrics", "seed", "env", "wdir",
        "retries",
        "timeout",
    ]
    private static let sharedKeys = [
        "outs", "metrics", "frozen", "always", "always_changed", "desc", "vars", "resources",
    ]

    /// Throws for a placeholder without a value, for what is no stage, and for unknown keys.
    init(_ template: StageTemplate) throws {
        var substitution = Substitution(stage: template.name, source: template.source)
        let node = try substitution.apply(to: MapText.prepared(template.node, template))
        let kind = try FilledTemplate.kind(of: node, template)
        let known =
            (kind == "cmd" ? FilledTemplate.commandKeys : [kind]) + FilledTemplate.sharedKeys
        self.template = template
        self.kind = kind
        fields = try StageFields(node, owner: template.owner, known: known, in: template.source)
        used = substitution.used
        directory = try FilledTemplate.directory(fields, template)
    }

    /// Where `wdir` leads; else the folder of the stage file.
    private static func directory(
        _ fields: StageFields, _ template: StageTemplate
    ) throws -> RepoPath? {
        let folder = template.source.folder
        guard let text = try fields.text("wdir") else { return folder }
        return try StagePath(text: text, folder: folder).resolvedFolder(
            stage: template.name,
            place: template.source.place(fields["wdir"]?.line ?? template.line))
    }

    /// `cmd` or the name of a built-in step: the one key that says what to do.
    private static func kind(of node: YAMLNode, _ template: StageTemplate) throws -> String {
        let owner = template.owner
        let source = template.source
        let kinds = ["cmd"] + StepDescription.names
        guard case .mapping(let entries) = node.content else {
            throw source.failure(
                template.line, "\(owner) is no mapping", advice: "write 'cmd: …' below it")
        }
        let found = entries.compactMap { entry in
            entry.key.text.flatMap { kinds.contains($0) ? $0 : nil }
        }
        if found.count == 1 { return found[0] }
        if found.count > 1 {
            throw source.failure(
                template.line, "\(owner) has both '\(found[0])' and '\(found[1])'",
                advice: "make two stages of it: a stage does one thing")
        }
        let known = kinds + commandKeys.dropFirst() + sharedKeys
        for (key, _) in entries where !known.contains(key.text ?? "") {
            throw source.unknownKey(key.text ?? "", of: owner, among: known, line: key.line)
        }
        throw source.failure(
            template.line, "\(owner) does not say what to do",
            advice: "give it 'cmd:' or one of \(StepDescription.names.joined(separator: ", "))")
    }

    /// The line for the shell. Of several commands each has a shell of its own, and runs if all before
    /// it ended well.
    private func command() throws -> String {
        let lines = try fields.texts("cmd").map(\.text)
        guard lines.count > 1 else { return try lines.first ?? fields.text("cmd") ?? "" }
        return lines.map { "(\n\($0)\n)" }.joined(separator: " && ")
    }

    func outputs() throws -> [OutputDeclaration] { try OutputDeclaration.all("outs", in: self) }

    func plots() throws -> [OutputDeclaration] { try OutputDeclaration.all("plots", in: self) }

    func metrics() throws -> [OutputDeclaration] { try OutputDeclaration.all("metrics", in: self) }

    /// What the stage does and reads.
    func work() throws -> Work {
        if kind == "cmd" {
            let (reads, patterns) = try dependencies()
            let command = try command()
            guard let map = try map(of: command) else {
                return Work(
                    action: .command(command), step: nil, reads: reads, patterns: patterns)
            }
            return Work(
                action: .map(map), step: nil, reads: reads + [map.source], patterns: patterns)
        }
        let place = template.source.place(fields[kind]?.line ?? template.line)
        let products = try (outputs() + metrics()).map(\.path)
        func declared(_ options: JSONValue) throws -> StepDescription {
            try StepDescription.declared(
                .object([kind: options]), products: products, stage: template.name, place: place)
        }
        let options = fields[kind]?.jsonValue ?? .null
        var step = try declared(options)
        let reads = try step.inputs.map {
            try StagePath(text: $0.path, folder: directory).resolved(
                stage: template.name, verb: "reads", place: place)
        }
        if directory != nil {
            // Steps know no folders.
            let paths = Dictionary(zip(step.inputs.map(\.path), reads.map(\.description))) {
                first, _ in first
            }
            step = try declared(FilledTemplate.placed(options, paths))
            guard step.inputs.map(\.path) == reads.map(\.description) else {
                throw StoreError(
                    .internalFault, "step '\(kind)' names a file by an option that is not known")
            }
        }
        return Work(action: .step(step.recorded), step: step, reads: reads)
    }

    /// The options by which steps name files.
    private static let fileOptions: Set<String> = [
        "data", "model", "validation", "baseline", "tuned", "fitted", "table",
    ]

    /// A step's options with other paths.
    private static func placed(_ value: JSONValue, _ paths: [String: String]) -> JSONValue {
        if let elements = value.arrayValue { return .array(elements.map { placed($0, paths) }) }
        guard let members = value.objectValue else { return value }
        return .object(
            Dictionary(
                members.map { name, member in
                    let path =
                        fileOptions.contains(name)
                        ? member.stringValue.flatMap { paths[$0] } : nil
                    return (name, path.map { .string($0) } ?? placed(member, paths))
                }
            ) { first, _ in first })
    }

    private func dependencies() throws -> (reads: [RepoPath], patterns: [DependencyPattern]) {
        var reads: [RepoPath] = []
        var patterns: [DependencyPattern] = []
        for (text, line) in try fields.texts("deps") {
            let place = template.source.place(line)
            let path = try StagePath(text: text, folder: directory).resolved(
                stage: template.name, verb: "reads", place: place)
            if Glob.isPattern(path.bytes) {
                patterns.append(DependencyPattern(path: path, place: place))
            } else {
                reads.append(path)
            }
        }
        return (reads, patterns)
    }

    /// The parameters that the stage depends on: those that placeholders used, and those that it
    /// says to read by itself.
    func parameters(_ files: ParameterFiles) throws -> [String: JSONValue] {
        var values = used
        for key in try declaredParameters(files) {
            guard let found = try files.parameters(in: key.file) else {
                throw template.source.failure(
                    key.line,
                    "\(template.owner) reads parameters of '\(key.file)', which is not there",
                    advice: "paths are relative to the folder that the stage runs in")
            }
            guard key.name.map({ found[$0] != nil }) ?? true else {
                throw template.source.unknownParameter(
                    key.name ?? "", stage: template.name, line: key.line, among: found.keys,
                    in: key.file.description)
            }
            if let name = found.unreachableName(under: key.name) {
                throw template.source.failure(
                    key.line,
                    "\(template.owner) reads '\(printable(Array(name.utf8)))' of '\(key.file)', a "
                        + "name that is empty or has a dot",
                    advice: "name what it reads beside that, or list the file under 'deps'")
            }
            let prefix = ParameterFiles.prefix(of: key.file)
            for (leaf, value) in found.leaves(under: key.name) { values[prefix + leaf] = value }
        }
        return values
    }

    /// A key of a file that is declared to be read; the whole file where it has no name.
    private struct DeclaredParameter {
        let file: RepoPath
        let name: String?
        let line: Int
    }

    /// `params: [a.b, {file.toml: [c.d]}, {other.json: }]`.
    private func declaredParameters(_ files: ParameterFiles) throws -> [DeclaredParameter] {
        guard let node = fields["params"], !node.isNull else { return [] }
        return try (node.sequence ?? [node]).flatMap { element in
            guard let entries = element.mapping else {
                let file = try defaultParameterFile(files)
                return [
                    DeclaredParameter(
                        file: file, name: try fields.text(of: element, "params"),
                        line: element.line)
                ]
            }
            return try entries.flatMap { key, value in
                let file = try StagePath(text: key.text ?? "", folder: directory).resolved(
                    stage: template.name, verb: "reads", place: template.source.place(key.line))
                if value.isNull {
                    return [DeclaredParameter(file: file, name: nil, line: key.line)]
                }
                return try (value.sequence ?? [value]).map { name in
                    DeclaredParameter(
                        file: file, name: try fields.text(of: name, "params"), line: name.line)
                }
            }
        }
    }

    /// The `params.yaml` where the stage runs; where there is none, that beside the stage file.
    private func defaultParameterFile(_ files: ParameterFiles) throws -> RepoPath {
        let name = try RepoPath(Parameters.fileName)
        let here = directory?.appending(name) ?? name
        return try files.parameters(in: here) == nil
            ? template.source.folder?.appending(name) ?? name : here
    }

    func environmentNames() throws -> [String] {
        let names = try fields.texts("env")
        for (name, line) in names {
            let isFine = name.utf8.allSatisfy { byte in
                (0x30...0x39).contains(byte) || (0x41...0x5a).contains(byte)
                    || (0x61...0x7a).contains(byte) || byte == 0x5f
            }
            guard isFine else {
                throw template.source.failure(
                    line,
                    "'env' of \(template.owner) holds something that is no variable's name",
                    advice: "write names only, as in 'env: [CUDA_VISIBLE_DEVICES]'")
            }
        }
        return Array(Set(names.map(\.text))).sorted()
    }

    /// How the stage is run.
    func policy() throws -> StagePolicy {
        var policy = StagePolicy()
        policy.isFrozen = try fields.flag("frozen") ?? false
        policy.isAlwaysRun = try fields.flag("always") ?? fields.flag("always_changed") ?? false
        policy.retries = try fields.count("retries", atMost: 100) ?? 0
        policy.timeoutMilliseconds = try fields.milliseconds("timeout")
        policy.resources = try fields.counts("resources")
        if policy.isFrozen && policy.isAlwaysRun {
            throw template.source.failure(
                template.line, "\(template.owner) is both frozen and always run",
                advice: "take one of the two out")
        }
        return policy
    }
}

extension Stage {
    /// Reads one stage of a stage file.
    init(_ template: StageTemplate, _ files: ParameterFiles) throws {
        let filled = try FilledTemplate(template)
        let work = try filled.work()
        var (outputs, plots, metrics) = try (filled.outputs(), filled.plots(), filled.metrics())
        if case .map(let map) = work.action {
            outputs = try filled.outputs(of: map, outputs, plots + metrics)
            (plots, metrics) = ([], [])
        }
        self.init(
            name: template.name, group: template.group,
            place: template.source.place(template.line), action: work.action, step: work.step,
            directory: filled.directory,
            dependencies: Array(Set(work.reads)).sorted(), patterns: work.patterns,
            outputs: (outputs + plots).map(\.path), plots: plots.map(\.path),
            metrics: metrics.map(\.path),
            flags: Dictionary(
                (outputs + plots + metrics).map { ($0.path, $0.flags) }
            ) { first, _ in first }.filter { $0.value != OutputFlags() },
            parameters: try filled.parameters(files),
            seed: try filled.fields.seed("seed"), environment: try filled.environmentNames(),
            policy: try filled.policy(), description: try filled.fields.text("desc"),
            template: template)
        try checkOwnPaths()
    }

    /// What a stage may not do whatever the others do.
    func checkOwnPaths() throws {
        var seen: Set<RepoPath> = []
        for path in products {
            guard seen.insert(path).inserted else {
                throw StoreError.stageFile(
                    place, "stage '\(name)' lists its output '\(path)' twice")
            }
            for input in dependencies where input.isInside(path) || path.isInside(input) {
                throw StoreError.stageFile(
                    place, "stage '\(name)' reads and writes '\(path)', which is a cycle",
                    advice: "write the result to another path")
            }
        }
    }
}
