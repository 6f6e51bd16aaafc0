import Bytes
import Learning
import Vocabulary

extension StageFile {
    /// Reads a stage file and the parameters beside it (nil where there is no such file).
    ///
    /// Throws `.malformed` for what is no YAML, `.invalidPipeline` for unknown keys, missing
    /// parameters and wrong types, `.outsideWorkspace` for paths that lead out; every message
    /// names the line.
    package init(parsing bytes: [UInt8], parameters text: [UInt8]?) throws {
        let parameters = try text.map { try Parameters(parsing: $0) } ?? Parameters(.object([:]))
        let hidden: [UInt8]
        do throws(DecodeError) {
            hidden = try ParameterPlaceholder.hide(in: bytes)
        } catch {
            let line = 1 + bytes[..<error.offset].count { $0 == 0x0a }
            throw StoreError.sourceFile(StageFile.fileName, line, error.reason)
        }
        let root = try parseSource(hidden, of: StageFile.fileName)
        self.init(
            stages: try StageFile.stages(in: root, parameters: parameters), parameters: parameters)
    }

    private static func stages(in root: YAMLNode?, parameters: Parameters) throws -> [Stage] {
        guard let root, !root.isNull else { return [] }
        let fields = try StageFields(root, owner: "the file", known: ["stages"])
        guard let list = fields["stages"], !list.isNull else { return [] }
        guard case .mapping(let entries) = list.content else {
            throw StoreError.stageFile(
                list.line, "'stages' is no mapping of names to stages",
                advice: "write the name of a stage and its keys below 'stages:'")
        }
        return try entries.map { key, value in
            let name = key.text ?? ""
            guard isStageName(name) else {
                throw StoreError.stageFile(
                    key.line, "'\(printable(Array(name.utf8)))' cannot name a stage",
                    advice: "use up to 100 letters, digits, '_', '-' and '.'")
            }
            return try Stage(name, at: key.line, from: value, parameters: parameters)
        }
    }

    private static func isStageName(_ name: String) -> Bool {
        let isFine = name.utf8.allSatisfy { byte in
            (0x30...0x39).contains(byte) || (0x41...0x5a).contains(byte)
                || (0x61...0x7a).contains(byte) || [0x2d, 0x2e, 0x5f].contains(byte)
        }
        return isFine && (1...100).contains(name.utf8.count) && name.first != "."
            && name.first != "-"
    }
}

extension Stage {
    private static let commandKeys = ["cmd", "deps", "params", "outs", "metrics", "seed", "env"]
    private static let stepKeys = ["outs", "metrics"]

    /// Reads one stage of a stage file.
    init(_ name: String, at line: Int, from source: YAMLNode, parameters: Parameters) throws {
        var substitution = Substitution(stage: name, parameters: parameters)
        let node = try substitution.apply(to: source)
        let owner = "stage '\(name)'"
        let kind = try Stage.kind(of: node, owner: owner, line: line)
        let isCommand = kind == "cmd"
        let known = isCommand ? Stage.commandKeys : [kind] + Stage.stepKeys
        let fields = try StageFields(node, owner: owner, known: known)
        var values = try Stage.declaredParameters(fields, name, parameters)
        for key in substitution.usedKeys {
            values.merge(parameters.leaves(under: key)) { _, last in last }
        }
        let outputs = try Stage.paths(fields, "outs", stage: name, verb: "writes")
        let metrics = try Stage.paths(fields, "metrics", stage: name, verb: "writes")
        let work = try Stage.work(
            kind, fields, products: outputs + metrics, stage: name, line: line)
        self.init(
            name: name, line: line, action: work.action, step: work.step,
            dependencies: Array(Set(work.reads)).sorted(), outputs: outputs, metrics: metrics,
            parameters: values, seed: try fields.seed("seed"),
            environment: try Stage.environmentNames(fields), source: source)
        try checkOwnPaths()
    }

    /// What the stage does and reads.
    private static func work(
        _ kind: String, _ fields: StageFields, products: [RepoPath], stage: String, line: Int
    ) throws -> (action: Action, step: StepDescription?, reads: [RepoPath]) {
        if kind == "cmd" {
            let reads = try paths(fields, "deps", stage: stage, verb: "reads")
            return (.command(try fields.text("cmd") ?? ""), nil, reads)
        }
        let stepLine = fields[kind]?.line ?? line
        let step = try StepDescription.declared(
            .object([kind: fields[kind]?.jsonValue ?? .null]), products: products, stage: stage,
            line: stepLine)
        let reads = try step.inputs.map {
            try workspacePath($0.path, stage: stage, verb: "reads", line: stepLine)
        }
        return (.step(step.recorded), step, reads)
    }

    /// `cmd` or the name of a built-in step: the one key that says what to do.
    private static func kind(of node: YAMLNode, owner: String, line: Int) throws -> String {
        let kinds = ["cmd"] + StepDescription.names
        guard case .mapping(let entries) = node.content else {
            throw StoreError.stageFile(
                line, "\(owner) is no mapping", advice: "write 'cmd: …' below it")
        }
        let found = entries.compactMap { entry in
            entry.key.text.flatMap { kinds.contains($0) ? $0 : nil }
        }
        if found.count == 1 { return found[0] }
        if found.count > 1 {
            throw StoreError.stageFile(
                line, "\(owner) has both '\(found[0])' and '\(found[1])'",
                advice: "make two stages of it: a stage does one thing")
        }
        let known = kinds + commandKeys.dropFirst()
        for (key, _) in entries where !known.contains(key.text ?? "") {
            throw StoreError.unknownKey(
                key.text ?? "", of: owner, among: known, line: key.line)
        }
        throw StoreError.stageFile(
            line, "\(owner) does not say what to do",
            advice: "give it 'cmd:' or one of \(StepDescription.names.joined(separator: ", "))")
    }

    private static func declaredParameters(
        _ fields: StageFields, _ stage: String, _ parameters: Parameters
    ) throws -> [String: JSONValue] {
        var values: [String: JSONValue] = [:]
        for (key, line) in try fields.texts("params") {
            guard parameters[key] != nil else {
                throw StoreError.unknownParameter(key, in: parameters, stage: stage, line: line)
            }
            values.merge(parameters.leaves(under: key)) { _, last in last }
        }
        return values
    }

    private static func environmentNames(_ fields: StageFields) throws -> [String] {
        let names = try fields.texts("env")
        for (name, line) in names {
            let isFine = name.utf8.allSatisfy { byte in
                (0x30...0x39).contains(byte) || (0x41...0x5a).contains(byte)
                    || (0x61...0x7a).contains(byte) || byte == 0x5f
            }
            guard isFine else {
                throw StoreError.stageFile(
                    line, "'env' of \(fields.owner) holds something that is no variable's name",
                    advice: "write names only, as in 'env: [CUDA_VISIBLE_DEVICES]'")
            }
        }
        return Array(Set(names.map(\.text))).sorted()
    }

    private static func paths(
        _ fields: StageFields, _ key: String, stage: String, verb: String
    ) throws -> [RepoPath] {
        try fields.texts(key).map { text, line in
            try workspacePath(text, stage: stage, verb: verb, line: line)
        }
    }

    /// What a stage may not do whatever the others do.
    private func checkOwnPaths() throws {
        var seen: Set<RepoPath> = []
        for path in products {
            guard seen.insert(path).inserted else {
                throw StoreError.stageFile(line, "stage '\(name)' lists its output '\(path)' twice")
            }
            for input in dependencies where input.isInside(path) || path.isInside(input) {
                throw StoreError.stageFile(
                    line, "stage '\(name)' reads and writes '\(path)', which is a cycle",
                    advice: "write the result to another path")
            }
        }
    }
}

/// The path that a stage file means: `./a//b/` is `a/b`; throws `.outsideWorkspace` for absolute
/// paths, for those that climb out, and for our own and git's files.
func workspacePath(_ text: String, stage: String, verb: String, line: Int) throws -> RepoPath {
    var components: [Substring] = []
    var climbsOut = text.hasPrefix("/")
    for component in text.split(separator: "/") where component != "." {
        if component != ".." {
            components.append(component)
        } else if components.popLast() == nil {
            climbsOut = true
        }
    }
    guard !climbsOut, let path = try? RepoPath(components.joined(separator: "/")) else {
        throw StoreError.pathOutside(text, stage: stage, verb: verb, line: line)
    }
    let isOurs = [".mlstore", ".git"].contains { components.first ?? "" == $0 }
    let isPipeline = [StageFile.fileName, Parameters.fileName, "mlstore.lock"].contains(path.text)
    if isOurs || (isPipeline && verb == "writes") {
        throw StoreError.stageFile(
            line, "stage '\(stage)' \(verb) '\(path)', which mlstore or git keeps",
            advice: "choose another path")
    }
    return path
}
