package import Objects
import Platform
import Remotes
package import Vocabulary
package import Workspaces

/// How to evict.
package struct EvictOptions: Hashable, Sendable {
    /// Only tell what would be freed. The remote is looked at all the same.
    package var isDryRun = false
    /// Read the packs that the remote holds it in, and check every byte.
    package var readsPacks = false
    /// How the link is used.
    package var link = LinkOptions()

    /// The defaults.
    package init() {}
}

/// What an eviction did, or would do.
package struct EvictReport: Sendable {
    /// The paths whose content is not here any more, or will not be.
    package var paths: [RepoPath] = []
    /// Those that were not here before.
    package var absent: [RepoPath] = []
    /// Those whose content stays, since another tracked path holds it too.
    package var held: [RepoPath] = []
    /// Folders of which only this much is here: that stays.
    package var parts: [PartCount] = []
    /// Versions of these paths, and snapshots with them, that went.
    package var contents = 0
    /// What was looked at on the remote.
    package var findings = EvictionFindings()
    /// Requests that were made.
    package var requests = 0
    /// What was freed here.
    package var collection = CollectionReport()
}

/// Frees the content of tracked paths (nil: all) here, in every version that the remote has, after it was
/// proved that the remote holds it whole and will keep it; see `EvictionProof`. The work tree stays as it
/// is, and a pull brings the content back.
///
/// It is a collection of the store for which these contents are not named: so it also frees what nothing
/// needs. Content that another tracked path holds stays. A listing that holds one of the contents goes with it,
/// which must be on the remote too.
///
/// Throws `.remoteRefused` for a remote that does not replace on condition, `.notFound` where it does not hold
/// all of it, `.corrupt` where what it holds is unsound: nothing was freed then.
package func evict(
    _ paths: [RepoPath]? = nil, of workspace: Workspace, remote: String? = nil,
    options: EvictOptions = EvictOptions(), progress: (TransferProgress) -> Void = { _ in },
    collecting: @escaping (WorkProgress) -> Void = { _ in }
) throws -> EvictReport {
    let context = try workspace.context(ofRemote: remote, link: options.link)
    try checkSwaps(of: context, in: workspace)
    let (selected, problems) = try workspace.selectedPaths(paths)
    if let problem = problems.first { throw problem.error }
    for path in paths ?? [] {
        guard let whole = selected.first(where: { path != $0.path && path.isInside($0.path) })
        else { continue }
        throw StoreError(
            .badUsage, "cannot evict '\(path)': it is a part of '\(whole.path)'",
            subject: path.description, advice: "run 'mlstore evict \(whole.path)'",
            safety: "nothing was freed")
    }
    return try context.counting(in: \.requests) { context in
        try evict(selected, of: workspace, context, options, progress, collecting)
    }
}

private func evict(
    _ selected: [TrackedPath], of workspace: Workspace, _ context: RemoteContext,
    _ options: EvictOptions, _ progress: (TransferProgress) -> Void,
    _ collecting: @escaping (WorkProgress) -> Void
) throws -> EvictReport {
    var report = EvictReport()
    progress(TransferProgress(phase: .reading))
    try context.store.refresh()
    let index = try RemoteCatalog(reading: context, usingCopies: false).index
    var chosen: [TrackedPath] = []
    for path in selected {
        guard context.store.contains(path.content) else {
            if let part = try workspace.partCount(of: path) {
                report.parts.append(part)
            } else {
                report.absent.append(path.path)
            }
            continue
        }
        guard index.contains(path.content) else {
            throw StoreError.notProved(path.path.description, context, "it was never pushed there")
        }
        chosen.append(path)
    }
    guard !chosen.isEmpty else { return report }
    let search = try ContentVersions(of: Set(chosen.map(\.path)), in: workspace)
    let current = Set(chosen.map(\.content))
    let versions = search.contents.filter { current.contains($0.id) || index.contains($0.id) }
    let others = try workspace.tracked().paths.filter { path in
        !chosen.contains { $0.path == path.path }
    }
    // What was fetched of other folders stays too.
    let parts = try others.compactMap { path in
        try workspace.folderPart(of: path).map {
            (path: path.path.description, id: ContentID.directory($0.here))
        }
    }
    try withoutActuallyEscaping(progress) { progress in
        let release = Release(
            of: versions.map { ($0.path.description, $0.id) },
            protecting: others.map { ($0.path.description, $0.content) } + parts, heldBy: context,
            options: options, progress: progress
        ) { report.findings = $0 }
        report.collection = try collect(
            in: workspace, letting: release, isDryRun: options.isDryRun, progress: collecting)
    }
    let held = Set(report.collection.held)
    report.held = chosen.filter { held.contains($0.content) }.map(\.path)
    report.paths = chosen.filter { !held.contains($0.content) }.map(\.path)
    report.contents = report.collection.released.count
    return report
}

/// A note on a remote where two writers at once may lose one of theirs proves nothing.
private func checkSwaps(of context: RemoteContext, in workspace: Workspace) throws {
    let settings = try workspace.config().settings(ofRemote: context.name)
    let url = try workspace.remote(named: context.name.description).url
    var writers = settings["writers"]
    if writers == nil { writers = try workspace.probe(url, settings)?.writers.rawValue }
    guard writers == nil || writers == RemoteCapabilities.Writers.many.rawValue else {
        throw StoreError(
            .remoteRefused,
            "cannot evict: remote \(context.title) does not replace its root on condition, so what it"
                + " holds may be lost to another writer", subject: context.name.description,
            advice: "use a remote that does, for which 'mlstore remote add' says nothing of one"
                + " writer; 'mlstore gc --keep-last' frees old versions",
            safety: "nothing was freed")
    }
}
