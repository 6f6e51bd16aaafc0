import Bytes
import Objects
import Platform
package import Vocabulary
package import Workspaces

/// A stage that is to be written into the stage file: what `stage add` is told.
package struct StageDeclaration: Sendable {
    /// An output and how it is treated.
    package struct Output: Sendable {
        /// The path, as the stage file writes it.
        package let path: String
        /// How it is treated.
        package let flags: OutputFlags

        /// An output.
        package init(_ path: String, _ flags: OutputFlags = OutputFlags()) {
            self.path = path
            self.flags = flags
        }
    }

    /// The name.
    package var name: String
    /// The line for the shell.
    package var command: String
    /// What it runs once for each item of, and where an item's output goes, as the stage file writes
    /// them; nil for a stage that runs once.
    package var map: (over: String, out: String)?
    /// What it reads.
    package var dependencies: [String] = []
    /// What it writes.
    package var outputs: [Output] = []
    /// What it writes for people to look at.
    package var plots: [Output] = []
    /// Its files of measurements.
    package var metrics: [Output] = []
    /// Keys of parameters, each `key` or `file:key,key`.
    package var parameters: [String] = []
    /// Names of environment variables.
    package var environment: [String] = []
    /// The folder that it runs in.
    package var directory: String?
    /// The seed.
    package var seed: Int64?
    /// How often it is tried again.
    package var retries: Int?
    /// How long it may take, as the stage file writes it.
    package var timeout: String?
    /// Whether it runs every time.
    package var isAlwaysRun = false
    /// What it is for.
    package var description: String?

    /// A stage that does nothing but run a command.
    package init(name: String, command: String) {
        self.name = name
        self.command = command
    }

    /// The value below its name.
    var text: YAMLText {
        var pairs: [(String, YAMLText)] = []
        func add(_ key: String, _ value: YAMLText?) {
            if let value { pairs.append((key, value)) }
        }
        func list(_ texts: [String]) -> YAMLText? {
            texts.isEmpty ? nil : .list(texts.map { .text($0) })
        }
        func list(_ outputs: [Output]) -> YAMLText? {
            outputs.isEmpty ? nil : .list(outputs.map(\.text))
        }
        add("desc", description.map { .text($0) })
        add("map", map.map { .flow([("over", .text($0.over)), ("out", .text($0.out))]) })
        add("cmd", .text(command))
        add("wdir", directory.map { .text($0) })
        add("deps", list(dependencies))
        add("params", parameters.isEmpty ? nil : .list(parameterTexts))
        add("outs", list(outputs))
        add("plots", list(plots))
        add("metrics", list(metrics))
        add("env", list(environment))
        add("seed", seed.map { .literal(String($0)) })
        add("always", isAlwaysRun ? .literal("true") : nil)
        add("retries", retries.map { .literal(String($0)) })
        add("timeout", timeout.map { .text($0) })
        return .block(pairs)
    }

    private var parameterTexts: [YAMLText] {
        parameters.flatMap { text -> [YAMLText] in
            let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            let keys = (parts.last ?? "").split(separator: ",").map { YAMLText.text(String($0)) }
            guard parts.count > 1 else { return keys }
            let file = String(parts[0])
            return [.block([(file, keys.isEmpty ? .literal("null") : .list(keys))])]
        }
    }
}

extension StageDeclaration.Output {
    fileprivate var text: YAMLText {
        var pairs: [(String, YAMLText)] = []
        if !flags.isCached { pairs.append(("cache", .literal("false"))) }
        if flags.isPersistent { pairs.append(("persist", .literal("true"))) }
        if !flags.isPushed { pairs.append(("push", .literal("false"))) }
        return pairs.isEmpty ? .text(path) : .flow([("path", .text(path))] + pairs)
    }
}

/// Writes a stage into `mlstore.yaml`, which is made where there is none; all that stands there
/// stays as it is. `undo` takes it back.
///
/// Throws `.alreadyExists` for a name that is taken, unless `replacing`, and whatever makes the
/// stage or the graph invalid: then nothing is written.
package func addStage(
    _ declaration: StageDeclaration, replacing: Bool = false, in workspace: Workspace
) throws {
    try workspace.withLock("stage add") {
        let place = try Workplace(workspace)
        let path = try RepoPath(StageFile.fileName)
        let bytes = try place.source(path) ?? []
        let text = try StageFileText(bytes, file: StageFile.fileName)
        guard replacing || !text.names.contains(declaration.name) else {
            throw StoreError(
                .alreadyExists, "there is a stage '\(declaration.name)' already",
                subject: declaration.name,
                advice: "choose another name, or replace it with --force",
                safety: "nothing was changed")
        }
        let changed = try text.setting(declaration.name, to: declaration.text)
        _ = try StageGraph(try place.stageFile { $0 == path ? changed : nil })
        var operation = Operation(command: "stage add \(declaration.name)")
        operation.edits = [FileEdit(path: path, after: changed)]
        try operation.run(in: place)
    }
}

/// Takes the stage or the group of that name out of the stage file that declares it, and what
/// `mlstore.lock` and `.gitignore` have of it; returns what it wrote, which stays on disk. `undo`
/// takes it back.
///
/// Throws `.notFound` for a name that is none of a stage, and `.badUsage` for a member of a group.
package func removeStage(named name: String, in workspace: Workspace) throws -> [RepoPath] {
    try workspace.withLock("stage remove") {
        let place = try Workplace(workspace)
        let stages = try place.stageFile().stages(named: name)
        if let group = stages.first(where: { $0.name == name })?.group {
            throw StoreError(
                .badUsage, "'\(name)' is a member of the group '\(group)'", subject: name,
                advice:
                    "take its value out of the group in \(stages[0].place), or remove '\(group)'",
                safety: "nothing was changed")
        }
        let path = try RepoPath(stages[0].place.file)
        let text = try StageFileText(try place.source(path) ?? [], file: path.description)
        let own = name.split(separator: "/").last.map(String.init) ?? name
        let changed = try text.removing(own)
        var lock = try workspace.lockFile()
        for stage in stages { lock.stages[stage.name] = nil }
        var operation = Operation(command: "stage remove \(name)")
        operation.edits = [
            FileEdit(path: path, after: changed),
            FileEdit(path: try RepoPath(LockFile.name), after: Array(lock.text.utf8)),
        ]
        if try place.source(RepoPath(LockFile.name)) == nil { operation.edits.removeLast() }
        operation.edits += try workspace.gitIgnoreEdits(removing: stages.flatMap(\.outputs))
        try operation.dropIdleEdits(in: workspace)
        try operation.run(in: place)
        return stages.flatMap(\.products)
    }
}

extension Operation {
    fileprivate func run(in place: Workplace) throws {
        let session = try place.store.beginSession()
        defer { session.abandon() }  // does nothing after a commit
        _ = try commit(session, in: place.workspace)
        try writeFiles(in: place.workspace)
    }
}
