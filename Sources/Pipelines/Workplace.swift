import Bytes
package import GitHistory
package import Objects
package import Platform
package import Vocabulary
import Workspaces

/// Where a pipeline runs: the top of a workspace, its store, and what tests decide.
package struct Workplace: Sendable {
    /// The top of the workspace.
    package let root: DiskPath
    /// The disk that it is on.
    package let disk: any Disk
    /// Its store.
    package let store: ObjectStore
    /// The clock for the times that people see.
    package let clock: WallClock
    /// Random bytes for names that must be new.
    package let entropy: Entropy
    /// The git repository around it, if any.
    package let git: GitRepository?

    /// A place made of its parts.
    package init(
        root: DiskPath, disk: any Disk, store: ObjectStore, clock: WallClock, entropy: Entropy,
        git: GitRepository?
    ) {
        self.root = root
        self.disk = disk
        self.store = store
        self.clock = clock
        self.entropy = entropy
        self.git = git
    }

    /// The longest stage file or parameter file that is read.
    private static let maximumSourceBytes = 16 << 20

    /// Where unfinished work stands; nothing in it is needed once no `repro` runs.
    var temporary: DiskPath { root / ".mlstore" / "tmp" }

    var contents: PathContents { PathContents(disk: disk) }

    /// The stage file and its parameters. Throws `.notFound` without a stage file.
    package func stageFile() throws -> StageFile {
        guard let bytes = try source(StageFile.fileName) else {
            throw StoreError(
                .notFound, "there is no '\(StageFile.fileName)' in '\(root)'",
                subject: StageFile.fileName,
                advice: "declare stages there; 'mlstore repro --help' shows an example",
                safety: "nothing was run")
        }
        return try StageFile(parsing: bytes, parameters: try source(Parameters.fileName))
    }

    /// The parameters; none without a file.
    package func parameters() throws -> Parameters {
        try source(Parameters.fileName).map { try Parameters(parsing: $0) }
            ?? Parameters(.object([:]))
    }

    func source(_ name: String) throws -> [UInt8]? {
        let path = root / name
        guard try disk.status(of: path, followingLinks: true) != nil else { return nil }
        return try disk.readFile(path, maximumBytes: Workplace.maximumSourceBytes)
    }

    /// The pointer that stands for `path`, if there is one.
    func pointer(for path: RepoPath) throws -> Pointer? {
        let file = path.addingSuffix(Pointer.suffix)
        guard try disk.status(of: root / file, followingLinks: true)?.kind == .file else {
            return nil
        }
        return try Pointer(
            parsing: try disk.readFile(root / file, maximumBytes: Pointer.maximumBytes),
            file: file.description)
    }

    /// Keeps other `repro`s away from this workspace, and removes what dead ones left half made.
    /// (Outputs that they set aside are no litter: see `OutputShelter`.)
    func lockPipeline() throws -> any DiskLock {
        try disk.makeDirectories(temporary)
        let path = temporary / "repro.lock"
        guard let held = try disk.lock(path, .exclusive, wait: .never) else {
            throw StoreError(
                .locked, "another 'mlstore repro' is at work in '\(root)'",
                subject: root.description, advice: "wait for it to end, then try again",
                safety: "nothing was run")
        }
        for entry in try disk.entries(of: temporary) where Workplace.isScratch(entry.name) {
            try disk.removeTree(temporary.appending(entry.name))
        }
        return held
    }

    private static let scratchPrefixes = ["fetch-", "lock-", "restore-", "step-", "verify-"]

    private static func isScratch(_ name: [UInt8]) -> Bool {
        scratchPrefixes.contains { name.starts(with: Array($0.utf8)) }
    }

    /// A new empty directory for unfinished work; `purpose` is one of the prefixes above.
    func makeScratch(_ purpose: String) throws -> DiskPath {
        let place = temporary / "\(purpose)-\(nonce())"
        try disk.makeDirectories(place)
        return place
    }

    func nonce() -> String {
        Digest(bytes: entropy.bytes(32)).map { String($0.hex.prefix(16)) } ?? "0"
    }

    /// What is known of the repository; `recorded` are paths that runs and locks record by id.
    func gitState(recorded: Set<RepoPath>) throws -> GitState {
        guard let git else { return .none }
        let inside = RelativeRoot(of: root, in: git.workDirectory)
        let patch = try git.dirtyPatchID { path in
            guard let local = inside.local(path) else { return false }
            return recorded.contains(local) || local.text == LockFile.name
                || local.removingSuffix(Pointer.suffix) != nil
                || local.lastComponent == Array(".gitignore".utf8)
        }
        return GitState(commit: try git.head()?.hex, dirtyPatch: patch?.hex)
    }
}

/// A workspace's place inside a git work tree, for turning git's paths into the workspace's.
struct RelativeRoot {
    private let prefix: [UInt8]?

    init(of root: DiskPath, in workDirectory: DiskPath) {
        if root == workDirectory {
            prefix = []
        } else if root.bytes.starts(with: workDirectory.bytes + [0x2f]) {
            prefix = Array(root.bytes[(workDirectory.bytes.count + 1)...]) + [0x2f]
        } else {
            prefix = nil
        }
    }

    /// The path as seen from the workspace; nil for one outside it.
    func local(_ path: RepoPath) -> RepoPath? {
        guard let prefix, path.bytes.starts(with: prefix) else { return nil }
        return try? RepoPath(validating: Array(path.bytes[prefix.count...]))
    }

    /// The path as git sees it; nil when the workspace is not in the work tree.
    func outer(_ path: RepoPath) -> RepoPath? {
        prefix.flatMap { try? RepoPath(validating: $0 + path.bytes) }
    }
}
