package import Objects
package import Vocabulary

/// A snapshot in the history.
package struct LoggedSnapshot: Hashable, Sendable {
    /// Its id.
    package let id: SnapshotID
    /// What it says.
    package let record: SnapshotRecord
}

/// An operation in the journal.
package struct LoggedOperation: Sendable {
    /// The record of the journal: its number, time, packs and refs.
    package let entry: JournalEntry
    /// What the command said; nil where there is no note, or one of another kind.
    package let note: OperationNote?
}

/// The snapshots from `start` (nil: the head) back along first parents, newest first, at most
/// `limit`. None where nothing was committed. Reads one record each.
package func snapshotLog(
    of workspace: Workspace, from start: SnapshotID? = nil, limit: Int = .max
) throws -> [LoggedSnapshot] {
    let store = try workspace.store()
    var next = try start ?? store.ref(.head).map { SnapshotID($0.digest) }
    var log: [LoggedSnapshot] = []
    while let id = next, log.count < limit {
        let record = try SnapshotRecord(try store.readRecord(id.record))
        log.append(LoggedSnapshot(id: id, record: record))
        next = record.parents.first
    }
    return log
}

/// The operations of the journal, newest first, at most `limit`. Reads one record each.
package func operationLog(
    of workspace: Workspace, limit: Int = .max
) throws -> [LoggedOperation] {
    let store = try workspace.store()
    try store.refresh()
    return try store.journal().reversed().prefix(limit).map { entry in
        LoggedOperation(entry: entry, note: OperationNote(try store.note(of: entry)))
    }
}

/// The snapshot that `text` names: `head`, `head~2` (also `HEAD`, as in git), or the first digits (at
/// least four) of its id; so also one that the head named before an undo or a pull, or that a push
/// replaced on a remote. Throws `.notFound` or `.ambiguous`.
package func snapshot(named text: String, in workspace: Workspace) throws -> SnapshotID {
    let store = try workspace.store()
    let parts = text.split(separator: "~", maxSplits: 1, omittingEmptySubsequences: false)
    let log = try snapshotLog(of: workspace)
    if parts.first?.lowercased() == "head", parts.count == 1 || Int(parts[1]) != nil {
        let steps = parts.count == 1 ? 0 : Int(parts[1]) ?? 0
        guard log.indices.contains(steps) else { throw StoreError.noSnapshot(text) }
        return log[steps].id
    }
    if let id = SnapshotID(text: text), store.contains(.record, id.digest) { return id }
    let known = Set(log.map(\.id)).union(try formerHeads(in: store))
    let found = known.filter { $0.digest.hex.hasPrefix(text) }
    guard text.utf8.count >= 4, let first = found.first else { throw StoreError.noSnapshot(text) }
    guard found.count == 1 else {
        throw StoreError(
            .ambiguous, "'\(printable(Array(text.utf8)))' means \(found.count) snapshots",
            subject: text, advice: "write more digits of the id")
    }
    return first
}

/// What the head was at some time, and what was replaced on remotes.
private func formerHeads(in store: ObjectStore) throws -> [SnapshotID] {
    var records = try store.refs(under: "replaced/").map(\.id)
    for entry in try store.journal() {
        for change in entry.refs where change.name == .head {
            records += [change.expected, change.new].compactMap { $0 }
        }
    }
    return records.filter { store.contains(.record, $0.digest) }.map { SnapshotID($0.digest) }
}

extension StoreError {
    fileprivate static func noSnapshot(_ text: String) -> StoreError {
        StoreError(
            .notFound, "no snapshot is named '\(printable(Array(text.utf8)))'", subject: text,
            advice: "run 'mlstore log' to see them")
    }
}
