import Objects
import Platform
import Vocabulary

extension WorkTreeWriter {
    /// Makes what is written another name of the store's plain file, where the settings say so; its
    /// status under its name, or nil where it is to be written as any other.
    func link(_ write: ContentPlan.Write, at place: DiskPath) throws -> FileStatus? {
        guard !WorkTreeWriter.isSmall(write), write.entry.kind == .file,
            let blob = write.entry.blob
        else { return nil }
        return try workspace.link(blob, of: store, at: place) {
            try checkUnchanged(write.entry.path, write.replaced)
        }
    }
}

extension Workspace {
    /// Gives `place` the store's plain file of the blob, in the place of what is there; nil, with
    /// nothing changed, where it cannot have it. `check` is called right before, and may throw.
    fileprivate func link(
        _ blob: BlobID, of store: ObjectStore, at place: DiskPath, check: () throws -> Void
    ) throws -> FileStatus? {
        guard store.sharing == .hardlink else { return nil }
        let isMade = try replace(place) {
            try store.link(blob, at: $0)
        } check: {
            try check()
        }
        return isMade ? try disk.status(of: place, followingLinks: false) : nil
    }

    /// Puts what `make` makes under the name that it is given in the place of what is at `place`; false,
    /// with nothing changed, where that says so. `check` is called right before, and may throw.
    func replace(
        _ place: DiskPath, by make: (DiskPath) throws -> Bool, check: () throws -> Void
    ) throws -> Bool {
        // The temporary file only holds the name, for which something without bytes is then made.
        let (reserved, file) = try makeTemporaryFile(
            in: place.parent, on: disk, purpose: Workspace.litterPurpose)
        try file.close()
        let temporary = DiskPath(bytes: reserved.bytes + Array("-link".utf8))
        // Renaming one name of a file to another leaves both.
        defer { for path in [reserved, temporary] { try? disk.removeFile(path) } }
        guard try make(temporary) else { return false }
        try check()
        try disk.rename(temporary, to: place)
        return true
    }

    /// Makes the large files among what was just added names of the store's copies, where the settings
    /// say so. What changed meanwhile, and what may be executed, is left as it is.
    ///
    /// Cost: two reads of each such file, and one more by the next command that looks at it.
    func linkAdded(_ added: [AddedPath], _ scanner: ContentScanner) throws {
        let store = try store()
        guard store.sharing == .hardlink else { return }
        for item in added {
            switch item.pointer.content {
            case .file(let blob) where !item.pointer.isExecutable:
                try linkAdded(item.path, blob, item.pointer.sizeBytes, store, scanner)
            case .file: continue
            case .directory(let tree):
                try store.tree(tree).forEachEntry { entry in
                    guard entry.kind == .file, let blob = entry.blob else { return }
                    try linkAdded(
                        item.path.appending(entry.path), blob, entry.size, store, scanner)
                }
            }
        }
    }

    private func linkAdded(
        _ path: RepoPath, _ blob: BlobID, _ sizeBytes: Int, _ store: ObjectStore,
        _ scanner: ContentScanner
    ) throws {
        let place = root / path
        guard sizeBytes > WorkTreeWriter.smallBytes,
            let before = try disk.status(of: place, followingLinks: false),
            before.kind == .file, !store.isPlainFile(before, of: blob),
            try scanner.digest(of: path, before) == blob.digest
        else { return }
        do {
            _ = try link(blob, of: store, at: place) {
                guard try disk.status(of: place, followingLinks: false) == before else {
                    throw StoreError.somethingElse(path)
                }
            }
        } catch let error as StoreError where error.kind == .changedMeanwhile {
            return
        }
    }
}
