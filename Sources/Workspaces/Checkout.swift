package import Objects
import Platform
package import Vocabulary

/// How `checkout` works.
package struct CheckoutOptions: Sendable {
    /// Where pointers and lock file are read. From anywhere but the work tree they are written to
    /// the work tree as well.
    package var source = TrackingSource.workTree
    /// Whether files that are in no store may be overwritten. They are stored first, and `undo`
    /// brings them back.
    package var force = false
    /// The command for the journal.
    package var command = "checkout"
    /// Files that are whole already, and only need their names.
    package var arrived: ArrivingFiles?

    /// The defaults: the work tree's own pointers, nothing unsaved overwritten.
    package init() {}
}

/// Brings the tracked contents at or below `paths` (nil: all) into the work tree, byte for byte:
/// equal files are left alone, others written beside their place, verified and renamed. Files
/// that do not belong into a tracked folder are removed if their content is in the store.
///
/// Without `paths`, a checkout from elsewhere also removes what that state does not have: data that
/// is in what was committed last, and data that was moved since. Data that was never committed
/// stays.
///
/// Of a folder of which only a part was fetched, a checkout without `paths` brings that part, and the
/// report says so; one that names the folder throws `.notInStore`.
///
/// Everything is checked first; a refused checkout changed nothing. Throws `.unsavedChanges`,
/// `.notInStore`, `.notFound` for a path that is not tracked, `.unsupportedFile` for a path below a
/// link. What it replaces is recorded, so that `undo` reverses it. `progress` is called
/// on the caller's thread.
package func checkout(
    _ paths: [RepoPath]?, in workspace: Workspace, options: CheckoutOptions = CheckoutOptions(),
    progress: (WorkProgress) -> Void = { _ in }
) throws -> WorkTreeReport {
    try workspace.withLock(options.command) {
        let store = try workspace.store()
        let state = try TrackingState(options.source, of: workspace)
        let selected = try select(paths, in: state, workspace)
        var edit = WorkTreeEdit(workspace, command: options.command)
        edit.force = options.force
        edit.arrived = options.arrived
        var parts: [PartCount] = []
        for (tracked, part) in selected {
            // Whoever names no path gets all that there is.
            edit.targets.append(
                try ContentTarget(tracked, part: part, from: store, isEnough: paths == nil))
            if paths == nil, let count = try workspace.partCount(of: tracked) {
                parts.append(count)
            }
        }
        if options.source != .workTree {
            edit.texts = try texts(of: state, for: selected, isAll: paths == nil)
            let gone = paths == nil ? try pathsReplaced(by: state, in: workspace) : []
            for path in gone {
                edit.targets.append(.nothing(at: path))
                edit.texts.append(.init(path: path.addingSuffix(Pointer.suffix), bytes: nil))
            }
            let back = selected.filter { $0.1 == nil && $0.0.hasPointer }.map(\.0.path)
            edit.texts += try workspace.gitIgnoreEdits(adding: back, removing: gone)
                .map { .init(path: $0.path, bytes: $0.after) }
        }
        var report = try edit.run(progress: progress)
        report.parts = parts
        return report
    }
}

/// The tracked contents that `paths` mean, each with the part of it that is meant (nil: all of it).
private func select(
    _ paths: [RepoPath]?, in state: TrackingState, _ workspace: Workspace
) throws -> [(TrackedPath, RepoPath?)] {
    let contents = state.paths
    guard let paths else { return contents.map { ($0, nil) } }
    var selected: [(TrackedPath, RepoPath?)] = []
    var chosen: Set<RepoPath> = []
    for path in paths.sorted() {
        let inside = contents.filter { $0.path.isInside(path) }
        for tracked in inside where chosen.insert(tracked.path).inserted {
            selected.append((tracked, nil))
        }
        guard inside.isEmpty else { continue }
        guard let holder = contents.first(where: { path.isInside($0.path) }) else {
            throw StoreError.notTracked(path, in: workspace)
        }
        if !chosen.contains(holder.path), !chosen.contains(where: path.isInside) {
            chosen.insert(path)
            selected.append((holder, path))
        }
    }
    return selected
}

/// What has a pointer here, nothing at its place in `state`, and was committed: under this path, or
/// under one that is tracked no more.
private func pathsReplaced(
    by state: TrackingState, in workspace: Workspace
) throws -> [RepoPath] {
    let present = try workspace.tracked().paths.filter(\.hasPointer)
    var committed = state.paths
    var sources: [TrackingSource] = [.revision("HEAD")]
    if let head = try workspace.store().ref(.head) {
        sources.append(.snapshot(SnapshotID(head.digest)))
    }
    for source in sources {
        // Where there is no git, or what was committed is broken, less is known to be committed.
        committed += (try? TrackingState(source, of: workspace))?.paths ?? []
    }
    let here = Set(present.map(\.path))
    let paths = Set(committed.map(\.path))
    let moved = Set(committed.filter { !here.contains($0.path) }.map(\.content))
    return present.filter { tracked in
        let isWanted = state.paths.contains {
            $0.path.isInside(tracked.path) || tracked.path.isInside($0.path)
        }
        return !isWanted && (paths.contains(tracked.path) || moved.contains(tracked.content))
    }.map(\.path)
}

/// The pointers and the lock file that a checkout from elsewhere writes. The lock file tells of
/// the pipeline as a whole, so it is written only when all is checked out.
private func texts(
    of state: TrackingState, for selected: [(TrackedPath, RepoPath?)], isAll: Bool
) throws -> [WorkTreeEdit.Text] {
    var texts: [WorkTreeEdit.Text] = []
    for (tracked, part) in selected where part == nil {
        let file = tracked.path.addingSuffix(Pointer.suffix)
        if let bytes = state.texts[file] { texts.append(.init(path: file, bytes: bytes)) }
    }
    let lock = try RepoPath(LockFile.name)
    if isAll, let bytes = state.texts[lock] { texts.append(.init(path: lock, bytes: bytes)) }
    return texts
}

extension StoreError {
    /// A path without pointer that no stage wrote. Whether something stands there tells what its
    /// name was meant for: data to add, data that was removed, or a revision.
    package static func notTracked(_ path: RepoPath, in workspace: Workspace) -> StoreError {
        let status = try? workspace.disk.status(of: workspace.root / path, followingLinks: false)
        let advice: String
        if status != nil {
            advice = "'mlstore add \(path)' tracks it"
        } else if (try? workspace.source(named: path.description)) != nil {
            advice = "for a revision write '--revision \(path)'"
        } else {
            advice =
                "run 'mlstore status' to see what is; for what was removed, 'mlstore undo', or "
                + "'mlstore checkout --revision REVISION \(path)'"
        }
        return StoreError(
            .notFound, "'\(path)' is not tracked", subject: path.description, advice: advice,
            safety: "nothing was changed")
    }
}
