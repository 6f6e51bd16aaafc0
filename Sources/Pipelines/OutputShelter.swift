import Bytes
import Objects
import Platform
import Vocabulary
import Workspaces

/// The previous outputs of a stage, set aside while its command runs or new ones take their place.
///
/// They are renamed into a directory below `.mlstore/tmp`, whose manifest says what was where.
/// When the command fails they are put back; after a kill or a power cut the next `repro` does
/// it, told apart by the lock: if the stage's run there is still the one that the manifest knew,
/// the new run did not finish. Removing the manifest ends the shelter. Where there is nothing to set
/// aside there is no directory either.
///
/// What ignore rules leave out of an output is in no store, and never goes with it: it moves to
/// the new output.
struct OutputShelter {
    private let directory: DiskPath
    let place: Workplace
    let paths: [RepoPath]
    /// Those of `paths` that stay in place and are copied.
    private let persistent: Set<RepoPath>

    static let prefix = "shelter-"
    static let manifestName = "manifest.json"

    private var disk: any Disk { place.disk }

    /// Where the former content of a path is now; nil if there was none.
    func place(of path: RepoPath) throws -> DiskPath? {
        guard let index = paths.firstIndex(of: path) else { return nil }
        let former = directory / String(index)
        return try disk.status(of: former, followingLinks: false) == nil ? nil : former
    }

    /// Sets the outputs at `paths` aside; of those that are `persistent` a copy. On failure
    /// everything is where it was.
    init(
        _ paths: [RepoPath], keeping persistent: Set<RepoPath> = [], of stage: String,
        lockedRun: RunID?, in place: Workplace
    ) throws {
        self.paths = paths
        self.persistent = persistent
        self.place = place
        directory = place.temporary / (OutputShelter.prefix + place.nonce())
        guard try hasFormer() else {
            try makeFolders()
            return
        }
        try disk.makeDirectories(directory)
        let manifest: JSONValue = [
            "stage": .string(stage), "run": lockedRun.map { .string($0.description) } ?? .null,
            "paths": .array(paths.map { .string($0.text ?? $0.description) }),
        ]
        try writeAtomically(
            manifest.canonical, to: directory / OutputShelter.manifestName, on: disk,
            durable: true)
        try disk.syncDirectory(place.temporary)
        do {
            try setAside()
        } catch {
            try restore()
            throw error
        }
    }

    /// The shelter that a killed run left in `directory`.
    init(opening directory: DiskPath, paths: [RepoPath], in place: Workplace) {
        self.directory = directory
        self.paths = paths
        self.place = place
        persistent = []
    }

    private func setAside() throws {
        for (index, path) in paths.enumerated() {
            let source = place.root / path
            if persistent.contains(path) {
                try copy(path, to: directory / String(index))
            } else if try disk.status(of: source, followingLinks: false) != nil {
                try disk.rename(source, to: directory / String(index))
            }
        }
        try makeFolders()
    }

    /// Whether anything stands at the paths.
    private func hasFormer() throws -> Bool {
        try paths.contains {
            try disk.status(of: place.root / $0, followingLinks: false) != nil
        }
    }

    /// A command finds the folders above its outputs.
    private func makeFolders() throws {
        for path in paths { try disk.makeDirectories((place.root / path).parent) }
    }

    /// Copies an output by way of the store, which mostly has it; what is left out of it stays.
    private func copy(_ path: RepoPath, to target: DiskPath) throws {
        let session = try place.store.beginSession()
        defer { session.abandon() }  // does nothing after a commit
        let contents = try place.contents(as: path)
        guard let kept = try contents.keep(place.root / path, in: session) else { return }
        _ = try session.commit()
        try contents.write(
            kept.content, isExecutable: kept.isExecutable, to: target, from: place.store)
    }

    /// Puts everything back where it was, in the place of what may be there now. When `carrying`,
    /// what is left out of that comes along.
    func restore(carrying: Bool = false) throws {
        for path in paths {
            guard let former = try place(of: path) else { continue }
            let target = place.root / path
            if carrying || persistent.contains(path) {
                let contents = try place.contents(as: path)
                try contents.checkRoom(for: target, in: former, mayReplace: true)
                try contents.carryLeftOut(from: target, to: former)
            }
            try disk.removeTree(target)
            try disk.makeDirectories(target.parent)
            try disk.rename(former, to: target)
        }
        try end()
    }

    /// Removes what the failed command wrote where nothing was before, then restores.
    func restoreAfterFailure() throws {
        for path in paths where try place(of: path) == nil {
            try disk.removeTree(place.root / path)
        }
        try restore()
    }

    /// Lets the former outputs go.
    func discard() throws {
        for path in paths {
            guard let former = try place(of: path) else { continue }
            let contents = try place.contents(as: path)
            try contents.carryLeftOut(from: former, to: place.root / path)
        }
        try end()
    }

    private func end() throws {
        guard try disk.status(of: directory, followingLinks: false) != nil else { return }
        let manifest = directory / OutputShelter.manifestName
        if try disk.status(of: manifest, followingLinks: false) != nil {
            try disk.removeFile(manifest)
            try disk.syncDirectory(directory)
        }
        try disk.removeTree(directory)
    }
}
