package import Vocabulary

extension Disk {
    /// The whole file at `path`; `.notFound` when it is missing, `.malformed` when it is larger
    /// than `maximumBytes`.
    package func readFile(_ path: DiskPath, maximumBytes: Int) throws -> [UInt8] {
        let file = try openFile(path, .read)
        defer { try? file.close() }  // nothing was written, so nothing can be lost
        let size = try file.status().size
        guard size <= maximumBytes else {
            throw StoreError.fileTooLarge(path, size: size, maximum: maximumBytes)
        }
        let bytes = try file.read(at: 0, count: size)
        // A file that claims no size (as in /proc) or that grew: read on, within the bound.
        return try bytes + readRest(of: file, path, after: bytes.count, maximumBytes: maximumBytes)
    }

    private func readRest(
        of file: any DiskFile, _ path: DiskPath, after start: Int, maximumBytes: Int
    ) throws -> [UInt8] {
        var rest: [UInt8] = []
        while true {
            let more = try file.read(at: start + rest.count, count: rest.isEmpty ? 512 : 65_536)
            if more.isEmpty { return rest }
            rest += more
            guard start + rest.count <= maximumBytes else {
                throw StoreError.fileTooLarge(
                    path, size: start + rest.count, maximum: maximumBytes)
            }
        }
    }

    /// Makes a directory and those above it; fine when it is there.
    package func makeDirectories(_ path: DiskPath) throws {
        do {
            try makeDirectory(path)
        } catch let error as StoreError where error.kind == .alreadyExists {
            let found = try status(of: path, followingLinks: true)
            guard found?.kind == .directory else { throw error }
        } catch let error as StoreError where error.kind == .notFound {
            guard path.parent != path, path.bytes != DiskPath(".").bytes else { throw error }
            try makeDirectories(path.parent)
            try makeDirectories(path)
        }
    }

    /// Removes everything at `path`, a whole directory too, never following a link; fine when
    /// nothing is there.
    package func removeTree(_ path: DiskPath) throws {
        guard let found = try status(of: path, followingLinks: false) else { return }
        guard found.kind == .directory else { return try removeFile(path) }
        for entry in try entries(of: path) { try removeTree(path.appending(entry.name)) }
        try removeDirectory(path)
    }
}

/// Puts `bytes` in the place of the file at `path` in one step: a reader finds the old content or
/// the new, also after a power cut. The bytes go to a temporary file beside it, named
/// `.mlstore-tmp-<purpose><number>`; with `durable` they and the name are synced before this returns (two
/// syncs), without it a power cut may leave either content, or an empty file.
package func writeAtomically(
    _ bytes: [UInt8], to path: DiskPath, on disk: any Disk, permissions: UInt16 = 0o644,
    purpose: String = "", durable: Bool
) throws {
    let (temporary, file) = try makeTemporaryFile(
        in: path.parent, on: disk, permissions: permissions, purpose: purpose)
    do {
        try file.write(bytes, at: 0)
        if durable { try file.sync() }
        try file.close()
        try disk.rename(temporary, to: path)
    } catch {
        // The first failure is the one to report; the temporary file is only litter.
        try? file.close()
        try? disk.removeFile(temporary)
        throw error
    }
    if durable { try disk.syncDirectory(path.parent) }
}

/// What the name of every temporary file begins with: walks of user directories leave it out.
package let temporaryNamePrefix = ".mlstore-tmp-"

/// A new file in `directory` under a temporary name that nobody else has:
/// `.mlstore-tmp-<purpose><number>`.
package func makeTemporaryFile(
    in directory: DiskPath, on disk: any Disk, permissions: UInt16 = 0o644, purpose: String = ""
) throws -> (path: DiskPath, file: any DiskFile) {
    try underTemporaryName(in: directory, purpose) { path in
        (path, try disk.openFile(path, .createNew(permissions: permissions)))
    }
}

/// A new folder in `directory` under such a name.
package func makeTemporaryDirectory(
    in directory: DiskPath, on disk: any Disk, purpose: String = ""
) throws -> DiskPath {
    try underTemporaryName(in: directory, purpose) { path in
        try disk.makeDirectory(path)
        return path
    }
}

/// Counted, not random: exclusive creation settles who has a name, and tests stay repeatable.
private func underTemporaryName<Made>(
    in directory: DiskPath, _ purpose: String, _ make: (DiskPath) throws -> Made
) throws -> Made {
    var number = 0
    while true {
        do {
            return try make(directory / "\(temporaryNamePrefix)\(purpose)\(number)")
        } catch let error as StoreError where error.kind == .alreadyExists && number < 10_000 {
            number += 1
        }
    }
}
