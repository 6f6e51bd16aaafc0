import Bytes
import Objects
import Platform
import Vocabulary
import Workspaces

/// What stands at a path, by id; how it goes into the store, and how it comes out.
struct PathContents {
    let disk: any Disk
    /// The path of the workspace that the content belongs to, where it does.
    var path: RepoPath?
    /// What is left out of folders.
    var rules = IgnoreRules()

    static let ignoreFileName = ".mlstoreignore"

    init(disk: any Disk, path: RepoPath? = nil, rules: IgnoreRules = IgnoreRules()) {
        self.disk = disk
        self.path = path
        self.rules = rules
    }

    /// A content that was put into a session.
    struct Kept {
        let content: ContentID
        let sizeBytes: Int
        let isExecutable: Bool

        /// The same for a note.
        var state: OperationNote.State {
            OperationNote.State(content: content, mode: isExecutable ? .executable : .plain)
        }
    }

    /// The content at `place`; nil when nothing is there. A link at the place itself is followed.
    /// Costs a read of everything.
    func id(at place: DiskPath) throws -> ContentID? {
        guard let status = try disk.status(of: place, followingLinks: true) else { return nil }
        switch status.kind {
        case .file: return .file(BlobID(try digest(ofFileAt: place)))
        case .directory:
            // Nodes are made for their digest alone.
            var builder = TreeBuilder { _, _ in }
            for item in try listing(of: place).items { try builder.append(try entry(for: item)) }
            return .directory(try builder.finish())
        default: throw unsupported(place)
        }
    }

    /// Puts what stands at `place` into the session; nil when nothing is there. `prior` is what it
    /// replaces.
    func keep(
        _ place: DiskPath, replacing prior: ContentID? = nil, in session: StoreSession
    ) throws -> Kept? {
        let prior = PriorContent(prior, in: session.store)
        guard let status = try disk.status(of: place, followingLinks: true) else { return nil }
        switch status.kind {
        case .file:
            let file = try disk.openFile(place, .read)
            defer { try? file.close() }  // only read
            let receipt = try session.putBlob(
                file: file, expected: status, name: place.description, prior: prior.file)
            return Kept(
                content: .file(receipt.id), sizeBytes: receipt.sizeBytes,
                isExecutable: status.isExecutable)
        case .directory: return try keepDirectory(place, prior, in: session)
        default: throw unsupported(place)
        }
    }

    private func keepDirectory(
        _ place: DiskPath, _ prior: PriorContent, in session: StoreSession
    ) throws -> Kept {
        let items = try listing(of: place).items
        let files = items.filter { $0.status.kind == .file }
        let receipts = try session.putBlobs(
            files.map {
                FileToStore(
                    path: $0.place, status: $0.status,
                    prior: prior.file(at: $0.path, sizeBytes: $0.status.size))
            })
        var next = receipts.makeIterator()
        var builder = session.treeBuilder()
        for item in items {
            if item.status.kind == .file, let receipt = next.next() {
                try builder.append(
                    .file(
                        item.path, receipt.id, size: receipt.sizeBytes,
                        executable: item.status.isExecutable))
            } else {
                if item.status.kind == .symlink {
                    _ = try session.putBlob(try disk.readSymlink(item.place))
                }
                try builder.append(try entry(for: item))
            }
        }
        let size = builder.totals.bytes
        return Kept(
            content: .directory(try builder.finish()), sizeBytes: size, isExecutable: false)
    }

    /// Everything that tells without reading whether what stands at `place` was touched.
    func fingerprint(of place: DiskPath) throws -> [FileStatus] {
        guard let status = try disk.status(of: place, followingLinks: true) else { return [] }
        guard status.kind == .directory else { return [status] }
        // The times of directories change with names only, and those show in the list itself.
        return try listing(of: place).items.map(\.status).filter { $0.kind != .directory }
    }

    /// How many bytes stand at `place`, without reading them.
    func size(at place: DiskPath) throws -> Int {
        try fingerprint(of: place).reduce(0) { $0 + $1.size }
    }

    /// One thing in a folder.
    struct Item {
        let path: RepoPath
        let place: DiskPath
        let status: FileStatus
    }

    /// What stands in a folder, all the way down.
    struct Listing {
        /// Files, links and empty directories, in the order of a tree.
        fileprivate(set) var items: [Item] = []
        /// What is no part of the content: the topmost names, in order. No temporary files.
        fileprivate(set) var leftOut: [RepoPath] = []
    }

    func listing(of directory: DiskPath) throws -> Listing {
        var listing = Listing()
        try list(directory, as: nil, rules, into: &listing)
        return listing
    }

    private func list(
        _ directory: DiskPath, as base: RepoPath?, _ outer: IgnoreRules, into listing: inout Listing
    ) throws {
        let entries = try disk.entriesWithStatus(of: directory)
            .sorted { $0.name.precedes($1.name) }
        let rules = try rules(in: directory, as: base, entries.map(\.name), outer)
        for (name, status) in entries where !name.starts(with: temporaryNamePrefix.utf8) {
            let path = try base?.appending(component: name) ?? RepoPath(validating: name)
            let full = self.path?.appending(path) ?? path
            let isFolder = status.kind == .directory
            if Workspace.isReserved(name) || rules.ignores(full, isDirectory: isFolder) {
                listing.leftOut.append(path)
                continue
            }
            let item = Item(path: path, place: directory.appending(name), status: status)
            switch status.kind {
            case .directory:
                let before = listing.items.count
                try list(item.place, as: path, rules, into: &listing)
                if listing.items.count == before { listing.items.append(item) }
            case .file, .symlink: listing.items.append(item)
            default: throw unsupported(item.place)
            }
        }
    }

    /// The rules that hold in a folder, which may have a file of its own.
    private func rules(
        in directory: DiskPath, as base: RepoPath?, _ names: [[UInt8]], _ outer: IgnoreRules
    ) throws -> IgnoreRules {
        guard let path, names.contains(Array(PathContents.ignoreFileName.utf8)) else {
            return outer
        }
        var rules = outer
        let file = directory / PathContents.ignoreFileName
        rules.append(
            try disk.readFile(file, maximumBytes: 1 << 20),
            in: base.map { path.appending($0) } ?? path)
        return rules
    }

    private func entry(for item: Item) throws -> TreeEntry {
        switch item.status.kind {
        case .file:
            return .file(
                item.path, BlobID(try digest(ofFileAt: item.place)), size: item.status.size,
                executable: item.status.isExecutable)
        case .symlink:
            let target = try disk.readSymlink(item.place)
            return .symlink(item.path, target: BlobID(sha256(target)), size: target.count)
        default: return .directory(item.path)
        }
    }

    private func digest(ofFileAt place: DiskPath) throws -> Digest {
        let file = try disk.openFile(place, .read)
        defer { try? file.close() }  // only read
        var digester = Digester()
        var offset = 0
        while true {
            let part = try file.read(at: offset, count: 1 << 20)
            digester.update(part)
            offset += part.count
            if part.count < 1 << 20 { return digester.finish() }
        }
    }

    private func unsupported(_ place: DiskPath) -> StoreError {
        StoreError(
            .unsupportedFile, "cannot use '\(place)': it is neither a file nor a folder",
            subject: place.description, advice: "only files, folders and links can be kept")
    }
}
