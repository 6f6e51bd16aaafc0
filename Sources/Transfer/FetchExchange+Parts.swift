import Objects
import Remotes
import Vocabulary
import Workspaces

/// A part of a directory that is wanted, with what it turned out to be.
struct WantedPart {
    let part: TransferSelection.Part
    /// All entries that are wanted, in key order.
    var entries: [TreeEntry] = []
    /// Those of the paths that are folders.
    var folders: [RepoPath] = []
}

/// Parts of directories: the nodes on the way are read, level by level, and thrown away; a listing of
/// what came is put instead, and a ref tells of what it is a part (see `FolderPart`). So all that the
/// store holds has below it what it names, as always.
extension FetchExchange {
    /// Wants a part of a directory; false when the remote does not have the directory. Throws
    /// `.notFound` where nothing stands at one of the paths.
    func want(_ part: TransferSelection.Part) throws -> Bool {
        guard index.contains(ObjectKey(.treeNode, part.tree.digest)) else { return false }
        let tree = try listing(of: part)
        var wanted = WantedPart(part: part)
        for path in part.inside {
            let before = wanted.entries.count
            try tree.forEachEntry(under: path) { wanted.entries.append($0) }
            guard wanted.entries.count > before else {
                throw StoreError(
                    .notFound,
                    "there is no '\(part.path.appending(path))' in the tracked folder '\(part.path)'",
                    subject: part.path.appending(path).description, safety: "nothing was changed")
            }
            if wanted.entries[before].path != path { wanted.folders.append(path) }
        }
        for blob in wanted.entries.compactMap(\.blob) where try !want(blob) {
            throw lacking("blob '\(blob.short)'", ObjectKey(.treeNode, part.tree.digest))
        }
        parts.append(wanted)
        return true
    }

    /// The nodes that lead to the part: from here where they are, else from the remote, those of a
    /// level in few requests.
    private func listing(of part: TransferSelection.Part) throws -> Tree {
        do {
            return try Tree(id: part.tree, leadingTo: part.inside) { digests in
                var nodes: [Digest: [UInt8]] = [:]
                var others: [ObjectKey] = []
                for digest in digests {
                    // A damaged one is as good as none.
                    nodes[digest] = try? store.readObject(
                        .treeNode, digest, maximumBytes: ObjectStore.maximumNodeBytes)
                    if nodes[digest] == nil { others.append(ObjectKey(.treeNode, digest)) }
                }
                for key in others where !index.contains(key) {
                    throw lacking(key.description, ObjectKey(.treeNode, part.tree.digest))
                }
                receivedBytes += try context.downloadObjects(others, in: index) { key, bytes in
                    nodes[key.digest] = bytes
                }
                return nodes
            }
        } catch let error as StoreError where error.kind == .corrupt {
            throw StoreError.damagedRemote(
                context.remote.description, ObjectKey(.treeNode, part.tree.digest).description,
                error.message, cause: error)
        }
    }

    /// Puts the listings of what is here of each directory now, and says how their refs change. Of one
    /// that came as a whole the ref goes.
    func partChanges() throws -> [RefChange] {
        var changes = try parts.compactMap(change)
        for tree in Set(wholes).sorted(by: { $0.digest < $1.digest }) {
            let name = RefName.part(of: tree)
            guard let before = try store.ref(name) else { continue }
            changes.append(RefChange(name: name, expected: before, new: nil))
        }
        return changes
    }

    private func change(_ wanted: WantedPart) throws -> RefChange? {
        let tree = wanted.part.tree
        let name = RefName.part(of: tree)
        let before = try store.ref(name)
        var record = try former(tree)
        let here = try listing(with: wanted.entries, beside: &record)
        if here == tree || store.contains(.treeNode, tree.digest) {
            // Nothing else is in it, or all of it came meanwhile.
            return before.map { RefChange(name: name, expected: $0, new: nil) }
        }
        var new = record ?? FolderPart(of: tree, here: here)
        new.here = here
        new.add(path: wanted.part.path)
        for folder in wanted.folders { new.add(folder: folder) }
        let after = try currentSession().putRecord(new.json)
        return before == after ? nil : RefChange(name: name, expected: before, new: after)
    }

    /// What was here before; nil also where that cannot be read any more: it is fetched again then.
    private func former(_ tree: TreeID) throws -> FolderPart? {
        do { return try store.part(of: tree) } catch let error as StoreError
            where error.isDamage
        { return nil }
    }

    /// The listing of these entries and of what was here before, which becomes nil where it cannot be
    /// read any more.
    private func listing(
        with entries: [TreeEntry], beside former: inout FolderPart?
    ) throws -> TreeID {
        let session = try currentSession()
        if let part = former {
            do {
                return try applyChanges(entries.map { .put($0) }, to: store.tree(part.here)) {
                    try session.putObject(.treeNode, $0, $1)
                }
            } catch let error as StoreError where error.isDamage { former = nil }
        }
        return try session.putTree(entries)
    }
}

extension StoreError {
    /// Whether something in the store is lost or cannot be read.
    fileprivate var isDamage: Bool { [.corrupt, .malformed, .notInStore].contains(kind) }
}
