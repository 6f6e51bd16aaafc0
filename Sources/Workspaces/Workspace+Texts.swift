import GitHistory
import Objects
import Platform
package import Vocabulary

extension Workspace {
    /// The bytes of a small file of people or of ours (`params.yaml`, `mlstore.lock`) at a source;
    /// nil where it is not there. A snapshot holds only pointers and the lock file.
    package func text(of path: RepoPath, at source: TrackingSource) throws -> [UInt8]? {
        let limit = LockFile.maximumBytes
        switch source {
        case .workTree: return try smallFile(path)
        case .index:
            guard let git else { throw StoreError.noRepository(root, for: "git's index") }
            return try git.stagedFile(at: gitPath(of: path), maximumBytes: limit)
        case .revision(let name):
            guard let git else { throw StoreError.noRepository(root, for: "revision '\(name)'") }
            return try git.file(
                at: gitPath(of: path), in: git.resolve(name), maximumBytes: limit)
        case .snapshot(let id):
            let store = try store()
            let record = try SnapshotRecord(try store.readRecord(id.record))
            let entry = try store.tree(record.tree).entry(at: path)
            return try entry?.blob.map { try store.readBlob($0, maximumBytes: limit) }
        }
    }

    /// The lock file of the pipeline at a source; an empty one when there is none.
    package func lockFile(at source: TrackingSource) throws -> LockFile {
        if source == .workTree { return try lockFile() }
        return try text(of: try RepoPath(LockFile.name), at: source)
            .map { try LockFile(parsing: $0, file: "\(LockFile.name) at \(source)") }
            ?? LockFile()
    }

    /// The source that `name` means: a git revision; outside of git, or where git knows none, a
    /// snapshot. Throws `.notFound` with what was looked for.
    package func source(named name: String) throws -> TrackingSource {
        if let git, (try? git.resolve(name)) != nil { return .revision(name) }
        do {
            return .snapshot(try snapshot(named: name, in: self))
        } catch let error as StoreError where error.kind == .notFound && git != nil {
            throw StoreError(
                .notFound,
                "'\(printable(Array(name.utf8)))' is neither a git revision nor a snapshot",
                subject: name, advice: "'git log' and 'mlstore log' list them",
                safety: "nothing was changed")
        }
    }
}
