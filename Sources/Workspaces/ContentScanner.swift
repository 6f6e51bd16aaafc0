import Bytes
package import Objects
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
    /// Tables of folders that were saved in a session.
    private var written: [StatTableWriter] = []

    /// A scanner for one command.
    package init(_ workspace: Workspace) {
        self.workspace = workspace
        tables = StatTables(workspace)
    }

    /// Writes down what was learnt. Where that is not possible, later commands read more. `store`:
    /// where all that was saved is committed.
    package func finish(storedIn store: ObjectStore? = nil) {
        tables.saveSingles()
        if let store { for writer in written { writer.confirm(store.mark) } }
        written = []
    }

    /// What stands at `path`. Throws `.unsupportedFile` for a socket, pipe or device and for a
    /// symbolic link, which is tracked only inside of a folder.
    package func state(of path: RepoPath) throws -> ContentState {
        guard let status = try status(of: path) else { return .missing }
        guard status.kind == .directory else {
            return fileState(try digest(of: path, status), status)
        }
        return try scan(path).state
    }

    /// What stands in the folder; stored in `session`, if there is one. For a comparison with
    /// the tree `other` the result holds what the store lacks; with `entries` its table.
    func scan(
        _ path: RepoPath, in session: StoreSession? = nil, replacing prior: PriorContent? = nil,
        comparedWith other: TreeID? = nil, entries: Bool = false,
        progress: (_ files: Int, _ bytes: Int) -> Void = { _, _ in }
    ) throws -> FolderScan {
        var run = FolderScanner(self, path, in: session)
        run.other = other
        run.needsTable = entries
        run.prior = prior
        let scan = try run.run(progress: progress)
        if session != nil, let writer = scan.writer { written.append(writer) }
        return scan
    }

    /// The tree of what stands in the folder, to be compared with `other`.
    package func tree(of path: RepoPath, comparedWith other: TreeID) throws -> Tree {
        try scan(path, comparedWith: other).readable(with: try workspace.store())
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
