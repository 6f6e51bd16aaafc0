import Bytes
import GitHistory
import Platform
import Remotes
import Vocabulary
import Workspaces

/// A folder that DVC keeps data of, at a state: what its `.dvc` files and `dvc.lock` say, and where
/// its remotes are. No DVC is needed to read it.
struct DVCProject {
    /// What it is called in messages.
    let name: String
    /// Where relative remotes are seen from: its `.dvc` folder; nil where the folder is a copy.
    private let settingsFolder: DiskPath?
    /// Where the cache of the folder is; nil where the folder is a copy.
    private let cache: DiskPath?
    private let machine: Machine
    /// The file at a path, as of the state; nil where there is none.
    private let read: (RepoPath, _ maximumBytes: Int) throws -> [UInt8]?

    private static let maximumFile = 64 << 20
    private static let maximumSettings = 1 << 20

    /// The project in a folder, nil where there is none; without a revision as it was last committed, or
    /// where there is no git as it stands there. A clone is taken as it stands, and what is beside it
    /// does not count.
    init?(
        in folder: DiskPath, named name: String, revision: String?, isClone: Bool,
        on machine: Machine
    ) throws {
        let disk = machine.disk
        guard try DVCProject.isOne(folder, on: disk) else { return nil }
        self.name = name
        self.machine = machine
        settingsFolder = isClone ? nil : folder / ".dvc"
        cache = isClone ? nil : folder / ".dvc/cache"
        guard !isClone, let state = try DVCProject.committed(folder, revision, disk) else {
            guard isClone || revision == nil else {
                throw StoreError(
                    .notARepository, "'\(name)' is in no git repository, and has no revisions",
                    subject: name, advice: "leave '--rev' out", safety: "nothing was changed")
            }
            read = { path, limit in
                guard try disk.status(of: folder / path, followingLinks: true)?.kind == .file else {
                    return nil
                }
                return try disk.readFile(folder / path, maximumBytes: limit)
            }
            return
        }
        read = state
    }

    private static func committed(
        _ folder: DiskPath, _ revision: String?, _ disk: any Disk
    ) throws -> ((RepoPath, Int) throws -> [UInt8]?)? {
        guard let git = try GitRepository.discover(from: folder, on: disk) else { return nil }
        let head = try revision.map { try git.resolve($0) } ?? git.head()
        guard let head else { return nil }
        let top = Array(git.workDirectory.bytes)
        let inside = Array(try Environment.realPath(folder).bytes.dropFirst(top.count))
            .drop { $0 == 0x2f }
        let prefix = inside.isEmpty ? nil : try RepoPath(validating: Array(inside))
        return { path, limit in
            try git.file(at: prefix?.appending(path) ?? path, in: head, maximumBytes: limit)
        }
    }

    /// Whether the folder is one of DVC's, and not of ours as well.
    static func isOne(_ folder: DiskPath, on disk: any Disk) throws -> Bool {
        try disk.status(of: folder / ".dvc/config", followingLinks: true)?.kind == .file
            && disk.status(of: folder / ".mlstore/config.toml", followingLinks: true) == nil
    }

    /// The commit that a revision is in the folder's git; nil without git.
    static func commit(
        _ revision: String?, in folder: DiskPath, on disk: any Disk
    ) throws -> String? {
        guard let git = try GitRepository.discover(from: folder, on: disk) else { return nil }
        return try revision.map { try git.resolve($0).hex } ?? git.head()?.hex
    }

    // MARK: - What is there

    /// What is tracked at the path, or holds it, with the rest of the path. Throws `.notFound`.
    func content(of path: RepoPath) throws -> (output: DVCOutput, part: RepoPath?) {
        var candidate: RepoPath? = path
        while let place = candidate {
            for output in try outputs(declaredFor: place)
            where path == output.path || path.isInside(output.path) {
                return (output, path.relative(to: output.path))
            }
            candidate = place.parent
        }
        if let output = try outputs(in: nil, "dvc.lock").first(where: { path.isInside($0.path) }) {
            return (output, path.relative(to: output.path))
        }
        throw StoreError(
            .notFound, "'\(path)' is not tracked by DVC in '\(name)'", subject: path.description,
            advice: "'dvc list' shows what is; a file that git keeps is copied by hand",
            safety: "nothing was changed")
    }

    /// What `<path>.dvc` and a `dvc.lock` in the folder `path` say.
    private func outputs(declaredFor path: RepoPath) throws -> [DVCOutput] {
        let own = path.addingSuffix(".dvc")
        let name = String(decoding: own.lastComponent, as: UTF8.self)
        return try outputs(in: path.parent, name) + outputs(in: path, "dvc.lock")
    }

    private func outputs(in folder: RepoPath?, _ name: String) throws -> [DVCOutput] {
        let file = try folder.map { $0.appending(try RepoPath(name)) } ?? RepoPath(name)
        guard let bytes = try read(file, DVCProject.maximumFile) else { return [] }
        return try DVCOutput.all(in: bytes, file: file.description, below: folder)
    }

    // MARK: - Where it is kept

    /// What may hold an output: the cache beside it, then its remote.
    func places(of output: DVCOutput) throws -> [any Remote] {
        var places: [any Remote] = []
        if let cache, try machine.disk.status(of: cache, followingLinks: true)?.kind == .directory {
            places.append(try FileRemote(directory: cache, on: machine.disk))
        }
        var files = [try read(RepoPath(".dvc/config"), DVCProject.maximumSettings) ?? []]
        // Those of this machine, which are not in git.
        if let local = settingsFolder.map({ $0 / "config.local" }),
            try machine.disk.status(of: local, followingLinks: true) != nil
        {
            files.append(
                try machine.disk.readFile(local, maximumBytes: DVCProject.maximumSettings))
        }
        let config = DVCConfig(files)
        if let remote = try config.remote(output.remote, of: name) {
            places.append(try open(remote))
        }
        guard !places.isEmpty else {
            throw StoreError(
                .notFound, "'\(name)' names no DVC remote, and has no cache", subject: name,
                advice: "run 'dvc remote add -d' there, or give the folder where the data is",
                safety: "nothing was changed")
        }
        return places
    }

    private func open(_ remote: DVCConfig.Remote) throws -> any Remote {
        let isRelative = !remote.url.contains("://") && !remote.url.hasPrefix("/")
        guard !isRelative || settingsFolder != nil else {
            throw StoreError(
                .notFound,
                "the DVC remote '\(printable(Array(remote.name.utf8)))' of '\(name)' is a folder beside it, which a"
                    + " git server does not have", subject: remote.name,
                advice: "import from the folder itself", safety: "nothing was changed")
        }
        let url = try RemoteURL(
            parsing: remote.url, relativeTo: settingsFolder ?? DiskPath("/"))
        return try openRemote(
            url, settings: RemoteSettings(remote.settings), on: machine.disk)
    }
}

extension DVCProject {
    /// Where a project may be in a folder that someone names; nil for a URL or a path that is none.
    static func folder(_ place: String, in directory: DiskPath) throws -> DiskPath? {
        let url = try RemoteURL(parsing: place, relativeTo: directory)
        return url.host == nil && url.scheme == "file" ? url.path : nil
    }
}
