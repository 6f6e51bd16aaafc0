import Bytes
import CGit2
import Platform
package import Vocabulary

extension GitRepository {
    /// One digest of everything that differs between HEAD and the tracked files of the work
    /// tree, staged or not; nil when nothing does. Untracked files do not count. `excluding`
    /// leaves out paths that are recorded in other ways.
    ///
    /// Costs a status of the tracked files, and a hash of those that changed.
    package func dirtyPatchID(
        excluding: (RepoPath) -> Bool = { _ in false }
    ) throws -> Digest? {
        let head = try head()
        let changes = try withHandle { handle in
            try handle.changes(since: head)
        }
        var digester = Digester()
        var isDirty = false
        for change in changes.sorted(by: { $0.path < $1.path }) where !excluding(change.path) {
            isDirty = true
            digester.update(change.path.bytes + [0] + Array(String(change.mode).utf8) + [0])
            if let content = try contentDigest(of: change) { digester.update(content.bytes) }
        }
        return isDirty ? digester.finish() : nil
    }

    /// The digest of what stands in the work tree; nil for a deleted file.
    private func contentDigest(of change: TrackedChange) throws -> Digest? {
        let path = workDirectory / change.path
        guard change.mode != 0, let status = try disk.status(of: path, followingLinks: false) else {
            return nil
        }
        switch status.kind {
        case .symlink: return sha256(try disk.readSymlink(path))
        case .file: return try digest(ofFileAt: path)
        default: return nil
        }
    }

    private func digest(ofFileAt path: DiskPath) throws -> Digest {
        let file = try disk.openFile(path, .read)
        defer { try? file.close() }
        var digester = Digester()
        var offset = 0
        while true {
            let part = try file.read(at: offset, count: 1 << 20)
            digester.update(part)
            offset += part.count
            if part.count < 1 << 20 { return digester.finish() }
        }
    }
}

/// A tracked file that is not as in HEAD. Mode 0: it is gone.
struct TrackedChange: Sendable {
    let path: RepoPath
    let mode: Int
}

extension GitHandle {
    /// The tracked files that differ from `head` (from nothing, when there is no commit yet).
    func changes(since head: GitCommit?) throws -> [TrackedChange] {
        guard let head else { return unsafe try changes(sinceTree: nil) }
        return unsafe try withTree(of: head) { unsafe try changes(sinceTree: $0) }
    }

    private func changes(sinceTree tree: OpaquePointer?) throws -> [TrackedChange] {
        var options = unsafe git_diff_options()
        _ = unsafe git.table.diff_options_init(&options, UInt32(GIT_DIFF_OPTIONS_VERSION))
        unsafe options.flags = mlstore_git2_diff_flags()
        var found: OpaquePointer?
        let code = unsafe git.table.diff_tree_to_workdir_with_index(
            &found, repository, tree, &options)
        guard code == 0, let diff = unsafe found else {
            throw failure("cannot compare the work tree with HEAD", subject: "HEAD")
        }
        defer { unsafe git.table.diff_free(diff) }
        var result: [TrackedChange] = []
        for position in 0..<(unsafe git.table.diff_num_deltas(diff)) {
            guard let delta = unsafe git.table.diff_get_delta(diff, position) else { continue }
            let isGone = unsafe delta.pointee.status == GIT_DELTA_DELETED
            let bytes = unsafe cBytes(
                isGone ? delta.pointee.old_file.path : delta.pointee.new_file.path)
            guard let path = try? RepoPath(validating: bytes) else { continue }
            let mode = unsafe isGone ? 0 : Int(delta.pointee.new_file.mode)
            result.append(TrackedChange(path: path, mode: mode))
        }
        return result
    }
}
