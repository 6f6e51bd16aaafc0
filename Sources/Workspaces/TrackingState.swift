import Objects
package import Vocabulary

/// Where pointers and lock file are read.
package enum TrackingSource: Hashable, Sendable {
    /// The files in the work tree.
    case workTree
    /// What git has staged.
    case index
    /// A commit of git, in git's own syntax.
    case revision(String)
    /// A snapshot of the store.
    case snapshot(SnapshotID)
}

extension TrackingSource: CustomStringConvertible {
    /// The source in a message.
    package var description: String {
        switch self {
        case .workTree: "the work tree"
        case .index: "git's index"
        case .revision(let name): printable(Array(name.utf8))
        case .snapshot(let id): "snapshot \(id.short)"
        }
    }
}

/// All that was tracked at a source, with the texts that say so.
package struct TrackingState: Sendable {
    /// In path order, each path once.
    package let paths: [TrackedPath]
    /// The pointer files and the lock file, by path.
    package private(set) var texts: [RepoPath: [UInt8]] = [:]

    /// Reads the state at `source`; throws for a pointer or lock file that cannot be read.
    package init(_ source: TrackingSource, of workspace: Workspace) throws {
        let tracked: TrackedPaths
        switch source {
        case .workTree:
            tracked = try workspace.tracked()
            for path in tracked.paths {
                guard case .pointer = path.source else { continue }
                let file = path.path.addingSuffix(Pointer.suffix)
                texts[file] = try workspace.smallFile(file)
            }
            let lock = try RepoPath(LockFile.name)
            texts[lock] = try workspace.smallFile(lock)
        case .index:
            texts = try workspace.stagedTexts()
            tracked = try TrackedPaths(files: texts, at: "\(source)")
        case .revision(let text):
            texts = try workspace.texts(atCommit: text)
            tracked = try TrackedPaths(files: texts, at: text)
        case .snapshot(let id):
            texts = try TrackingState.texts(in: id, workspace)
            tracked = try TrackedPaths(files: texts, at: "\(source)")
        }
        if let problem = tracked.problems.first { throw problem.error }
        var outputs: Set<RepoPath> = []
        for path in tracked.paths {
            if case .output = path.source { outputs.insert(path.path) }
        }
        // What a pointer and a stage both claim is the stage's.
        paths = tracked.paths.filter { path in
            if case .pointer = path.source { return !outputs.contains(path.path) }
            return true
        }
    }

    private static func texts(
        in id: SnapshotID, _ workspace: Workspace
    ) throws -> [RepoPath: [UInt8]] {
        let store = try workspace.store()
        let record = try SnapshotRecord(try store.readRecord(id.record))
        let lock = try RepoPath(LockFile.name)
        var texts: [RepoPath: [UInt8]] = [:]
        try store.tree(record.tree).forEachEntry { entry in
            guard entry.kind == .file,
                entry.path == lock || entry.path.removingSuffix(Pointer.suffix) != nil
            else { return }
            let limit = entry.path == lock ? LockFile.maximumBytes : Pointer.maximumBytes
            texts[entry.path] = try store.readBlob(BlobID(entry.id), maximumBytes: limit)
        }
        return texts
    }
}
