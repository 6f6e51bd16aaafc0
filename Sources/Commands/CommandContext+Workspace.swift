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

    /// The workspace around the directory that the command runs in.
    func workspace() throws -> Workspace {
        try Workspace.open(from: try Environment.realPath(directory), on: try machine())
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
