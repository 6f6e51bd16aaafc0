internal import CPlatform
package import Vocabulary

/// The machine's own file systems, by plain system calls.
///
/// `unsafe` here marks calls into CPlatform: paths go as a pointer and a length that live through
/// the call, and results come back in structures of this stack frame.
package struct LocalDisk: Disk {
    /// The disk.
    package init() {}

    package func openFile(_ path: DiskPath, _ mode: OpenMode) throws -> any DiskFile {
        let (code, permissions): (Int, UInt16) =
            switch mode {
            case .read: (MLP_READ, 0)
            case .createNew(let permissions): (MLP_CREATE_NEW, permissions)
            case .readWrite: (MLP_READ_WRITE, 0)
            case .createOrOpen(let permissions): (MLP_CREATE_OR_OPEN, permissions)
            }
        let result = unsafe mlp_open(
            path.bytes, path.bytes.count, Int32(code), UInt32(permissions))
        return LocalFile(
            descriptor: try checked(result, code == MLP_CREATE_NEW ? "create" : "open", path),
            path: path)
    }

    package func map(_ path: DiskPath) throws -> MappedBytes {
        let descriptor = try checked(
            unsafe mlp_open(path.bytes, path.bytes.count, Int32(MLP_READ), 0), "open", path)
        defer { mlp_close(descriptor) }
        var status = mlp_status()
        _ = try checked(unsafe mlp_status_of_descriptor(descriptor, &status), "look at", path)
        guard status.size > 0 else { return MappedBytes([]) }
        var address: UnsafeMutableRawPointer?
        _ = try checked(unsafe mlp_map(descriptor, Int(status.size), &address), "map", path)
        guard let start = unsafe address else { return MappedBytes([]) }
        return unsafe MappedBytes(mapped: start, count: Int(status.size))
    }

    package func status(of path: DiskPath, followingLinks: Bool) throws -> FileStatus? {
        var status = mlp_status()
        let result = unsafe mlp_status_of_path(
            path.bytes, path.bytes.count, followingLinks ? 1 : 0, &status)
        if result < 0, mlp_error_class(-result) == MLP_E_NOT_FOUND { return nil }
        _ = try checked(result, "look at", path)
        return FileStatus(status)
    }

    package func entries(of directory: DiskPath) throws -> [DirectoryEntry] {
        try list(directory, withStatus: false) { name, status in
            DirectoryEntry(name: name, kind: FileKind(rawValue: status.kind) ?? .unknown)
        }
    }

    package func entriesWithStatus(
        of directory: DiskPath
    ) throws -> [(name: [UInt8], status: FileStatus)] {
        try list(directory, withStatus: true) { (name: $0, status: FileStatus($1)) }
    }

    package func names(of directory: DiskPath) throws -> DirectoryNames {
        var listing = unsafe mlp_names()
        let result = unsafe mlp_list_names(directory.bytes, directory.bytes.count, &listing)
        _ = try checked(result, "list", directory)
        defer { unsafe mlp_names_free(&listing) }
        let records = unsafe UnsafeRawBufferPointer(start: listing.bytes, count: listing.length)
        return try unsafe DirectoryNames(records: Array(records), count: listing.count)
    }

    package func statuses(
        of names: DirectoryNames, _ range: Range<Int>, in directory: DiskPath
    ) throws -> [FileStatus?] {
        let descriptor = try checked(
            unsafe mlp_open_directory(directory.bytes, directory.bytes.count), "list", directory)
        defer { mlp_close(descriptor) }
        return try unsafe names.bytes.withUnsafeBufferPointer { bytes in
            try range.map { index in
                var status = mlp_status()
                // A zero ends each name.
                let start = unsafe bytes.baseAddress?.advanced(by: names.range(index).lowerBound)
                let result = unsafe mlp_status_at(descriptor, start, &status)
                guard result <= 0 else { return nil }
                if result < 0 {
                    _ = try checked(result, "look at", directory.appending(names.name(index)))
                }
                return FileStatus(status)
            }
        }
    }

    private func list<Entry>(
        _ directory: DiskPath, withStatus: Bool, _ make: ([UInt8], mlp_status) -> Entry
    ) throws -> [Entry] {
        try unsafe withListing(of: directory, withStatus: withStatus) { names, entries in
            unsafe entries.map { entry in
                let end = entry.name_offset + entry.name_length
                return make(unsafe Array(names[entry.name_offset..<end]), entry.status)
            }
        }
    }

    /// Calls `body` with the names' bytes and the entries, which live until it returns.
    private func withListing<Result>(
        of directory: DiskPath, withStatus: Bool,
        _ body: (UnsafeRawBufferPointer, UnsafeBufferPointer<mlp_entry>) -> Result
    ) throws -> Result {
        var listing = unsafe mlp_listing()
        let result = unsafe mlp_list(
            directory.bytes, directory.bytes.count, withStatus ? 1 : 0, &listing)
        _ = try checked(result, "list", directory)
        defer { unsafe mlp_listing_free(&listing) }
        let names = unsafe UnsafeRawBufferPointer(
            start: listing.names, count: listing.names_length)
        let found = unsafe UnsafeBufferPointer(start: listing.entries, count: listing.count)
        return unsafe body(names, found)
    }

    package func makeDirectory(_ path: DiskPath) throws {
        let result = unsafe mlp_make_directory(path.bytes, path.bytes.count)
        _ = try checked(result, "create directory", path)
    }

    package func removeFile(_ path: DiskPath) throws {
        _ = try checked(unsafe mlp_remove_file(path.bytes, path.bytes.count), "remove", path)
    }

    package func removeDirectory(_ path: DiskPath) throws {
        let result = unsafe mlp_remove_directory(path.bytes, path.bytes.count)
        _ = try checked(result, "remove directory", path)
    }

    package func rename(_ from: DiskPath, to: DiskPath) throws {
        let result = unsafe mlp_rename(from.bytes, from.bytes.count, to.bytes, to.bytes.count, 0)
        _ = try checked(result, "rename '\(from)' to", to)
    }

    package func renameWithoutReplacing(_ from: DiskPath, to: DiskPath) throws {
        let result = unsafe mlp_rename(from.bytes, from.bytes.count, to.bytes, to.bytes.count, 1)
        _ = try checked(result, "rename '\(from)' to", to)
    }

    package func makeSymlink(at path: DiskPath, target: [UInt8]) throws {
        let result = unsafe mlp_make_symlink(path.bytes, path.bytes.count, target, target.count)
        _ = try checked(result, "create link", path)
    }

    package func makeHardLink(at path: DiskPath, to file: DiskPath) throws {
        let result = unsafe mlp_make_hard_link(
            path.bytes, path.bytes.count, file.bytes, file.bytes.count)
        _ = try checked(result, "give '\(file)' the name", path)
    }

    package func readSymlink(_ path: DiskPath) throws -> [UInt8] {
        try unsafe bytes(of: "read link", path) { buffer, capacity in
            unsafe mlp_read_symlink(path.bytes, path.bytes.count, buffer, capacity)
        }
    }

    package func setPermissions(_ path: DiskPath, _ permissions: UInt16) throws {
        let result = unsafe mlp_set_permissions(
            path.bytes, path.bytes.count, UInt32(permissions))
        _ = try checked(result, "set the permissions of", path)
    }

    package func syncDirectory(_ path: DiskPath) throws {
        let result = unsafe mlp_sync_directory(path.bytes, path.bytes.count)
        _ = try checked(result, "sync directory", path)
    }

    package func lock(
        _ path: DiskPath, _ kind: LockKind, wait: LockWait
    ) throws -> (any DiskLock)? {
        let result = unsafe mlp_lock(
            path.bytes, path.bytes.count, kind == .exclusive ? 1 : 0, wait == .forever ? 1 : 0)
        if result < 0, wait == .never, mlp_would_block(-result) != 0 { return nil }
        return LocalLock(descriptor: try checked(result, "lock", path))
    }

    package func capacityLeft(at path: DiskPath) throws -> Int {
        let result = unsafe mlp_space_left(path.bytes, path.bytes.count)
        return Int(try checked(result, "look at the file system of", path))
    }
}

/// The result of a system call, or its error when it is one.
func checked<Value: SignedInteger>(
    _ result: Value, _ operation: String, _ path: DiskPath
) throws -> Value {
    guard result < 0 else { return result }
    throw StoreError.system(operation, path, code: -Int32(truncatingIfNeeded: result))
}

/// The bytes that a call leaves in a buffer as long as the longest path.
func bytes(
    of operation: String, _ path: DiskPath,
    _ call: (UnsafeMutablePointer<UInt8>, Int) -> Int64
) throws -> [UInt8] {
    try unsafe [UInt8](unsafeUninitializedCapacity: 4096) { buffer, filled in
        guard let start = buffer.baseAddress else { return }
        filled = Int(try checked(unsafe call(start, 4096), operation, path))
    }
}
