import GitHistory
import Objects
import Platform
package import Remotes
package import Vocabulary
package import Workspaces

extension Workspace {
    /// The remote to use: the one named, or `remote.default` of the settings, or `origin`, or the
    /// only one. Throws `.notFound` with what there is.
    package func remote(
        named name: String?
    ) throws -> (name: RemoteName, url: RemoteURL) {
        let config = try config()
        let known = config.remotes
        let name = name ?? config.string("remote.default")
        let chosen: (name: RemoteName, url: String)?
        if let name {
            chosen = known.first { $0.name.description == name }
        } else {
            chosen =
                known.first { $0.name.description == "origin" }
                ?? (known.count == 1 ? known[0] : nil)
        }
        guard let chosen else { throw StoreError.noSuchRemote(name, known.map(\.name)) }
        return (chosen.name, try RemoteURL(parsing: chosen.url, relativeTo: root))
    }

    /// This workspace's store and one of its remotes, ready for an exchange.
    package func context(
        ofRemote name: String?, link: LinkOptions = LinkOptions()
    ) throws -> RemoteContext {
        let (name, url) = try remote(named: name)
        var context = RemoteContext(
            store: try store(), disk: disk, stateDirectory: root / ".mlstore/state",
            remote: try openRemote(
                url, settings: RemoteSettings(try config().settings(ofRemote: name)), on: disk),
            name: name, clock: machine.clock,
            entropy: machine.entropy, threads: machine.threads)
        context.use(link)
        return context
    }

    /// Tries what a remote with these settings, which is not added yet, can do; nil for kinds of
    /// remotes that all can do the same. Throws what the remote answers when it cannot be used.
    package func probe(_ url: RemoteURL, _ settings: [String: String]) throws -> RemoteCapabilities?
    {
        guard try remoteScheme(of: url).isProbed else { return nil }
        let plain = settings.merging(["writers": "one"]) { _, new in new }
        return try probeRemote(
            try openRemote(url, settings: RemoteSettings(settings), on: disk),
            plain: { try openRemote(url, settings: RemoteSettings(plain), on: disk) },
            entropy: machine.entropy)
    }

    /// What the selected tracked paths (nil: all) hold, by path, and what could not be read.
    fileprivate func transferSelection(
        _ paths: [RepoPath]?
    ) throws -> (selection: TransferSelection, problems: [TrackingProblem]) {
        let (chosen, problems) = try selectedPaths(paths)
        let contents = chosen.map { (path: $0.path.description, id: $0.content) }
        return (TransferSelection(contents: contents), problems)
    }

    /// The same, but of a folder that is not here only the paths that lie inside of it, without those
    /// that are here; all of them when `isThorough`.
    fileprivate func partialSelection(
        _ paths: [RepoPath], isThorough: Bool
    ) throws -> (selection: TransferSelection, problems: [TrackingProblem]) {
        let (chosen, problems) = try selectedPaths(paths)
        let store = try store()
        var selection = TransferSelection()
        for tracked in chosen {
            guard case .directory(let tree) = tracked.content,
                !store.contains(.treeNode, tree.digest),
                !paths.contains(where: tracked.path.isInside)
            else {
                selection.contents.append((tracked.path.description, tracked.content))
                continue
            }
            // A part that cannot be read is as good as none.
            let part = isThorough ? nil : try? folderPart(of: tracked)
            let inside = paths.compactMap { $0.relative(to: tracked.path) }.filter { path in
                (try? part?.isWhole(at: path, in: store)) != true
            }
            guard !inside.isEmpty else { continue }
            selection.parts.append(.init(tree: tree, path: tracked.path, inside: inside))
        }
        return (selection, problems)
    }

    /// The selected tracked paths (nil: all) that go to remotes, and what could not be read. Throws
    /// `.notFound` for one that is not tracked.
    func selectedPaths(
        _ paths: [RepoPath]?
    ) throws -> (selected: [TrackedPath], problems: [TrackingProblem]) {
        let tracked = try tracked()
        let chosen = tracked.selected(paths)
        if let paths,
            let unknown = paths.first(where: { path in
                !chosen.contains { $0.path.isInside(path) || path.isInside($0.path) }
            })
        {
            throw StoreError(
                .notFound, "'\(unknown)' is not tracked: it has no pointer and no stage wrote it",
                subject: unknown.description,
                advice: "run 'mlstore status' to see what is tracked", safety: "nothing was changed"
            )
        }
        return (chosen.filter(\.isPushed), tracked.problems)
    }
}

/// Pushes the contents of the selected tracked paths (nil: all), of the pipeline's outputs, and of
/// everything that refs lead to. Where only some paths are selected, refs stay at home.
package func push(
    _ paths: [RepoPath]? = nil, of workspace: Workspace, to remote: String? = nil,
    options: PushOptions = PushOptions(), progress: (TransferProgress) -> Void = { _ in }
) throws -> PushReport {
    let context = try workspace.context(ofRemote: remote, link: options.link)
    var (selection, problems) = try workspace.transferSelection(paths)
    if let problem = problems.first { throw problem.error }
    if paths == nil {
        selection.contents += try committedContents(of: workspace)
        selection.refs = try context.store.refs()
        selection.withheld = try unpushedContents(of: workspace)
    }
    let chosen = selection
    return try context.counting(in: \.requests) {
        try push(chosen, to: $0, options: options, progress: progress)
    }
}

/// What outputs hold, or held in any version, of which the stage file says that they are not pushed:
/// records of runs name them.
private func unpushedContents(of workspace: Workspace) throws -> Set<ContentID> {
    let paths = try workspace.tracked().paths.filter { !$0.isPushed }.map(\.path)
    guard !paths.isEmpty else { return [] }
    return Set(try ContentVersions(of: Set(paths), in: workspace).contents.map(\.id))
}

/// What git's HEAD tracks: it may have been committed from another state than the work tree's, and
/// whoever clones it will ask for it.
private func committedContents(
    of workspace: Workspace
) throws -> [(path: String, id: ContentID)] {
    guard let git = workspace.git, let head = try git.head() else { return [] }
    let store = try workspace.store()
    return try workspace.tracked(atCommit: head.hex).paths
        .filter { $0.isPushed && store.contains($0.content) }
        .map { (path: $0.path.description, id: $0.content) }
}

/// Fetches what the selected tracked paths (nil: all) need into the store, and the remote's refs
/// with their records. The work tree stays as it is. Of paths inside of a tracked folder that is not
/// here only these come, and what is here of the folder is a `FolderPart` from then on.
package func fetch(
    _ paths: [RepoPath]? = nil, into workspace: Workspace, from remote: String? = nil,
    options: FetchOptions = FetchOptions(),
    progress: @escaping (TransferProgress) -> Void = { _ in }
) throws -> FetchReport {
    let context = try workspace.context(ofRemote: remote, link: options.link)
    try context.store.refresh()
    let (selection, problems) =
        try paths.map { try workspace.partialSelection($0, isThorough: options.isThorough) }
        ?? workspace.transferSelection(nil)
    var report = try fetch(selection, from: context, options: options, progress: progress)
    report.warnings += problems.map { "'\($0.path)' was passed over: \($0.error.message)" }
    return report
}

extension StoreError {
    static func noSuchRemote(_ name: String?, _ known: [RemoteName]) -> StoreError {
        guard let name else {
            return known.isEmpty
                ? StoreError(
                    .notFound, "this workspace has no remote",
                    advice: "name one: 'mlstore remote add origin file:///path/to/it'",
                    safety: "nothing was changed")
                : StoreError(
                    .ambiguous, "there are several remotes and none is named 'origin'",
                    advice: "say which: \(known.map(\.description).joined(separator: ", "))",
                    safety: "nothing was changed")
        }
        let names = known.map(\.description)
        return StoreError(
            .notFound, "there is no remote '\(printable(Array(name.utf8)))'", subject: name,
            advice: nearest(name, in: names).map { "did you mean '\($0)'?" }
                ?? (names.isEmpty
                    ? "add it: 'mlstore remote add \(name) file:///path/to/it'"
                    : "there is: \(names.joined(separator: ", "))"),
            safety: "nothing was changed")
    }
}
