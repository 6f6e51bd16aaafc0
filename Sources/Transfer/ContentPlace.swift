import Bytes
import GitHistory
import Objects
import Platform
import Remotes
import Vocabulary
import Workspaces

/// What someone means who names the place of a repository or remote.
enum ContentPlace {
    /// A remote.
    case remote(RemoteURL)
    /// A workspace, found in a directory.
    case workspace(Workspace)

    /// Looks what is there; throws `.notFound` where it is neither.
    init(_ source: String, in directory: DiskPath, on machine: Machine) throws {
        let url = try RemoteURL(parsing: source, relativeTo: directory)
        let place = url.path
        if url.host != nil {
            self = .remote(url)
            return
        }
        guard try machine.disk.status(of: place, followingLinks: true)?.kind == .directory else {
            throw StoreError(
                .notFound, "there is no repository or remote in '\(place)'",
                subject: place.description)
        }
        if try ContentPlace.isRemote(place, machine.disk) {
            self = .remote(url)
            return
        }
        do {
            self = .workspace(try Workspace.open(from: place, on: machine))
        } catch let error as StoreError where error.kind == .notAWorkspace {
            throw StoreError(
                .notFound, "there is neither an mlstore workspace nor a remote in '\(place)'",
                subject: place.description,
                advice:
                    "give the folder of a repository that uses mlstore, or file:///… of a remote")
        }
    }

    private static func isRemote(_ place: DiskPath, _ disk: any Disk) throws -> Bool {
        guard try disk.status(of: place / "format", followingLinks: true)?.kind == .file else {
            return false
        }
        let bytes = try disk.readFile(place / "format", maximumBytes: RemoteLayout.maximumFormat)
        return (try? JSONValue(parsing: bytes))?["format"]?.stringValue == RemoteFormatFile.name
    }
}

extension Workspace {
    /// The tracked path that is `path` or holds it: at a git revision; without one in the last
    /// commit, else in the work tree. Throws `.notFound`.
    func holder(of path: RepoPath, at revision: String?) throws -> TrackedPath {
        if let revision {
            if let found = try tracked(atCommit: revision).holder(of: path) { return found }
        } else {
            if let git, let head = try git.head(),
                let found = try tracked(atCommit: head.hex).holder(of: path)
            {
                return found
            }
            if let found = try tracked().holder(of: path) { return found }
        }
        throw StoreError.notTracked(path, in: self, at: revision)
    }
}

extension TrackedPaths {
    /// The tracked path that is `path` or holds it.
    func holder(of path: RepoPath) -> TrackedPath? {
        paths.first { path.isInside($0.path) }
    }
}

extension StoreError {
    static func outputExists(_ output: DiskPath) -> StoreError {
        StoreError(
            .alreadyExists, "cannot write '\(output)': something is there already",
            subject: output.description,
            advice: "remove it, or choose another name with '--output'",
            safety: "nothing was changed")
    }

    static func noSnapshot(_ name: String, on place: RemoteURL) -> StoreError {
        StoreError(
            .notFound, "remote '\(place)' has no snapshot '\(printable(Array(name.utf8)))'",
            subject: name,
            advice: "give the directory of the git repository instead of the remote's, or run"
                + " 'mlstore commit' and 'mlstore push' where the data is")
    }

    static func notTracked(
        _ path: RepoPath, in workspace: Workspace, at revision: String?
    ) -> StoreError {
        let when = revision.map { " at '\(printable(Array($0.utf8)))'" } ?? ""
        return StoreError(
            .notFound, "'\(path)' is not tracked in '\(workspace.root)'\(when)",
            subject: path.description, advice: "run 'mlstore status' there to see what is")
    }
}

extension Tree {
    /// The entry at `part`, or the one that `part` leads through, with the rest of the way. Reads
    /// the nodes on the way only.
    func entry(leadingTo part: RepoPath) throws -> (entry: TreeEntry, rest: RepoPath?)? {
        var candidate: RepoPath? = part
        while let path = candidate {
            if let entry = try entry(at: path) { return (entry, part.relative(to: path)) }
            candidate = path.parent
        }
        return nil
    }
}

/// Calls `body` with a store that lasts as long as the call, in a new folder in `directory`, and
/// the remote.
func withScratchContext<Result>(
    _ url: RemoteURL, _ settings: RemoteSettings, _ name: RemoteName, in directory: DiskPath,
    on machine: Machine, _ body: (RemoteContext) throws -> Result
) throws -> Result {
    let scratch = try makeTemporaryDirectory(in: directory, on: machine.disk, purpose: "get-")
    defer { try? machine.disk.removeTree(scratch) }  // only litter, if it stays
    try machine.disk.makeDirectory(scratch / "state")
    let store = try ObjectStore.create(
        at: scratch / "store", on: machine.disk, entropy: machine.entropy, clock: machine.clock,
        threads: machine.threads)
    return try body(
        RemoteContext(
            store: store, disk: machine.disk, stateDirectory: scratch / "state",
            remote: try openRemote(url, settings: settings, on: machine.disk), name: name,
            clock: machine.clock, entropy: machine.entropy, threads: machine.threads))
}
