import Objects
import Platform
package import Vocabulary
package import Workspaces

/// How to pull.
package struct PullOptions: Hashable, Sendable {
    /// Whether files that are in no store may be overwritten; they are stored first.
    package var force: Bool
    /// Look also below what is here already, for parts that are missing.
    package var isThorough: Bool
    /// How the link is used.
    package var link: LinkOptions

    /// The defaults.
    package init(
        force: Bool = false, isThorough: Bool = false, link: LinkOptions = LinkOptions()
    ) {
        self.force = force
        self.isThorough = isThorough
        self.link = link
    }
}

/// What a pull did.
package struct PullReport: Sendable {
    /// What came from the remote.
    package var fetched: FetchReport
    /// What changed in the work tree.
    package var workTree: WorkTreeReport
    /// The snapshot that the work tree was brought to; only outside of git.
    package var snapshot: SnapshotID?
}

/// Fetches what the selected tracked paths (nil: all) need and writes it into the work tree.
///
/// In a git repository the pointers of the work tree say what that is. Outside of one, a work tree
/// that stands at an older snapshot of the history is brought to its head, pointers and all.
/// Paths whose content the remote lacks are in `fetched.absent` and are left as they are. Unsaved
/// files are never overwritten: that throws `.unsavedChanges` after everything was fetched.
package func pull(
    _ paths: [RepoPath]? = nil, into workspace: Workspace, from remote: String? = nil,
    options: PullOptions = PullOptions(), progress: @escaping (TransferProgress) -> Void = { _ in },
    workProgress: (WorkProgress) -> Void = { _ in }
) throws -> PullReport {
    let store = try workspace.store()
    var fetchOptions = FetchOptions(isThorough: options.isThorough, link: options.link)
    fetchOptions.files = try ArrivingFiles(in: store)
    var fetched = try fetch(
        paths, into: workspace, from: remote, options: fetchOptions, progress: progress)
    var checkoutOptions = CheckoutOptions()
    checkoutOptions.command = "pull"
    checkoutOptions.force = options.force
    checkoutOptions.arrived = fetchOptions.files
    var snapshot: SnapshotID?
    func fetchHead(_ head: SnapshotID, _ tree: TreeID) throws -> Bool {
        let context = try workspace.context(ofRemote: remote, link: options.link)
        let selection = TransferSelection(contents: [
            ("the snapshot \(head.short)", .directory(tree))
        ])
        var options = fetchOptions
        options.takesRefs = false
        let more = try fetch(selection, from: context, options: options, progress: progress)
        fetched.objects += more.objects
        fetched.receivedBytes += more.receivedBytes
        fetched.files += more.files
        fetched.packs += more.packs
        fetched.requests += more.requests
        return more.absent.isEmpty
    }
    if paths == nil, workspace.git == nil, let (head, tree) = try headTree(of: workspace) {
        // Without it nobody can tell what was committed.
        var isHere = store.contains(.treeNode, tree.digest)
        if !isHere { isHere = try fetchHead(head, tree) }
        if isHere, try newerHead(of: workspace) == head {
            fetched.absent = []  // what the older snapshot had does not matter
            checkoutOptions.source = .snapshot(head)
            snapshot = head
        }
    }
    let present = try pathsToCheckOut(paths, in: workspace, but: fetched.absent)
    let report = try checkout(
        present, in: workspace, options: checkoutOptions, progress: workProgress)
    return PullReport(fetched: fetched, workTree: report, snapshot: snapshot)
}

/// What a pull would fetch. Outside of git that includes the newest snapshot of the remote. The work
/// tree is not looked at.
package func pullForecast(
    _ paths: [RepoPath]? = nil, into workspace: Workspace, from remote: String? = nil,
    options: PullOptions = PullOptions(), progress: @escaping (TransferProgress) -> Void = { _ in }
) throws -> FetchReport {
    var fetchOptions = FetchOptions(isThorough: options.isThorough, link: options.link)
    fetchOptions.isDryRun = true
    fetchOptions.wantsHead = paths == nil && workspace.git == nil
    return try fetch(
        paths, into: workspace, from: remote, options: fetchOptions, progress: progress)
}

/// Nil for all, or those paths whose content is here.
private func pathsToCheckOut(
    _ paths: [RepoPath]?, in workspace: Workspace, but absent: [String]
) throws -> [RepoPath]? {
    let tracked = try workspace.tracked().selected(paths)
    let store = try workspace.store()
    // What never went to a remote is where it was made, and nowhere else.
    let elsewhere = tracked.filter { !$0.isPushed && !store.contains($0.content) }
    guard !absent.isEmpty || !elsewhere.isEmpty else { return paths }
    let missing = Set(absent + elsewhere.map(\.path.description))
    return tracked.map(\.path).filter { !missing.contains($0.description) }.flatMap { path in
        // Of a folder no more than was asked for.
        let inside = paths?.filter { $0 != path && $0.isInside(path) } ?? []
        let isWhole = inside.isEmpty || paths?.contains(where: path.isInside) == true
        return isWhole ? [path] : inside
    }
}

/// The head of the history and what it lists.
private func headTree(of workspace: Workspace) throws -> (head: SnapshotID, tree: TreeID)? {
    let store = try workspace.store()
    guard let head = try store.ref(.head), store.contains(.record, head.digest) else { return nil }
    return (SnapshotID(head.digest), try SnapshotRecord(try store.readRecord(head)).tree)
}

/// Outside of git: the head of the history, when the work tree stands at a snapshot before it or
/// tracks nothing yet.
private func newerHead(of workspace: Workspace) throws -> SnapshotID? {
    let store = try workspace.store()
    guard workspace.git == nil, let head = try store.ref(.head) else { return nil }
    let mine = try TrackingState(.workTree, of: workspace).texts
    if mine.isEmpty { return SnapshotID(head.digest) }
    var current = SnapshotID(head.digest)
    var isHead = true
    while store.contains(.record, current.digest) {
        let record = try SnapshotRecord(try store.readRecord(current.record))
        // An older snapshot whose contents were never fetched cannot be where the tree stands.
        let texts = try? TrackingState(.snapshot(current), of: workspace).texts
        if texts == mine { return isHead ? nil : SnapshotID(head.digest) }
        guard let parent = record.parents.first else { return nil }
        current = parent
        isHead = false
    }
    return nil
}
