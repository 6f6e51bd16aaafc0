import Objects
import Platform
import Vocabulary

extension WorkTreeWriter {
    /// Files up to this size are written side by side; larger ones are decoded in parallel.
    static let smallBytes = 1 << 20

    static func isSmall(_ write: ContentPlan.Write) -> Bool {
        write.entry.size <= smallBytes
    }

    /// Makes the file in a folder that nobody sees yet; its status, or nil for a link.
    func write(_ write: ContentPlan.Write, into folder: DiskPath) throws -> FileStatus? {
        guard let blob = write.entry.blob else { return nil }
        let place = folder.appending(write.entry.path.lastComponent)
        if write.entry.kind == .symlink {
            let target = try store.readBlob(blob, maximumBytes: WorkTreeWriter.maximumLinkBytes)
            try disk.makeSymlink(at: place, target: target)
            return nil
        }
        let file = try disk.openFile(place, .createNew(permissions: permissions(of: write)))
        let status = try fill(file, with: blob)
        try file.close()
        return status
    }

    /// Makes the file beside its place and gives it its name; its status under that, or nil for a
    /// link, and where somebody else was there since.
    func writeBeside(_ write: ContentPlan.Write) throws -> FileStatus? {
        guard let blob = write.entry.blob else { return nil }
        if write.entry.kind == .symlink {
            try writeLink(write, target: blob)
            return nil
        }
        let place = workspace.root / write.entry.path
        if let linked = try link(write, at: place) { return linked }
        if let named = try nameArrived(write, blob, at: place) { return named }
        let (temporary, file) = try makeTemporaryFile(
            in: place.parent, on: disk, permissions: permissions(of: write),
            purpose: Workspace.litterPurpose)
        do {
            let isShared =
                try !WorkTreeWriter.isSmall(write)
                && (patch(file, write) || store.share(blob, with: file))
            let filled = isShared ? try file.status() : try fill(file, with: blob)
            try file.close()
            try checkUnchanged(write.entry.path, write.replaced)
            try disk.rename(temporary, to: place)
            return try statusUnderName(place, of: filled)
        } catch {
            // The first failure is the one to report; the temporary file is only litter.
            try? file.close()
            try? disk.removeFile(temporary)
            throw error
        }
    }

    /// Gives a file that arrived whole its name; its status, or nil when there is none, or none that
    /// can be moved here.
    private func nameArrived(
        _ write: ContentPlan.Write, _ blob: BlobID, at place: DiskPath
    ) throws -> FileStatus? {
        guard let path = arrived?.take(blob),
            let filled = try? disk.status(of: path, followingLinks: false)
        else { return nil }
        if write.entry.kind == .executable {
            try setMode(of: path, filled, isExecutable: true)
        }
        try checkUnchanged(write.entry.path, write.replaced)
        guard (try? disk.rename(path, to: place)) != nil else { return nil }
        return try statusUnderName(place, of: filled)
    }

    /// The status of what was renamed to `place`, which changed one of its times; nil where somebody
    /// else was there since.
    private func statusUnderName(_ place: DiskPath, of file: FileStatus) throws -> FileStatus? {
        let named = try disk.status(of: place, followingLinks: false)
        let isIt =
            named?.inode == file.inode && named?.modified == file.modified
            && named?.size == file.size
        return isIt ? named : nil
    }

    private func permissions(of write: ContentPlan.Write) -> UInt16 {
        write.entry.kind == .executable ? 0o755 : 0o644
    }

    /// Writes the blob, which is checked meanwhile.
    private func fill(_ file: any DiskFile, with blob: BlobID) throws -> FileStatus {
        try store.write(blob, to: file)
        return try file.status()
    }
}
