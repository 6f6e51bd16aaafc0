import CGit2
package import Vocabulary

extension GitRepository {
    /// The staged content of the file at `path`; nil when git does not track it (or only as one
    /// side of a conflict). Throws `.malformed` beyond `maximumBytes`.
    package func stagedFile(at path: RepoPath, maximumBytes: Int) throws -> [UInt8]? {
        unsafe try withIndex { handle, index in
            let entry = unsafe withCString(path.bytes) { text in
                unsafe handle.git.table.index_get_bypath(index, text, 0)
            }
            guard let entry = unsafe entry else { return nil }
            var id = unsafe entry.pointee.id
            return unsafe try handle.blob(&id, at: path, maximumBytes: maximumBytes)
        }
    }

    /// The staged files whose name ends in `suffix`, in path order.
    package func stagedFiles(suffix: String) throws -> [RepoPath] {
        let tail = Array(suffix.utf8)
        return unsafe try withIndex { handle, index in
            var paths: [RepoPath] = []
            let count = unsafe handle.git.table.index_entrycount(index)
            for position in 0..<count {
                guard let entry = unsafe handle.git.table.index_get_byindex(index, position)
                else { continue }
                let bytes = unsafe cBytes(entry.pointee.path)
                guard bytes.count >= tail.count, bytes.suffix(tail.count).elementsEqual(tail),
                    let path = try? RepoPath(validating: bytes), paths.last != path
                else { continue }
                paths.append(path)
            }
            return paths.sorted()
        }
    }

    /// Whether git tracks the file `path`, or any file below it.
    package func tracks(_ path: RepoPath) throws -> Bool {
        unsafe try withIndex { handle, index in
            var position = 0
            let exact = unsafe withCString(path.bytes) { text in
                unsafe handle.git.table.index_get_bypath(index, text, 0)
            }
            if unsafe exact != nil { return true }
            return unsafe withCString(path.bytes + [0x2f]) { text in
                unsafe handle.git.table.index_find_prefix(&position, index, text) == 0
            }
        }
    }

    private func withIndex<Value: Sendable>(
        _ body: (borrowing GitHandle, OpaquePointer) throws -> Value
    ) throws -> Value {
        try withHandle { handle in
            var found: OpaquePointer?
            guard unsafe handle.git.table.repository_index(&found, handle.repository) == 0,
                let index = unsafe found
            else { throw handle.failure("cannot read git's index", subject: "index") }
            defer { unsafe handle.git.table.index_free(index) }
            // The handle may have read it before another program changed it.
            guard unsafe handle.git.table.index_read(index, 0) == 0 else {
                throw handle.failure("cannot read git's index", subject: "index")
            }
            return unsafe try body(handle, index)
        }
    }
}
