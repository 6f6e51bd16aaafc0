import GitHistory
package import Objects
import Platform
package import Vocabulary

/// How `commitSnapshot` works.
package struct CommitOptions: Sendable {
    /// Why.
    package var message = ""
    /// Who, as git writes it; nil: as the settings, git or the system's user say.
    package var author: String?

    /// No message, the usual author.
    package init() {}
}

/// What `commitSnapshot` did.
package struct CommitSnapshotReport: Hashable, Sendable {
    /// The snapshot at the head now.
    package let id: SnapshotID
    /// What it says.
    package let record: SnapshotRecord
    /// The tracked paths in it.
    package let trackedPaths: Int
    /// Bytes of what they track.
    package let sizeBytes: Int
    /// Whether it was made now; false when nothing changed since the one at the head.
    package let isNew: Bool
}

/// Makes a snapshot of all that is tracked: what pointers and lock file say, not what the files
/// hold that were changed since. It lists each tracked path with its content, and the pointer and
/// lock files themselves, and becomes the head; its parent is the head before.
///
/// Throws `.notInStore` when a tracked content is not here, `.conflict` when another command moved
/// the head meanwhile.
package func commitSnapshot(
    in workspace: Workspace, options: CommitOptions
) throws -> CommitSnapshotReport {
    try workspace.withLock("commit") {
        let store = try workspace.store()
        try store.refresh()
        let state = try TrackingState(.workTree, of: workspace)
        let session = try store.beginSession()
        do {
            for tracked in state.paths where !session.contains(tracked.content) {
                if let count = try workspace.partCount(of: tracked) {
                    throw StoreError.partlyHere(
                        count, "cannot commit",
                        advice: "run 'mlstore pull \(tracked.path)' to fetch the others")
                }
                throw StoreError(
                    .notInStore,
                    "cannot commit: the content of '\(tracked.path)' is not in this store",
                    subject: tracked.path.description,
                    advice: "run 'mlstore pull' to fetch it, or 'mlstore add \(tracked.path)'",
                    safety: "nothing was changed")
            }
            return try commit(state, in: workspace, session, options)
        } catch {
            session.abandon()
            throw error
        }
    }
}

private func commit(
    _ state: TrackingState, in workspace: Workspace, _ session: StoreSession,
    _ options: CommitOptions
) throws -> CommitSnapshotReport {
    let store = session.store
    let tree = try session.putTree(try snapshotEntries(of: state, in: session))
    let head = try store.ref(.head)
    let size = state.paths.reduce(0) { $0 &+ $1.sizeBytes }
    if let head {
        let current = try SnapshotRecord(try store.readRecord(head))
        if current.tree == tree {
            session.abandon()
            return CommitSnapshotReport(
                id: SnapshotID(head.digest), record: current, trackedPaths: state.paths.count,
                sizeBytes: size, isNew: false)
        }
    }
    let record = SnapshotRecord(
        tree: tree, parents: head.map { [SnapshotID($0.digest)] } ?? [],
        author: try options.author ?? defaultAuthor(in: workspace), message: options.message,
        time: workspace.machine.clock.now())
    let id = try session.putRecord(record.json)
    let note = OperationNote(command: "commit", time: record.time)
    _ = try session.commit(
        refs: [RefChange(name: .head, expected: head, new: id)], note: note.json)
    return CommitSnapshotReport(
        id: SnapshotID(id.digest), record: record, trackedPaths: state.paths.count,
        sizeBytes: size, isNew: true)
}

/// The tracked paths with files and trees at them, and the texts that track them, in key order.
private func snapshotEntries(
    of state: TrackingState, in session: StoreSession
) throws -> [TreeEntry] {
    var entries: [RepoPath: TreeEntry] = [:]
    for tracked in state.paths where entries[tracked.path] == nil {
        entries[tracked.path] =
            switch tracked.content {
            case .file(let blob):
                .file(
                    tracked.path, blob, size: tracked.sizeBytes, executable: tracked.isExecutable)
            case .directory(let tree): .tree(tracked.path, tree, size: tracked.sizeBytes)
            }
    }
    for (path, bytes) in state.texts.sorted(by: { $0.key < $1.key }) {
        entries[path] = .file(path, try session.putBlob(bytes).id, size: bytes.count)
    }
    return entries.values.sorted { $0.path < $1.path }
}

/// `Name <address>` from the settings, else as git finds it: from its variables, then from its
/// configuration; the name at last from the system's user.
package func defaultAuthor(in workspace: Workspace) throws -> String {
    let config = try workspace.config()
    let environment = workspace.machine.environment
    func setting(_ key: String, _ variable: String) throws -> String? {
        if let value = config.string(key) ?? environment[variable] { return value }
        return try workspace.git?.configuration(key)
    }
    let name = try setting("user.name", "GIT_AUTHOR_NAME") ?? environment["USER"] ?? "unknown"
    return "\(name) <\(try setting("user.email", "GIT_AUTHOR_EMAIL") ?? "")>"
}
