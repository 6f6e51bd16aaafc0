import Bytes
package import Platform
package import Vocabulary

extension ObjectStore {
    /// The pack whose plain file is this blob, with that file open and the size that it must have.
    private func plainFile(
        of id: BlobID
    ) -> (pack: PackID, file: any DiskFile, sizeBytes: Int)? {
        guard let recipe = try? chunkList(of: id), let first = recipe.first, recipe.count > 1,
            let place = view.place(of: ObjectKey(.chunk, first.id.digest)),
            let file = try? packCache.pack(place.pack).plainFile()
        else { return nil }
        return (place.pack, file, recipe.reduce(0) { $0 + $1.length })
    }

    /// Makes of the new, empty `file` the blob `id` by sharing the extents of the plain file that is
    /// this blob. False, with the file empty again, where there is none, or where nothing is or can be
    /// shared. Costs a read of the plain file, whose SHA-256 is checked.
    package func share(_ id: BlobID, with file: any DiskFile) throws -> Bool {
        guard sharing != .copy, let plain = plainFile(of: id) else { return false }
        guard try plain.file.status().size == plain.sizeBytes,
            try shareContent(of: plain.file, sizeBytes: plain.sizeBytes, with: file),
            try digest(of: plain.file) == id.digest
        else {
            // Whoever decodes it says what is wrong.
            try file.truncate(to: 0)
            return false
        }
        return true
    }

    /// Makes `path`, which must not exist, a name of the plain file that is the blob `id`. False, with
    /// nothing made, where files are not linked, there is no such file, or it cannot have that name.
    /// Costs a read of it, whose SHA-256 is checked.
    package func link(_ id: BlobID, at path: DiskPath) throws -> Bool {
        guard sharing == .hardlink, let plain = plainFile(of: id),
            try plain.file.status().size == plain.sizeBytes,
            try digest(of: plain.file) == id.digest
        else { return false }
        do {
            try disk.makeHardLink(at: path, to: layout.plainFile(plain.pack))
            return true
        } catch is StoreError {
            return false  // another file system, too many names, or collected meanwhile
        }
    }

    /// Whether the plain file that should be the blob `id` is the file with this status: another name
    /// of it.
    package func isPlainFile(_ status: FileStatus, of id: BlobID) -> Bool {
        guard status.links > 1, let own = try? plainFile(of: id)?.file.status() else {
            return false
        }
        return own.inode == status.inode && own.device == status.device
    }

    private func digest(of file: any DiskFile) throws -> Digest {
        var digester = Digester()
        var offset = 0
        while true {
            let bytes = try file.read(at: offset, count: 1 << 20)
            if bytes.isEmpty { return digester.finish() }
            digester.update(bytes)
            offset += bytes.count
        }
    }
}
