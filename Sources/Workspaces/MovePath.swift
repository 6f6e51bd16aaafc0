import Objects
import Platform
package import Vocabulary

/// Renames what is tracked at `path` to `destination`, or into it where that is a folder: the data
/// as it is, its pointer and its line in `.gitignore`. Returns the new path with the report. Nothing
/// is copied, and `undo` renames it back.
///
/// Throws `.notFound` for a path without a pointer, `.alreadyExists` when the new path is taken,
/// `.badUsage` for the output of a stage or a destination inside of tracked data.
package func move(
    _ path: RepoPath, to destination: RepoPath, in workspace: Workspace
) throws -> (path: RepoPath, report: WorkTreeReport) {
    try workspace.withLock("mv") {
        try workspace.checkHasPointer(path, for: "move")
        let new = try target(of: path, destination, in: workspace)
        let oldFile = path.addingSuffix(Pointer.suffix)
        let newFile = new.addingSuffix(Pointer.suffix)
        guard let pointer = try workspace.smallFile(oldFile) else {
            throw StoreError.notTracked(path, in: workspace)
        }
        try checkFree(new, newFile, from: path, in: workspace)
        var edit = WorkTreeEdit(workspace, command: "mv \(path) \(new)")
        edit.texts = [
            .init(path: newFile, bytes: pointer), .init(path: oldFile, bytes: nil),
        ]
        for file in try workspace.gitIgnoreEdits(adding: [new], removing: [path]) {
            edit.texts.append(.init(path: file.path, bytes: file.after))
        }
        let place = workspace.root / path
        if try workspace.disk.status(of: place, followingLinks: false) != nil {
            edit.moves = [.init(from: path, to: new)]
        }
        return (new, try edit.run(progress: { _ in }))
    }
}

private func target(
    of path: RepoPath, _ destination: RepoPath, in workspace: Workspace
) throws -> RepoPath {
    try Workspace.checkNotReserved(destination)
    let place = workspace.root / destination
    let isFolder =
        try workspace.disk.status(of: place, followingLinks: false)?.kind == .directory
    guard isFolder, try !workspace.hasPointer(destination) else { return destination }
    return try destination.appending(component: path.lastComponent)
}

private func checkFree(
    _ new: RepoPath, _ newFile: RepoPath, from path: RepoPath, in workspace: Workspace
) throws {
    for taken in [new, newFile] {
        let place = workspace.root / taken
        guard try workspace.disk.status(of: place, followingLinks: false) == nil else {
            throw StoreError(
                .alreadyExists, "cannot move '\(path)': '\(taken)' is there already",
                subject: taken.description, safety: "nothing was changed")
        }
    }
    var holder: RepoPath? = new
    while let folder = holder {
        let isData = try folder == path || (folder != new && workspace.hasPointer(folder))
        guard !isData else {
            throw StoreError(
                .badUsage, "cannot move '\(path)' to '\(new)': '\(folder)' is tracked data itself",
                subject: new.description, safety: "nothing was changed")
        }
        holder = folder.parent
    }
}
