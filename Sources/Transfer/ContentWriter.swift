import Objects
import Platform
import Vocabulary
import Workspaces

/// Writes contents of a store into the file system, all or nothing: under a temporary name
/// first, which becomes the target's when everything was written and verified.
struct ContentWriter {
    let store: ObjectStore
    let disk: any Disk

    /// One file of a content, or one of its links or empty directories.
    struct Item {
        /// Relative to the target; nil for a target that is a file.
        var path: RepoPath?
        var entry: TreeEntry
    }

    /// Writes `items` at `target`, which must not exist.
    func write(_ items: [Item], to target: DiskPath) throws {
        if items.count == 1, items[0].path == nil {
            return try writeFile(items[0].entry, to: target)
        }
        let temporary = try makeTemporaryDirectory(in: target.parent, on: disk)
        do {
            try checkDistinctNames(beside: [temporary], on: disk) { body in
                for path in items.lazy.compactMap(\.path) { try body(path) }
            }
            var known: Set<DiskPath> = [temporary]
            // Links last, so that no file is ever written through one.
            for item in items where item.entry.kind != .symlink {
                try write(item, below: temporary, &known)
            }
            for item in items where item.entry.kind == .symlink {
                try write(item, below: temporary, &known)
            }
            try disk.renameWithoutReplacing(temporary, to: target)
        } catch {
            // The first failure is the one to report; what was written is only litter.
            try? disk.removeTree(temporary)
            throw error
        }
    }

    private func write(_ item: Item, below top: DiskPath, _ known: inout Set<DiskPath>) throws {
        guard let path = item.path else { return }
        // A tree from elsewhere must not set up a repository, with settings that run programs.
        try Workspace.checkNotReserved(path)
        let place = top / path
        let directory = item.entry.kind == .directory ? place : place.parent
        if known.insert(directory).inserted { try disk.makeDirectories(directory) }
        switch item.entry.kind {
        case .directory, .tree: return
        case .symlink:
            let text = try store.readBlob(BlobID(item.entry.id), maximumBytes: 1 << 16)
            try disk.makeSymlink(at: place, target: text)
        case .file, .executable:
            let permissions = ContentWriter.permissions(item.entry)
            try write(
                item.entry, to: try disk.openFile(place, .createNew(permissions: permissions)))
        }
    }

    private func writeFile(_ entry: TreeEntry, to target: DiskPath) throws {
        if entry.kind == .directory { return try disk.makeDirectory(target) }
        if entry.kind == .symlink {
            let text = try store.readBlob(BlobID(entry.id), maximumBytes: 1 << 16)
            return try disk.makeSymlink(at: target, target: text)
        }
        let (temporary, file) = try makeTemporaryFile(
            in: target.parent, on: disk, permissions: ContentWriter.permissions(entry))
        do {
            try write(entry, to: file)
            try disk.renameWithoutReplacing(temporary, to: target)
        } catch {
            // The first failure is the one to report; the temporary file is only litter.
            try? disk.removeFile(temporary)
            throw error
        }
    }

    private static func permissions(_ entry: TreeEntry) -> UInt16 {
        entry.kind == .executable ? 0o755 : 0o644
    }

    /// Writes and closes a new file; its bytes are verified by the time this returns.
    private func write(_ entry: TreeEntry, to file: any DiskFile) throws {
        try store.write(BlobID(entry.id), to: file)
        try file.close()
    }
}
