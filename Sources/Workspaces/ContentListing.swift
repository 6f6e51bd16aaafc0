import Objects
import Platform
package import Vocabulary

/// What stands at a path, with digests: one entry for a file or link, one for each file, link and
/// empty folder of a folder. Paths are those of the workspace, in key order.
struct ContentListing: Sendable {
    /// One thing, as it was when it was looked at.
    struct Item: Sendable {
        let entry: TreeEntry
        let status: FileStatus
    }

    let path: RepoPath
    private(set) var items: [Item] = []

    /// Looks at `path`; reads what the stat tables do not vouch for. A link on the way there is
    /// refused, since it may lead anywhere.
    init(of path: RepoPath, with scanner: ContentScanner) throws {
        self.path = path
        let workspace = scanner.workspace
        try workspace.checkParents(of: path)
        let place = workspace.root / path
        guard let status = try workspace.disk.status(of: place, followingLinks: false) else {
            return
        }
        switch status.kind {
        case .directory:
            try scanner.scan(path, entries: true).table?.forEachRow { relative, entry in
                items.append(
                    Item(
                        entry: TreeEntry(
                            path: path.appending(relative), kind: entry.kind, size: entry.size,
                            id: entry.digest),
                        status: entry.status))
            }
            if items.isEmpty { items = [Item(entry: .directory(path), status: status)] }
        case .file:
            let blob = BlobID(try scanner.digest(of: path, status))
            items = [
                Item(
                    entry: .file(path, blob, size: status.size, executable: status.isExecutable),
                    status: status)
            ]
        case .symlink:
            let digest = try FileHash.digest(of: place, status, on: workspace.disk).digest
            items = [
                Item(
                    entry: .symlink(path, target: BlobID(digest), size: status.size),
                    status: status)
            ]
        case .other, .unknown: throw StoreError.unsupported(path)
        }
    }
}

/// What `entries`, which are those at or below `path`, are as a whole; nil for none. Trees are put
/// in `session`.
func contentState(
    of entries: [TreeEntry], at path: RepoPath, in session: StoreSession
) throws -> OperationNote.State? {
    guard let first = entries.first else { return nil }
    if first.path == path, first.kind != .directory {
        let mode: OperationNote.State.Mode =
            switch first.kind {
            case .executable: .executable
            case .symlink: .symlink
            default: .plain
            }
        return .init(content: .file(BlobID(first.id)), mode: mode)
    }
    var builder = session.treeBuilder()
    for entry in entries {
        guard let relative = entry.path.relative(to: path) else { continue }
        try builder.append(
            TreeEntry(path: relative, kind: entry.kind, size: entry.size, id: entry.id))
    }
    return .init(content: .directory(try builder.finish()))
}

extension Workspace {
    /// Refuses a path below a symbolic link or a file.
    func checkParents(of path: RepoPath) throws {
        if let folder = try obstacle(above: path) { throw StoreError.noFolder(folder, for: path) }
    }

    /// The nearest of the names above a path that is there and is no folder; nil for none.
    package func obstacle(above path: RepoPath) throws -> RepoPath? {
        var parent = path.parent
        while let folder = parent {
            if let found = try disk.status(of: root / folder, followingLinks: false),
                found.kind != .directory
            {
                return folder
            }
            parent = folder.parent
        }
        return nil
    }
}

extension StoreError {
    /// A link or a file where a folder is needed.
    static func noFolder(_ folder: RepoPath, for path: RepoPath) -> StoreError {
        StoreError(
            .unsupportedFile,
            "cannot reach '\(path)': '\(folder)' is a link or a file, not a folder",
            subject: folder.description, advice: "move '\(folder)' away, then try again",
            safety: "nothing was written through it")
    }
}
