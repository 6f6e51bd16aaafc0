import Objects
import Tables
import Vocabulary
import Workspaces

/// Merges files and folders of three versions into a session of the store.
final class ContentMerge {
    private let workspace: Workspace
    private let store: ObjectStore
    private let session: StoreSession
    /// What could not be merged, one line each.
    private(set) var conflicts: [String] = []

    /// A merged file or folder.
    struct Merged {
        let content: ContentID
        let sizeBytes: Int
        /// How many more files it has than our version.
        var moreFiles = 0
    }

    init(_ workspace: Workspace, _ session: StoreSession) throws {
        self.workspace = workspace
        store = try workspace.store()
        self.session = session
    }

    /// What both sides made of `base` together; nil, with the reasons in `conflicts`, where that is
    /// not clear.
    func merge(
        _ base: ContentID?, _ ours: ContentID, _ theirs: ContentID, at path: RepoPath
    ) throws -> Merged? {
        for (content, side) in [(base, "common"), (ours, "our"), (theirs, "their")] {
            guard let content, !store.contains(content) else { continue }
            conflicts.append("'\(path)': the \(side) version is not in this store")
            return nil
        }
        switch (base, ours, theirs) {
        case (.directory(let base)?, .directory(let ours), .directory(let theirs)):
            return try folders(base, ours, theirs, at: path)
        case (nil, .directory(let ours), .directory(let theirs)):
            return try folders(nil, ours, theirs, at: path)
        case (.file(let base)?, .file(let ours), .file(let theirs)):
            return try files(base, ours, theirs, at: path).map {
                Merged(content: .file($0.id), sizeBytes: $0.sizeBytes)
            }
        default:
            conflicts.append("'\(path)': both sides changed it")
            return nil
        }
    }

    // MARK: - Files

    private func files(
        _ base: BlobID, _ ours: BlobID, _ theirs: BlobID, at path: RepoPath
    ) throws -> BlobReceipt? {
        guard let format = TableFormats.format(forName: path.lastComponent) else {
            conflicts.append("'\(path)': both sides changed it")
            return nil
        }
        func source(_ id: BlobID) -> TableSource {
            TableSource(id, name: path.description, format: format, in: store)
        }
        let merge = TableMerge(base: source(base), ours: source(ours), theirs: source(theirs))
        do {
            guard try merge.canBeWritten() else {
                conflicts.append("'\(path)': both sides changed it")
                return nil
            }
            let folder = workspace.root / ".mlstore/state"
            let (outcome, output) = try merge.run {
                try MergedFile(in: folder, on: workspace.disk)
            }
            if case .conflict(let why) = outcome { conflicts.append("'\(path)': \(why)") }
            guard outcome == .merged else { return nil }
            return try output?.store(in: session, prior: ours)
        } catch let error as StoreError where error.kind == .malformed {
            conflicts.append("'\(path)': \(error.message)")
            return nil
        }
    }

    // MARK: - Folders

    private func folders(
        _ base: TreeID?, _ ours: TreeID, _ theirs: TreeID, at path: RepoPath
    ) throws -> Merged? {
        let old = try base.map { try store.tree($0) }
        let own = try store.tree(ours)
        var changes: [RepoPath: TreeChange] = [:]
        try diffTrees(old: old, new: own) { changes[$0.path] = $0 }
        var edits: [TreeEdit] = []
        var moreFiles = 0
        let conflictsBefore = conflicts.count
        try diffTrees(old: old, new: try store.tree(theirs)) { change in
            guard let mine = changes[change.path] else {
                edits.append(change.after.map { .put($0) } ?? .remove(change.path))
                moreFiles += count(change.after) - count(change.before)
                return
            }
            guard mine.after != change.after else { return }
            if let entry = try entry(mine, change, below: path) { edits.append(.put(entry)) }
        }
        guard conflicts.count == conflictsBefore else { return nil }
        do {
            let id = try applyChanges(edits, to: own) { digest, bytes in
                try session.putObject(.treeNode, digest, bytes)
            }
            let size = try sizeBytes(own.totals().bytes, edits, own)
            return Merged(content: .directory(id), sizeBytes: size, moreFiles: moreFiles)
        } catch let error as StoreError where error.kind == .conflict {
            conflicts.append("'\(path)': one side has a file where the other has a folder")
            return nil
        }
    }

    private func count(_ entry: TreeEntry?) -> Int {
        entry.map { $0.kind == .directory ? 0 : 1 } ?? 0
    }

    /// The tree's bytes: those of ours, with what the edits put in the place of what stood there.
    private func sizeBytes(_ own: Int, _ edits: [TreeEdit], _ tree: Tree) throws -> Int {
        try edits.reduce(own) { sum, edit in
            let before = try tree.entry(at: edit.path)?.size ?? 0
            if case .put(let entry) = edit { return sum - before + entry.size }
            return sum - before
        }
    }

    /// A file that both sides changed differently.
    private func entry(
        _ mine: TreeChange, _ change: TreeChange, below folder: RepoPath
    ) throws -> TreeEntry? {
        let path = folder.appending(change.path)
        guard let base = mine.before, let ours = mine.after, let theirs = change.after else {
            let why = mine.before == nil ? "added on both sides" : "changed and removed"
            conflicts.append("'\(path)': \(why)")
            return nil
        }
        let kinds: [TreeEntryKind] = [.file, .executable]
        guard kinds.contains(base.kind), kinds.contains(ours.kind), kinds.contains(theirs.kind)
        else {
            conflicts.append("'\(path)': both sides changed it")
            return nil
        }
        let kind = ours.kind == base.kind ? theirs.kind : ours.kind
        let (old, own, other) = (BlobID(base.id), BlobID(ours.id), BlobID(theirs.id))
        if own == other || other == old {
            return TreeEntry(path: change.path, kind: kind, size: ours.size, id: ours.id)
        }
        if own == old {
            return TreeEntry(path: change.path, kind: kind, size: theirs.size, id: theirs.id)
        }
        for (id, side) in [(old, "common"), (own, "our"), (other, "their")]
        where !store.contains(id) {
            conflicts.append("'\(path)': the \(side) version is not in this store")
            return nil
        }
        return try files(old, own, other, at: path).map {
            TreeEntry(path: change.path, kind: kind, size: $0.sizeBytes, id: $0.id.digest)
        }
    }
}
