import Bytes
import Platform
import TestSupport
import Vocabulary

@testable import Objects

extension SampleStore {
    /// A store of few kilobytes that has one of everything: a delta, a recipe, packs of both versions,
    /// a collection in its journal, and every derived file.
    static func compact() throws -> SampleStore {
        let disk = SimulatedDisk()
        let store = try ObjectStore.create(
            at: root, on: disk, entropy: .seeded(21), clock: .fixed(time), threads: 1)
        var random = SmallRandom(seed: 9)
        let old = Array(Hex.encode(random.bytes(300)).utf8)
        let new = Array("changed ".utf8) + old
        let halves = [Array("first half, ".utf8), Array("second half".utf8)]
        let contents = [
            ("a", Array("alpha\n".utf8)), ("new", new), ("old", old),
            ("whole", halves[0] + halves[1]),
        ]

        let garbage = try store.beginSession()
        _ = try garbage.putBlob(Array("garbage".utf8))
        _ = try garbage.commit()
        let first = try store.beginSession()
        for bytes in [contents[0].1, old] { _ = try first.putBlob(bytes) }
        _ = try first.commit()
        let second = try store.beginSession()
        try put(new, after: old, in: second)
        try put(halves, in: second)
        let entries = try contents.map { name, bytes in
            TreeEntry.file(try RepoPath(name), BlobID(sha256(bytes)), size: bytes.count)
        }
        let tree = try second.putTree(entries)
        let snapshot = SnapshotRecord(
            tree: tree, parents: [], author: "A <a@b>", message: "m", time: time)
        let record = try second.putRecord(snapshot.json)
        _ = try second.commit(
            refs: [RefChange(name: .head, expected: nil, new: record)], note: ["command": "add"])
        // Takes the garbage away.
        let named = contents.map { BlobID(sha256($0.1)) }
        _ = try store.collect(
            roots: CollectionRoots(
                all: {
                    [LiveRoot(.record(record), .everything, group: "refs", reason: "a ref")]
                        + named.map {
                            LiveRoot(.content(.file($0)), group: "refs", reason: "a test")
                        }
                }, ofCommit: { _ in [] }))
        try makeVersion1(try store.journal()[1].packs[0].id, of: store, on: disk)
        let again = try open(disk)
        _ = try again.scrub()
        return SampleStore(
            files: try files(of: disk, below: root),
            blobs: Dictionary(uniqueKeysWithValues: contents.map { (BlobID(sha256($0.1)), $0.1) }),
            refs: try again.refs(), tree: tree, entries: entries)
    }

    /// A frame that builds on another's, as only larger files have them otherwise.
    private static func put(
        _ plain: [UInt8], after prior: [UInt8], in session: StoreSession
    ) throws {
        let bases = FrameBases(generation: 1, digests: [sha256(prior)])
        var frame = [UInt8](repeating: 0, count: 2 * plain.count + 1024)
        let prefix = try frame.withUnsafeMutableBytes { output in
            try plain.withUnsafeBytes { bytes in
                try prior.withUnsafeBytes { prior in
                    try FrameWorker().encode(
                        .chunk, bytes, lengths: [plain.count], first: sha256(plain),
                        after: PriorBytes(bases: bases, bytes: prior), into: output)
                }
            }
        }
        _ = try session.putEncoded(
            EncodedFrame(verifying: Array(frame.prefix(prefix.frameLength)), from: "a test") {
                _, _ in prior
            })
    }

    /// A blob of two small chunks, as only a large file has them otherwise.
    private static func put(_ chunks: [[UInt8]], in session: StoreSession) throws {
        var writer = ByteWriter()
        let whole = Array(chunks.joined())
        writer.append(sha256(whole))
        writer.append(uint64: UInt64(whole.count))
        writer.append(uint8: 0)
        writer.append(uint32: UInt32(chunks.count))
        for chunk in chunks {
            try session.putObject(.chunk, sha256(chunk), chunk)
            writer.append(sha256(chunk))
            writer.append(uint32: UInt32(chunk.count))
        }
        try session.putObject(.recipe, sha256(whole), writer.bytes)
    }

    /// Makes a pack one of version 1, and writes the journal anew with its new name.
    private static func makeVersion1(
        _ id: PackID, of store: ObjectStore, on disk: SimulatedDisk
    ) throws {
        var pack = try disk.readFile(store.layout.pack(id), maximumBytes: 1 << 20)
        pack[8] = 1
        let name = PackID(sha256(pack))
        try writeAtomically(pack, to: store.layout.pack(name), on: disk, durable: true)
        try disk.removeFile(store.layout.pack(id))
        var journal: [UInt8] = []
        var previous = Digest.zero
        for entry in try store.journal() {
            let text = String(decoding: entry.json.canonical, as: UTF8.self)
                .replacing(id.digest.hex, with: name.digest.hex)
            let record = JournalFormat.encode(
                sequence: entry.sequence, previous: previous, payload: Array(text.utf8))
            journal += record
            previous = sha256(record)
        }
        try writeAtomically(journal, to: store.layout.journal, on: disk, durable: true)
        var state = JournalState()
        try state.replay(journal)
        JournalHead(state).write(to: store.layout, on: disk)
        for entry in try disk.entries(of: store.layout.index) {
            try disk.removeFile(store.layout.index.appending(entry.name))
        }
    }
}
