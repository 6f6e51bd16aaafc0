package import Bytes
import Objects
package import Vocabulary
package import Workspaces

/// Where the parameters and metrics of stages are read.
package enum ValueSource: Hashable, Sendable {
    /// From the files: what stages would be given now, and what metric files hold now.
    case current
    /// From a lock file: what stages were given when they last ran, and what they measured then.
    case recorded(TrackingSource)
}

/// The parameters of a workspace, all of them, as its `params.yaml` says at a source. None where
/// there is no such file. Throws `.badUsage` for a snapshot, which does not hold it.
package func parameters(
    at source: TrackingSource = .workTree, in workspace: Workspace
) throws -> Parameters {
    if case .snapshot(let id) = source {
        throw StoreError(
            .badUsage, "snapshot '\(id.short)' does not hold \(Parameters.fileName)",
            subject: id.description,
            advice: "'mlstore diff \(id.short)' compares what stages were given",
            safety: "nothing was changed")
    }
    let bytes = try workspace.text(of: try RepoPath(Parameters.fileName), at: source)
    return try bytes.map { try Parameters(parsing: $0) } ?? Parameters(.object([:]))
}

/// What differs between the whole `params.yaml` of two sources.
package func paramsDiff(
    from old: TrackingSource, to new: TrackingSource, in workspace: Workspace
) throws -> ParamsDiff {
    ParamsDiff(
        old: try parameters(at: old, in: workspace), new: try parameters(at: new, in: workspace))
}

/// The values of the metric files that a lock names. Those whose values are at hand nowhere are
/// nil: not even the store has what the stage wrote.
package func metrics(
    at source: ValueSource = .current, in workspace: Workspace
) throws -> [RepoPath: JSONValue?] {
    let lock: LockFile
    switch source {
    case .current: lock = try workspace.lockFile()
    case .recorded(let place): lock = try workspace.lockFile(at: place)
    }
    var values: [RepoPath: JSONValue?] = [:]
    for (path, _, output) in lock.outputs where output.role == .metric {
        switch source {
        case .current:
            guard let bytes = try workspace.text(of: path, at: .workTree) else { continue }
            values[path] = .some(try MetricFile.values(bytes, of: path))
        case .recorded(let place):
            let bytes = try recordedBytes(of: output.content, path, place, workspace)
            values[path] = .some(
                try bytes.flatMap { try MetricFile.values($0, of: path) })
        }
    }
    return values
}

/// What a stage wrote, from the file that stands beside the lock if that still holds it, else from
/// the store.
private func recordedBytes(
    of content: ContentID, _ path: RepoPath, _ place: TrackingSource, _ workspace: Workspace
) throws -> [UInt8]? {
    guard case .file(let blob) = content else { return nil }
    let beside = try workspace.text(of: path, at: place)
    if let beside, sha256(beside) == blob.digest { return beside }
    let store = try workspace.store()
    guard store.contains(blob) else { return nil }
    return try store.readBlob(blob, maximumBytes: MetricFile.maximumBytes)
}

/// What differs between the metrics of two sources; files whose values one of them does not have
/// at hand are left out.
package func metricsDiff(
    from old: ValueSource, to new: ValueSource, in workspace: Workspace
) throws -> MetricsDiff {
    let before = try metrics(at: old, in: workspace)
    let after = try metrics(at: new, in: workspace)
    let unknown = Set((before.filter { $0.value == nil }.keys))
        .union(after.filter { $0.value == nil }.keys)
    func known(_ values: [RepoPath: JSONValue?]) -> [RepoPath: JSONValue] {
        values.compactMapValues { $0 }.filter { !unknown.contains($0.key) }
    }
    return MetricsDiff(old: known(before), new: known(after))
}

/// What differs between what the stages were or would be given at two sources: only parameters
/// that a stage depends on.
package func stageParametersDiff(
    from old: ValueSource, to new: ValueSource, in workspace: Workspace
) throws -> ParamsDiff {
    ParamsDiff(
        old: try stageParameters(at: old, in: workspace),
        new: try stageParameters(at: new, in: workspace))
}

private func stageParameters(
    at source: ValueSource, in workspace: Workspace
) throws -> Parameters {
    let stages: [[String: JSONValue]]
    switch source {
    case .current:
        let file = try RepoPath(StageFile.fileName)
        guard try workspace.text(of: file, at: .workTree) != nil else {
            return Parameters(.object([:]))
        }
        stages = try stageFile(in: workspace).stages.map(\.parameters)
    case .recorded(let place):
        stages = try workspace.lockFile(at: place).stages.sorted { $0.key < $1.key }
            .map(\.value.parameters)
    }
    // Stages that last ran at different times may have been given different values.
    var values: [String: [JSONValue]] = [:]
    for (key, value) in stages.joined() where values[key]?.contains(value) != true {
        values[key, default: []].append(value)
    }
    return Parameters(leaves: values.mapValues { $0.count == 1 ? $0[0] : .array($0) })
}
