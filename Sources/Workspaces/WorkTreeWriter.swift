import Objects
import Platform
import Vocabulary

/// Carries out plans that are checked and recorded.
///
/// Each file is written beside its place, verified while it is written, and renamed; nothing is
/// synced, since the store can make it all again.
struct WorkTreeWriter: Sendable {
    let workspace: Workspace
    let store: ObjectStore
    /// What was written, with the status of each before it got its name.
    private(set) var written: [RepoPath: FileStatus] = [:]

    init(workspace: Workspace, store: ObjectStore) {
        self.workspace = workspace
        self.store = store
    }

    var disk: any Disk { workspace.disk }

    /// Files up to this size are written side by side; larger ones are decoded in parallel.
    private static let smallBytes = 1 << 20
    private static let batchFiles = 512

    mutating func run(
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
        for plan in plans {
            try remove(plan, &report)
            try makeFolders(of: plan)
            try write(plan, &done, progress)
            for mode in plan.modes { try setMode(mode) }
        }
        for change in changes { try write(change.text) }
        report.filesWritten = done.files
        report.bytesWritten = done.bytes
        remember(plans)
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

    private func makeFolders(of plan: ContentPlan) throws {
        var folders = Set(plan.folders)
        for write in plan.writes {
            if let parent = write.entry.path.parent { folders.insert(parent) }
        }
        for folder in folders.sorted() { try makeFolder(folder) }
    }

    /// Makes a folder with those above it, and refuses links among them.
    private func makeFolder(_ folder: RepoPath?) throws {
        guard let folder else { return }
        if let found = try disk.status(of: workspace.root / folder, followingLinks: false) {
            guard found.kind == .directory else { throw StoreError.noFolder(folder, for: folder) }
            return try workspace.checkParents(of: folder)
        }
        try makeFolder(folder.parent)
        try disk.makeDirectory(workspace.root / folder)
    }

    // MARK: - Writing

    private mutating func write(
        _ plan: ContentPlan, _ done: inout WorkProgress, _ progress: (WorkProgress) -> Void
    ) throws {
        let small = plan.writes.filter { $0.entry.size <= WorkTreeWriter.smallBytes }
        let pool = WorkerPool(threads: workspace.machine.threads)
        var start = 0
        while start < small.count {
            try SignalWatch.check()
            let batch = small[start..<min(start + WorkTreeWriter.batchFiles, small.count)]
            let writer = self
            let statuses = try pool.map(count: batch.count) {
                try writer.write(batch[batch.startIndex + $0])
            }
            for (write, status) in zip(batch, statuses) { written[write.entry.path] = status }
            count(batch, &done, progress)
            start += batch.count
        }
        for large in plan.writes where large.entry.size > WorkTreeWriter.smallBytes {
            try SignalWatch.check()
            written[large.entry.path] = try write(large)
            count([large], &done, progress)
        }
    }

    private func count(
        _ written: ArraySlice<ContentPlan.Write>, _ done: inout WorkProgress,
        _ progress: (WorkProgress) -> Void
    ) {
        done.files += written.count
        done.bytes += written.reduce(0) { $0 + $1.entry.size }
        progress(done)
    }

    private func write(_ write: ContentPlan.Write) throws -> FileStatus? {
        guard let blob = write.entry.blob else { return nil }
        if write.entry.kind == .symlink {
            try writeLink(write, target: blob)
            return nil
        }
        let place = workspace.root / write.entry.path
        let (temporary, file) = try makeTemporaryFile(
            in: place.parent, on: disk,
            permissions: write.entry.kind == .executable ? 0o755 : 0o644)
        do {
            var offset = 0
            // The piece lives for the call, and is written before it ends.
            try unsafe store.streamBlob(blob) { piece in
                try unsafe file.write(piece, at: offset)
                offset += piece.count
            }
            let status = try file.status()
            try file.close()
            try checkUnchanged(write.entry.path, write.replaced)
            try disk.rename(temporary, to: place)
            return status
        } catch {
            // The first failure is the one to report; the temporary file is only litter.
            try? file.close()
            try? disk.removeFile(temporary)
            throw error
        }
    }

    private func writeLink(_ write: ContentPlan.Write, target: BlobID) throws {
        let place = workspace.root / write.entry.path
        let text = try store.readBlob(target, maximumBytes: 1 << 16)
        // The temporary file only holds the name, for which the link is then exchanged.
        let (reserved, file) = try makeTemporaryFile(in: place.parent, on: disk)
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
        guard let status = write.replaced?.status else { return }
        let readers = status.permissions & 0o444
        let others = status.permissions & ~0o111
        try disk.setPermissions(
            workspace.root / write.entry.path,
            write.entry.kind == .executable ? others | readers >> 2 : others)
    }

    private func write(_ text: WorkTreeEdit.Text) throws {
        let place = workspace.root / text.path
        if let bytes = text.bytes {
            try makeFolder(text.path.parent)
            try writeAtomically(bytes, to: place, on: disk, durable: true)
        } else {
            try disk.removeFile(place)
        }
    }

    /// Throws unless the path still is what the plan saw.
    private func checkUnchanged(_ path: RepoPath, _ item: ContentListing.Item?) throws {
        let found = try disk.status(of: workspace.root / path, followingLinks: false)
        let seen = item?.status
        guard found?.kind == seen?.kind, found?.inode == seen?.inode,
            found?.kind == .directory || found?.size == seen?.size,
            found?.kind == .directory || found?.modified == seen?.modified
        else {
            throw StoreError(
                .changedMeanwhile, "cannot write '\(path)': something else is there now",
                subject: path.description, advice: "look at it, then run the command again",
                safety: "what was there is untouched")
        }
    }
}
