import Bytes
import Objects
import Platform
package import Vocabulary

/// Tells what stands at paths of the work tree, reading only files that changed since they were
/// last read, and stores them.
///
/// One for each command: it takes the time of the file system when it is made, and writes what
/// it learnt into the stat tables at `finish`. For one thread; it uses several itself.
package final class ContentScanner {
    /// The workspace.
    package let workspace: Workspace
    let tables: StatTables

    /// A scanner for one command.
    package init(_ workspace: Workspace) {
        self.workspace = workspace
        tables = StatTables(workspace)
    }

    /// Writes down what was learnt. Where that is not possible, later commands read more.
    package func finish() { tables.saveSingles() }

    /// What stands at `path`. Throws `.unsupportedFile` for a socket, pipe or device and for a
    /// symbolic link, which is tracked only inside of a folder.
    package func state(of path: RepoPath) throws -> ContentState {
        guard let status = try status(of: path) else { return .missing }
        guard status.kind == .directory else {
            return fileState(try digest(of: path, status), status)
        }
        return try folder(path).state
    }

    /// The folder's entries, all digests known.
    func folder(_ path: RepoPath) throws -> FolderState {
        var state = try listed(path)
        try hashUnknown(&state, in: path)
        try complete(&state, TreeBuilder { _, _ in }, path)
        return state
    }

    /// The status of a file or folder that can be tracked; nil when nothing is there.
    func status(of path: RepoPath) throws -> FileStatus? {
        let place = workspace.root / path
        guard let status = try workspace.disk.status(of: place, followingLinks: false) else {
            return nil
        }
        switch status.kind {
        case .file, .directory: return status
        case .symlink: throw StoreError.trackedLink(path)
        case .other, .unknown: throw StoreError.unsupported(path)
        }
    }

    func fileState(_ digest: Digest, _ status: FileStatus) -> ContentState {
        ContentState(
            content: .file(BlobID(digest)), sizeBytes: status.size, files: nil,
            isExecutable: status.isExecutable)
    }

    /// Whether a file stands at `path` that is not, as the stat table knows without a look at its
    /// bytes, `content`.
    func isUnknownFile(_ path: RepoPath, but content: ContentID?) throws -> Bool {
        guard let status = try status(of: path), status.kind == .file else { return false }
        guard let content, let digest = tables.digest(of: path, status) else { return true }
        return content != .file(BlobID(digest))
    }

    func digest(of path: RepoPath, _ status: FileStatus) throws -> Digest {
        if let known = tables.digest(of: path, status) { return known }
        let (digest, isStable) = try FileHash.digest(
            of: workspace.root / path, status, on: workspace.disk)
        if isStable { tables.remember(path, digest, status) }
        return digest
    }

    // MARK: - Folders

    /// The folder's entries, with the digests that the stat table knows.
    func listed(_ path: RepoPath) throws -> FolderState {
        let listing = try FolderListing.list(path, in: workspace)
        var state = FolderState(
            items: listing.items,
            digests: Array(repeating: .zero, count: listing.items.count), unknown: [])
        guard let table = tables.table(of: path) else {
            state.unknown = state.items.indices.filter { needsDigest(state.items[$0]) }
            return state
        }
        let isSame = join(&state, with: table)
        if isSame { state.tree = table.tree }
        return state
    }

    /// Goes through table and listing together; whether they name the same things, all believed.
    private func join(_ state: inout FolderState, with table: StatTable) -> Bool {
        table.withCursor { span, cursor in
            var isSame = state.items.count == table.count
            for index in state.items.indices {
                let item = state.items[index]
                var order = cursor.compare(span, to: item.path.bytes)
                while let found = order, found < 0 {
                    cursor.advance(span)
                    order = cursor.compare(span, to: item.path.bytes)
                }
                if order == 0 {
                    let entry = cursor.entry(span)
                    if item.status.kind == .directory, entry.kind == .directory { continue }
                    if table.believes(entry, item.status) {
                        state.digests[index] = entry.digest
                        continue
                    }
                }
                isSame = false
                if needsDigest(item) { state.unknown.append(index) }
            }
            return isSame
        }
    }

    private func needsDigest(_ item: FolderListing.Item) -> Bool {
        item.status.kind != .directory
    }

    private func hashUnknown(_ state: inout FolderState, in path: RepoPath) throws {
        guard !state.unknown.isEmpty else { return }
        let wanted = state.unknown.map { state.items[$0] }
        let disk = workspace.disk
        let top = workspace.root / path
        let found = try WorkerPool(threads: workspace.machine.threads).map(count: wanted.count) {
            index in
            let item = wanted[index]
            return try FileHash.digest(of: top / item.path, item.status, on: disk)
        }
        var unstable: [Int] = []
        for (index, result) in zip(state.unknown, found) {
            state.digests[index] = result.digest
            if !result.isStable { unstable.append(index) }
        }
        state.unknown = unstable
    }

    /// Works out the tree, and renews the folder's table if anything in it is new. Items that
    /// are still unknown changed while they were read, and are not remembered.
    func complete(_ state: inout FolderState, _ builder: TreeBuilder, _ path: RepoPath) throws {
        let isRenewed = state.tree == nil
        if isRenewed { state.tree = try state.tree(builder) }
        guard isRenewed else { return }
        var rows = state.rows
        if !state.unknown.isEmpty {
            let unstable = Set(state.unknown)
            rows = rows.indices.filter { !unstable.contains($0) }.map { rows[$0] }
        }
        tables.save(rows, tree: state.unknown.isEmpty ? state.tree : nil, of: path)
    }
}

extension StoreError {
    static func trackedLink(_ path: RepoPath) -> StoreError {
        StoreError(
            .unsupportedFile, "cannot track '\(path)': it is a symbolic link",
            subject: path.description,
            advice: "add what it leads to, or leave the link to git; links inside of a folder are "
                + "kept with the folder",
            safety: "nothing was changed")
    }
}

/// Reads a file for its digest.
enum FileHash {
    /// The digest of a file's bytes or a link's target; `isStable` where the file was as `status`
    /// says before and after.
    static func digest(
        of path: DiskPath, _ status: FileStatus, on disk: any Disk
    ) throws -> (digest: Digest, isStable: Bool) {
        if status.kind == .symlink { return (sha256(try disk.readSymlink(path)), true) }
        let file = try disk.openFile(path, .read)
        defer { try? file.close() }  // only read
        var digester = Digester()
        var offset = 0
        let part = max(4096, min(status.size + 1, 1 << 20))
        while true {
            let bytes = try file.read(at: offset, count: part)
            digester.update(bytes)
            offset += bytes.count
            if bytes.count < part { break }
        }
        let after = try file.status()
        let isStable =
            after.size == status.size && after.modified == status.modified
            && after.inode == status.inode && offset == status.size
        return (digester.finish(), isStable)
    }
}
