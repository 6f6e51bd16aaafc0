package import Platform
package import Vocabulary

/// A file to store: where it is, its status when it was listed, and what it replaces.
package struct FileToStore: Sendable {
    /// Where it is; links are followed.
    package let path: DiskPath
    /// What it must still be when it was read.
    package let status: FileStatus
    /// The version before, of which it may share most bytes; nil for a new file.
    package let prior: BlobID?

    /// Makes the value.
    package init(path: DiskPath, status: FileStatus, prior: BlobID? = nil) {
        self.path = path
        self.status = status
        self.prior = prior
    }
}

extension StoreSession {
    /// Stores bytes in memory as a blob; what was made of `prior` is stored as the difference.
    package func putBlob(_ bytes: [UInt8], prior: BlobID? = nil) throws -> BlobReceipt {
        try check()
        guard bytes.count > Chunker.singleChunkLimit else {
            return try putSmall(bytes, digest: sha256OfBlob(bytes))
        }
        return try unsafe bytes.withUnsafeBytes { all in
            let input = unsafe BlobInput(sizeBytes: all.count) { offset, room in
                let count = min(room.count, all.count - offset)
                guard count > 0 else { return 0 }
                // Unsafe: a part of `bytes`, which outlives the pipeline.
                unsafe room.copyMemory(
                    from: UnsafeRawBufferPointer(rebasing: all[offset..<(offset + count)]))
                return count
            }
            return try BlobPipeline(self, input, prior: version(prior, bytes.count)).run()
        }
    }

    private func version(_ prior: BlobID?, _ newSize: Int) -> PriorVersion? {
        prior.flatMap { PriorVersion($0, newSize: newSize, in: store) }
    }

    private func sha256OfBlob(_ bytes: [UInt8]) throws -> Digest {
        guard let digest = objectDigest(.chunk, bytes) else { throw StoreError.sessionOver }
        return digest
    }

    /// Stores an open file as a blob, within some 100 MiB of memory however large it is. `name` is
    /// what errors call it. What was made of `prior` is stored as the difference. Throws `.changedMeanwhile` when the file is not, before or after it was
    /// read, what `expected` says, or has more or fewer bytes.
    ///
    /// Cost: compression, about 0.4 GB/s of text on two cores; data that does not compress 1 GB/s.
    package func putBlob(
        file: any DiskFile, expected: FileStatus, name: String, prior: BlobID? = nil
    ) throws -> BlobReceipt {
        try check()
        try StoreSession.compare(file, expected, name)
        guard expected.size > Chunker.singleChunkLimit else {
            let bytes = try StoreSession.readWhole(file, expected, name)
            return try putSmall(bytes, digest: sha256OfBlob(bytes))
        }
        if let receipt = try putBeside(file, expected, name) { return receipt }
        let input = BlobInput(file, sizeBytes: expected.size)
        let receipt = try BlobPipeline(
            self, input, prior: version(prior, expected.size)
        ).run()
        guard receipt.sizeBytes == expected.size else { throw StoreError.fileChanged(name) }
        try StoreSession.compare(file, expected, name)
        return receipt
    }

    /// Stores the bytes of a blob of one chunk.
    func putSmall(_ bytes: [UInt8], digest: Digest) throws -> BlobReceipt {
        let isNew = !contains(.chunk, digest)
        if isNew { try append(ObjectKey(.chunk, digest), bytes) }
        return BlobReceipt(
            id: BlobID(digest), sizeBytes: bytes.count, newBytesPlain: isNew ? bytes.count : 0,
            newBytesStored: isNew ? bytes.count : 0)
    }

    /// Throws unless the open file is still what was listed.
    static func compare(_ file: any DiskFile, _ expected: FileStatus, _ name: String) throws {
        let found = try file.status()
        guard found.size == expected.size, found.modified == expected.modified,
            found.inode == expected.inode
        else { throw StoreError.fileChanged(name) }
    }

    /// All bytes of a small file, which has exactly as many as expected.
    static func readWhole(
        _ file: any DiskFile, _ expected: FileStatus, _ name: String
    ) throws -> [UInt8] {
        // One more than expected, so that a file that grew shows.
        let bytes = try file.read(at: 0, count: expected.size + 1)
        guard bytes.count == expected.size else { throw StoreError.fileChanged(name) }
        try compare(file, expected, name)
        return bytes
    }
}
