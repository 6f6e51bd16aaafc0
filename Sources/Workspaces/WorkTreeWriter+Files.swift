import Objects
import Platform
import Vocabulary

/// Small files of one folder that one thread writes.
private struct Portion: Sendable {
    let folder: RepoPath?
    /// Where they are made: the folder, or what becomes it.
    let place: DiskPath
    let isStaged: Bool
    /// Whether the folder is complete with it.
    let isLast: Bool
    /// Positions in the plan's writes.
    let writes: ArraySlice<Int>
}

extension WorkTreeWriter {
    /// Files up to this size are written side by side; larger ones are decoded in parallel.
    static let smallBytes = 1 << 20
    private static let portionFiles = 256
    private static let batchFiles = 8192

    /// Writes the files and makes the folders of a plan. The status of each file that was written,
    /// as it is under its name; nil for links, and where somebody else was there since.
    func write(
        _ plan: ContentPlan, _ done: inout WorkProgress, _ progress: (WorkProgress) -> Void
    ) throws -> [FileStatus?] {
        var statuses = [FileStatus?](repeating: nil, count: plan.writes.count)
        try writeSmall(plan, &statuses, &done, progress)
        let large = plan.writes.indices.filter { !WorkTreeWriter.isSmall(plan.writes[$0]) }
        let folders = Set(plan.folders + large.compactMap { plan.writes[$0].entry.path.parent })
        for folder in folders.sorted() { try makeFolder(folder) }
        for index in large {
            try SignalWatch.check()
            statuses[index] = try writeBeside(plan.writes[index])
            count(CollectionOfOne(plan.writes[index]), &done, progress)
        }
        return statuses
    }

    static func isSmall(_ write: ContentPlan.Write) -> Bool {
        write.entry.size <= smallBytes
    }

    // MARK: - Small files

    private func writeSmall(
        _ plan: ContentPlan, _ statuses: inout [FileStatus?], _ done: inout WorkProgress,
        _ progress: (WorkProgress) -> Void
    ) throws {
        var staging = FolderStaging(workspace)
        defer { staging.clear() }
        var batch: [Portion] = []
        var files = 0
        for (folder, writes) in WorkTreeWriter.smallByFolder(plan) {
            let portions = try portions(of: folder, writes, &staging)
            for portion in portions {
                batch.append(portion)
                files += portion.writes.count
                guard files >= WorkTreeWriter.batchFiles else { continue }
                try run(batch, of: plan, staging, &statuses)
                count(batch.flatMap(\.writes).map { plan.writes[$0] }, &done, progress)
                batch = []
                files = 0
            }
        }
        try run(batch, of: plan, staging, &statuses)
        count(batch.flatMap(\.writes).map { plan.writes[$0] }, &done, progress)
    }

    /// Positions of the small files by folder, folders before those in them.
    private static func smallByFolder(
        _ plan: ContentPlan
    ) -> [(folder: RepoPath?, writes: [Int])] {
        var groups: [(folder: RepoPath?, writes: [Int])] = []
        var positions: [RepoPath?: Int] = [:]
        var current = -1
        for (index, write) in plan.writes.enumerated() where isSmall(write) {
            let folder = write.entry.path.parent
            // Neighbours mostly are in one folder.
            if current < 0 || groups[current].folder != folder {
                current = positions[folder] ?? groups.count
                if current == groups.count {
                    positions[folder] = current
                    groups.append((folder, []))
                }
            }
            groups[current].writes.append(index)
        }
        return groups.sorted { left, right in
            guard let right = right.folder else { return false }
            return left.folder.map { $0 < right } ?? true
        }
    }

    private func portions(
        of folder: RepoPath?, _ writes: [Int], _ staging: inout FolderStaging
    ) throws -> [Portion] {
        var place = workspace.root
        var isStaged = false
        if let folder {
            place = workspace.root / folder
            if try disk.status(of: place, followingLinks: false) == nil {
                place = try staging.stage(folder)
                isStaged = true
            } else {
                try makeFolder(folder)
            }
        }
        return stride(from: 0, to: writes.count, by: WorkTreeWriter.portionFiles).map { start in
            let end = min(writes.count, start + WorkTreeWriter.portionFiles)
            return Portion(
                folder: folder, place: place, isStaged: isStaged, isLast: end == writes.count,
                writes: writes[start..<end])
        }
    }

    private func run(
        _ batch: [Portion], of plan: ContentPlan, _ staging: FolderStaging,
        _ statuses: inout [FileStatus?]
    ) throws {
        try SignalWatch.check()
        let pool = WorkerPool(threads: workspace.machine.threads)
        let found = try pool.map(count: batch.count) { number in
            let portion = batch[number]
            return try portion.writes.map { index in
                let write = plan.writes[index]
                return portion.isStaged
                    ? try self.write(write, into: portion.place) : try self.writeBeside(write)
            }
        }
        for (portion, found) in zip(batch, found) {
            for (index, status) in zip(portion.writes, found) { statuses[index] = status }
            guard portion.isStaged, portion.isLast, let folder = portion.folder else { continue }
            try makeFolder(folder.parent)
            try staging.take(folder, from: portion.place)
        }
    }

    // MARK: - One file

    /// Makes the file in a folder that nobody sees yet.
    private func write(_ write: ContentPlan.Write, into folder: DiskPath) throws -> FileStatus? {
        guard let blob = write.entry.blob else { return nil }
        let place = folder.appending(write.entry.path.lastComponent)
        if write.entry.kind == .symlink {
            let target = try store.readBlob(blob, maximumBytes: WorkTreeWriter.maximumLinkBytes)
            try disk.makeSymlink(at: place, target: target)
            return nil
        }
        let file = try disk.openFile(place, .createNew(permissions: permissions(of: write)))
        let status = try fill(file, with: blob)
        try file.close()
        return status
    }

    /// Makes the file beside its place and gives it its name.
    private func writeBeside(_ write: ContentPlan.Write) throws -> FileStatus? {
        guard let blob = write.entry.blob else { return nil }
        if write.entry.kind == .symlink {
            try writeLink(write, target: blob)
            return nil
        }
        let place = workspace.root / write.entry.path
        if let linked = try link(write, at: place) { return linked }
        let (temporary, file) = try makeTemporaryFile(
            in: place.parent, on: disk, permissions: permissions(of: write),
            purpose: Workspace.litterPurpose)
        do {
            let isShared =
                try !WorkTreeWriter.isSmall(write)
                && (patch(file, write) || store.share(blob, with: file))
            let filled = isShared ? try file.status() : try fill(file, with: blob)
            try file.close()
            try checkUnchanged(write.entry.path, write.replaced)
            try disk.rename(temporary, to: place)
            // The new name changed one of the times.
            let named = try disk.status(of: place, followingLinks: false)
            let isIt =
                named?.inode == filled.inode && named?.modified == filled.modified
                && named?.size == filled.size
            return isIt ? named : nil
        } catch {
            // The first failure is the one to report; the temporary file is only litter.
            try? file.close()
            try? disk.removeFile(temporary)
            throw error
        }
    }

    private func permissions(of write: ContentPlan.Write) -> UInt16 {
        write.entry.kind == .executable ? 0o755 : 0o644
    }

    /// Writes the blob, which is checked meanwhile.
    private func fill(_ file: any DiskFile, with blob: BlobID) throws -> FileStatus {
        try store.write(blob, to: file)
        return try file.status()
    }

    private func count(
        _ written: some Sequence<ContentPlan.Write>, _ done: inout WorkProgress,
        _ progress: (WorkProgress) -> Void
    ) {
        for write in written {
            done.files += 1
            done.bytes += write.entry.size
        }
        progress(done)
    }
}
