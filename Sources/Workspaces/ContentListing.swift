import Objects
import Platform
package import Vocabulary

/// What stands at a path, with digests: one entry for a file or link, one for each file, link and
/// empty folder of a folder. Paths are those of the workspace, in key order.
///
/// Those of a folder stand in a mapped table, however many they are.
struct ContentListing: Sendable {
    /// One thing, as it was when it was looked at.
    struct Item: Sendable {
        let entry: TreeEntry
        let status: FileStatus
    }

    fileprivate enum Source: Sendable {
        case nothing
        case one(Item)
        case rows(StatTable)
    }

    let path: RepoPath
    /// The tree that the items make; nil for anything but a folder that has some.
    let tree: TreeID?
    private let source: Source

    /// Looks at `path`; reads what the stat tables do not vouch for. A link on the way there is
    /// refused, since it may lead anywhere.
    init(of path: RepoPath, with scanner: ContentScanner) throws {
        self.path = path
        let workspace = scanner.workspace
        try workspace.checkParents(of: path)
        let place = workspace.root / path
        guard let status = try workspace.disk.status(of: place, followingLinks: false) else {
            source = .nothing
            tree = nil
            return
        }
        switch status.kind {
        case .directory:
            let scan = try scanner.scan(path, entries: true)
            if let table = scan.table, table.count > 0 {
                source = .rows(table)
                tree = scan.tree
            } else {
                source = .one(Item(entry: .directory(path), status: status))
                tree = nil
            }
            return
        case .file:
            let blob = BlobID(try scanner.digest(of: path, status))
            source = .one(
                Item(
                    entry: .file(path, blob, size: status.size, executable: status.isExecutable),
                    status: status))
        case .symlink:
            let digest = try FileHash.digest(of: place, status, on: workspace.disk).digest
            source = .one(
                Item(
                    entry: .symlink(path, target: BlobID(digest), size: status.size),
                    status: status))
        case .other, .unknown: throw StoreError.unsupported(path)
        }
        tree = nil
    }

    /// How many items there are.
    var count: Int {
        switch source {
        case .nothing: 0
        case .one: 1
        case .rows(let table): table.count
        }
    }

    /// The items, one after the other.
    struct Walk {
        fileprivate let path: RepoPath
        fileprivate let source: Source
        private var position = 0

        fileprivate init(_ listing: ContentListing) {
            path = listing.path
            source = listing.source
        }

        mutating func next() -> Item? {
            defer { position += 1 }
            switch source {
            case .nothing: return nil
            case .one(let item): return position == 0 ? item : nil
            case .rows(let table):
                while position < table.count {
                    if let item = item(table) { return item }
                    position += 1
                }
                return nil
            }
        }

        private func item(_ table: StatTable) -> Item? {
            table.withBytes { span in
                guard let relative = table.path(span, position) else { return nil }
                let entry = StatTable.entry(span, position)
                return Item(
                    entry: TreeEntry(
                        path: path.appending(relative), kind: entry.kind, size: entry.size,
                        id: entry.digest),
                    status: entry.status)
            }
        }
    }

    /// The items from the first on.
    func walk() -> Walk { Walk(self) }

    /// Calls `body` with each item, in order.
    func forEachItem(_ body: (Item) throws -> Void) rethrows {
        var walk = walk()
        while let item = walk.next() { try body(item) }
    }

    /// What the items are as a whole; nil for none. A tree is put in `session`.
    func state(in session: StoreSession) throws -> OperationNote.State? {
        if let tree, session.contains(.treeNode, tree.digest) {
            return .init(content: .directory(tree))
        }
        var walk = walk()
        return try contentState(at: path, in: session) { walk.next()?.entry }
    }
}

/// What the entries that `next` gives, which are those at or below `path`, are as a whole; nil for
/// none. Trees are put in `session`.
func contentState(
    at path: RepoPath, in session: StoreSession, of next: () throws -> TreeEntry?
) throws -> OperationNote.State? {
    guard let first = try next() else { return nil }
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
    var entry: TreeEntry? = first
    while let here = entry {
        if let relative = here.path.relative(to: path) {
            try builder.append(
                TreeEntry(path: relative, kind: here.kind, size: here.size, id: here.id))
        }
        entry = try next()
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
