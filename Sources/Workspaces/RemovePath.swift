import Objects
package import Vocabulary

/// How `remove` works.
package struct RemoveOptions: Sendable {
    /// Whether the data stays in the work tree, no longer tracked.
    package var keepsData = false
    /// Whether data that is in no store may be removed. It is stored first, and `undo` brings it
    /// back.
    package var force = false

    /// Data goes too, unless it is in no store.
    package init() {}
}

/// Stops tracking `paths`: removes their pointers, their lines in `.gitignore` and, unless it is to
/// stay, their data. The content stays in the store, and `undo` brings everything back.
///
/// Throws `.notFound` for a path without a pointer, `.unsavedChanges` when data that is in no store
/// would go, `.badUsage` for the output of a stage.
package func remove(
    _ paths: [RepoPath], in workspace: Workspace, options: RemoveOptions = RemoveOptions(),
    progress: (WorkProgress) -> Void = { _ in }
) throws -> WorkTreeReport {
    let names = paths.map(\.description).joined(separator: " ")
    return try workspace.withLock("rm") {
        for path in paths { try workspace.checkHasPointer(path, for: "remove") }
        var edit = WorkTreeEdit(workspace, command: "rm \(names)")
        edit.force = options.force
        for path in Set(paths).sorted() {
            edit.texts.append(.init(path: path.addingSuffix(Pointer.suffix), bytes: nil))
            if !options.keepsData { edit.targets.append(.nothing(at: path)) }
        }
        for file in try workspace.gitIgnoreEdits(removing: paths) {
            edit.texts.append(.init(path: file.path, bytes: file.after))
        }
        return try edit.run(progress: progress)
    }
}

extension Workspace {
    /// Throws unless `path` is tracked by a pointer.
    func checkHasPointer(_ path: RepoPath, for verb: String) throws {
        if try hasPointer(path) { return }
        for (output, stage, _) in try lockFile().outputs where output == path {
            throw StoreError(
                .badUsage, "cannot \(verb) '\(path)': stage '\(stage)' writes it",
                subject: path.description, advice: "change the stage in mlstore.yaml",
                safety: "nothing was changed")
        }
        throw StoreError.notTracked(path, in: self)
    }
}
