import CGit2
package import Vocabulary

extension GitRepository {
    /// The commit that `revision` means, in git's own syntax (`HEAD~1`, `main`, `v1.0`, an
    /// abbreviated id); throws `.notFound` when it means none.
    package func resolve(_ revision: String) throws -> GitCommit {
        let found = revision.utf8.contains(0) ? nil : try withHandle { try $0.commit(revision) }
        guard let found else {
            throw StoreError(
                .notFound,
                "no commit is named '\(printable(Array(revision.utf8)))' in the git repository at "
                    + "'\(workDirectory)'",
                subject: revision, advice: "list the commits with 'git log --oneline'")
        }
        return found
    }

    /// The content of the file at `path` in `commit`; nil when there is no file there. For a
    /// symlink, its target. Throws `.malformed` beyond `maximumBytes`.
    package func file(
        at path: RepoPath, in commit: GitCommit, maximumBytes: Int
    ) throws -> [UInt8]? {
        try withHandle { handle in
            unsafe try handle.withTree(of: commit) { tree in
                var found: OpaquePointer?
                let code = unsafe withCString(path.bytes) { text in
                    unsafe handle.git.table.tree_entry_bypath(&found, tree, text)
                }
                guard code == 0, let entry = unsafe found else { return nil }
                defer { unsafe handle.git.table.tree_entry_free(entry) }
                guard unsafe handle.git.table.tree_entry_type(entry) == GIT_OBJECT_BLOB,
                    let id = unsafe handle.git.table.tree_entry_id(entry)
                else { return nil }
                return unsafe try handle.blob(id, at: path, maximumBytes: maximumBytes)
            }
        }
    }

    /// The files of `commit` whose name ends in `suffix`, in path order. Reads every tree of the
    /// commit.
    package func files(in commit: GitCommit, suffix: String) throws -> [RepoPath] {
        let collector = PathCollector(suffix: suffix)
        try withHandle { handle in
            unsafe try handle.withTree(of: commit) { tree in
                collector.git = handle.git
                // Memory safety: the collector outlives the walk, which is synchronous.
                let payload = unsafe Unmanaged.passUnretained(collector).toOpaque()
                let code = unsafe handle.git.table.tree_walk(
                    tree, GIT_TREEWALK_PRE, collectPath, payload)
                guard code == 0 else {
                    throw handle.failure(
                        "cannot list the files of '\(commit.short)'", subject: commit.hex)
                }
            }
        }
        return collector.paths.sorted()
    }

    /// The value of a key of git's configuration for this repository (`user.name`), if set.
    package func configuration(_ key: String) throws -> String? {
        try withHandle { handle in
            var found: OpaquePointer?
            guard
                unsafe handle.git.table.repository_config_snapshot(&found, handle.repository) == 0,
                let config = unsafe found
            else { return nil }
            defer { unsafe handle.git.table.config_free(config) }
            var value: UnsafePointer<CChar>?
            let code = unsafe withCString(Array(key.utf8)) { text in
                unsafe handle.git.table.config_get_string(&value, config, text)
            }
            guard code == 0, let value = unsafe value else { return nil }
            return unsafe String(cString: value)
        }
    }

    /// Whether git's ignore rules cover `path`, be it tracked or not.
    package func isIgnored(_ path: RepoPath) throws -> Bool {
        try withHandle { handle in
            var ignored: Int32 = 0
            let code = unsafe withCString(path.bytes) { text in
                unsafe handle.git.table.ignore_path_is_ignored(&ignored, handle.repository, text)
            }
            guard code == 0 else {
                throw handle.failure("cannot ask git about '\(path)'", subject: path.description)
            }
            return ignored != 0
        }
    }
}

/// What a walk over a tree gathers.
private final class PathCollector {
    let suffix: [UInt8]
    var git: GitFunctions?
    var paths: [RepoPath] = []

    init(suffix: String) { self.suffix = Array(suffix.utf8) }
}

/// Called by libgit2 for every entry; `root` is the folder with a trailing `/`, or empty.
private func collectPath(
    root: UnsafePointer<CChar>?, entry: OpaquePointer?, payload: UnsafeMutableRawPointer?
) -> Int32 {
    guard let payload = unsafe payload, let entry = unsafe entry else { return -1 }
    let collector = unsafe Unmanaged<PathCollector>.fromOpaque(payload).takeUnretainedValue()
    guard let git = collector.git, let name = unsafe git.table.tree_entry_name(entry),
        unsafe git.table.tree_entry_type(entry) == GIT_OBJECT_BLOB
    else { return 0 }
    let bytes = unsafe cBytes(root) + cBytes(name)
    guard bytes.count >= collector.suffix.count,
        bytes.suffix(collector.suffix.count).elementsEqual(collector.suffix),
        let path = try? RepoPath(validating: bytes)
    else { return 0 }
    collector.paths.append(path)
    return 0
}

/// The bytes of a C string.
func cBytes(_ text: UnsafePointer<CChar>?) -> [UInt8] {
    guard let text = unsafe text else { return [] }
    var bytes: [UInt8] = []
    var index = 0
    while unsafe text[index] != 0 {
        unsafe bytes.append(UInt8(bitPattern: text[index]))
        index += 1
    }
    return bytes
}
