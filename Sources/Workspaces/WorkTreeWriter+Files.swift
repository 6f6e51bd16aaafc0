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
            // The new name changed one of the times.
            let named = try disk.status(of: place, followingLinks: false)
            let isIt =
                named?.inode == filled.inode && named?.modified == filled.modified
                && named?.size == filled.size
            return isIt ? named : nil
        } catch {
            // The first failure is the one to report; the temporary file is only litter.
            try? file.close()
            try? disk.removeFile(temporary)
            throw error
        }
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
