import Objects
import Vocabulary

/// What a command wants to stand at a path of the work tree.
///
/// The listing of a folder stays in the store and is read as it is needed.
struct ContentTarget: Sendable {
    private enum Source: Sendable {
        case nothing
        case one(TreeEntry)
        case tree(Tree, of: RepoPath, under: RepoPath?)
    }

    /// The path.
    let path: RepoPath
    /// Whether the path is tracked as such, and not a part of a tracked folder.
    let isWhole: Bool
    /// The tree that the entries are all of; nil for anything else.
    let tree: TreeID?
    private let source: Source

    /// Nothing.
    static func nothing(at path: RepoPath) -> ContentTarget {
        ContentTarget(path: path, source: .nothing, isWhole: true, tree: nil)
    }

    private init(path: RepoPath, source: Source, isWhole: Bool, tree: TreeID?) {
        self.path = path
        self.source = source
        self.isWhole = isWhole
        self.tree = tree
    }

    /// A tracked content, or the part of a tracked folder that is at or below `part`.
    ///
    /// Of a folder of which not all is here (see `FolderPart`) it is what is here, if that
    /// `isEnough`; of a part of it, all must be here.
    init(
        _ tracked: TrackedPath, part: RepoPath?, from store: ObjectStore, isEnough: Bool = false
    ) throws {
        // A lock file from elsewhere must not reach into git's folder or ours.
        try Workspace.checkNotReserved(tracked.path)
        let inner = part.flatMap { $0.relative(to: tracked.path) }
        switch tracked.content {
        case .file(let blob):
            source = .one(
                .file(
                    tracked.path, blob, size: tracked.sizeBytes, executable: tracked.isExecutable))
            tree = nil
        case .directory(var tree):
            if let here = try store.part(of: tree) {
                try ContentTarget.check(here, of: tracked, inner, isEnough, store)
                tree = here.here
            }
            source = try ContentTarget.source(of: tree, at: tracked.path, under: inner, from: store)
            self.tree = inner == nil ? tree : nil
        }
        path = inner.map { tracked.path.appending($0) } ?? tracked.path
        isWhole = inner == nil
        if case .nothing = source {
            throw StoreError(
                .notFound, "there is no '\(path)' in the tracked folder '\(tracked.path)'",
                subject: path.description, safety: "nothing was changed")
        }
    }

    /// Throws unless all that is wanted of a folder is in the part of it that is here.
    private static func check(
        _ part: FolderPart, of tracked: TrackedPath, _ inner: RepoPath?, _ isEnough: Bool,
        _ store: ObjectStore
    ) throws {
        if let inner {
            guard try !part.isWhole(at: inner, in: store) else { return }
        } else if isEnough {
            return
        }
        let path = inner.map { tracked.path.appending($0) } ?? tracked.path
        let count = try PartCount(part, of: tracked, in: store)
        throw StoreError.partlyHere(
            count, "cannot check out '\(path)'",
            advice: "run 'mlstore pull \(path)' to fetch all of it")
    }

    /// What an operation's note says.
    init(
        _ state: OperationNote.State?, at path: RepoPath, from store: ObjectStore
    ) throws {
        self.path = path
        isWhole = true
        switch state?.content {
        case nil:
            source = .nothing
            tree = nil
        case .directory(let tree)?:
            source = try ContentTarget.source(of: tree, at: path, under: nil, from: store)
            self.tree = tree
        case .file(let blob)?:
            tree = nil
            guard store.contains(blob) else {
                throw StoreError.contentMissing(path, missing: 1, of: 1)
            }
            let size = try store.size(of: blob)
            source = .one(
                state?.mode == .symlink
                    ? .symlink(path, target: blob, size: size)
                    : .file(path, blob, size: size, executable: state?.mode == .executable))
        }
    }

    private static func source(
        of tree: TreeID, at path: RepoPath, under inner: RepoPath?, from store: ObjectStore
    ) throws -> Source {
        guard store.contains(.treeNode, tree.digest) else {
            throw StoreError.contentMissing(path, missing: 1, of: 1)
        }
        let listing = try store.tree(tree)
        var first = try listing.walk(under: inner)
        if try first.next() != nil { return .tree(listing, of: path, under: inner) }
        return inner == nil ? .one(.directory(path)) : .nothing
    }

    /// Everything at or below the path, with paths of the workspace, in key order.
    struct Walk {
        fileprivate let path: RepoPath
        fileprivate var one: TreeEntry?
        fileprivate var entries: TreeEntries?

        /// The next one, or nil at the end. Throws for what no tree may hold.
        mutating func next() throws -> TreeEntry? {
            if let entry = one.take() { return entry }
            guard let entry = try entries?.next() else { return nil }
            let full = path.appending(entry.path)
            // A tree from elsewhere must not reach into git's folder or ours.
            try Workspace.checkNotReserved(full)
            guard entry.kind != .tree else {
                throw StoreError(
                    .malformed, "the tree of '\(path)' holds another tree at '\(entry.path)'",
                    subject: path.description)
            }
            return TreeEntry(path: full, kind: entry.kind, size: entry.size, id: entry.id)
        }
    }

    /// The entries from the first on; none where the path is to be removed.
    func walk() throws -> Walk {
        switch source {
        case .nothing: return Walk(path: path)
        case .one(let entry): return Walk(path: path, one: entry)
        case .tree(let tree, let top, let inner):
            return Walk(path: top, entries: try tree.walk(under: inner))
        }
    }

    /// What the entries are as a whole, for a note; nil for none. A tree that is not in the store
    /// goes to `session`.
    func state(in session: StoreSession) throws -> OperationNote.State? {
        if let tree { return .init(content: .directory(tree)) }
        var entries = try walk()
        return try contentState(at: path, in: session) { try entries.next() }
    }
}

extension StoreError {
    /// The same error, its hint naming where missing content can come from.
    func naming(remotesOf workspace: Workspace) -> StoreError {
        // An advice that says what to pull is better.
        guard kind == .notInStore, advice?.hasPrefix("run 'mlstore pull ") != true else {
            return self
        }
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
