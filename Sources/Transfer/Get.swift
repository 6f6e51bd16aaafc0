import Bytes
import GitHistory
import Objects
import Platform
import Remotes
package import Vocabulary
package import Workspaces

/// How to get.
package struct GetOptions: Sendable {
    /// A revision of the repository, or a ref of the remote; nil: the newest.
    package var revision: String?
    /// Where to write; nil: the last part of the path, in the current directory.
    package var output: DiskPath?

    /// The defaults.
    package init(revision: String? = nil, output: DiskPath? = nil) {
        self.revision = revision
        self.output = output
    }
}

/// What was got.
package struct GetReport: Hashable, Sendable {
    /// Where it was written.
    package let output: DiskPath
    /// What it is; nil for a part of a directory that has no id of its own.
    package let content: ContentID?
    /// Files that were written.
    package let files: Int
    /// Bytes of those files.
    package let sizeBytes: Int
    /// Bytes that came from a remote.
    package let receivedBytes: Int
}

/// Writes a tracked file or directory, or a part of one, without a workspace of its own.
///
/// `source` is a directory with a workspace in it (its git history gives the revisions), or the URL
/// or directory of a remote with a snapshot. Contents come from the workspace's own store where
/// it has them, else from its remotes. The target must not exist; nothing is left of it on failure.
package func get(
    _ path: RepoPath, from source: String, in directory: DiskPath, on machine: Machine,
    options: GetOptions = GetOptions(), progress: @escaping (TransferProgress) -> Void = { _ in }
) throws -> GetReport {
    let place = try ContentPlace(source, in: directory, on: machine)
    let output = options.output ?? directory.appending(path.lastComponent)
    guard try machine.disk.status(of: output, followingLinks: false) == nil else {
        throw StoreError.outputExists(output)
    }
    let getter = Getter(
        path: path, output: output, machine: machine, revision: options.revision,
        progress: progress)
    switch place {
    case .remote(let url): return try getter.run(fromRemote: url)
    case .workspace(let workspace): return try getter.run(fromWorkspace: workspace)
    }
}

/// A store to read from, and what brings into it what it may lack.
private struct GetSource {
    let store: ObjectStore
    var fetch: (_ contents: [ContentID], _ listsOnly: Bool) throws -> Void = { _, _ in }
}

/// One `get`.
private struct Getter {
    let path: RepoPath
    let output: DiskPath
    let machine: Machine
    let revision: String?
    let progress: (TransferProgress) -> Void

    // MARK: - From a workspace

    func run(fromWorkspace workspace: Workspace) throws -> GetReport {
        let tracked = try workspace.holder(of: path, at: revision)
        let store = try workspace.store()
        if store.contains(tracked.content) {
            return try write(tracked, from: GetSource(store: store))
        }
        var failure: (any Error)?
        for remote in try workspace.config().remotes {
            do {
                let url = try RemoteURL(parsing: remote.url, relativeTo: workspace.root)
                let settings = RemoteSettings(
                    try workspace.config().settings(ofRemote: remote.name))
                return try withExchange(url, settings, remote.name) {
                    try write(tracked, from: $0)
                }
            } catch let error as StoreError where error.kind != .interrupted {
                failure = failure ?? error
            }
        }
        throw failure
            ?? StoreError(
                .notInStore,
                "'\(path)' is not in the store of '\(workspace.root)', which has no remote",
                subject: path.description,
                advice: "add a remote there, and push to it where the data is")
    }

    private func write(_ tracked: TrackedPath, from source: GetSource) throws -> GetReport {
        let part = path.relative(to: tracked.path)
        switch tracked.content {
        case .file(let blob):
            guard part == nil else { throw noSuchPart(of: tracked.path) }
            let entry = TreeEntry.file(
                path, blob, size: tracked.sizeBytes, executable: tracked.isExecutable)
            return try write([.init(path: nil, entry: entry)], tracked.content, from: source)
        case .directory(let tree):
            return try write(part, of: tree, from: source)
        }
    }

    // MARK: - From a remote

    func run(fromRemote url: RemoteURL) throws -> GetReport {
        guard let name = RemoteName("source") else { throw noSuchPart(of: nil) }
        return try withExchange(url, RemoteSettings(), name) { source in
            try write(path, of: try snapshotTree(in: source.store, url), from: source)
        }
    }

    private func snapshotTree(in store: ObjectStore, _ place: RemoteURL) throws -> TreeID {
        let name = revision ?? RefName.head.description
        guard let ref = RefName(name), let record = try store.ref(ref) else {
            throw StoreError.noSnapshot(name, on: place)
        }
        return try SnapshotRecord(try store.readRecord(record)).tree
    }

    /// Calls `body` with a store that lasts as long as the call.
    private func withExchange(
        _ url: RemoteURL, _ settings: RemoteSettings, _ name: RemoteName,
        _ body: (GetSource) throws -> GetReport
    ) throws -> GetReport {
        try withScratchContext(url, settings, name, in: output.parent, on: machine) { context in
            try run(with: context, body)
        }
    }

    private func run(
        with context: RemoteContext, _ body: (GetSource) throws -> GetReport
    ) throws -> GetReport {
        var received = 0
        func fetch(_ contents: [ContentID], _ options: FetchOptions) throws {
            let named = contents.map { (path: path.description, id: $0) }
            let report = try Transfer.fetch(
                TransferSelection(contents: named), from: context, options: options,
                progress: progress)
            received += report.receivedBytes
            guard report.absent.isEmpty else { throw absent(context) }
        }
        try fetch([], FetchOptions())
        let source = GetSource(store: context.store) { contents, listsOnly in
            var options = FetchOptions(takesRefs: false)
            options.listsOnly = listsOnly
            try fetch(contents, options)
        }
        let report = try body(source)
        return GetReport(
            output: report.output, content: report.content, files: report.files,
            sizeBytes: report.sizeBytes, receivedBytes: received)
    }

    // MARK: - Writing

    /// Writes what stands at `part` of a tree (nil: all of it), following entries that are trees
    /// themselves. Only listings are fetched to find it.
    private func write(
        _ part: RepoPath?, of tree: TreeID, from source: GetSource
    ) throws -> GetReport {
        try source.fetch([.directory(tree)], true)
        guard let part else {
            return try write(try items(of: tree, in: source.store), .directory(tree), from: source)
        }
        if let (entry, rest) = try source.store.tree(tree).entry(leadingTo: part) {
            if let subtree = entry.subtree { return try write(rest, of: subtree, from: source) }
            guard rest == nil else { throw noSuchPart(of: entry.path) }
            let file = entry.blob.map { ContentID.file($0) }
            return try write([.init(path: nil, entry: entry)], file, from: source)
        }
        let found = try items(of: tree, under: part, in: source.store)
        guard !found.isEmpty else { throw noSuchPart(of: nil) }
        return try write(found, nil, from: source)
    }

    private func items(
        of tree: TreeID, under part: RepoPath? = nil, in store: ObjectStore
    ) throws -> [ContentWriter.Item] {
        var result: [ContentWriter.Item] = []
        func visit(_ tree: TreeID, _ part: RepoPath?, _ base: RepoPath?) throws {
            try store.tree(tree).forEachEntry(under: part) { entry in
                var path = entry.path
                if let part {
                    guard let inside = path.relative(to: part) else { return }
                    path = inside
                }
                let place = base?.appending(path) ?? path
                if let subtree = entry.subtree {
                    try visit(subtree, nil, place)
                } else {
                    result.append(.init(path: place, entry: entry))
                }
            }
        }
        try visit(tree, part, nil)
        return result
    }

    private func write(
        _ items: [ContentWriter.Item], _ content: ContentID?, from source: GetSource
    ) throws -> GetReport {
        try source.fetch(items.compactMap { $0.entry.blob.map { .file($0) } }, false)
        let writer = ContentWriter(store: source.store, disk: machine.disk)
        try writer.write(items, to: output)
        return GetReport(
            output: output, content: content,
            files: items.count { $0.entry.kind != .directory },
            sizeBytes: items.reduce(0) { $0 + $1.entry.size }, receivedBytes: 0)
    }

    private func noSuchPart(of place: RepoPath?) -> StoreError {
        StoreError(
            .notFound, "there is no '\(path)'" + (place.map { " in '\($0)'" } ?? ""),
            subject: path.description)
    }

    private func absent(_ context: RemoteContext) -> StoreError {
        StoreError(
            .notFound, "the content of '\(path)' is not on remote '\(context.remote.description)'",
            subject: path.description, advice: "run 'mlstore push' where that data is")
    }
}
