import Bytes
import Objects
import Platform
import Vocabulary
import Workspaces

extension PathContents {
    /// Writes a content out of the store to `place`, where nothing is yet. Checked while it is
    /// read; on failure what was written so far is left for the caller to remove.
    func write(
        _ content: ContentID, isExecutable: Bool, to place: DiskPath, from store: ObjectStore
    ) throws {
        switch content {
        case .file(let blob):
            try write(blob, to: place, permissions: isExecutable ? 0o755 : 0o644, from: store)
        case .directory(let tree): try write(try store.tree(tree), to: place, from: store)
        }
    }

    private func write(
        _ blob: BlobID, to place: DiskPath, permissions: UInt16, from store: ObjectStore
    ) throws {
        let file = try disk.openFile(place, .createNew(permissions: permissions))
        defer { try? file.close() }  // a failed close shows in the sync before it
        try store.write(blob, to: file)
        try file.sync()
    }

    private func write(_ tree: Tree, to place: DiskPath, from store: ObjectStore) throws {
        try disk.makeDirectories(place)
        // A tree that came from elsewhere must not write through its own links.
        var links: Set<RepoPath> = []
        try tree.forEachEntry { entry in
            try Workspace.checkNotReserved(entry.path)
            var ancestor = entry.path.parent
            while let directory = ancestor {
                guard !links.contains(directory) else {
                    throw StoreError(
                        .corrupt,
                        "the folder '\(tree.id.short)' has a file below the link "
                            + "'\(directory)'", subject: tree.id.description)
                }
                ancestor = directory.parent
            }
            let target = place / entry.path
            try disk.makeDirectories(target.parent)
            switch entry.kind {
            case .directory: try disk.makeDirectories(target)
            case .symlink:
                links.insert(entry.path)
                let text = try store.readBlob(BlobID(entry.id), maximumBytes: 65_536)
                try disk.makeSymlink(at: target, target: text)
            case .tree: try write(try store.tree(TreeID(entry.id)), to: target, from: store)
            case .file, .executable:
                try write(
                    BlobID(entry.id), to: target,
                    permissions: entry.kind == .executable ? 0o755 : 0o644, from: store)
            }
        }
    }

    /// Moves `source` to `place`, in the place of a file or link that is there, and makes the name
    /// last.
    func install(_ source: DiskPath, at place: DiskPath) throws {
        try disk.makeDirectories(place.parent)
        let old = try disk.status(of: place, followingLinks: false)
        let new = try disk.status(of: source, followingLinks: false)
        // A rename replaces a file by a file; nothing else.
        if let old, old.kind != .directory, new?.kind == .directory { try disk.removeFile(place) }
        try disk.rename(source, to: place)
        try disk.syncDirectory(place.parent)
    }

    /// Whether everything that makes up a content is in the store.
    static func holds(_ content: ContentID, _ store: ObjectStore) throws -> Bool {
        guard store.contains(content) else { return false }
        guard case .directory(let id) = content else { return true }
        var isWhole = true
        do {
            try store.tree(id).forEachEntry { entry in
                if let blob = entry.blob, isWhole { isWhole = store.contains(blob) }
                if let subtree = entry.subtree, isWhole {
                    isWhole = try holds(.directory(subtree), store)
                }
            }
        } catch let error as StoreError where error.kind == .notInStore { return false }
        return isWhole
    }
}
