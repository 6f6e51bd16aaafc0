package import Objects
import Platform
package import Vocabulary

/// What `repair` did.
package struct RepairReport: Sendable {
    /// What was wrong before.
    package let found: VerifyReport
    /// The packs that were moved aside.
    package let quarantine: QuarantineReport
    /// Tracked paths whose content was stored again from the work tree, in order.
    package let restored: [RepoPath]
    /// What is wrong still.
    package let left: VerifyReport
    /// Tracked paths of which nothing was here before.
    package let absent: Int
}

/// Mends a damaged store by adding only: what is intact in damaged packs is copied to new ones, and
/// these are moved to `quarantine/`; then what is missing is stored again from the work tree, where
/// files are still what their pointers say; then `fetchMissing` may bring the rest from elsewhere.
/// Nothing is deleted.
///
/// Throws `.locked` while another command writes to the store.
package func repair(
    in workspace: Workspace, fetchMissing: () throws -> Void = {}
) throws -> RepairReport {
    try workspace.withLock("fsck --repair") {
        let store = try workspace.store()
        let contents = try workspace.presentContents()
        let here = contents.filter { store.contains($0) }
        let found = try store.verify(.full, roots: here.map { .content($0) })
        // Without damage, what is not here was evicted or never fetched. With damage it may be lost.
        let roots = (found.isSound ? here : contents).map { StoreRoot.content($0) }
        var note = OperationNote(command: "fsck --repair", time: workspace.machine.clock.now())
        note.files = []
        let quarantine = try store.quarantine(found, note: note.json)
        let restored = found.isSound ? [] : try restore(in: workspace, store)
        if !found.isSound { try fetchMissing() }
        let left = found.isSound ? found : try store.verify(.full, roots: roots)
        return RepairReport(
            found: found, quarantine: quarantine, restored: restored, left: left,
            absent: contents.count - here.count)
    }
}

/// Stores tracked paths again of which something is missing; those for which that helped.
private func restore(in workspace: Workspace, _ store: ObjectStore) throws -> [RepoPath] {
    let scanner = ContentScanner(workspace)
    let session = try store.beginSession()
    defer { session.abandon() }  // does nothing after a commit
    var restored: [RepoPath] = []
    for tracked in try workspace.tracked().paths where try !isWhole(tracked.content, store) {
        let listing = try ContentListing(of: tracked.path, with: scanner)
        guard try put(listing, in: session, workspace) == tracked.content else { continue }
        restored.append(tracked.path)
    }
    try putTexts(of: workspace, in: session)
    _ = try session.commit()
    return restored
}

private func isWhole(_ content: ContentID, _ store: ObjectStore) throws -> Bool {
    var isWhole = true
    do {
        try store.forEachReachable(
            from: [.content(content)], missing: { _ in isWhole = false }, { _ in })
    } catch let error as StoreError where error.kind == .corrupt || error.kind == .notInStore {
        return false
    }
    return isWhole
}

/// Puts what stands at a path, as far as the store lacks it; what it is as a whole, or nil where
/// nothing is there or it changes meanwhile.
private func put(
    _ listing: ContentListing, in session: StoreSession, _ workspace: Workspace
) throws -> ContentID? {
    guard try workspace.put(in: session, listing.forEachItem) == nil else { return nil }
    return try listing.state(in: session)?.content
}

/// Puts pointers and the lock file: snapshots list them.
private func putTexts(of workspace: Workspace, in session: StoreSession) throws {
    var files = try workspace.pointerPaths().map { $0.addingSuffix(Pointer.suffix) }
    files.append(try RepoPath(LockFile.name))
    for file in files {
        if let text = try workspace.smallFile(file) { _ = try session.putBlob(text) }
    }
}
