import Objects
import Platform
package import Vocabulary
package import Workspaces

/// Where what a tracked path should hold is.
package struct RemotePathStatus: Hashable, Sendable {
    /// Where something is missing.
    package enum Place: String, Hashable, Sendable {
        /// Here and on the remote.
        case both = "in sync"
        /// Not on the remote, or not all of it: a push sends it.
        case here = "to push"
        /// Not here, or not all of it: a pull brings it.
        case there = "to pull"
        /// A part is neither here nor there.
        case nowhere = "missing"
    }

    /// The path.
    package let path: RepoPath
    /// Where its content is.
    package let place: Place
    /// Bytes of all its files.
    package let sizeBytes: Int
    /// Objects of it that are not on the remote, or not here.
    package let missingObjects: Int
}

/// How this end and a remote stand to each other.
package struct RemoteStatusReport: Hashable, Sendable {
    /// Every path that was asked about, sorted.
    package var paths: [RemotePathStatus] = []
    /// Which push of the remote was seen; 0 where nothing was pushed to it.
    package var sequence = 0
    /// Requests that were made.
    package var requests = 0
    /// What the user should know.
    package var warnings: [String] = []

    /// Whether everything is at both ends.
    package var isInSync: Bool { paths.allSatisfy { $0.place == .both } }
}

/// Tells which of the tracked paths (nil: all) are here, on the remote, or at both ends: by what
/// pointers and the lock name, not by what stands in the work tree. Changes nothing.
///
/// Cost: one request where the remote is as it was last seen; the listings of directories are read here.
package func remoteStatus(
    _ paths: [RepoPath]? = nil, of workspace: Workspace, remote: String? = nil
) throws -> RemoteStatusReport {
    let context = try workspace.context(ofRemote: remote)
    let (selected, problems) = try workspace.selectedPaths(paths)
    var report = try context.counting(in: \.requests) { context in
        try context.store.refresh()
        let memory = RemoteMemory.load(context)
        let catalog = try RemoteCatalog(reading: context, known: memory.root)
        var report = RemoteStatusReport(warnings: memory.warnings(about: catalog, context))
        report.sequence = catalog.root?.sequence ?? 0
        report.paths = try selected.sorted { $0.path < $1.path }.map { tracked in
            try SignalWatch.check()
            return try status(of: tracked, context.store, catalog.index)
        }
        return report
    }
    report.warnings += problems.map { "'\($0.path)' was passed over: \($0.error.message)" }
    return report
}

private func status(
    of tracked: TrackedPath, _ store: ObjectStore, _ index: RemoteIndex
) throws -> RemotePathStatus {
    func found(_ place: RemotePathStatus.Place, _ missing: Int = 0) -> RemotePathStatus {
        RemotePathStatus(
            path: tracked.path, place: place, sizeBytes: tracked.sizeBytes, missingObjects: missing)
    }
    let absent = try absentObjects(of: tracked.content, store)
    if index.isWhole(tracked.content) {
        return absent == 0 ? found(.both) : found(.there, absent)
    }
    var missing = MissingObjects(in: store, against: index)
    return try missing.add(tracked.content)
        ? found(.here, missing.keys.count) : found(.nowhere, max(1, absent))
}

/// How many objects of a content are known by name and not here.
private func absentObjects(of content: ContentID, _ store: ObjectStore) throws -> Int {
    guard store.contains(content) else { return 1 }
    var count = 0
    try store.forEachReachable(from: [.content(content)], missing: { _ in count += 1 }) { _ in }
    return count
}
