import CGit2
import Synchronization
import Vocabulary

/// An open repository of libgit2, used under the lock of its `GitRepository`.
///
/// Memory safety, for all unsafe uses in this folder: pointers come from libgit2 and are
/// released on every way out by a `defer` beside their creation; C strings are passed with
/// their closing NUL and copied before the object that owns them is released.
@safe struct GitHandle: ~Copyable {
    let git: GitFunctions
    let repository: OpaquePointer

    init(opening path: DiskPath) throws {
        let functions = try GitLibrary.functions()
        var opened: OpaquePointer?
        let code = unsafe withCString(path.bytes) { text in
            unsafe functions.table.repository_open(&opened, text)
        }
        guard code == 0, let opened = unsafe opened else {
            throw GitHandle.failure(
                functions, "cannot open the git repository at '\(path)'", subject: path.description)
        }
        git = functions
        unsafe repository = opened
    }

    deinit { unsafe git.table.repository_free(repository) }

    /// The error for a call that failed just now, with libgit2's own reason.
    static func failure(_ git: GitFunctions, _ what: String, subject: String) -> StoreError {
        var reason = "libgit2 gave no reason"
        if let last = git.table.error_last(), let text = unsafe last.pointee.message {
            reason = unsafe String(cString: text)
        }
        return StoreError(
            .io, "\(what): \(printable(Array(reason.utf8)))", subject: subject,
            advice: "check the repository with 'git fsck'", safety: "nothing was changed")
    }

    func failure(_ what: String, subject: String) -> StoreError {
        GitHandle.failure(git, what, subject: subject)
    }

    /// The commit that a revision means, peeled from tags; nil when there is none.
    func commit(_ revision: String) throws -> GitCommit? {
        var object: OpaquePointer?
        let code = unsafe withCString(Array(revision.utf8)) { text in
            unsafe git.table.revparse_single(&object, repository, text)
        }
        guard code == 0, let object = unsafe object else { return nil }
        defer { unsafe git.table.object_free(object) }
        var peeled: OpaquePointer?
        guard unsafe git.table.object_peel(&peeled, object, GIT_OBJECT_COMMIT) == 0,
            let commit = unsafe peeled
        else { return nil }
        defer { unsafe git.table.object_free(commit) }
        guard let id = unsafe git.table.object_id(commit) else { return nil }
        return unsafe GitCommit(hex: hex(id))
    }

    /// Calls `body` with the tree of a commit.
    func withTree<Value>(
        of commit: GitCommit, _ body: (OpaquePointer) throws -> Value
    ) throws -> Value {
        var id = git_oid()
        var found: OpaquePointer?
        let code = unsafe withCString(Array(commit.hex.utf8)) { text in
            unsafe git.table.oid_fromstr(&id, text)
        }
        guard code == 0, unsafe git.table.commit_lookup(&found, repository, &id) == 0,
            let object = unsafe found
        else { throw failure("cannot read commit '\(commit.short)'", subject: commit.hex) }
        defer { unsafe git.table.commit_free(object) }
        var tree: OpaquePointer?
        guard unsafe git.table.commit_tree(&tree, object) == 0, let tree = unsafe tree else {
            throw failure("cannot read the tree of '\(commit.short)'", subject: commit.hex)
        }
        defer { unsafe git.table.tree_free(tree) }
        return unsafe try body(tree)
    }

    /// The bytes of a blob; throws when there are more than `maximumBytes`.
    func blob(
        _ id: UnsafePointer<git_oid>, at path: RepoPath, maximumBytes: Int
    ) throws -> [UInt8] {
        var found: OpaquePointer?
        guard unsafe git.table.blob_lookup(&found, repository, id) == 0,
            let blob = unsafe found
        else { throw failure("cannot read '\(path)' from git", subject: path.description) }
        defer { unsafe git.table.blob_free(blob) }
        let size = unsafe git.table.blob_rawsize(blob)
        guard size <= UInt64(maximumBytes), let count = Int(exactly: size) else {
            throw StoreError(
                .malformed,
                "cannot read '\(path)' from git: it has \(size) bytes, more than \(maximumBytes)",
                subject: path.description)
        }
        guard count > 0, let start = unsafe git.table.blob_rawcontent(blob) else { return [] }
        return unsafe Array(UnsafeRawBufferPointer(start: start, count: count))
    }

    /// The digits of an object id.
    func hex(_ id: UnsafePointer<git_oid>) -> String {
        var text = [CChar](repeating: 0, count: 65)
        _ = unsafe text.withUnsafeMutableBufferPointer { buffer in
            unsafe git.table.oid_fmt(buffer.baseAddress, id)
        }
        return unsafe text.withUnsafeBufferPointer { buffer in
            unsafe String(
                decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        }
    }
}

/// Calls `body` with the bytes and a closing NUL.
func withCString<Value>(
    _ bytes: [UInt8], _ body: (UnsafePointer<CChar>?) throws -> Value
) rethrows -> Value {
    let text = bytes.map { CChar(bitPattern: $0) } + [0]
    return unsafe try text.withUnsafeBufferPointer { unsafe try body($0.baseAddress) }
}

extension GitRepository {
    /// Runs `body` with the open repository, one caller at a time.
    func withHandle<Value: Sendable>(_ body: (borrowing GitHandle) throws -> Value) throws -> Value
    {
        try handle.withLock { state in
            if state == nil { state = try GitHandle(opening: gitDirectory) }
            switch state {
            case .some(let open): return try body(open)
            case .none: throw StoreError(.internalFault, "the git repository was not opened")
            }
        }
    }
}
