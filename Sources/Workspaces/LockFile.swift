package import Bytes
package import Vocabulary

/// `mlstore.lock`: what each stage of the pipeline read and wrote when it last ran.
///
/// Written by the pipeline runner, committed to git, and read by everything that needs to know
/// which paths are outputs. Equal contents have equal text: stages and paths are sorted.
package struct LockFile: Hashable, Sendable {
    /// Where it is, relative to the workspace.
    package static let name = "mlstore.lock"
    /// The longest lock file that is read.
    package static let maximumBytes = 64 << 20

    /// One file or folder that a stage wrote.
    package struct Output: Hashable, Sendable {
        /// What it is for.
        package enum Role: String, Hashable, Sendable {
            /// Data or a model.
            case artifact
            /// A small document of numbers.
            case metric
        }

        /// The content.
        package var content: ContentID
        /// Bytes of the file, or of all files of the folder together.
        package var sizeBytes: Int
        /// Whether the content is in the store, so that checkout and push care for it.
        package var isCached: Bool
        /// What it is for.
        package var role: Role
        /// Whether a file may be executed.
        package var isExecutable: Bool
        /// Whether a push sends the content.
        package var isPushed = true

        /// An output.
        package init(
            content: ContentID, sizeBytes: Int, isCached: Bool = true, role: Role = .artifact,
            isExecutable: Bool = false
        ) {
            self.content = content
            self.sizeBytes = sizeBytes
            self.isCached = isCached
            self.role = role
            self.isExecutable = isExecutable
        }
    }

    /// What ran.
    package enum Action: Hashable, Sendable {
        /// A command line of the user's.
        case command(String)
        /// A built-in step with everything that was asked of it.
        case step(JSONValue)
    }

    /// One stage as it last ran.
    package struct Stage: Hashable, Sendable {
        /// The hash of everything that could influence it.
        package var recipe: RecipeKey
        /// The record of the run.
        package var run: RunID
        /// What ran.
        package var action: Action
        /// What it read.
        package var dependencies: [RepoPath: ContentID]
        /// The parameters it depends on, by dotted name.
        package var parameters: [String: JSONValue]
        /// What it wrote.
        package var outputs: [RepoPath: Output]
        /// The folder that a command ran in; nil for the top of the workspace.
        package var directory: RepoPath?

        /// A stage.
        package init(
            recipe: RecipeKey, run: RunID, action: Action,
            dependencies: [RepoPath: ContentID] = [:], parameters: [String: JSONValue] = [:],
            outputs: [RepoPath: Output] = [:], directory: RepoPath? = nil
        ) {
            self.recipe = recipe
            self.run = run
            self.action = action
            self.dependencies = dependencies
            self.parameters = parameters
            self.outputs = outputs
            self.directory = directory
        }
    }

    /// The stages by name.
    package var stages: [String: Stage]

    /// A lock file.
    package init(stages: [String: Stage] = [:]) { self.stages = stages }

    /// Every output with the stage that wrote it, in path order.
    package var outputs: [(path: RepoPath, stage: String, output: Output)] {
        stages.flatMap { name, stage in stage.outputs.map { ($0.key, name, $0.value) } }
            .sorted { $0.0 < $1.0 }
    }

    /// The text of the file.
    package var text: String {
        let body = stages.keys.sorted().compactMap { name in
            stages[name].map { (name, LockFile.block(of: $0)) }
        }
        let stagesText: YAMLText = body.isEmpty ? .flow([]) : .block(body)
        let document = YAMLText.block([("version", .literal("1")), ("stages", stagesText)])
        return "# kept by mlstore repro; commit it\n" + document.document
    }

    private static func block(of stage: Stage) -> YAMLText {
        var pairs: [(String, YAMLText)] = [
            ("recipe", .literal(stage.recipe.description)),
            ("run", .literal(stage.run.description)),
        ]
        switch stage.action {
        case .command(let line): pairs.append(("cmd", .text(line)))
        case .step(let value):
            pairs.append(("step", .text(String(decoding: value.canonical, as: UTF8.self))))
        }
        if let directory = stage.directory { pairs.append(("wdir", .text(key(directory)))) }
        let dependencies = stage.dependencies.sorted { $0.key < $1.key }.map { path, content in
            (LockFile.key(path), YAMLText.literal(content.description))
        }
        if !dependencies.isEmpty { pairs.append(("deps", .block(dependencies))) }
        let parameters = stage.parameters.sorted { $0.key < $1.key }
        if !parameters.isEmpty {
            pairs.append(("params", .block(parameters.map { ($0.key, YAMLText($0.value)) })))
        }
        let outputs = stage.outputs.sorted { $0.key < $1.key }
        if !outputs.isEmpty {
            pairs.append(
                ("outs", .block(outputs.map { (LockFile.key($0.key), flow(of: $0.value)) })))
        }
        return .block(pairs)
    }

    /// The path as a key. All paths come from a stage file, which is text.
    private static func key(_ path: RepoPath) -> String { path.text ?? path.description }

    private static func flow(of output: Output) -> YAMLText {
        var pairs: [(String, YAMLText)] = [
            ("id", .literal(output.content.description)),
            ("size", .literal(String(output.sizeBytes))),
            ("cached", .literal(output.isCached ? "true" : "false")),
        ]
        if output.role == .metric { pairs.append(("kind", .literal(output.role.rawValue))) }
        if !output.isPushed { pairs.append(("push", .literal("false"))) }
        if output.isExecutable { pairs.append(("executable", .literal("true"))) }
        return .flow(pairs)
    }
}
