import Objects
import Tables
package import Vocabulary
package import Workspaces

/// What came of a merge of pointers.
package enum PointerMergeOutcome: Hashable, Sendable {
    /// The pointer of what both sides made together; its content is in the store.
    case merged(Pointer)
    /// What both sides changed, one line each; both contents stay in the store.
    case conflict([String])
}

/// Merges three versions of the pointer of `path`: folders file by file, tables of equal columns row
/// by row. `base` is nil where both sides added it. What is new is committed to the store, together
/// with a note that `undo` can reverse.
package func mergePointers(
    base: Pointer?, ours: Pointer, theirs: Pointer, at path: RepoPath, in workspace: Workspace
) throws -> PointerMergeOutcome {
    var merged = ours
    merged.kind = pick(base?.kind, ours.kind, theirs.kind)
    merged.source = ours.source == base?.source ? theirs.source : ours.source
    merged.isExecutable = pick(base?.isExecutable, ours.isExecutable, theirs.isExecutable)
    if ours.content == theirs.content {
        // An older program may have told less of the same bytes.
        merged.shape = ours.shape ?? theirs.shape
        return .merged(merged)
    }
    if theirs.content == base?.content { return .merged(merged) }
    if ours.content == base?.content {
        merged.content = theirs.content
        merged.sizeBytes = theirs.sizeBytes
        merged.files = theirs.files
        merged.shape = theirs.shape
        return .merged(merged)
    }
    let store = try workspace.store()
    let session = try store.beginSession()
    defer { session.abandon() }  // does nothing after a commit
    let merge = try ContentMerge(workspace, session)
    guard let found = try merge.merge(base?.content, ours.content, theirs.content, at: path) else {
        return .conflict(merge.conflicts)
    }
    // Named only by the pointer that git is about to write: a collection between must find it.
    var operation = Operation(command: "merge \(path)")
    merged.content = found.content
    merged.sizeBytes = found.sizeBytes
    merged.files = ours.files.map { $0 + found.moreFiles }
    if let before = ours.shape, case .file = found.content {
        try session.commitPart()
        merged.shape = try shape(of: found.content, at: path, store) ?? before
    }
    operation.edits = [
        FileEdit(path: path.addingSuffix(Pointer.suffix), after: Array(merged.text.utf8))
    ]
    _ = try operation.commit(session, in: workspace)
    return .merged(merged)
}

private func pick<Value: Equatable>(_ base: Value?, _ ours: Value, _ theirs: Value) -> Value {
    ours == base ? theirs : ours
}

private func shape(
    of content: ContentID, at path: RepoPath, _ store: ObjectStore
) throws -> Pointer.Shape? {
    guard case .file(let id) = content,
        let format = TableFormats.format(forName: path.lastComponent), format.isCounted
    else { return nil }
    return Pointer.Shape(
        try TableSource(id, name: path.description, format: format, in: store).summary())
}

/// Merges three versions of the lock file stage by stage; nil where both sides ran a stage with
/// different results.
package func mergeLockFiles(base: LockFile?, ours: LockFile, theirs: LockFile) -> LockFile? {
    var merged = ours
    let names = Set(ours.stages.keys).union(theirs.stages.keys).union(base?.stages.keys ?? [:].keys)
    for name in names {
        let (old, own, other) = (base?.stages[name], ours.stages[name], theirs.stages[name])
        if own == other || other == old { continue }
        guard own == old else { return nil }
        merged.stages[name] = other
    }
    return merged
}
