import Bytes
import GitHistory
import Objects
import Platform
import TestSupport
import Testing
import Vocabulary
import Workspaces

/// A workspace in a temporary folder, in git where a test asks for it.
final class WorkspaceFixture {
    let folder: TemporaryFolder
    let workspace: Workspace

    init(git: Bool = false) throws {
        folder = try TemporaryFolder()
        if git { try folder.run("git", "init", "-q", "-b", "main") }
        workspace = try Workspace.create(at: folder.path, on: WorkspaceFixture.machine()).workspace
    }

    static func machine(bootID: [UInt8]? = [1]) -> Machine {
        Machine(
            disk: LocalDisk(), clock: .system, entropy: .system, threads: 2, bootID: bootID)
    }

    /// The same folder, opened as another process would.
    func reopened(bootID: [UInt8]? = [1]) throws -> Workspace {
        try Workspace.open(from: folder.path, on: WorkspaceFixture.machine(bootID: bootID))
    }

    @discardableResult
    func add(_ paths: String...) throws -> AddReport {
        try Workspaces.add(try paths.map { try RepoPath($0) }, in: workspace)
    }

    func states() throws -> [String: PathStatus.State] {
        let report = try status(in: try reopened())
        return Dictionary(
            uniqueKeysWithValues: report.paths.map { ($0.tracked.path.description, $0.state) })
    }

    func error(_ body: () throws -> Void) throws -> StoreError {
        try #require(throws: StoreError.self) { try body() }
    }
}
