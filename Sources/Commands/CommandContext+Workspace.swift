import Pipelines
import Platform
import Vocabulary
import Workspaces

extension CommandContext {
    /// What the workspace needs of the machine.
    func machine() throws -> Machine {
        var machine = try Machine.local()
        machine.clock = clock
        machine.entropy = entropy
        return machine
    }

    /// The workspace around the directory that the command runs in. It works with as many threads
    /// as `MLSTORE_THREADS` says, else `core.threads` of its settings, else one a processor.
    func workspace() throws -> Workspace {
        var machine = try machine()
        let folder = try Environment.realPath(directory)
        if let asked = Environment.variable("MLSTORE_THREADS") {
            guard let threads = Int(asked), threads > 0 else {
                throw StoreError(
                    .badUsage,
                    "MLSTORE_THREADS is '\(printable(Array(asked.utf8)))', which is no "
                        + "number of threads", subject: "MLSTORE_THREADS",
                    advice: "set it to 1 or more, or unset it", safety: "nothing was done")
            }
            machine.threads = threads
            return try Workspace.open(from: folder, on: machine)
        }
        let found = try Workspace.open(from: folder, on: machine)
        // Settings that cannot be read are told by the commands that depend on them.
        guard let threads = (try? found.config())?.integer("core.threads"), threads > 0 else {
            return found
        }
        machine.threads = threads
        return try Workspace.open(from: folder, on: machine)
    }

    /// The workspace paths that arguments mean; nil for all of it: no arguments, or its top.
    func paths(_ arguments: [String], in workspace: Workspace) throws -> [RepoPath]? {
        guard !arguments.isEmpty else { return nil }
        return try workspace.paths(
            of: arguments.map { Array($0.utf8) }, from: try Environment.realPath(directory))
    }
}

extension CommandContext {
    /// The states of all stages; none without a stage file.
    func staleStages(in workspace: Workspace) throws -> [StageState] {
        let file = workspace.root / StageFile.fileName
        guard try workspace.disk.status(of: file, followingLinks: true) != nil else { return [] }
        return try stageStates(in: workspace)
    }
}
