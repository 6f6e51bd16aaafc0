import Objects
import Vocabulary
package import Workspaces

/// How many bytes of the new versions the old ones of the same paths do not hold: of a file the chunks
/// that its old version lacks, of a folder the files that came or changed. Before compression. What is
/// not in the store is left out.
package func addedBytes(of changes: [DatasetChange], in workspace: Workspace) throws -> Int {
    let store = try workspace.store()
    return try changes.reduce(0) { sum, change in
        guard let new = change.new?.content, store.contains(new) else { return sum }
        let old = change.old.map(\.content).flatMap { store.contains($0) ? $0 : nil }
        return try sum + addedBytes(old, new, store)
    }
}

private func addedBytes(
    _ old: ContentID?, _ new: ContentID, _ store: ObjectStore
) throws -> Int {
    switch new {
    case .file(let blob):
        var known: Set<ChunkID> = []
        if case .file(let before)? = old {
            known = Set(try store.chunkList(of: before).map(\.id))
        }
        return try store.chunkList(of: blob).reduce(0) { sum, chunk in
            known.insert(chunk.id).inserted ? sum + chunk.length : sum
        }
    case .directory(let tree):
        var before: Tree?
        if case .directory(let id)? = old { before = try store.tree(id) }
        var sum = 0
        try diffTrees(old: before, new: try store.tree(tree)) { sum += $0.after?.size ?? 0 }
        return sum
    }
}
