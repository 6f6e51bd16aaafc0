import Platform
import TestSupport
import Vocabulary
import Workspaces

/// A workspace in a temporary folder.
struct WorkspaceFolder {
    let folder: TemporaryFolder
    let workspace: Workspace

    /// A new workspace; `git`: inside of a new git repository.
    init(git: Bool = false) throws {
        folder = try TemporaryFolder()
        if git { try folder.run("git", "init", "-q") }
        workspace = try Workspace.create(at: folder.path, on: WorkspaceFolder.machine()).workspace
    }

    static func machine() -> Machine {
        Machine(
            disk: LocalDisk(), clock: .stepping(), entropy: .system, threads: 2, bootID: nil,
            environment: ["USER": "ada"])
    }

    func path(_ text: String) throws -> RepoPath { try RepoPath(text) }

    /// Writes a file and adds `tracked` (the file itself when not said).
    func add(_ text: String, to name: String, tracked: String? = nil) throws {
        try folder.write(text, to: name)
        _ = try Workspaces.add([path(tracked ?? name)], in: workspace)
    }

    /// The kind of the error that `body` throws; nil when it throws none.
    func failure(_ body: () throws -> Void) -> StoreError.Kind? {
        do {
            try body()
            return nil
        } catch { return (error as? StoreError)?.kind }
    }
}
