import CGit2
package import Vocabulary

/// A small file of some commits.
package struct GitFile: Sendable {
    /// Where it was first found.
    package let path: RepoPath
    /// The commit in which it was first found.
    package let commit: GitCommit
    /// Its bytes.
    package let bytes: [UInt8]
}

extension GitRepository {
    /// The files of all these commits whose last path component `isWanted`, each content once: with
    /// the first commit and path that have it. Files longer than `maximumBytes` throw `.malformed`.
    ///
    /// Cost: each distinct folder of the history is read once, so it grows with what changed.
    package func distinctFiles(
        in commits: [GitCommit], maximumBytes: Int, where isWanted: ([UInt8]) -> Bool
    ) throws -> [GitFile] {
        try withHandle { handle in
            var search = FileSearch(maximumBytes: maximumBytes)
            for commit in commits {
                try unsafe handle.withTree(of: commit) { tree in
                    try unsafe handle.search(tree, below: [], commit, &search, isWanted)
                }
            }
            return search.files
        }
    }
}

private struct FileSearch {
    let maximumBytes: Int
    var seen: Set<String> = []
    var files: [GitFile] = []
}

extension GitHandle {
    fileprivate func search(
        _ tree: OpaquePointer, below folder: [UInt8], _ commit: GitCommit,
        _ search: inout FileSearch, _ isWanted: ([UInt8]) -> Bool
    ) throws {
        for index in 0..<(unsafe git.table.tree_entrycount(tree)) {
            guard let entry = unsafe git.table.tree_entry_byindex(tree, index),
                let id = unsafe git.table.tree_entry_id(entry)
            else { continue }
            let type = unsafe git.table.tree_entry_type(entry)
            guard type == GIT_OBJECT_TREE || type == GIT_OBJECT_BLOB else { continue }
            let name = unsafe cBytes(git.table.tree_entry_name(entry))
            guard type == GIT_OBJECT_TREE || isWanted(name),
                search.seen.insert(unsafe hex(id)).inserted
            else { continue }
            let place = folder.isEmpty ? name : folder + [0x2f] + name
            guard type == GIT_OBJECT_TREE else {
                guard let path = try? RepoPath(validating: place) else { continue }
                let bytes = unsafe try blob(id, at: path, maximumBytes: search.maximumBytes)
                search.files.append(GitFile(path: path, commit: commit, bytes: bytes))
                continue
            }
            var found: OpaquePointer?
            guard unsafe git.table.tree_lookup(&found, repository, id) == 0,
                let below = unsafe found
            else { throw failure("cannot read a folder of '\(commit.short)'", subject: commit.hex) }
            defer { unsafe git.table.tree_free(below) }
            unsafe try self.search(below, below: place, commit, &search, isWanted)
        }
    }
}
