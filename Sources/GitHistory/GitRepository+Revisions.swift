import CGit2
package import Vocabulary

/// A commit with its time.
package struct GitRevision: Hashable, Sendable {
    /// The commit.
    package let commit: GitCommit
    /// When it was committed.
    package let time: Timestamp
}

/// A name of a commit.
package struct GitReference: Hashable, Sendable {
    /// The whole name: `refs/heads/main`, `refs/tags/v1`, `refs/stash`.
    package let name: String
    /// The commit, peeled from a tag.
    package let commit: GitCommit
}

extension GitRepository {
    /// All refs that lead to a commit, in the order of their names: branches, those of remotes,
    /// tags, the stash. Refs to anything else are left out.
    package func references() throws -> [GitReference] {
        try withHandle { handle in
            try handle.referenceNames().sorted().compactMap { name in
                try handle.commit(name).map { GitReference(name: name, commit: $0) }
            }
        }
    }

    /// The commits that can be reached from `tips` but not from `hidden`, newest first. Commits
    /// that are not here (of a shallow clone) end the walk.
    package func revisions(
        from tips: [GitCommit], notFrom hidden: [GitCommit] = []
    ) throws -> [GitRevision] {
        try withHandle { handle in
            let passed = Set(try handle.walk(from: hidden, passing: []).map(\.commit))
            return try handle.walk(from: tips, passing: passed).sorted {
                ($1.time, $0.commit.hex) < ($0.time, $1.commit.hex)
            }
        }
    }

    /// The commits that the logs of these refs (nil: of HEAD and all refs) name and that are still
    /// here: those from before an amend, a rebase or a reset among them, and older stashes.
    package func loggedCommits(of references: [String]? = nil) throws -> [GitCommit] {
        try withHandle { handle in
            var found: [GitCommit] = []
            var seen: Set<GitCommit> = []
            for name in try references ?? ["HEAD"] + handle.referenceNames().sorted() {
                for commit in handle.log(of: name)
                where try seen.insert(commit).inserted && handle.time(of: commit) != nil {
                    found.append(commit)
                }
            }
            return found
        }
    }

    /// The parents of a commit, the first first; none of the first commit.
    package func parents(of commit: GitCommit) throws -> [GitCommit] {
        try withHandle { try $0.parents(of: commit) }
    }
}

extension GitHandle {
    /// Calls `body` with an open commit; throws when it is not here.
    func withCommit<Value>(
        _ commit: GitCommit, _ body: (OpaquePointer) throws -> Value
    ) throws -> Value {
        var id = oid(commit)
        var found: OpaquePointer?
        guard unsafe git.table.commit_lookup(&found, repository, &id) == 0,
            let object = unsafe found
        else { throw failure("cannot read commit '\(commit.short)'", subject: commit.hex) }
        defer { unsafe git.table.commit_free(object) }
        return unsafe try body(object)
    }

    func oid(_ commit: GitCommit) -> git_oid {
        var id = git_oid()
        _ = unsafe withCString(Array(commit.hex.utf8)) { text in
            unsafe git.table.oid_fromstr(&id, text)
        }
        return id
    }

    /// The time of a commit; nil when it is not here, or no commit.
    func time(of commit: GitCommit) throws -> Timestamp? {
        var id = oid(commit)
        var found: OpaquePointer?
        guard unsafe git.table.commit_lookup(&found, repository, &id) == 0,
            let object = unsafe found
        else { return nil }
        defer { unsafe git.table.commit_free(object) }
        return unsafe Timestamp(milliseconds: git.table.commit_time(object) &* 1000)
    }

    func referenceNames() throws -> [String] {
        var list = unsafe git_strarray()
        guard unsafe git.table.reference_list(&list, repository) == 0 else {
            throw failure("cannot list the refs of git", subject: "refs")
        }
        defer { unsafe git.table.strarray_dispose(&list) }
        var names: [String] = []
        for index in 0..<(unsafe list.count) {
            names.append(unsafe String(decoding: cBytes(list.strings[index]), as: UTF8.self))
        }
        return names
    }

    /// Every commit that the log of a ref names, newest first; none where it has no log.
    func log(of name: String) -> [GitCommit] {
        var found: OpaquePointer?
        let code = unsafe withCString(Array(name.utf8)) { text in
            unsafe git.table.reflog_read(&found, repository, text)
        }
        guard code == 0, let log = unsafe found else { return [] }
        defer { unsafe git.table.reflog_free(log) }
        var commits: [GitCommit] = []
        for index in 0..<(unsafe git.table.reflog_entrycount(log)) {
            guard let entry = unsafe git.table.reflog_entry_byindex(log, index) else { continue }
            if let id = unsafe git.table.reflog_entry_id_new(entry) {
                unsafe GitCommit(hex: hex(id)).map { commits.append($0) }
            }
            if let id = unsafe git.table.reflog_entry_id_old(entry) {
                unsafe GitCommit(hex: hex(id)).map { commits.append($0) }
            }
        }
        return commits
    }

    /// Every commit that can be reached, in the order in which it is found; those that are not
    /// here end the walk.
    func walk(from tips: [GitCommit], passing: Set<GitCommit>) throws -> [GitRevision] {
        var seen = passing
        var pending = tips
        var found: [GitRevision] = []
        while let commit = pending.popLast() {
            guard seen.insert(commit).inserted, let time = try time(of: commit) else { continue }
            found.append(GitRevision(commit: commit, time: time))
            pending += try parents(of: commit)
        }
        return found
    }

    func parents(of commit: GitCommit) throws -> [GitCommit] {
        try unsafe withCommit(commit) { object in
            (0..<(unsafe git.table.commit_parentcount(object))).compactMap { number in
                guard let id = unsafe git.table.commit_parent_id(object, number) else { return nil }
                return unsafe GitCommit(hex: hex(id))
            }
        }
    }
}
