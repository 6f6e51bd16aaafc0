import Bytes
import Objects
import Platform
import Remotes
package import Vocabulary
package import Workspaces

/// Where what `cat` prints is from.
package enum CatPlace: Sendable {
    /// This workspace's store.
    case store
    /// One of this workspace's remotes, by name: the workspace says what stands at the path.
    case remote(RemoteName)
}

/// How `cat` works.
package struct CatOptions: Sendable {
    /// Which bytes; nil: all.
    package var range: ByteRange?
    /// Only tell what would be printed.
    package var onlyDescribes: Bool

    /// The defaults.
    package init(range: ByteRange? = nil, onlyDescribes: Bool = false) {
        self.range = range
        self.onlyDescribes = onlyDescribes
    }
}

/// What was printed.
package struct CatReport: Hashable, Sendable {
    /// The file.
    package let content: BlobID
    /// Bytes of all of it.
    package let sizeBytes: Int
    /// Which were printed.
    package let range: Range<Int>
    /// Bytes that came from a remote as parts of packs.
    package var receivedBytes = 0
    /// How many requests were made of a remote.
    package var requests = 0
}

/// Hands `body` a tracked file's bytes, or a range of them, piece by piece, as the pointers at
/// `source` say: no work tree is looked at, none changed, and memory is bounded.
///
/// From a store, a whole file is checked against its id; from wherever, every piece is. A failure
/// may come after some pieces. Throws `.notInStore` where the store lacks something of it: nothing
/// is fetched into it.
package func cat(
    _ path: RepoPath, at source: TrackingSource, in workspace: Workspace, from place: CatPlace,
    options: CatOptions = CatOptions(), _ body: (ArraySlice<UInt8>) throws -> Void
) throws -> CatReport {
    guard let tracked = try workspace.tracked(at: source).holder(of: path) else {
        let revision = source == .workTree ? nil : source.description
        throw StoreError.notTracked(path, in: workspace, at: revision)
    }
    let cat = Cat(path: path, options: options)
    switch place {
    case .store:
        do {
            return try cat.run(tracked, from: .store(try workspace.store()), body)
        } catch let error as StoreError where error.kind == .notInStore {
            throw StoreError(
                .notInStore, "cannot print '\(path)': its content is not in this store",
                subject: path.description, advice: workspace.fetchAdvice, cause: error)
        }
    case .remote(let name):
        return try cat.counting(try workspace.context(ofRemote: name.description)) {
            try cat.run(tracked, from: .remote($0), body)
        }
    }
}

/// The same from elsewhere, without a workspace: `place` is a remote's URL, of whose snapshot
/// `revision` (nil: the newest) the file is, or the folder of a repository. Only what the range
/// needs is read.
package func cat(
    _ path: RepoPath, at revision: String?, from place: String, in directory: DiskPath,
    on machine: Machine, options: CatOptions = CatOptions(),
    _ body: (ArraySlice<UInt8>) throws -> Void
) throws -> CatReport {
    let cat = Cat(path: path, options: options)
    guard let name = RemoteName("source") else { throw cat.noSuchFile() }
    switch try ContentPlace(place, in: directory, on: machine) {
    case .remote(let url):
        let folder = DiskPath(machine.environment["TMPDIR"] ?? "/tmp")
        return try withScratchContext(url, RemoteSettings(), name, in: folder, on: machine) {
            try cat.counting($0) { objects in
                let tree = try objects.snapshotTree(revision, of: url)
                return try cat.run(path, of: tree, from: .remote(objects), body)
            }
        }
    case .workspace(let workspace):
        let tracked = try workspace.holder(of: path, at: revision)
        if try workspace.store().contains(tracked.content) {
            return try cat.run(tracked, from: .store(try workspace.store()), body)
        }
        let remote = try workspace.remote(named: nil).name
        return try cat.counting(try workspace.context(ofRemote: remote.description)) {
            try cat.run(tracked, from: .remote($0), body)
        }
    }
}

extension RemoteObjects {
    /// The tree of the snapshot that a ref of the remote names.
    fileprivate func snapshotTree(_ revision: String?, of url: RemoteURL) throws -> TreeID {
        let name = revision ?? RefName.head.description
        guard let ref = RefName(name), let id = refs[ref] else {
            throw StoreError.noSnapshot(name, on: url)
        }
        let bytes = try read([ObjectKey(.record, id.digest)])[0]
        return try SnapshotRecord(try JSONValue(parsing: bytes)).tree
    }
}

private enum CatSource {
    case store(ObjectStore)
    case remote(RemoteObjects)

    func tree(_ id: TreeID) throws -> Tree {
        switch self {
        // Of a folder of which not all is here, what is.
        case .store(let store): try store.tree(store.part(of: id)?.here ?? id)
        case .remote(let objects): objects.tree(id)
        }
    }
}

/// One `cat`.
private struct Cat {
    let path: RepoPath
    let options: CatOptions

    /// A remote's chunks are asked for in so many bytes at a time: some requests at once.
    private static let windowBytes = 32 << 20

    func counting(
        _ context: RemoteContext, _ body: (RemoteObjects) throws -> CatReport
    ) throws -> CatReport {
        try context.counting(in: \.requests) { context in
            let objects = try RemoteObjects(reading: context)
            var report = try body(objects)
            report.receivedBytes = objects.receivedBytes
            return report
        }
    }

    func run(
        _ tracked: TrackedPath, from source: CatSource, _ body: (ArraySlice<UInt8>) throws -> Void
    ) throws -> CatReport {
        let part = path.relative(to: tracked.path)
        switch tracked.content {
        case .file(let blob):
            guard part == nil else { throw noSuchFile() }
            return try run(blob, tracked.sizeBytes, from: source, body)
        case .directory(let tree):
            guard let part else { throw isFolder() }
            return try run(part, of: tree, from: source, body)
        }
    }

    func run(
        _ part: RepoPath, of tree: TreeID, from source: CatSource,
        _ body: (ArraySlice<UInt8>) throws -> Void
    ) throws -> CatReport {
        let listing = try source.tree(tree)
        guard let (entry, rest) = try listing.entry(leadingTo: part) else {
            var holdsSome = false
            try listing.forEachEntry(under: part) { _ in holdsSome = true }
            // What a part of a folder lacks may be in the rest of it.
            if !holdsSome, listing.id != tree { throw notHere() }
            throw holdsSome ? isFolder() : noSuchFile()
        }
        if let subtree = entry.subtree {
            guard let rest else { throw isFolder() }
            return try run(rest, of: subtree, from: source, body)
        }
        guard rest == nil else { throw noSuchFile() }
        guard let blob = entry.blob else { throw isFolder() }
        guard entry.kind != .symlink else {
            throw StoreError(
                .unsupportedFile, "'\(path)' is a link", subject: path.description,
                advice: "name the file that it leads to")
        }
        return try run(blob, entry.size, from: source, body)
    }

    private func run(
        _ blob: BlobID, _ sizeBytes: Int, from source: CatSource,
        _ body: (ArraySlice<UInt8>) throws -> Void
    ) throws -> CatReport {
        let range = try options.range?.resolved(in: sizeBytes) ?? 0..<sizeBytes
        let report = CatReport(content: blob, sizeBytes: sizeBytes, range: range)
        switch source {
        case .store(let store):
            if options.onlyDescribes {
                _ = try store.size(of: blob)  // throws where it is not here
                return report
            }
            try store.streamBlob(blob, sizeBytes: sizeBytes, in: range, body)
        case .remote(let objects):
            guard let key = objects.key(of: blob) else {
                throw StoreError(
                    .notFound, "the content of '\(path)' is not on that remote",
                    subject: path.description, advice: "run 'mlstore push' where that data is")
            }
            if options.onlyDescribes { return report }
            let parts = BlobParts(windowBytes: Cat.windowBytes, reading: objects.read)
            try parts.forEachPiece(of: key, sizeBytes: sizeBytes, in: range, body)
        }
        return report
    }

    private func isFolder() -> StoreError {
        StoreError(
            .badUsage, "'\(path)' is a folder: only files can be printed",
            subject: path.description, advice: "name a file in it, or take all of it with 'get'")
    }

    private func notHere() -> StoreError {
        StoreError(.notInStore, "'\(path)' is not in this store", subject: path.description)
    }

    func noSuchFile() -> StoreError {
        StoreError(
            .notFound, "there is no '\(path)' there", subject: path.description,
            advice: "run 'mlstore show' on the folder to see what is in it")
    }
}
