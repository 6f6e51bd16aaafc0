package import GitHistory
package import Objects
package import Platform
import Synchronization
package import Vocabulary

/// A project's files on disk, with the store in its `.mlstore`.
///
///     .mlstore/config.toml   settings, committed to git; everything else ignores itself
///     .mlstore/store/        the store
///     .mlstore/state/        derived or short-lived: the lock, the stat tables, profiles, lines, sums
///
/// Verbs are functions beside this type: `add`, `status`, `checkout` and so on.
package final class Workspace: Sendable {
    /// The folder that holds `.mlstore`: absolute.
    package let root: DiskPath
    /// What the workspace needs of the machine.
    package let machine: Machine
    /// The git repository around it, if there is one.
    package let git: GitRepository?
    /// Where the workspace is in the repository; nil at its top, or outside of git.
    package let gitPrefix: RepoPath?

    private let opened = Mutex<ObjectStore?>(nil)

    init(root: DiskPath, machine: Machine) throws {
        self.root = root
        self.machine = machine
        git = try GitRepository.discover(from: root, on: machine.disk)
        gitPrefix = try git.flatMap { try Workspace.relative(root, to: $0.workDirectory) }
    }

    /// The disk.
    package var disk: any Disk { machine.disk }

    /// The store, opened on first use: that reads its journal and maps its index.
    package func store() throws -> ObjectStore {
        try opened.withLock { state in
            if let store = state { return store }
            let store = try ObjectStore.open(
                at: layout.store, on: machine.disk, entropy: machine.entropy,
                clock: machine.clock, threads: machine.threads,
                sharing: { [machine, layout] in Workspace.sharing(layout.config, on: machine.disk) }
            )
            state = store
            return store
        }
    }

    /// What the settings say; whoever cannot do without them says what is wrong with them.
    private static func sharing(_ file: DiskPath, on disk: any Disk) -> ContentSharing {
        let name = (try? config(file, on: disk))?.string("cache.type")
        return name.flatMap(ContentSharing.init) ?? .reflink
    }

    /// The settings.
    package func config() throws -> Config { try Workspace.config(layout.config, on: disk) }

    private static func config(_ file: DiskPath, on disk: any Disk) throws -> Config {
        guard try disk.status(of: file, followingLinks: true) != nil else {
            return try Config(parsing: [], file: "config.toml")
        }
        let bytes = try disk.readFile(file, maximumBytes: Config.maximumBytes)
        return try Config(parsing: bytes, file: file.description)
    }

    /// Replaces the settings: durable when this returns.
    package func save(_ config: Config) throws {
        try writeAtomically(
            Array(config.text.utf8), to: layout.config, on: disk, durable: true)
    }

    /// The lock file of the pipeline; an empty one when there is none.
    package func lockFile() throws -> LockFile { try LockFile.load(from: root, on: disk) }

    /// Where a path of the workspace is in the git repository.
    package func gitPath(of path: RepoPath) -> RepoPath { gitPrefix?.appending(path) ?? path }

    /// The workspace path of a path of the git repository; nil for one outside.
    package func workspacePath(ofGit path: RepoPath) -> RepoPath? {
        guard let gitPrefix else { return path }
        return path.relative(to: gitPrefix)
    }

    /// The folder of rows that broke rules when tables were last checked.
    package var failures: DiskPath { layout.state / "failures" }

    var layout: WorkspaceLayout { WorkspaceLayout(root: root) }

    private static func relative(_ folder: DiskPath, to top: DiskPath) throws -> RepoPath? {
        guard folder != top else { return nil }
        return try? RepoPath(validating: Array(folder.bytes.dropFirst(top.bytes.count + 1)))
    }
}

/// Where the parts of a workspace are.
struct WorkspaceLayout: Sendable {
    let root: DiskPath

    /// The name of the folder that makes a folder a workspace.
    static let folderName = ".mlstore"

    var folder: DiskPath { root / WorkspaceLayout.folderName }
    var config: DiskPath { folder / "config.toml" }
    var gitIgnore: DiskPath { folder / ".gitignore" }
    var store: DiskPath { folder / "store" }
    var state: DiskPath { folder / "state" }
    var lock: DiskPath { state / "lock" }
    var statTables: DiskPath { state / "stat" }
    var unfinished: DiskPath { state / "unfinished" }
    var imports: DiskPath { state / "imports" }
    var stamp: DiskPath { state / "stamp" }
}
