import Bytes
import Objects
import Platform
package import Vocabulary

/// What a change of the work tree came to.
package struct WorkTreeReport: Hashable, Sendable {
    /// Files and links that were written.
    package var filesWritten = 0
    /// Their bytes.
    package var bytesWritten = 0
    /// Files and links that were removed.
    package var filesRemoved = 0
    /// Files, links and empty folders that were right already.
    package var unchanged = 0
    /// Files that were in no store and were stored before they were replaced or removed.
    package var saved: [RepoPath] = []
    /// Pointers, lock and ignore files that were written or removed.
    package var textsChanged: [RepoPath] = []
    /// The number of the operation in the journal; nil when there was nothing to do.
    package var sequence: Int?
    /// Folders of which only this much is in the store, and was brought.
    package var parts: [PartCount] = []

    /// Nothing done.
    package init() {}
}

/// Everything that a command wants to change in the work tree: first planned and checked, then
/// recorded with what it replaces, then done.
///
/// Invariants: nothing in the work tree changes before all that would be lost is in the store and
/// the operation is in the journal; a file is replaced only while it is what the plan saw.
struct WorkTreeEdit {
    /// A small file to write (nil: to remove).
    struct Text {
        let path: RepoPath
        let bytes: [UInt8]?
        /// What it may hold before; nil for anything.
        var expected: [BlobID?]?
    }

    let workspace: Workspace
    /// The command for the note.
    let command: String
    var targets: [ContentTarget] = []
    var texts: [Text] = []
    var moves: [OperationNote.Move] = []
    var refs: [RefChange] = []
    var force = false
    /// Files that are whole already.
    var arrived: ArrivingFiles?

    init(_ workspace: Workspace, command: String) {
        self.workspace = workspace
        self.command = command
    }

    /// Does it. The workspace's lock is held by the caller.
    func run(progress: (WorkProgress) -> Void) throws -> WorkTreeReport {
        let store = try workspace.store()
        workspace.removeLitter()
        let scanner = ContentScanner(workspace)
        let plans = try targets.map {
            try ContentPlan($0, try ContentListing(of: $0.path, with: scanner), in: store)
        }
        for plan in plans { try plan.checkPresent() }
        for move in moves { try check(move) }
        let changes = try textChanges()
        var report = WorkTreeReport()
        report.unchanged = plans.reduce(0) { $0 + $1.unchanged }
        guard
            plans.contains(where: { !$0.isEmpty }) || !changes.isEmpty || !moves.isEmpty
                || !refs.isEmpty
        else {
            workspace.settle(dataPaths)
            return report
        }
        if !force, let first = plans.lazy.compactMap(\.firstUnsaved).first {
            throw StoreError.unsaved(first, of: plans.reduce(0) { $0 + $1.unsaved }, command)
        }
        try checkNames(plans)
        report.sequence = try record(plans, changes, &report.saved, in: store)
        report.textsChanged = changes.map(\.text.path)
        if !moves.isEmpty || plans.contains(where: { !$0.isEmpty }) {
            try workspace.begin(command, at: dataPaths)
        }
        let writer = WorkTreeWriter(
            workspace: workspace, store: store, lookedAt: scanner.tables.stamp, arrived: arrived)
        try writer.run(moves, plans, changes, &report, progress: progress)
        workspace.settle(dataPaths)
        return report
    }

    /// The paths whose data this is about.
    private var dataPaths: [RepoPath] {
        Set(targets.map(\.path) + moves.flatMap { [$0.from, $0.to] }).sorted()
    }

    // MARK: - Texts

    /// A text that differs from what is wanted.
    struct Change {
        let text: Text
        let before: [UInt8]?
    }

    private func textChanges() throws -> [Change] {
        var changes: [Change] = []
        for text in texts {
            try workspace.checkParents(of: text.path)
            let before = try workspace.smallFile(text.path)
            if let expected = text.expected, !force,
                !expected.contains(before.map { BlobID(sha256($0)) }), before != text.bytes
            {
                throw StoreError.changedSince(text.path, command)
            }
            if before != text.bytes { changes.append(Change(text: text, before: before)) }
        }
        return changes
    }

    private func check(_ move: OperationNote.Move) throws {
        for path in [move.from, move.to] { try workspace.checkParents(of: path) }
        let disk = workspace.disk
        let taken = try disk.status(of: workspace.root / move.to, followingLinks: false) != nil
        let isThere = try disk.status(of: workspace.root / move.from, followingLinks: false) != nil
        guard isThere, !taken else {
            throw StoreError(
                taken ? .alreadyExists : .notFound,
                taken
                    ? "cannot move '\(move.from)': '\(move.to)' is there already"
                    : "cannot move '\(move.from)': nothing is there",
                subject: (taken ? move.to : move.from).description,
                safety: "nothing was changed")
        }
    }

    // MARK: - Recording

    /// Stores what will be gone and commits the note; the number of the operation.
    private func record(
        _ plans: [ContentPlan], _ changes: [Change], _ saved: inout [RepoPath],
        in store: ObjectStore
    ) throws -> Int? {
        let session = try store.beginSession()
        do {
            for plan in plans { try save(plan, &saved, in: session) }
            var note = OperationNote(command: command, time: workspace.machine.clock.now())
            note.moves = moves
            for change in changes {
                note.files.append(
                    .init(
                        path: change.text.path,
                        before: try change.before.map { try session.putBlob($0).id },
                        after: try change.text.bytes.map { try session.putBlob($0).id }))
            }
            for plan in plans where !plan.isEmpty {
                note.artifacts.append(
                    .init(
                        path: plan.target.path,
                        before: try plan.listing.state(in: session),
                        after: try plan.target.state(in: session)))
            }
            return try session.commit(refs: refs, note: note.json).entry?.sequence
        } catch {
            session.abandon()
            throw error
        }
    }

    /// Stores what the plan would let vanish.
    private func save(
        _ plan: ContentPlan, _ saved: inout [RepoPath], in session: StoreSession
    ) throws {
        let changed = try workspace.put(in: session) { put in
            try plan.forEachUnsaved(in: session.store) { item in
                saved.append(item.entry.path)
                try put(item)
            }
        }
        if let changed { throw StoreError.changedSince(changed, command) }
    }
}

extension Workspace {
    /// How many items are put at once.
    private static let itemsAtOnce = 4096

    /// Puts files and links as they stand, each that `forEach` calls its argument with; one that has
    /// changed since it was looked at, if any.
    func put(
        in session: StoreSession,
        _ forEach: ((ContentListing.Item) throws -> Void) throws -> Void
    ) throws -> RepoPath? {
        var batch: [ContentListing.Item] = []
        var changed: RepoPath?
        try forEach { item in
            guard changed == nil else { return }
            batch.append(item)
            guard batch.count == Workspace.itemsAtOnce else { return }
            changed = try put(batch, in: session)
            batch.removeAll(keepingCapacity: true)
        }
        return try changed ?? put(batch, in: session)
    }

    private func put(_ items: [ContentListing.Item], in session: StoreSession) throws -> RepoPath? {
        let files = items.filter { $0.entry.isFile }
        let receipts = try session.putBlobs(
            files.map { FileToStore(path: root / $0.entry.path, status: $0.status) })
        for (item, receipt) in zip(files, receipts) where receipt.id.digest != item.entry.id {
            return item.entry.path
        }
        for item in items where item.entry.kind == .symlink {
            _ = try session.putBlob(try disk.readSymlink(root / item.entry.path))
        }
        return nil
    }
}

extension StoreError {
    static func unsaved(_ first: RepoPath, of count: Int, _ command: String) -> StoreError {
        let more = count > 1 ? " and \(count - 1) more" : ""
        return StoreError(
            .unsavedChanges,
            "cannot run '\(command)': it would overwrite '\(first)'\(more), which is not stored",
            subject: first.description,
            advice: "run 'mlstore add' to keep it, or use '--force': then 'mlstore undo' brings it "
                + "back",
            safety: "nothing was changed")
    }

    static func changedSince(_ path: RepoPath, _ command: String) -> StoreError {
        StoreError(
            .changedMeanwhile, "cannot run '\(command)': '\(path)' was changed since",
            subject: path.description, advice: "look at it, then use '--force' to overwrite it",
            safety: "nothing was changed")
    }
}
