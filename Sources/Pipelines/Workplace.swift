import Bytes
import GitHistory
import Objects
import Platform
import Vocabulary
import Workspaces

/// Where a pipeline runs: a workspace with what runs need of it.
struct Workplace {
    let workspace: Workspace
    let store: ObjectStore

    init(_ workspace: Workspace) throws {
        self.workspace = workspace
        store = try workspace.store()
    }

    var root: DiskPath { workspace.root }
    var disk: any Disk { workspace.disk }
    var clock: WallClock { workspace.machine.clock }
    var git: GitRepository? { workspace.git }

    /// The longest stage file or parameter file that is read.
    private static let maximumSourceBytes = 16 << 20

    /// Where unfinished work stands.
    var temporary: DiskPath { workspace.pipelineScratch }

    /// Contents that stand outside of the work tree, or that are written.
    var contents: PathContents { PathContents(disk: disk) }

    /// The same for what will stand, or stood, at `path`: what `.mlstoreignore` leaves out there
    /// is left out.
    func contents(as path: RepoPath) throws -> PathContents {
        var rules = IgnoreRules()
        for folder in [nil] + path.parents.reversed().map({ $0 as RepoPath? }) {
            let file = (folder.map { root / $0 } ?? root) / PathContents.ignoreFileName
            guard try disk.status(of: file, followingLinks: true)?.kind == .file else { continue }
            rules.append(try disk.readFile(file, maximumBytes: 1 << 20), in: folder)
        }
        return PathContents(disk: disk, path: path, rules: rules)
    }

    /// What stands at `path` of the work tree; nil for nothing. A link there is followed.
    func content(at path: RepoPath, _ scanner: ContentScanner) throws -> ContentID? {
        if try isLink(path) { return try contents(as: path).id(at: root / path) }
        return try scanner.state(of: path).content
    }

    /// Puts what stands at `path` of the work tree into the session; nil for nothing.
    func keep(
        _ path: RepoPath, replacing prior: ContentID?, in session: StoreSession,
        _ scanner: ContentScanner
    ) throws -> PathContents.Kept? {
        guard try disk.status(of: root / path, followingLinks: true) != nil else { return nil }
        if try isLink(path) {
            return try contents(as: path).keep(root / path, replacing: prior, in: session)
        }
        let saved = try scanner.save(path, replacing: prior, in: session)
        return PathContents.Kept(
            content: saved.content, sizeBytes: saved.state.sizeBytes,
            isExecutable: saved.state.files == nil && saved.state.isExecutable)
    }

    private func isLink(_ path: RepoPath) throws -> Bool {
        try disk.status(of: root / path, followingLinks: false)?.kind == .symlink
    }

    /// Runs `body` while no other command changes the workspace; waits as long as it takes, since
    /// the work of a whole run would be lost otherwise.
    func withLock<Value>(_ body: () throws -> Value) throws -> Value {
        while true {
            let held: any DiskLock
            do {
                held = try workspace.lock("repro")
            } catch let error as StoreError where error.kind == .locked {
                try SignalWatch.check()
                continue
            }
            defer { held.unlock() }
            return try body()
        }
    }

    /// The stage file and its parameters. Throws `.notFound` without a stage file. `instead` gives
    /// what a file would hold after a change, nil for one that stays as it is.
    func stageFile(
        instead: @escaping (RepoPath) -> [UInt8]? = { _ in nil }
    ) throws -> StageFile {
        let path = try RepoPath(StageFile.fileName)
        func read(_ file: RepoPath) throws -> [UInt8]? { try instead(file) ?? source(file) }
        guard try read(path) != nil else {
            throw StoreError(
                .notFound, "there is no '\(StageFile.fileName)' in '\(root)'",
                subject: StageFile.fileName,
                advice: "declare stages there; 'mlstore repro --help' shows an example",
                safety: "nothing was run")
        }
        return try StageFile(reading: read, listing: names)
    }

    /// The names in a folder of the work tree (nil: its top); none where there is no such folder.
    private func names(in folder: RepoPath?) throws -> [DependencySearch.Entry] {
        let place = folder.map { root / $0 } ?? root
        guard try disk.status(of: place, followingLinks: false)?.kind == .directory else {
            return []
        }
        return try disk.entriesWithStatus(of: place).map {
            DependencySearch.Entry(name: $0.name, isFolder: $0.status.kind == .directory)
        }
    }

    /// How much there is of the resources that stages may need, by the settings.
    func slots() throws -> [String: Int] {
        let config = try workspace.config()
        var slots: [String: Int] = [:]
        for key in config.values.keys where key.hasPrefix(Workplace.slotsPrefix) {
            slots[String(key.dropFirst(Workplace.slotsPrefix.count))] = config.integer(key)
        }
        return slots
    }

    private static let slotsPrefix = "slots."

    /// The bytes of a file that people write; nil where there is none.
    func source(_ file: RepoPath) throws -> [UInt8]? {
        let path = root / file
        guard try disk.status(of: path, followingLinks: true) != nil else { return nil }
        return try disk.readFile(path, maximumBytes: Workplace.maximumSourceBytes)
    }

    /// Keeps other `repro`s away from this workspace, and removes what dead ones left half made.
    /// (Outputs that they set aside are no litter: see `OutputShelter`.)
    func lockPipeline() throws -> any DiskLock {
        try disk.makeDirectories(temporary)
        guard let held = try disk.lock(workspace.pipelineLock, .exclusive, wait: .never) else {
            throw StoreError(
                .locked, "another 'mlstore repro' is at work in '\(root)'",
                subject: root.description,
                advice: "wait for it to end, then try again; of one that was killed, the stage's "
                    + "command may still run",
                safety: "nothing was run")
        }
        for entry in try disk.entries(of: temporary) where Workplace.isScratch(entry.name) {
            try disk.removeTree(temporary.appending(entry.name))
        }
        return held
    }

    private static let scratchPrefixes = [
        "fetch-", "lock-", "restore-", "step-", "trace-", "verify-",
    ]

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
        Digest(bytes: workspace.machine.entropy.bytes(32)).map { String($0.hex.prefix(16)) } ?? "0"
    }

    /// What is known of the repository; `recorded` are paths that runs and locks record by id.
    func gitState(recorded: Set<RepoPath>) throws -> GitState {
        guard let git else { return .none }
        let patch = try git.dirtyPatchID { outer in
            guard let path = workspace.workspacePath(ofGit: outer) else { return false }
            return recorded.contains(path) || path.text == LockFile.name
                || path.removingSuffix(Pointer.suffix) != nil
                || path.lastComponent == Array(GitIgnoreFile.name.utf8)
        }
        return GitState(commit: try git.head()?.hex, dirtyPatch: patch?.hex)
    }
}
