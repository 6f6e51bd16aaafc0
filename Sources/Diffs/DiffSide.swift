package import Vocabulary
package import Workspaces

/// One of the two things that are compared.
package enum DiffSide: Hashable, Sendable {
    /// The files on disk.
    case files
    /// What the pointers and the lock file in the work tree say.
    case pointers
    /// What the pointers and the lock file say that git has staged.
    case staged
    /// What they said in a git revision.
    case revision(String)
    /// What they said in a snapshot.
    case snapshot(SnapshotID)

    /// The side as reports call it.
    package var name: String {
        switch self {
        case .files: "files"
        case .pointers: "pointers"
        case .staged: "index"
        case .revision(let name): name
        case .snapshot(let id): id.short
        }
    }

    /// Where the side's pointers and lock file are read; nil for the files themselves.
    package var source: TrackingSource? {
        switch self {
        case .files: nil
        case .pointers: .workTree
        case .staged: .index
        case .revision(let name): .revision(name)
        case .snapshot(let id): .snapshot(id)
        }
    }

    /// The side whose pointers and lock file are read there.
    package init(_ source: TrackingSource) {
        switch source {
        case .workTree: self = .pointers
        case .index: self = .staged
        case .revision(let name): self = .revision(name)
        case .snapshot(let id): self = .snapshot(id)
        }
    }

    /// The tracked paths of this side; for `.files` those that pointers and lock file tell. Throws
    /// where one of them cannot be read.
    func versions(in workspace: Workspace) throws -> [RepoPath: TrackedVersion] {
        return Dictionary(
            try paths(in: workspace).map {
                ($0.path, TrackedVersion(content: $0.content, sizeBytes: $0.sizeBytes))
            }
        ) { first, _ in first }
    }
    private func paths(in workspace: Workspace) throws -> [TrackedPath] {
        if let source, source != .workTree {
            return try TrackingState(source, of: workspace).paths
        }
        let tracked = try workspace.tracked()
        if let problem = tracked.problems.first { throw problem.error }
        return tracked.paths
    }
}

/// What a side says of a path.
package struct TrackedVersion: Hashable, Sendable {
    /// What the path holds.
    package let content: ContentID
    /// Its length in bytes, all files of a directory together.
    package let sizeBytes: Int
}
