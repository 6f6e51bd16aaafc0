import GitHistory
import Objects
package import Vocabulary

/// A version that a path had at a revision.
package struct FormerVersion: Sendable, Hashable {
    /// Its content.
    package let content: ContentID
    /// Its rows, where the pointer tells them.
    package let rows: Int?
    /// The newest commit or snapshot that has it: `commit 1a2b3c4d5e`.
    package let revision: String
}

/// How many revisions are looked at: of 10,000 commits that takes about a second.
private let revisionLimit = 10_000

/// The versions that a tracked path had, the newest first, at most `limit`: at `start` (nil: git's HEAD,
/// outside of git the newest snapshot) and back along first parents. A version that stays over several
/// revisions counts once. Those in front that are `current` are left out, and so is what cannot be read.
package func formerVersions(
    of path: RepoPath, from start: TrackingSource? = nil, leavingOut current: ContentID?,
    limit: Int, in workspace: Workspace
) throws -> [FormerVersion] {
    var search = FormerVersionSearch(
        path: path, workspace: workspace, current: current, limit: limit)
    switch start {
    case .snapshot(let id): try search.lookBack(fromSnapshot: id)
    case .revision(let name):
        if let git = workspace.git {
            try search.lookBack(from: try git.resolve(name), in: git)
        }
    case .workTree, .index, nil:
        if let git = workspace.git {
            // Before the first commit there is no HEAD.
            if let head = try? git.resolve("HEAD") {
                try search.lookBack(from: head, in: git)
            }
        } else {
            try search.lookBack(fromSnapshot: nil)
        }
    }
    return search.found
}

private struct FormerVersionSearch {
    let path: RepoPath
    let workspace: Workspace
    let current: ContentID?
    let limit: Int
    var found: [FormerVersion] = []
    private var lastText: [UInt8]?
    private var isBehindCurrent = false
    private var last: ContentID?

    init(path: RepoPath, workspace: Workspace, current: ContentID?, limit: Int) {
        self.path = path
        self.workspace = workspace
        self.current = current
        self.limit = limit
    }

    mutating func lookBack(from commit: GitCommit, in git: GitRepository) throws {
        let pointer = workspace.gitPath(of: path.addingSuffix(Pointer.suffix))
        let lock = workspace.gitPath(of: try RepoPath(LockFile.name))
        var next: GitCommit? = commit
        for _ in 0..<revisionLimit {
            guard let commit = next, found.count < limit else { return }
            // A lock file names what a stage wrote, whatever a pointer says.
            let files = [(lock, LockFile.maximumBytes), (pointer, Pointer.maximumBytes)]
            for (file, limit) in files {
                guard let text = try? git.file(at: file, in: commit, maximumBytes: limit) else {
                    continue
                }
                if note(text, isLock: file == lock, "commit \(commit.short)") { break }
            }
            // A shallow clone ends before the first commit.
            next = try? git.parents(of: commit).first
        }
    }

    mutating func lookBack(fromSnapshot start: SnapshotID?) throws {
        for snapshot in try snapshotLog(of: workspace, from: start, limit: revisionLimit) {
            guard found.count < limit else { return }
            let source = TrackingSource.snapshot(snapshot.id)
            // Of a snapshot that was never fetched only the record is here.
            guard let state = try? TrackingState(source, of: workspace),
                let tracked = state.paths.first(where: { $0.path == path })
            else { continue }
            note(tracked, "snapshot \(snapshot.id.short)")
        }
    }

    /// Whether the text tells of the path.
    private mutating func note(_ text: [UInt8], isLock: Bool, _ revision: String) -> Bool {
        if text == lastText { return true }
        let file = isLock ? LockFile.name : path.description + Pointer.suffix
        guard let name = try? RepoPath(file),
            let tracked = try? TrackedPaths(files: [name: text], at: revision)[path]
        else { return false }
        lastText = text
        note(tracked, revision)
        return true
    }

    private mutating func note(_ tracked: TrackedPath, _ revision: String) {
        let content = tracked.content
        if !isBehindCurrent, content == current { return }
        isBehindCurrent = true
        guard content != last else { return }
        last = content
        var rows: Int?
        if case .pointer(let pointer) = tracked.source { rows = pointer.shape?.rows }
        found.append(FormerVersion(content: content, rows: rows, revision: revision))
    }
}
