import Bytes
import Objects
import Platform
import TestSupport
import Vocabulary

/// A store on the real disk that holds one of everything: small files that share a frame, a table
/// of many chunks, a file that does not compress, a tree of several nodes and a snapshot.
struct SmallStore {
    let directory: TemporaryFolder
    let store: ObjectStore

    var root: DiskPath { directory.path / "store" }

    /// An empty store.
    init() throws {
        directory = try TemporaryFolder()
        store = try ObjectStore.create(
            at: directory.path / "store", on: LocalDisk(), entropy: .seeded(7),
            clock: .fixed(Timestamp(milliseconds: 1_795_425_633_125)))
    }

    /// The files that `fill` stores, by path.
    static func files() -> [String: [UInt8]] {
        var words = SmallRandom(seed: 42)
        var noise = ByteWriter()
        for _ in 0..<2_500 { noise.append(uint64: words.next()) }
        var table = "id,name,value\n"
        for row in 0..<9_000 {
            // Enough of it random that its chunks do not compress away, little enough to be small.
            table += "\(row),station \(row % 97),\(words.next() % 100_000)\n"
        }
        return [
            "README": Array("# A small data set\n".utf8), "data/empty": [],
            "data/labels.txt": Array("cat\ndog\n".utf8), "data/noise.bin": noise.bytes,
            "data/table.csv": Array(table.utf8), "run.sh": Array("#!/bin/sh\n".utf8),
        ]
    }

    /// Stores `files` and a link as a tree with a snapshot at `head`, in two commits.
    static func fill(_ store: ObjectStore) throws {
        var session = try store.beginSession()
        var entries: [TreeEntry] = []
        for (name, bytes) in files().sorted(by: { $0.key < $1.key }) {
            let path = try RepoPath(name)
            let id = try session.putBlob(bytes).id
            entries.append(.file(path, id, size: bytes.count, executable: name == "run.sh"))
        }
        entries.append(.directory(try RepoPath("later")))
        let target = Array("data/labels.txt".utf8)
        entries.append(
            .symlink(
                try RepoPath("labels"), target: try session.putBlob(target).id, size: target.count))
        let first = try snapshot(entries, parents: [], in: session)
        _ = try session.commit(
            refs: [RefChange(name: .head, expected: nil, new: first.record)],
            note: ["command": "add ."])

        session = try store.beginSession()
        // One of these names ends a node, so that the tree has two leaves and a root above.
        for number in 100..<200 { entries.append(.directory(try RepoPath("n/\(number)"))) }
        let second = try snapshot(entries, parents: [first], in: session)
        _ = try session.commit(
            refs: [RefChange(name: .head, expected: first.record, new: second.record)],
            note: ["command": "add parts"])
    }

    private static func snapshot(
        _ entries: [TreeEntry], parents: [SnapshotID], in session: StoreSession
    ) throws -> SnapshotID {
        let record = SnapshotRecord(
            tree: try session.putTree(entries.sorted { $0.path < $1.path }), parents: parents,
            author: "A. Nonymous <a@example.org>", message: "commit \(parents.count + 1)",
            time: Timestamp(milliseconds: 1_795_425_633_125))
        return SnapshotID(try session.putRecord(record.json).digest)
    }
}
