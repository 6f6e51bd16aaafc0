import Bytes
package import Platform
package import Vocabulary

extension ObjectStore {
    /// Makes of the new, empty `file` the blob `id` by sharing the extents of the plain file that is
    /// this blob. False, with the file empty again, where there is none, or the file system does not
    /// share. Costs a read of the plain file, whose SHA-256 is checked.
    package func share(_ id: BlobID, with file: any DiskFile) throws -> Bool {
        guard let recipe = try? chunkList(of: id), let first = recipe.first, recipe.count > 1,
            let place = view.place(of: ObjectKey(.chunk, first.id.digest)),
            let plain = try? packCache.pack(place.pack).plainFile()
        else { return false }
        let sizeBytes = recipe.reduce(0) { $0 + $1.length }
        guard try plain.status().size == sizeBytes,
            try shareContent(of: plain, sizeBytes: sizeBytes, with: file),
            try digest(of: plain) == id.digest
        else {
            // Whoever decodes it says what is wrong.
            try file.truncate(to: 0)
            return false
        }
        return true
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
