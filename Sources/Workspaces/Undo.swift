package import Objects
import Platform
import Vocabulary

/// What `undo` did.
package struct UndoReport: Sendable {
    /// The operation that was reversed.
    package let undone: LoggedOperation
    /// What became of the files.
    package let workTree: WorkTreeReport
    /// The refs that were set back.
    package let refs: [RefChange]
}

/// Reverses the last operation that changed anything: refs by compare-and-swap, small files and
/// data as they were before it, moves back. The undo is an operation too, so that a second undo
/// brings back what the first took.
///
/// Unless `force`, it refuses with `.changedMeanwhile` or `.unsavedChanges` when a file is no more
/// as the operation left it; with it, what is there is stored first. Throws `.notFound` when there
/// is nothing to undo. Content of reversed commits stays in the store.
package func undo(
    in workspace: Workspace, force: Bool = false,
    progress: (WorkProgress) -> Void = { _ in }
) throws -> UndoReport {
    try workspace.withLock("undo") {
        let store = try workspace.store()
        guard let last = try lastOperation(of: workspace), let note = last.note else {
            throw StoreError(
                .notFound, "there is nothing to undo",
                advice: "run 'mlstore log --operations' to see what was done",
                safety: "nothing was changed")
        }
        var edit = WorkTreeEdit(workspace, command: "undo: \(note.command)")
        edit.force = force
        edit.refs = last.entry.refs.map {
            RefChange(name: $0.name, expected: $0.new, new: $0.expected)
        }
        try checkRefs(edit.refs, in: store)
        edit.texts = try note.files.map { change in
            let bytes = try change.before.map {
                try store.readBlob($0, maximumBytes: LockFile.maximumBytes)
            }
            return .init(path: change.path, bytes: bytes, expected: [change.after])
        }
        edit.moves = try note.moves.reversed().filter { try !workspace.isUndone($0) }
            .map { .init(from: $0.to, to: $0.from) }
        for change in note.artifacts {
            let before = try ContentTarget(change.before, at: change.path, from: store)
            if !force { try checkUnchanged(change, before, in: workspace) }
            edit.targets.append(before)
        }
        let report = try edit.run(progress: progress)
        return UndoReport(undone: last, workTree: report, refs: edit.refs)
    }
}

/// The newest operation that changed refs or files.
private func lastOperation(of workspace: Workspace) throws -> LoggedOperation? {
    let store = try workspace.store()
    try store.refresh()
    for entry in try store.journal().reversed() {
        guard let note = OperationNote(try store.note(of: entry)) else { continue }
        if !note.isEmpty || !entry.refs.isEmpty { return LoggedOperation(entry: entry, note: note) }
    }
    return nil
}

/// Tells early, before files are looked at, what the commit would refuse.
private func checkRefs(_ refs: [RefChange], in store: ObjectStore) throws {
    for change in refs {
        guard try store.ref(change.name) != change.expected else { continue }
        throw StoreError(
            .conflict, "cannot undo: '\(change.name)' was changed since",
            subject: change.name.description, advice: "run 'mlstore log --operations'",
            safety: "nothing was changed")
    }
}

extension Workspace {
    /// Whether a move was recorded and then never made, since its command died between.
    fileprivate func isUndone(_ move: OperationNote.Move) throws -> Bool {
        try disk.status(of: root / move.to, followingLinks: false) == nil
            && disk.status(of: root / move.from, followingLinks: false) != nil
    }
}

/// Refuses to reverse a change of data where something was changed since: a file is neither as
/// the operation left it nor as before, or one is gone that both had. (Half of the files may be
/// the one and half the other: the operation died half way.)
private func checkUnchanged(
    _ change: OperationNote.ContentChange, _ before: ContentTarget, in workspace: Workspace
) throws {
    let store = try workspace.store()
    let scanner = ContentScanner(workspace)
    let listing = try ContentListing(of: change.path, with: scanner)
    scanner.finish()
    let after = try ContentTarget(change.after, at: change.path, from: store)
    // All three stand in key order.
    var (oldWalk, newWalk, foundWalk) = (try before.walk(), try after.walk(), listing.walk())
    var wanted = try FilesInOrder { try oldWalk.next() }
    var left = try FilesInOrder { try newWalk.next() }
    var found = try FilesInOrder { foundWalk.next()?.entry }
    while let path = [wanted.next, left.next, found.next].compactMap({ $0?.path }).min() {
        let (old, new) = (try wanted.take(path), try left.take(path))
        let isAsKnown =
            try found.take(path).map { item in
                [old, new].contains { $0?.holdsSame(as: item) == true }
            } ?? (old == nil || new == nil)
        guard isAsKnown else { throw StoreError.changedSince(path, "undo") }
    }
}

/// The files and links among entries in key order, one after the other.
private struct FilesInOrder {
    private let step: () throws -> TreeEntry?
    /// The next one.
    private(set) var next: TreeEntry?

    /// Those among the entries that `step` gives, nil at the end.
    init(_ step: @escaping () throws -> TreeEntry?) throws {
        self.step = step
        try advance()
    }

    /// The next one, if it is at `path`: then another is next.
    mutating func take(_ path: RepoPath) throws -> TreeEntry? {
        guard let entry = next, entry.path == path else { return nil }
        try advance()
        return entry
    }

    private mutating func advance() throws {
        repeat { next = try step() } while next?.kind == .directory
    }
}

extension TreeEntry {
    /// Whether the bytes are the same, and a link is a link.
    fileprivate func holdsSame(as other: TreeEntry) -> Bool {
        id == other.id && (kind == .symlink) == (other.kind == .symlink)
    }
}
