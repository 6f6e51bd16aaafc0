package import Objects
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
        edit.moves = note.moves.reversed().map { .init(from: $0.to, to: $0.from) }
        for change in note.artifacts {
            if !force { try checkUnchanged(change, in: workspace) }
            edit.targets.append(try ContentTarget(change.before, at: change.path, from: store))
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

/// Refuses to reverse a change of data that is neither as the operation left it nor as before.
private func checkUnchanged(
    _ change: OperationNote.ContentChange, in workspace: Workspace
) throws {
    let scanner = ContentScanner(workspace)
    let listing = try ContentListing(of: change.path, with: scanner)
    scanner.finish()
    // Trees of what is there now need not be stored to be compared.
    let found = try digestOfState(listing)
    let known = [change.before, change.after].map { $0.map { $0.content.digest } }
    guard known.contains(found) else { throw StoreError.changedSince(change.path, "undo") }
}

private func digestOfState(_ listing: ContentListing) throws -> Digest? {
    guard let first = listing.items.first?.entry else { return nil }
    if first.path == listing.path, first.kind != .directory { return first.id }
    var builder = TreeBuilder { _, _ in }
    for item in listing.items {
        guard let relative = item.entry.path.relative(to: listing.path) else { continue }
        try builder.append(
            TreeEntry(
                path: relative, kind: item.entry.kind, size: item.entry.size, id: item.entry.id))
    }
    return try builder.finish().digest
}
