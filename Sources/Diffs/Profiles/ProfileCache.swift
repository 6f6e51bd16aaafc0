import Bytes
import Platform
import Tables
import Vocabulary

/// Profiles of pieces of tables that were made before, in a folder that may be deleted at any time.
///
/// What cannot be read, or is damaged, counts as not there; what cannot be written is not kept.
struct ProfileCache: Sendable {
    let folder: DiskPath
    let disk: any Disk

    /// What the folder may hold; beyond that, what was written first goes.
    static let maximumBytes = 1 << 30
    /// The most that one profile takes, before compression.
    private static let maximumProfileBytes = 1 << 28

    /// The profile that was kept under that key, of a table with those columns.
    func load(_ key: Digest, columnNames: [String]) -> TableProfile? {
        let limit = ProfileCache.maximumProfileBytes
        guard let bytes = try? disk.readFile(path(of: key), maximumBytes: limit), bytes.count > 12
        else { return nil }
        var cursor = ByteCursor()
        guard let check = try? cursor.uint64(bytes.span),
            let length = try? cursor.uint32(bytes.span), length <= limit,
            xxh3(Array(bytes[8...])) == check,
            let plain = try? Zstd.decompress(Array(bytes[12...]), plainLength: Int(length))
        else { return nil }
        return try? TableProfile(decoding: plain, columnNames: columnNames)
    }

    /// Keeps a profile.
    func save(_ profile: TableProfile, _ key: Digest) {
        let plain = profile.encoded()
        guard plain.count <= ProfileCache.maximumProfileBytes else { return }
        var body = ByteWriter()
        body.append(uint32: UInt32(plain.count))
        body.append(Zstd.compress(plain))
        var writer = ByteWriter()
        writer.append(uint64: xxh3(body.bytes))
        writer.append(body.bytes)
        let path = path(of: key)
        try? disk.makeDirectories(path.parent)
        try? writeAtomically(writer.bytes, to: path, on: disk, durable: false)
    }

    /// Removes what was written first, where the folder holds too much: down to half of that.
    func trim(to maximumBytes: Int = ProfileCache.maximumBytes) {
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
}
