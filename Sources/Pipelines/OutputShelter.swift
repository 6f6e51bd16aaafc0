import Bytes
import Platform
import Vocabulary
import Workspaces

/// The previous outputs of a stage, set aside while its command runs.
///
/// They are renamed into a directory below `.mlstore/tmp`, whose manifest says what was where.
/// When the command fails they are put back; after a kill or a power cut the next `repro` does
/// it, told apart by the lock: if the stage's run there is still the one that the manifest knew,
/// the new run did not finish. Removing the manifest ends the shelter.
struct OutputShelter {
    private let directory: DiskPath
    private let root: DiskPath
    private let disk: any Disk
    private let paths: [RepoPath]

    private static let prefix = "shelter-"
    private static let manifestName = "manifest.json"

    /// Where the former content of a path is now; nil if there was none.
    func place(of path: RepoPath) throws -> DiskPath? {
        guard let index = paths.firstIndex(of: path) else { return nil }
        let place = directory / String(index)
        return try disk.status(of: place, followingLinks: false) == nil ? nil : place
    }

    /// Sets the outputs at `paths` aside. On failure everything is where it was.
    init(
        _ paths: [RepoPath], of stage: String, lockedRun: RunID?, root: DiskPath,
        temporary: DiskPath, nonce: String, on disk: any Disk
    ) throws {
        self.paths = paths
        self.root = root
        self.disk = disk
        directory = temporary / (OutputShelter.prefix + nonce)
        try disk.makeDirectories(directory)
        let manifest: JSONValue = [
            "stage": .string(stage), "run": lockedRun.map { .string($0.description) } ?? .null,
            "paths": .array(paths.map { .string($0.text ?? $0.description) }),
        ]
        try writeAtomically(
            manifest.canonical, to: directory / OutputShelter.manifestName, on: disk,
            durable: true)
        try disk.syncDirectory(temporary)
        do {
            try setAside()
        } catch {
            try restore()
            throw error
        }
    }

    private init(
        opening directory: DiskPath, paths: [RepoPath], root: DiskPath, on disk: any Disk
    ) {
        self.directory = directory
        self.paths = paths
        self.root = root
        self.disk = disk
    }

    private func setAside() throws {
        for (index, path) in paths.enumerated() {
            let source = root / path
            if try disk.status(of: source, followingLinks: false) != nil {
                try disk.rename(source, to: directory / String(index))
            }
            try disk.makeDirectories(source.parent)
        }
    }

    /// Puts everything back where it was, in the place of what may be there now.
    func restore() throws {
        for (index, path) in paths.enumerated() {
            let target = root / path
            let source = directory / String(index)
            guard try disk.status(of: source, followingLinks: false) != nil else { continue }
            try disk.removeTree(target)
            try disk.makeDirectories(target.parent)
            try disk.rename(source, to: target)
        }
        try discard()
    }

    /// Removes what the failed command wrote where nothing was before, then restores.
    func restoreAfterFailure() throws {
        for path in paths where try place(of: path) == nil {
            try disk.removeTree(root / path)
        }
        try restore()
    }

    /// Lets the former outputs go.
    func discard() throws {
        let manifest = directory / OutputShelter.manifestName
        if try disk.status(of: manifest, followingLinks: false) != nil {
            try disk.removeFile(manifest)
            try disk.syncDirectory(directory)
        }
        try disk.removeTree(directory)
    }

    /// Ends the shelters that a killed run left in `temporary`. The caller holds the lock that
    /// keeps other runs away.
    static func recover(
        in temporary: DiskPath, root: DiskPath, lock: LockFile, on disk: any Disk
    ) throws {
        guard try disk.status(of: temporary, followingLinks: true) != nil else { return }
        let entries = try disk.entries(of: temporary).map(\.name)
        for name in entries.sorted(by: { $0.precedes($1) })
        where name.starts(with: Array(prefix.utf8)) {
            try recover(temporary.appending(name), root: root, lock: lock, on: disk)
        }
    }

    private static func recover(
        _ directory: DiskPath, root: DiskPath, lock: LockFile, on disk: any Disk
    ) throws {
        let manifest = directory / manifestName
        guard try disk.status(of: manifest, followingLinks: false) != nil else {
            // Either nothing was moved yet, or the shelter had ended.
            return try disk.removeTree(directory)
        }
        let bytes = try disk.readFile(manifest, maximumBytes: 16 << 20)
        guard let json = try? JSONValue(parsing: bytes), let stage = json["stage"]?.stringValue,
            let paths = json["paths"]?.arrayValue?.compactMap({ $0.stringValue })
        else {
            throw StoreError(
                .corrupt, "cannot put back outputs that were set aside: '\(manifest)' is damaged",
                subject: manifest.description,
                advice: "move the files that you need out of '\(directory)', then remove it",
                safety: "the former outputs are in '\(directory)'")
        }
        let shelter = OutputShelter(
            opening: directory, paths: try paths.map { try RepoPath($0) }, root: root, on: disk)
        let finished = lock.stages[stage]?.run.description != json["run"]?.stringValue
        if finished { try shelter.discard() } else { try shelter.restore() }
    }
}
