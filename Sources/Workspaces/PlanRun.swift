import Objects
import Platform
import Vocabulary

/// The writing half of one plan: its steps in key order, some thousands at a time, and the stat table
/// of the folder along with them, so that the next status need not read what was written.
///
/// Small files of a batch are written side by side. Those of a folder that does not exist yet are made
/// in a staged one (see `FolderStaging`), which stays open for the next batch while nothing inside
/// it needs the folder itself.
///
/// Memory: a batch, however many files the plan has.
struct PlanRun {
    private let writer: WorkTreeWriter
    private let plan: ContentPlan
    private let tables: StatTables
    private var staging: FolderStaging
    /// A folder that is filled under another name, and where.
    private var open: (folder: RepoPath, place: DiskPath)?
    private var batch = Batch()
    private var table: StatTableWriter?
    private var rows = 0
    /// When the last of the large files was changed.
    private var latestLarge: Int64?

    private static let portionFiles = 256
    private static let batchFiles = 8192
    private static let batchRows = 65_536

    /// Steps that wait, in key order.
    private struct Batch {
        /// What the table is to say; nil where it cannot be known.
        var rows: [(entry: TreeEntry, status: FileStatus?)] = []
        /// With their places among the rows.
        var writes: [(write: ContentPlan.Write, row: Int)] = []
        var folders: [RepoPath] = []
        var modes: [ContentPlan.Write] = []
    }

    /// Small files of one folder that one thread writes.
    private struct Portion: Sendable {
        /// Where they are made: the folder, or what becomes it.
        let place: DiskPath
        let isStaged: Bool
        let writes: [(write: ContentPlan.Write, row: Int)]
    }

    init(_ plan: ContentPlan, _ tables: StatTables, by writer: WorkTreeWriter) {
        self.plan = plan
        self.tables = tables
        self.writer = writer
        staging = FolderStaging(writer.workspace)
        if plan.target.tree != nil, plan.writes > 0 {
            table = tables.writer(of: plan.target.path)
        }
    }

    private var workspace: Workspace { writer.workspace }
    private var disk: any Disk { writer.disk }

    /// Writes all files, makes the folders and sets the modes.
    mutating func run(
        _ done: inout WorkProgress, _ progress: (WorkProgress) -> Void
    ) throws {
        defer { staging.clear() }
        try plan.forEachStep { step in
            take(step)
            guard batch.writes.count >= PlanRun.batchFiles || batch.rows.count >= PlanRun.batchRows
            else { return }
            try flush(isLast: false, &done, progress)
        }
        try flush(isLast: true, &done, progress)
        remember()
    }

    private mutating func take(_ step: ContentPlan.Step) {
        switch step {
        case .keep(let entry, let item):
            guard table != nil else { return }
            batch.rows.append((entry, writer.isSettled(item.status) ? item.status : nil))
        case .remove: return
        case .write(let write):
            batch.writes.append((write, batch.rows.count))
            batch.rows.append((write.entry, nil))
        case .makeFolder(let folder): batch.folders.append(folder)
        case .setMode(let write): batch.modes.append(write)
        }
    }

    // MARK: - A batch

    private mutating func flush(
        isLast: Bool, _ done: inout WorkProgress, _ progress: (WorkProgress) -> Void
    ) throws {
        try SignalWatch.check()
        try writeSmall(isLast: isLast)
        count(batch.writes.lazy.map(\.write).filter(WorkTreeWriter.isSmall), &done, progress)
        for folder in batch.folders { try writer.makeFolder(folder) }
        for (write, row) in batch.writes where !WorkTreeWriter.isSmall(write) {
            try SignalWatch.check()
            try writer.makeFolder(write.entry.path.parent)
            let status = try writer.writeBeside(write)
            batch.rows[row].status = status
            if let changed = status?.changed { latestLarge = max(latestLarge ?? changed, changed) }
            count(CollectionOfOne(write), &done, progress)
        }
        for write in batch.modes { try writer.setMode(write) }
        note()
        batch = Batch()
    }

    private mutating func writeSmall(isLast: Bool) throws {
        var portions: [Portion] = []
        var staged: [(folder: RepoPath, place: DiskPath)] = open.map { [$0] } ?? []
        for (folder, writes) in smallByFolder() {
            let (place, isStaged) = try place(of: folder, &staged)
            for start in stride(from: 0, to: writes.count, by: PlanRun.portionFiles) {
                let end = min(writes.count, start + PlanRun.portionFiles)
                portions.append(
                    Portion(place: place, isStaged: isStaged, writes: Array(writes[start..<end])))
            }
        }
        let pool = WorkerPool(threads: workspace.machine.threads)
        let writer = writer
        let toWrite = portions
        let found = try pool.map(count: toWrite.count) { number in
            let portion = toWrite[number]
            return try portion.writes.map { item in
                portion.isStaged
                    ? try writer.write(item.write, into: portion.place)
                    : try writer.writeBeside(item.write)
            }
        }
        for (portion, statuses) in zip(portions, found) {
            for (item, status) in zip(portion.writes, statuses) {
                batch.rows[item.row].status = status
            }
        }
        open = nil
        for folder in staged {
            if !isLast, staysOpen(folder.folder) {
                open = folder
            } else {
                try writer.makeFolder(folder.folder.parent)
                try staging.take(folder.folder, from: folder.place)
            }
        }
    }

    /// Small files by folder, folders before those in them.
    private func smallByFolder()
        -> [(folder: RepoPath?, writes: [(write: ContentPlan.Write, row: Int)])]
    {
        var groups: [(folder: RepoPath?, writes: [(write: ContentPlan.Write, row: Int)])] = []
        var positions: [RepoPath?: Int] = [:]
        var current = -1
        for item in batch.writes where WorkTreeWriter.isSmall(item.write) {
            let folder = item.write.entry.path.parent
            // Neighbours mostly are in one folder.
            if current < 0 || groups[current].folder != folder {
                current = positions[folder] ?? groups.count
                if current == groups.count {
                    positions[folder] = current
                    groups.append((folder, []))
                }
            }
            groups[current].writes.append(item)
        }
        return groups.sorted { left, right in
            guard let right = right.folder else { return false }
            return left.folder.map { $0 < right } ?? true
        }
    }

    /// Where files of the folder are made, which is staged when it is missing.
    private mutating func place(
        of folder: RepoPath?, _ staged: inout [(folder: RepoPath, place: DiskPath)]
    ) throws -> (place: DiskPath, isStaged: Bool) {
        guard let folder else { return (workspace.root, false) }
        if let known = staged.first(where: { $0.folder == folder }) { return (known.place, true) }
        let place = workspace.root / folder
        guard try disk.status(of: place, followingLinks: false) == nil else {
            try writer.makeFolder(folder)
            return (place, false)
        }
        let made = try staging.stage(folder)
        staged.append((folder, made))
        return (made, true)
    }

    /// Whether the next batch may go on filling the folder: the last file went into it, and nothing
    /// here needs it under its own name.
    private func staysOpen(_ folder: RepoPath) -> Bool {
        guard let last = batch.writes.last, last.write.entry.path.parent == folder else {
            return false
        }
        return batch.folders.allSatisfy { !$0.isInside(folder) }
            && batch.modes.allSatisfy { !$0.entry.path.isInside(folder) }
            && batch.writes.allSatisfy { item in
                let path = item.write.entry.path
                return !path.isInside(folder)
                    || path.parent == folder && WorkTreeWriter.isSmall(item.write)
            }
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

    // MARK: - The stat table

    /// Notes what is known to hold what is wanted: files that were written, with their status right
    /// after that, and things that were found equal. A file that somebody wrote to since has another
    /// time or size, and is not believed.
    private mutating func note() {
        for (entry, status) in batch.rows {
            guard let status, !entry.isFile || status.size == entry.size else { continue }
            if let table, let path = entry.path.relative(to: plan.target.path) {
                table.append(path, .init(kind: entry.kind, digest: entry.id, status: status))
                rows += 1
            } else if entry.path == plan.target.path, plan.target.isWhole, entry.isFile {
                tables.remember(entry.path, entry.id, status)
            }
        }
    }

    private mutating func remember() {
        // Lets the file system's clock tick, a few milliseconds, so that large files which were just
        // written are older than the table and need not be read by the next command.
        tables.restamp()
        for _ in 0..<20 {
            guard let latestLarge, let stamp = tables.stamp, stamp <= latestLarge else { break }
            pause(milliseconds: 1)
            tables.restamp()
        }
        guard let table, rows > 0 else { return }
        table.restamp(tables.stamp)
        guard table.seal() != nil else { return }
        // Without all of them a later look at the folder works out the tree.
        table.publish(tree: rows == plan.wanted ? plan.target.tree : nil, mark: nil)
        tables.forgetRecent(of: plan.target.path)
    }
}
