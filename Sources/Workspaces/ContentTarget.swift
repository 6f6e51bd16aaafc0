import Objects
import Vocabulary

/// What a command wants to stand at a path of the work tree.
struct ContentTarget: Sendable {
    /// The path.
    let path: RepoPath
    /// Everything at or below it, with paths of the workspace, in key order; nothing to remove it.
    let entries: [TreeEntry]
    /// Whether the path is tracked as such, and not a part of a tracked folder.
    let isWhole: Bool
    /// The tree that the entries are all of; nil for anything else.
    let tree: TreeID?

    /// Nothing.
    static func nothing(at path: RepoPath) -> ContentTarget {
        ContentTarget(path: path, entries: [], isWhole: true)
    }

    private init(path: RepoPath, entries: [TreeEntry], isWhole: Bool) {
        self.path = path
        self.entries = entries
        self.isWhole = isWhole
        tree = nil
    }

    /// A tracked content, or the part of a tracked folder that is at or below `part`.
    init(_ tracked: TrackedPath, part: RepoPath?, from store: ObjectStore) throws {
        // A lock file from elsewhere must not reach into git's folder or ours.
        try Workspace.checkNotReserved(tracked.path)
        let inner = part.flatMap { $0.relative(to: tracked.path) }
        switch tracked.content {
        case .file(let blob):
            entries = [
                .file(
                    tracked.path, blob, size: tracked.sizeBytes, executable: tracked.isExecutable)
            ]
            tree = nil
        case .directory(let tree):
            entries = try ContentTarget.entries(
                of: tree, at: tracked.path, under: inner, from: store)
            self.tree = inner == nil ? tree : nil
        }
        path = inner.map { tracked.path.appending($0) } ?? tracked.path
        isWhole = inner == nil
        guard !entries.isEmpty else {
            throw StoreError(
                .notFound, "there is no '\(path)' in the tracked folder '\(tracked.path)'",
                subject: path.description, safety: "nothing was changed")
        }
    }

    /// What an operation's note says.
    init(
        _ state: OperationNote.State?, at path: RepoPath, from store: ObjectStore
    ) throws {
        self.path = path
        isWhole = true
        switch state?.content {
        case nil:
            entries = []
            tree = nil
        case .directory(let tree)?:
            entries = try ContentTarget.entries(of: tree, at: path, under: nil, from: store)
            self.tree = tree
        case .file(let blob)?:
            tree = nil
            guard store.contains(blob) else {
                throw StoreError.contentMissing(path, missing: 1, of: 1)
            }
            let size = try store.size(of: blob)
            entries = [
                state?.mode == .symlink
                    ? .symlink(path, target: blob, size: size)
                    : .file(path, blob, size: size, executable: state?.mode == .executable)
            ]
        }
    }

    /// What the entries are as a whole, for a note; nil for none. A tree that is not in the store
    /// goes to `session`.
    func state(in session: StoreSession) throws -> OperationNote.State? {
        if let tree { return .init(content: .directory(tree)) }
        return try contentState(of: entries, at: path, in: session)
    }

    private static func entries(
        of tree: TreeID, at path: RepoPath, under inner: RepoPath?, from store: ObjectStore
    ) throws -> [TreeEntry] {
        guard store.contains(.treeNode, tree.digest) else {
            throw StoreError.contentMissing(path, missing: 1, of: 1)
        }
        var entries: [TreeEntry] = []
        try store.tree(tree).forEachEntry(under: inner) { entry in
            let full = path.appending(entry.path)
            // A tree from elsewhere must not reach into git's folder or ours.
            try Workspace.checkNotReserved(full)
            guard entry.kind != .tree else {
                throw StoreError(
                    .malformed, "the tree of '\(path)' holds another tree at '\(entry.path)'",
                    subject: path.description)
            }
            entries.append(
                TreeEntry(path: full, kind: entry.kind, size: entry.size, id: entry.id))
        }
        if entries.isEmpty, inner == nil { entries = [.directory(path)] }
        return entries
    }
}

extension StoreError {
    /// The same error, its hint naming where missing content can come from.
    func naming(remotesOf workspace: Workspace) -> StoreError {
        guard kind == .notInStore else { return self }
        return StoreError(
            kind, message, subject: subject, advice: workspace.fetchAdvice, safety: safety,
            cause: cause)
    }

    /// Content that is tracked but not here.
    static func contentMissing(_ path: RepoPath, missing: Int, of total: Int) -> StoreError {
        let what =
            total == 1 ? "its content is" : "the contents of \(missing) of its \(total) files are"
        return StoreError(
            .notInStore, "cannot check out '\(path)': \(what) not in this store",
            subject: path.description,
            advice: "run 'mlstore pull' to fetch it from a remote", safety: "nothing was changed")
    }
}

extension Workspace {
    /// How to get content that is not here.
    package var fetchAdvice: String {
        // Settings that cannot be read have errors of their own.
        let remotes = (try? config().remotes) ?? []
        switch remotes.count {
        case 0:
            return "there is no remote to pull it from: 'mlstore remote add origin URL' names one; "
                + "or run 'mlstore add' where the data is"
        case 1:
            return "run 'mlstore pull' to fetch it from remote '\(remotes[0].name)' "
                + "(\(remotes[0].url))"
        default:
            let names = remotes.map { "'\($0.name)'" }.joined(separator: ", ")
            return "run 'mlstore pull --remote NAME' to fetch it from one of the remotes \(names)"
        }
    }
}
