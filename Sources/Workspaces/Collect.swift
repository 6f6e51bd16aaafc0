package import Objects
import Platform
package import Vocabulary

/// How `collect` works.
package struct CollectOptions: Sendable {
    /// Which versions stay.
    package var policy = KeepPolicy()
    /// Only tell what would be done.
    package var isDryRun = false

    /// Keeps all versions.
    package init() {}
}

/// Removes from the store what no version to keep needs; see `ObjectStore.collect`. Readers and
/// writers may be at work. Throws `.locked` beside another collection, `.notARepository` or
/// `.notFound` for a revision that means nothing.
package func collect(
    in workspace: Workspace, options: CollectOptions = CollectOptions(),
    progress: @escaping (WorkProgress) -> Void = { _ in }
) throws -> CollectionReport {
    try collect(in: workspace, "gc", options, release: nil, progress)
}

/// Does the same, keeping all versions but what is let go although it is named: for contents that
/// are elsewhere.
package func collect(
    in workspace: Workspace, letting release: Release, isDryRun: Bool,
    progress: @escaping (WorkProgress) -> Void = { _ in }
) throws -> CollectionReport {
    var options = CollectOptions()
    options.isDryRun = isDryRun
    return try collect(in: workspace, "evict", options, release: release, progress)
}

private func collect(
    in workspace: Workspace, _ command: String, _ options: CollectOptions, release: Release?,
    _ progress: @escaping (WorkProgress) -> Void
) throws -> CollectionReport {
    var collection = CollectionOptions()
    collection.isDryRun = options.isDryRun
    collection.note = OperationNote(command: command, time: workspace.machine.clock.now()).json
    return try workspace.store().collect(
        collection, roots: try collectionRoots(of: workspace, options.policy), release: release
    ) { what, objects in
        var done = WorkProgress(phase: what)
        done.files = objects
        progress(done)
    }
}

/// Why each object with this id stays, or that nothing keeps it. Throws `.notInStore`.
package func explainCollection(
    of digest: Digest, in workspace: Workspace, policy: KeepPolicy = KeepPolicy()
) throws -> [Explanation] {
    try workspace.store().explain(digest, roots: try collectionRoots(of: workspace, policy))
}

/// Everything that the work tree, git and the store name of the versions to keep.
package func liveRoots(of workspace: Workspace, _ policy: KeepPolicy) throws -> [LiveRoot] {
    try LiveRootSearch(workspace, policy).all()
}

private func collectionRoots(
    of workspace: Workspace, _ policy: KeepPolicy
) throws -> CollectionRoots {
    let search = try LiveRootSearch(workspace, policy)
    return CollectionRoots(all: search.all, ofCommit: search.ofCommit)
}
