import Objects
import Platform
import Vocabulary

/// Carries out plans that are checked and recorded.
///
/// Each file is verified while it is written and gets its path when it is whole: by renaming it, or
/// with the new folder that it is in. Nothing is synced, since the store can make it all again.
struct WorkTreeWriter: Sendable {
    let workspace: Workspace
    let store: ObjectStore
    /// The file system's time before the files that are there were looked at.
    let lookedAt: Int64?

    /// The longest text of a link.
    static let maximumLinkBytes = 1 << 16

    var disk: any Disk { workspace.disk }

    func run(
        _ moves: [OperationNote.Move], _ plans: [ContentPlan], _ changes: [WorkTreeEdit.Change],
        _ report: inout WorkTreeReport, progress: (WorkProgress) -> Void
    ) throws {
        var done = WorkProgress(phase: "writing")
        done.totalFiles = plans.reduce(0) { $0 + $1.writes.count }
        done.totalBytes = plans.reduce(0) { $0 + $1.writes.reduce(0) { $0 + $1.entry.size } }
        for move in moves {
            try makeFolder(move.to.parent)
            try disk.renameWithoutReplacing(
                workspace.root / move.from, to: workspace.root / move.to)
        }
        var written: [(plan: ContentPlan, statuses: [FileStatus?])] = []
        for plan in plans {
            try remove(plan, &report)
            written.append((plan, try write(plan, &done, progress)))
            for mode in plan.modes { try setMode(mode) }
        }
        for change in changes { try write(change.text) }
        report.filesWritten = done.files
        report.bytesWritten = done.bytes
        remember(written)
    }

    // MARK: - Removing

    private func remove(_ plan: ContentPlan, _ report: inout WorkTreeReport) throws {
        var emptied: Set<RepoPath> = []
        for item in plan.removals {
            try checkUnchanged(item.entry.path, item)
            if item.entry.kind == .directory {
                emptied.insert(item.entry.path)
            } else {
                try disk.removeFile(workspace.root / item.entry.path)
                report.filesRemoved += 1
            }
            var parent = item.entry.path.parent
            while let folder = parent, folder.isInside(plan.target.path),
                emptied.insert(folder).inserted
            {
                parent = folder.parent
            }
        }
        // Children stand behind their parents in the order of paths.
        for folder in emptied.sorted().reversed() {
            do {
                try disk.removeDirectory(workspace.root / folder)
            } catch let error as StoreError where error.kind == .alreadyExists {
                continue  // something wanted, or left out by rules, is still in it
            }
        }
    }

    // MARK: - Folders

    /// Makes a folder with those above it, and refuses links among them.
    func makeFolder(_ folder: RepoPath?) throws {
        guard let folder else { return }
        if let found = try disk.status(of: workspace.root / folder, followingLinks: false) {
            guard found.kind == .directory else { throw StoreError.noFolder(folder, for: folder) }
            return try workspace.checkParents(of: folder)
        }
        try makeFolder(folder.parent)
        try disk.makeDirectory(workspace.root / folder)
    }

    // MARK: - Writing

    func writeLink(_ write: ContentPlan.Write, target: BlobID) throws {
        let place = workspace.root / write.entry.path
        let text = try store.readBlob(target, maximumBytes: WorkTreeWriter.maximumLinkBytes)
        // The temporary file only holds the name, for which the link is then exchanged.
        let (reserved, file) = try makeTemporaryFile(
            in: place.parent, on: disk, purpose: Workspace.litterPurpose)
        try file.close()
        let temporary = DiskPath(bytes: reserved.bytes + Array("-link".utf8))
        defer { try? disk.removeFile(reserved) }
        do {
            try disk.makeSymlink(at: temporary, target: text)
            try checkUnchanged(write.entry.path, write.replaced)
            try disk.rename(temporary, to: place)
        } catch {
            try? disk.removeFile(temporary)
            throw error
        }
    }

    private func setMode(_ write: ContentPlan.Write) throws {
        let place = workspace.root / write.entry.path
        guard let status = try disk.status(of: place, followingLinks: false),
            status.kind == .file
        else { throw StoreError.somethingElse(write.entry.path) }
        let readers = status.permissions & 0o444
        let others = status.permissions & ~0o111
        try disk.setPermissions(
            place, write.entry.kind == .executable ? others | readers >> 2 : others)
    }

    private func write(_ text: WorkTreeEdit.Text) throws {
        let place = workspace.root / text.path
        if let bytes = text.bytes {
            try makeFolder(text.path.parent)
            try workspace.writeSmallFile(bytes, to: place)
        } else {
            try disk.removeFile(place)
        }
    }

    /// Throws unless the path still is what the plan saw.
    func checkUnchanged(_ path: RepoPath, _ item: ContentListing.Item?) throws {
        let found = try disk.status(of: workspace.root / path, followingLinks: false)
        let seen = item?.status
        guard found?.kind == seen?.kind, found?.inode == seen?.inode,
            found?.kind == .directory || found?.size == seen?.size,
            found?.kind == .directory || found?.modified == seen?.modified
        else {
            throw StoreError.somethingElse(path)
        }
    }
}

extension StoreError {
    /// A path that is not as it was when the command looked.
    static func somethingElse(_ path: RepoPath) -> StoreError {
        StoreError(
            .changedMeanwhile, "cannot write '\(path)': something else is there now",
            subject: path.description, advice: "look at it, then run the command again",
            safety: "what was there is untouched")
    }
}
