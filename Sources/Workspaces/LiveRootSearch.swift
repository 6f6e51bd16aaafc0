import Bytes
import GitHistory
import Objects
import Vocabulary

/// Finds what a collection must leave.
///
/// Pointers and lock files are not parsed: every id in their text counts. So what a conflict of a
/// merge names, or a file of a later version, is left too.
struct LiveRootSearch {
    let workspace: Workspace
    let policy: KeepPolicy
    /// When the versions to keep begin; nil without such a rule.
    private let start: Timestamp?

    init(_ workspace: Workspace, _ policy: KeepPolicy) throws {
        self.workspace = workspace
        self.policy = policy
        start = try policy.start(in: workspace)
    }

    /// Everything that is named now, the newest first.
    func all() throws -> [LiveRoot] {
        let store = try workspace.store()
        try store.refresh()
        let named = try workTree() + index() + gitHistory() + operations(store) + refs(store)
        return try Self.distinct(named + parts(store, named))
    }

    /// What a commit of the store names.
    func ofCommit(_ entry: JournalEntry) throws -> [LiveRoot] {
        guard let operation = entry.operation else { return [] }
        let store = try workspace.store()
        try store.refresh()
        let reason = "operation \(entry.sequence)"
        var roots = [LiveRoot(.record(operation), group: "undo", reason: reason)]
        // The data that an `add` stored is named by the pointer that it wrote and by nothing else.
        for (file, text) in try texts(of: entry, store) {
            roots += Self.mentions(in: text, "undo", "'\(file)' in \(reason)")
        }
        return roots
    }

    /// The pointers and lock files that a commit of the store wrote, as they were before and after.
    func texts(of entry: JournalEntry, _ store: ObjectStore) throws -> [(RepoPath, [UInt8])] {
        var texts: [(RepoPath, [UInt8])] = []
        for change in OperationNote(try store.note(of: entry))?.files ?? []
        where Self.isNaming(change.path.lastComponent) {
            for blob in [change.before, change.after].compactMap({ $0 }) where store.contains(blob)
            {
                let text = try store.readBlob(blob, maximumBytes: LockFile.maximumBytes)
                texts.append((change.path, text))
            }
        }
        return texts
    }

    // MARK: - Places

    private func workTree() throws -> [LiveRoot] {
        var files = try workspace.pointerPaths().map { $0.addingSuffix(Pointer.suffix) }
        files.append(try RepoPath(LockFile.name))
        return try files.flatMap { path in
            Self.mentions(
                in: try workspace.smallFile(path) ?? [], "work tree", "'\(path)' in the work tree")
        }
    }

    private func index() throws -> [LiveRoot] {
        guard let git = workspace.git else { return [] }
        var files = try git.stagedFiles(suffix: Pointer.suffix)
        files.append(workspace.gitPath(of: try RepoPath(LockFile.name)))
        return try files.flatMap { path in
            let text = try git.stagedFile(at: path, maximumBytes: LockFile.maximumBytes)
            return Self.mentions(in: text ?? [], "git's index", "'\(path)' in git's index")
        }
    }

    private func gitHistory() throws -> [LiveRoot] {
        try committedFiles().flatMap { file in
            Self.mentions(
                in: file.bytes, "git history", "'\(file.path)' in git commit \(file.commit.short)")
        }
    }

    /// The pointers and lock files of the commits that count, each text once.
    func committedFiles() throws -> [GitFile] {
        guard let git = workspace.git else { return [] }
        return try git.distinctFiles(
            in: try commits(of: git), maximumBytes: LockFile.maximumBytes, where: Self.isNaming)
    }

    /// The commits whose pointers count, the newest first.
    private func commits(of git: GitRepository) throws -> [GitCommit] {
        let references = try git.references()
        let head = try git.head().map { [$0] } ?? []
        guard !policy.keepsAll else {
            let tips = head + references.map(\.commit)
            return try git.revisions(from: tips + git.loggedCommits()).map(\.commit)
        }
        let branches = references.filter {
            $0.name.hasPrefix("refs/heads/") || $0.name.hasPrefix("refs/remotes/")
        }
        let tips = head + branches.map(\.commit)
        var commits = tips
        for tip in tips {
            var commit = tip
            for _ in 1..<max(1, policy.last ?? 1) {
                guard let parent = try git.parents(of: commit).first else { break }
                commits.append(parent)
                commit = parent
            }
        }
        let tags = references.filter { $0.name.hasPrefix("refs/tags/") }.map(\.commit)
        if policy.keepsTags { commits += tags }
        switch policy.since {
        case nil: break
        case .time(let time):
            commits += try git.revisions(from: tips + tags).filter { $0.time >= time }.map(\.commit)
        case .revision(let revision):
            let first = try git.resolve(revision)
            let before = try git.parents(of: first)
            commits += try git.revisions(from: tips + tags, notFrom: before).map(\.commit)
        }
        return commits + (try git.loggedCommits(of: ["refs/stash"]))
    }

    /// What the last operations need to be undone.
    private func operations(_ store: ObjectStore) throws -> [LiveRoot] {
        var roots: [LiveRoot] = []
        for entry in try undoable(store) {
            roots += try ofCommit(entry)
            // What refs were before comes back too.
            roots += entry.refs.compactMap(\.expected).map {
                LiveRoot(.record($0), group: "undo", reason: "operation \(entry.sequence)")
            }
        }
        return roots
    }

    /// The commits of the last operations, which can be undone; the newest first.
    func undoable(_ store: ObjectStore) throws -> [JournalEntry] {
        var found: [JournalEntry] = []
        for entry in try store.journal().reversed() where found.count < max(1, policy.operations) {
            guard let note = OperationNote(try store.note(of: entry)),
                !note.isEmpty || !entry.refs.isEmpty
            else { continue }
            found.append(entry)
        }
        return found
    }

    // MARK: - Refs

    /// What is here of folders of which not all is, while something names the folder.
    private func parts(_ store: ObjectStore, _ named: [LiveRoot]) throws -> [LiveRoot] {
        let parts = try store.parts()
        guard !parts.isEmpty else { return [] }
        let names = Set(named.map(\.subject.digest))
        return parts.filter { names.contains($0.whole.digest) }.map { part in
            LiveRoot(
                .content(.directory(part.here)), group: "parts of folders",
                reason: "what was fetched of folder \(part.whole.short)")
        }
    }

    private func refs(_ store: ObjectStore) throws -> [LiveRoot] {
        let refs = try store.refs(under: "").filter {
            !$0.name.description.hasPrefix(RefName.partPrefix)
        }
        guard !policy.keepsAll else {
            return refs.map { name, id in
                LiveRoot(.record(id), .everything, group: "refs", reason: "ref '\(name)'")
            }
        }
        return try snapshots(store) + runs(refs, store)
            + refs.compactMap { name, id in
                // The answers of the run cache and verdicts follow the runs.
                let first = name.description.split(separator: "/").first ?? ""
                if ["runs", "recipes", "verdicts", "head"].contains(first) { return nil }
                if first == "tags", !policy.keepsTags { return nil }
                return LiveRoot(.record(id), group: "refs", reason: "ref '\(name)'")
            }
    }

    /// The snapshots to keep with their content.
    private func snapshots(_ store: ObjectStore) throws -> [LiveRoot] {
        let log = try snapshotLog(of: workspace)
        return log.enumerated().compactMap { number, snapshot in
            guard number < max(1, policy.last ?? 1) || isRecent(snapshot.record.time) else {
                return nil
            }
            return LiveRoot(
                .record(snapshot.id.record), group: "snapshots",
                reason: "snapshot \(snapshot.id.short)")
        }
    }

    /// The runs to keep with their content: the newest of each stage, and recent ones.
    private func runs(
        _ refs: [(name: RefName, id: RecordID)], _ store: ObjectStore
    ) throws -> [LiveRoot] {
        var runs: [(time: Timestamp, stage: String, id: RecordID)] = []
        for (name, id) in refs where name.description.hasPrefix("runs/") {
            guard store.contains(.record, id.digest) else { continue }
            let record = try store.readRecord(id)
            guard let stage = record["stage"]?.stringValue,
                let time = record["startedAt"]?.stringValue.flatMap({ Timestamp($0) })
            else { continue }
            runs.append((time, stage, id))
        }
        runs.sort { ($1.time, $0.id) < ($0.time, $1.id) }
        var counts: [String: Int] = [:]
        return runs.compactMap { run in
            counts[run.stage, default: 0] += 1
            guard counts[run.stage, default: 0] <= policy.last ?? 0 || isRecent(run.time) else {
                return nil
            }
            return LiveRoot(
                .record(run.id), group: "runs", reason: "run \(run.id.short) of '\(run.stage)'")
        }
    }

    private func isRecent(_ time: Timestamp) -> Bool { start.map { time >= $0 } ?? false }
}

// MARK: - Texts

extension LiveRootSearch {
    /// Whether a file of this name names content.
    static func isNaming(_ name: [UInt8]) -> Bool {
        name.reversed().starts(with: Pointer.suffix.utf8.reversed())
            || name.elementsEqual(LockFile.name.utf8)
    }

    /// A root for each id in a text.
    static func mentions(in text: [UInt8], _ group: String, _ reason: String) -> [LiveRoot] {
        let prefix = Array("sha256:".utf8)
        let digits = 2 * Digest.sizeBytes
        var roots: [LiveRoot] = []
        var index = 0
        while index + prefix.count + digits <= text.count {
            let start = index + prefix.count
            guard text[index] == prefix[0], text[index..<start].elementsEqual(prefix),
                let digest = Digest(
                    hex: String(decoding: text[start..<(start + digits)], as: UTF8.self))
            else {
                index += 1
                continue
            }
            roots.append(LiveRoot(.mention(digest), group: group, reason: reason))
            index = start + digits
        }
        return roots
    }

    /// Each subject once, with the first reason; again only where a later one reaches deeper.
    private static func distinct(_ roots: [LiveRoot]) -> [LiveRoot] {
        var depths: [LiveRoot.Subject: LiveRoot.Depth] = [:]
        return roots.filter { root in
            if let known = depths[root.subject], known >= root.depth { return false }
            depths[root.subject] = root.depth
            return true
        }
    }
}
