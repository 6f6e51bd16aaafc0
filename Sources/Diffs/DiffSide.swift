package import Vocabulary
import Workspaces

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

    /// The side as reports call it.
    package var name: String {
        switch self {
        case .files: "files"
        case .pointers: "pointers"
        case .staged: "index"
        case .revision(let name): name
        }
    }

    /// The tracked paths of this side; for `.files` those that pointers and lock file tell. Throws
    /// where one of them cannot be read.
    func versions(in workspace: Workspace) throws -> [RepoPath: TrackedVersion] {
        let tracked: TrackedPaths
        switch self {
        case .files, .pointers: tracked = try workspace.tracked()
        case .staged: tracked = try workspace.trackedInIndex()
        case .revision(let name): tracked = try workspace.tracked(atCommit: name)
        }
        if let problem = tracked.problems.first { throw problem.error }
        return Dictionary(
            tracked.paths.map {
                ($0.path, TrackedVersion(content: $0.content, sizeBytes: $0.sizeBytes))
            }
        ) { first, _ in first }
    }
}

/// What a side says of a path.
package struct TrackedVersion: Hashable, Sendable {
    /// What the path holds.
    package let content: ContentID
    /// Its length in bytes, all files of a directory together.
    package let sizeBytes: Int
}
