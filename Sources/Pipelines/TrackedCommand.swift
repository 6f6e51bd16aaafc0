import Bytes
import Platform
package import Vocabulary
package import Workspaces

/// A command that is run once and recorded like a stage, though no stage file declares it.
package struct TrackedCommand: Sendable {
    /// The name that its record, its entry of the lock and `runs` have.
    package var name: String
    /// The line for the shell.
    package var line: String
    /// What it reads.
    package var dependencies: [RepoPath] = []
    /// What it writes and git does not keep.
    package var outputs: [RepoPath] = []
    /// The files of measurements that it writes for git to keep.
    package var metrics: [RepoPath] = []
    /// The keys of `params.yaml` that it reads by itself.
    package var parameters: [String] = []
    /// The environment variables that it depends on.
    package var environment: [String] = []
    /// What it is given as `MLSTORE_SEED`; 0 when nil.
    package var seed: Int64?
    /// The threads that it is told to use.
    package var threads = Environment.processorCount

    /// A command that reads and writes nothing that is known of.
    package init(name: String, line: String) {
        self.name = name
        self.line = line
    }

    /// What errors give as the place of the declaration.
    private static let source = "the command line"

    /// The same as a stage file would declare it. Its texts hold no placeholders: what looks like
    /// one is the shell's.
    fileprivate func stage(_ files: ParameterFiles) throws -> Stage {
        func node(_ content: YAMLNode.Content) -> YAMLNode { YAMLNode(content, line: 1, column: 1) }
        func text(_ text: String) -> YAMLNode { node(.scalar(text, isPlain: false)) }
        var entries: [(key: YAMLNode, value: YAMLNode)] = [(text("cmd"), text(line))]
        let lists = [
            ("deps", dependencies.map(\.description)), ("outs", outputs.map(\.description)),
            ("metrics", metrics.map(\.description)), ("params", self.parameters),
            ("env", environment),
        ]
        for (key, values) in lists where !values.isEmpty {
            entries.append((text(key), node(.sequence(values.map(text)))))
        }
        if let seed { entries.append((text("seed"), node(.scalar(String(seed), isPlain: true)))) }
        return try Stage(
            StageTemplate(
                name: name, group: nil, line: 1, node: node(.mapping(entries)),
                source: StageSource(path: try RepoPath(TrackedCommand.source))), files)
    }
}

/// Runs a command, always, and records it as `repro` records a stage: its inputs, outputs, metrics
/// and environment, a run in the graph of runs, an entry of the lock. What it wrote is stored, and
/// tracked like what a stage wrote.
///
/// Throws as `repro` does: a command that fails leaves its former outputs and the lock as they
/// were. Throws `.badUsage` for a name that cannot be one, that a stage has, or that an
/// earlier command has that wrote something else.
package func run(
    _ command: TrackedCommand, in workspace: Workspace,
    progress: @escaping @Sendable (ReproEvent) -> Void = { _ in }
) throws -> ReproReport {
    let place = try Workplace(workspace)
    let held = try place.lockPipeline()
    defer { held.unlock() }
    let declared = try StageFile(reading: place.source)
    try checkName(of: command, declared, in: place)
    let file = StageFile(
        stages: declared.stages + [try command.stage(ParameterFiles(place.source))],
        groups: declared.groups, parameters: declared.parameters)
    var options = ReproOptions()
    options.stages = [command.name]
    options.single = true
    options.force = true
    options.forceReason = .trackedCommand
    options.threads = command.threads
    let reproduction = try Reproduction(options, of: file, in: place, progress: progress)
    do {
        try reproduction.run(holding: held)
    } catch let error as StoreError where error.advice == CommandRun.advice {
        throw StoreError(
            error.kind, error.message, subject: error.subject,
            advice: "mend the cause and run it again",
            safety: "its former outputs and mlstore.lock are as they were", cause: error.cause)
    }
    return reproduction.report
}

private func checkName(
    of command: TrackedCommand, _ declared: StageFile, in place: Workplace
) throws {
    let shown = printable(Array(command.name.utf8))
    guard StageName.isDeclarable(command.name) else {
        throw StoreError(
            .badUsage, "'\(shown)' cannot name a run", subject: shown,
            advice: "use up to 100 letters, digits, '_', '-' and '.'", safety: "nothing was run")
    }
    guard !declared.groups.contains(command.name),
        !declared.stages.contains(where: { $0.name == command.name })
    else {
        throw StoreError(
            .badUsage, "'\(shown)' is a stage of '\(StageFile.fileName)'", subject: shown,
            advice: "run 'mlstore repro \(shown)', or choose another --name",
            safety: "nothing was run")
    }
    guard let former = try place.workspace.lockFile().stages[command.name],
        Set(former.outputs.keys) != Set(command.outputs + command.metrics)
    else { return }
    throw StoreError(
        .badUsage,
        "an earlier run '\(shown)' wrote other outputs, which would not be tracked any more",
        subject: shown, advice: "choose another --name", safety: "nothing was run")
}
