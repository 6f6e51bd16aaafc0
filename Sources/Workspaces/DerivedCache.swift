import Bytes
import Platform
package import Vocabulary

/// What was worked out of content before, in a folder that may be deleted at any time: profiles and sums
/// of pieces of tables.
///
/// What cannot be read, or is damaged, counts as not there; what cannot be written is not kept.
package struct DerivedCache: Sendable {
    let folder: DiskPath
    let disk: any Disk

    /// What the folder may hold; beyond that, what was written first goes.
    package static let maximumBytes = 1 << 30
    /// The most that one entry takes, before compression.
    private static let maximumEntryBytes = 1 << 28

    /// The bytes that were kept under that key, which says everything that they depend on.
    package func load(_ key: Digest) -> [UInt8]? {
        let limit = DerivedCache.maximumEntryBytes
        guard let bytes = try? disk.readFile(path(of: key), maximumBytes: limit), bytes.count > 12
        else { return nil }
        var cursor = ByteCursor()
        guard let check = try? cursor.uint64(bytes.span),
            let length = try? cursor.uint32(bytes.span), length <= limit,
            xxh3(Array(bytes[8...]), seed: DerivedCache.seed(of: key)) == check
        else { return nil }
        return try? Zstd.decompress(Array(bytes[12...]), plainLength: Int(length))
    }

    /// Keeps bytes.
    package func save(_ plain: [UInt8], _ key: Digest) {
        guard plain.count <= DerivedCache.maximumEntryBytes else { return }
        var body = ByteWriter()
        body.append(uint32: UInt32(plain.count))
        body.append(Zstd.compress(plain))
        var writer = ByteWriter()
        writer.append(uint64: xxh3(body.bytes, seed: DerivedCache.seed(of: key)))
        writer.append(body.bytes)
        let path = path(of: key)
        try? disk.makeDirectories(path.parent)
        try? writeAtomically(writer.bytes, to: path, on: disk, durable: false)
    }

    /// Removes what was written first, where the folder holds too much: down to half of that.
    package func trim(to maximumBytes: Int = DerivedCache.maximumBytes) {
        let files = ((try? disk.entriesWithStatus(of: folder)) ?? []).filter {
            $0.status.kind == .file
        }
        var total = files.reduce(0) { $0 + $1.status.size }
        guard total > maximumBytes else { return }
        for (name, status) in files.sorted(by: { $0.status.modified < $1.status.modified }) {
            guard total > maximumBytes / 2 else { return }
            try? disk.removeFile(folder.appending(name))
            total -= status.size
        }
    }

    private func path(of key: Digest) -> DiskPath { folder / key.hex }

    /// So that an entry under the name of another is none.
    private static func seed(of key: Digest) -> UInt64 { key.prefix64 }
}

extension Workspace {
    /// Profiles of pieces of tables.
    package var profiles: DerivedCache {
        DerivedCache(folder: layout.state / "profiles", disk: disk)
    }

    /// Sums over blocks of rows, of models that are learnt from these.
    package var sums: DerivedCache { DerivedCache(folder: layout.state / "sums", disk: disk) }
}
