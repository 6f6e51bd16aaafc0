import Bytes
package import Platform
package import Vocabulary

extension LockFile {
    /// Reads the text again, strictly; errors are as those of `Pointer.init(parsing:file:)`.
    package init(parsing bytes: [UInt8], file: String = LockFile.name) throws {
        let fields = try YAMLFields.document(bytes, file: file, advice: LockFile.advice(file))
        try fields.checkVersion()
        try fields.checkKeys(["version", "stages"])
        var stages: [String: Stage] = [:]
        for (key, value) in try fields.required("stages").mapping ?? [] {
            stages[key.text ?? ""] = try LockFile.stage(value, in: fields)
        }
        self.init(stages: stages)
    }

    /// The lock file of the folder `root`; an empty one when there is none.
    package static func load(from root: DiskPath, on disk: any Disk) throws -> LockFile {
        let path = root / LockFile.name
        guard try disk.status(of: path, followingLinks: true) != nil else { return LockFile() }
        return try LockFile(parsing: try disk.readFile(path, maximumBytes: maximumBytes))
    }

    private static func stage(_ node: YAMLNode, in file: YAMLFields) throws -> Stage {
        let fields = try YAMLFields(node, file: file.file, advice: file.advice)
        try fields.checkKeys(["recipe", "run", "cmd", "step", "wdir", "deps", "params", "outs"])
        guard let recipe = RecipeKey(text: try fields.text("recipe")),
            let run = RunID(text: try fields.text("run"))
        else {
            throw fields.malformed(node, "'recipe' and 'run' must be 'sha256:' and 64 digits")
        }
        var stage = Stage(recipe: recipe, run: run, action: try action(fields))
        if let node = fields.optional("wdir") {
            do throws(DecodeError) {
                stage.directory = try RepoPath(node.text ?? "")
            } catch {
                throw fields.malformed(node, "'wdir' names no path: \(error.reason)")
            }
        }
        for (path, value) in try entries("deps", in: fields) {
            guard let content = ContentID(text: value.text ?? "") else {
                throw fields.malformed(value, "an id is expected here")
            }
            stage.dependencies[path] = content
        }
        for (key, value) in fields.optional("params")?.mapping ?? [] {
            stage.parameters[key.text ?? ""] = value.jsonValue
        }
        for (path, value) in try entries("outs", in: fields) {
            stage.outputs[path] = try output(value, in: fields)
        }
        return stage
    }

    private static func action(_ fields: YAMLFields) throws -> Action {
        if fields.optional("cmd") != nil { return .command(try fields.text("cmd")) }
        let text = try fields.text("step")
        do throws(DecodeError) {
            return .step(try JSONValue(parsing: Array(text.utf8)))
        } catch {
            throw fields.malformed(try fields.required("step"), "'step' is not JSON: \(error)")
        }
    }

    private static func entries(
        _ key: String, in fields: YAMLFields
    ) throws -> [(RepoPath, YAMLNode)] {
        guard let node = fields.optional(key) else { return [] }
        guard let pairs = node.mapping else {
            throw fields.malformed(node, "'\(key)' must map paths to contents")
        }
        return try pairs.map { name, value in
            do throws(DecodeError) {
                return (try RepoPath(name.text ?? ""), value)
            } catch {
                throw fields.malformed(name, "'\(key)' names no path: \(error.reason)")
            }
        }
    }

    private static func output(_ node: YAMLNode, in file: YAMLFields) throws -> Output {
        let fields = try YAMLFields(node, file: file.file, advice: file.advice)
        try fields.checkKeys(["id", "size", "cached", "kind", "push", "executable"])
        guard let content = ContentID(text: try fields.text("id")) else {
            throw fields.malformed(node, "'id' must be an id")
        }
        let role = try fields.optional("kind").map { kind in
            guard let role = Output.Role(rawValue: kind.text ?? "") else {
                throw fields.malformed(kind, "'kind' must be artifact or metric")
            }
            return role
        }
        var output = Output(
            content: content, sizeBytes: try fields.count("size"),
            isCached: try fields.flag("cached"), role: role ?? .artifact,
            isExecutable: try fields.flag("executable"))
        if fields.optional("push") != nil { output.isPushed = try fields.flag("push") }
        return output
    }

    private static func advice(_ file: String) -> String {
        "'\(file)' is written by mlstore: take it back with 'git checkout -- \(file)', or run "
            + "'mlstore repro'"
    }
}
