package import Bytes
package import Objects
package import Vocabulary
package import Workspaces

/// Something that a name, an id or the first digits of one means.
package enum NamedObject: Sendable, Equatable {
    /// A file's bytes; where it stands or stood, if anything says so.
    case file(BlobID, path: RepoPath?, sizeBytes: Int?)
    /// A directory's listing.
    case directory(TreeID, path: RepoPath?, entries: Int?, sizeBytes: Int?)
    /// An execution of a stage.
    case run(RunID, RunRecord)
    /// A version of the workspace's data.
    case snapshot(SnapshotID, SnapshotRecord)
    /// What a replay showed.
    case verdict(RecordID, JSONValue)
    /// Any other record.
    case record(RecordID, JSONValue)

    /// What it is, in a word.
    package var kind: String {
        switch self {
        case .file: "file"
        case .directory: "directory"
        case .run: "run"
        case .snapshot: "snapshot"
        case .verdict: "verdict"
        case .record(_, let json): json["type"]?.stringValue ?? "record"
        }
    }

    /// Its digest.
    package var digest: Digest {
        switch self {
        case .file(let id, _, _): id.digest
        case .directory(let id, _, _, _): id.digest
        case .run(let id, _): id.digest
        case .snapshot(let id, _): id.digest
        case .verdict(let id, _), .record(let id, _): id.digest
        }
    }
}

/// Finds what `text` means: a tracked path, or any file of the workspace, seen from `folder`; a
/// whole id of anything in the store; or at least four first digits of an id that a run, a
/// snapshot, a pointer, the lock or a ref names.
///
/// Throws `.ambiguous` with the candidates, `.notFound`, and what a path outside the workspace
/// throws.
package func namedObject(
    _ text: String, from folder: DiskPath, in workspace: Workspace
) throws -> NamedObject {
    let graph = try LineageGraph.load(from: workspace)
    return try ObjectLookup(workspace: workspace, store: workspace.store(), graph: graph)
        .find(text, from: folder)
}

/// The lineage of what `text` means: a path, an id, or the first digits of one; see
/// `namedObject`.
package func lineage(
    of text: String, from folder: DiskPath, direction: LineageDirection, in workspace: Workspace
) throws -> LineageTree {
    let graph = try LineageGraph.load(from: workspace)
    let store = try workspace.store()
    let lookup = ObjectLookup(workspace: workspace, store: store, graph: graph)
    var tree = try lookup.tree(around: text, from: folder, direction)
    tree.verdicts = try newestVerdicts(in: store)
    return tree
}

extension ObjectLookup {
    fileprivate func tree(
        around text: String, from folder: DiskPath, _ direction: LineageDirection
    ) throws -> LineageTree {
        if let tree = try known(text, from: folder, direction) { return tree }
        throw StoreError(
            .badUsage,
            "'\(printable(Array(text.utf8)))' has no lineage: only data, models and runs do",
            subject: text, advice: "look at it with 'mlstore show \(text)'")
    }

    /// Nil for what has no lineage.
    private func known(
        _ text: String, from folder: DiskPath, _ direction: LineageDirection
    ) throws -> LineageTree? {
        switch try find(text, from: folder) {
        case .file(let id, let path, _):
            return graph.lineage(of: .file(id), at: path, direction: direction)
        case .directory(let id, let path, _, _):
            return graph.lineage(of: .directory(id), at: path, direction: direction)
        case .run(let id, _): return graph.lineage(of: id, direction: direction)
        case .verdict(_, let json):
            let run = json["run"]?.stringValue.flatMap { RunID(text: $0) }
            return run.flatMap { graph.lineage(of: $0, direction: direction) }
        case .snapshot, .record: return nil
        }
    }
}

/// Looks names up in a workspace.
struct ObjectLookup {
    let workspace: Workspace
    let store: ObjectStore
    let graph: LineageGraph

    private static let shortestPrefix = 4

    func find(_ text: String, from folder: DiskPath) throws -> NamedObject {
        if let found = try path(text, from: folder) { return found }
        let bare = text.hasPrefix("tree:") ? String(text.dropFirst(5)) : text
        let hex = (bare.hasPrefix("sha256:") ? String(bare.dropFirst(7)) : bare).lowercased()
        if let digest = Digest(hex: hex), let found = try object(digest) { return found }
        let isPrefix =
            (ObjectLookup.shortestPrefix..<64).contains(hex.utf8.count)
            && hex.utf8.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }
        let found = isPrefix ? try named().filter { $0.hex.hasPrefix(hex) } : []
        if found.count > 1 { throw try ambiguous(text, found) }
        if let digest = found.first, let object = try object(digest) { return object }
        throw StoreError(
            .notFound,
            "nothing is named '\(printable(Array(text.utf8)))': no path, and no id that "
                + "begins so", subject: text,
            advice: "list runs with 'mlstore runs' and data with 'mlstore status'")
    }

    /// A tracked path by what tracks it; any other file by what stands there.
    private func path(_ text: String, from folder: DiskPath) throws -> NamedObject? {
        guard !text.contains(":"),
            let path = try? workspace.path(of: Array(text.utf8), from: folder)
        else { return nil }
        if let tracked = try workspace.tracked()[path] {
            return content(tracked.content, at: path, size: tracked.sizeBytes)
        }
        let scanner = ContentScanner(workspace)
        defer { scanner.finish() }
        let state = try scanner.state(of: path)
        return state.content.map { content($0, at: path, size: state.sizeBytes) }
    }

    private func content(_ id: ContentID, at path: RepoPath?, size: Int?) -> NamedObject {
        switch id {
        case .file(let blob):
            return .file(
                blob, path: path ?? graph.name(of: id),
                sizeBytes: size ?? (try? store.size(of: blob)))
        case .directory(let tree):
            let totals = store.contains(id) ? try? store.tree(tree).totals() : nil
            return .directory(
                tree, path: path ?? graph.name(of: id), entries: totals?.entries,
                sizeBytes: size ?? totals?.bytes)
        }
    }

    /// What has this digest, here or in the graph.
    private func object(_ digest: Digest) throws -> NamedObject? {
        if store.contains(.record, digest) { return try record(RecordID(digest)) }
        let file = ContentID.file(BlobID(digest))
        let directory = ContentID.directory(TreeID(digest))
        for id in [directory, file] where store.contains(id) || graph.name(of: id) != nil {
            return content(id, at: nil, size: nil)
        }
        return nil
    }

    private func record(_ id: RecordID) throws -> NamedObject {
        let json = try store.readRecord(id)
        switch json["type"]?.stringValue {
        case "run":
            return .run(RunID(id.digest), try LineageGraph.runRecord(RunID(id.digest), in: store))
        case "snapshot": return .snapshot(SnapshotID(id.digest), try SnapshotRecord(json))
        case "verdict": return .verdict(id, json)
        default: return .record(id, json)
        }
    }

    /// The digest of everything that something names, sorted.
    private func named() throws -> [Digest] {
        var digests = Set(graph.contents.map(\.digest))
        for (_, record) in try store.refs() { digests.insert(record.digest) }
        for entry in try store.journal() {
            if let operation = entry.operation { digests.insert(operation.digest) }
        }
        var next = try store.ref(.head)
        while let id = next, store.contains(.record, id.digest) {
            digests.insert(id.digest)
            let parents = try SnapshotRecord(store.readRecord(id)).parents
            next = parents.first.flatMap { digests.contains($0.digest) ? nil : $0.record }
        }
        return digests.sorted()
    }

    private func ambiguous(_ text: String, _ found: [Digest]) throws -> StoreError {
        let list = try found.prefix(10).map { digest in
            "\(try object(digest)?.kind ?? "object") \(digest.hex.prefix(16))"
        }
        return StoreError(
            .ambiguous,
            "'\(text)' is short for \(found.count) ids: " + list.joined(separator: ", ")
                + (found.count > 10 ? ", …" : ""),
            subject: text, advice: "give more digits")
    }
}
