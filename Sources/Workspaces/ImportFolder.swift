import Bytes
import Platform
package import Vocabulary

/// A folder beside a path of the work tree that something from elsewhere is brought into, before it gets
/// its place. Other commands may run meanwhile, since a download may take long.
///
/// `.mlstore/state/imports/<name>` says where it is, made durably before the folder, and is locked for as
/// long as its maker lives. Whoever holds the workspace's lock and finds such a note that nobody has
/// locked knows that its maker died, and removes both.
package final class ImportFolder {
    /// The folder.
    package let path: DiskPath
    private let disk: any Disk
    private let note: DiskPath
    private let held: any DiskLock

    fileprivate init(path: DiskPath, disk: any Disk, note: DiskPath, held: any DiskLock) {
        self.path = path
        self.disk = disk
        self.note = note
        self.held = held
    }

    /// Removes it with all that is in it. What cannot be removed is removed by a later command.
    package func remove() {
        if (try? disk.removeTree(path)) != nil { try? disk.removeFile(note) }
        held.unlock()
    }
}

extension Workspace {
    /// Makes such a folder beside `path`, as near to it as there are folders; what dead imports left is
    /// removed. Throws `.locked` beside a command that changes the work tree.
    package func makeImportFolder(beside path: RepoPath) throws -> ImportFolder {
        try withLock("import") {
            removeDeadImports()
            var parent = path.parent
            while let folder = parent,
                try disk.status(of: root / folder, followingLinks: true) == nil
            {
                parent = folder.parent
            }
            try disk.makeDirectories(layout.imports)
            let name = Hex.encode(machine.entropy.bytes(8))
            let place = try RepoPath("\(temporaryNamePrefix)import-\(name)")
            let folder = parent.map { $0.appending(place) } ?? place
            let note = layout.imports / name
            try writeAtomically(folder.bytes, to: note, on: disk, durable: true)
            guard let held = try disk.lock(note, .exclusive, wait: .never) else {
                throw StoreError(.internalFault, "cannot import: a new file is locked")
            }
            do {
                try disk.makeDirectory(root / folder)
            } catch {
                try? disk.removeFile(note)  // the first failure is told
                held.unlock()
                throw error
            }
            return ImportFolder(path: root / folder, disk: disk, note: note, held: held)
        }
    }

    /// Removes what imports left whose process is gone. The workspace's lock is held.
    func removeDeadImports() {
        for entry in (try? disk.entries(of: layout.imports)) ?? [] {
            // Litter at worst: what cannot be looked at or removed stays.
            try? removeDeadImport(layout.imports.appending(entry.name))
        }
    }

    private func removeDeadImport(_ note: DiskPath) throws {
        guard let held = try disk.lock(note, .exclusive, wait: .never) else { return }
        defer { held.unlock() }
        let bytes = try disk.readFile(note, maximumBytes: 1 << 16)
        if let folder = try? RepoPath(validating: bytes), try obstacle(above: folder) == nil,
            folder.lastComponent.starts(with: "\(temporaryNamePrefix)import-".utf8)
        {
            try disk.removeTree(root / folder)
        }
        try disk.removeFile(note)
    }
}
