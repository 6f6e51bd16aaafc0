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
    /// Files that are whole already, and only need their names.
    var arrived: ArrivingFiles?

    /// The longest text of a link.
    static let maximumLinkBytes = 1 << 16

    var disk: any Disk { workspace.disk }

    func run(
        _ moves: [OperationNote.Move], _ plans: [ContentPlan], _ changes: [WorkTreeEdit.Change],
        _ report: inout WorkTreeReport, progress: (WorkProgress) -> Void
    ) throws {
        var done = WorkProgress(phase: "writing")
        done.totalFiles = plans.reduce(0) { $0 + $1.writes }
        done.totalBytes = plans.reduce(0) { $0 + $1.writtenBytes }
        for move in moves {
            try makeFolder(move.to.parent)
            try disk.renameWithoutReplacing(
                workspace.root / move.from, to: workspace.root / move.to)
        }
        let tables = StatTables(workspace)
        for plan in plans where !plan.isEmpty {
            try remove(plan, &report)
            var run = PlanRun(plan, tables, by: self)
            try run.run(&done, progress)
        }
        for change in changes { try write(change.text) }
        report.filesWritten = done.files
        report.bytesWritten = done.bytes
        tables.saveSingles()
    }

    /// Whether a file that was looked at cannot have changed since without another time: the tables
    /// that are written now are newer than that look.
    func isSettled(_ status: FileStatus) -> Bool {
        lookedAt.map { status.modified < $0 && status.changed < $0 } ?? false
    }

    // MARK: - Removing

    /// Removes what is not wanted, and the folders that are empty then.
    private func remove(_ plan: ContentPlan, _ report: inout WorkTreeReport) throws {
        guard plan.removals > 0 else { return }
        // Of the thing that was removed last, each below the one before: in key order, what is in a
        // folder stands together.
        var emptied: [RepoPath] = []
        func leave(for folder: RepoPath?) throws {
            while let last = emptied.last, folder.map({ !$0.isInside(last) }) ?? true {
                emptied.removeLast()
                try removeIfEmpty(last)
            }
        }
        try plan.forEachStep { step in
            guard case .remove(let item) = step else { return }
            let path = item.entry.path
            try checkUnchanged(path, item)
            let isFolder = item.entry.kind == .directory
            let folder = isFolder ? path : path.parent
            try leave(for: folder)
            if !isFolder {
                try disk.removeFile(workspace.root / path)
                report.filesRemoved += 1
            }
            var above: [RepoPath] = []
            var next = folder
            while let here = next, here.isInside(plan.target.path), here != emptied.last {
                above.append(here)
                next = here.parent
            }
            emptied += above.reversed()
        }
        try leave(for: nil)
    }

    private func removeIfEmpty(_ folder: RepoPath) throws {
        do {
            try disk.removeDirectory(workspace.root / folder)
        } catch let error as StoreError where error.kind == .alreadyExists {
            // Something wanted, or left out by rules, is still in it.
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
        _ = try workspace.replace(place) { temporary in
            try disk.makeSymlink(at: temporary, target: text)
            return true
        } check: {
            try checkUnchanged(write.entry.path, write.replaced)
        }
    }

    func setMode(_ write: ContentPlan.Write) throws {
        let place = workspace.root / write.entry.path
        guard let status = try disk.status(of: place, followingLinks: false),
            status.kind == .file
        else { throw StoreError.somethingElse(write.entry.path) }
        try setMode(of: place, status, isExecutable: write.entry.kind == .executable)
    }

    /// Lets those run a file who may read it, or nobody.
    func setMode(of place: DiskPath, _ status: FileStatus, isExecutable: Bool) throws {
        let readers = status.permissions & 0o444
        let others = status.permissions & ~0o111
        try disk.setPermissions(place, isExecutable ? others | readers >> 2 : others)
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
