package import Bytes
import GitHistory
import Objects
import Platform
package import Vocabulary
package import Workspaces

/// The parameters of a workspace: as they stand on disk, or at a revision of git. None where there
/// is no `params.yaml`.
package func parameters(
    at revision: String? = nil, in workspace: Workspace
) throws -> Parameters {
    let path = try RepoPath(Parameters.fileName)
    let bytes = try sourceFile(path, at: revision, in: workspace)
    return try bytes.map { try Parameters(parsing: $0) } ?? Parameters(.object([:]))
}

/// The values of every metric file that the lock names: as they stand on disk, or at a revision of
/// git. A file that git does not have there comes from the store, by the id in the lock.
package func metrics(
    at revision: String? = nil, in workspace: Workspace
) throws -> [RepoPath: JSONValue] {
    let path = try RepoPath(LockFile.name)
    guard let text = try sourceFile(path, at: revision, in: workspace) else { return [:] }
    let lock = try LockFile(
        parsing: text, file: revision.map { "\(path) at \($0)" } ?? path.description)
    var values: [RepoPath: JSONValue] = [:]
    for (path, stage, output) in lock.outputs where output.role == .metric {
        var bytes = try sourceFile(path, at: revision, in: workspace)
        if bytes == nil, revision != nil, case .file(let blob) = output.content,
            try workspace.store().contains(blob)
        {
            bytes = try workspace.store().readBlob(blob, maximumBytes: MetricFile.maximumBytes)
        }
        values[path] = try bytes.flatMap { try MetricFile.values($0, of: path, stage: stage) }
    }
    return values
}

/// What differs between the parameters of two revisions; nil is the work tree.
package func paramsDiff(
    from old: String?, to new: String?, in workspace: Workspace
) throws -> ParamsDiff {
    ParamsDiff(
        old: try parameters(at: old, in: workspace), new: try parameters(at: new, in: workspace))
}

/// What differs between the metrics of two revisions; nil is the work tree.
package func metricsDiff(
    from old: String?, to new: String?, in workspace: Workspace
) throws -> MetricsDiff {
    MetricsDiff(old: try metrics(at: old, in: workspace), new: try metrics(at: new, in: workspace))
}

private func sourceFile(
    _ path: RepoPath, at revision: String?, in workspace: Workspace
) throws -> [UInt8]? {
    guard let revision else {
        let place = workspace.root / path
        guard try workspace.disk.status(of: place, followingLinks: true)?.kind == .file else {
            return nil
        }
        return try workspace.disk.readFile(place, maximumBytes: LockFile.maximumBytes)
    }
    guard let git = workspace.git else {
        throw StoreError(
            .notARepository,
            "cannot read revision '\(printable(Array(revision.utf8)))': the workspace is not in a "
                + "git repository", subject: revision,
            advice: "compare with the work tree, or run 'git init'")
    }
    let commit = try git.resolve(revision)
    return try git.file(
        at: workspace.gitPath(of: path), in: commit, maximumBytes: LockFile.maximumBytes)
}
