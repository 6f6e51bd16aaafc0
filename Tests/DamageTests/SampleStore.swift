import Bytes
import Objects
import Platform
import TestSupport
import Vocabulary

/// The bytes of a store's files by path, taken from a store in memory that holds one of
/// everything, and what is in it.
struct SampleStore: Sendable {
    static let root = DiskPath("/store")

    /// What the files of the store were after the last commit, but for locks and directories.
    let files: [(path: DiskPath, bytes: [UInt8])]
    /// The blobs that are in it.
    let blobs: [BlobID: [UInt8]]
    let refs: [RefName: RecordID]
    let tree: TreeID
    let entries: [TreeEntry]

    init(
        files: [(path: DiskPath, bytes: [UInt8])], blobs: [BlobID: [UInt8]],
        refs: [RefName: RecordID], tree: TreeID, entries: [TreeEntry]
    ) {
        self.files = files
        self.blobs = blobs
        self.refs = refs
        self.tree = tree
        self.entries = entries
    }

    init() throws {
        let disk = SimulatedDisk()
        let store = try ObjectStore.create(
            at: Self.root, on: disk, entropy: .seeded(11), clock: .fixed(Self.time), threads: 1)
        let contents = Self.contents()
        var entries: [TreeEntry] = []
        var parents: [SnapshotID] = []
        var tree = TreeID(.zero)
        for (number, batch) in [contents.prefix(4), contents.dropFirst(4)].enumerated() {
            let session = try store.beginSession()
            for (name, bytes) in batch {
                let id = try session.putBlob(bytes).id
                entries.append(.file(try RepoPath(name), id, size: bytes.count))
            }
            for index in 0..<(200 * number) {
                entries.append(.directory(try RepoPath("later/\(1000 + index)")))
            }
            entries.sort { $0.path < $1.path }
            tree = try session.putTree(entries)
            let record = SnapshotRecord(
                tree: tree, parents: parents, author: "A <a@b>", message: "m", time: Self.time)
            let id = try session.putRecord(record.json)
            let change = RefChange(name: .head, expected: parents.first?.record, new: id)
            _ = try session.commit(refs: [change], note: ["command": "add"])
            parents = [SnapshotID(id.digest)]
        }
        refs = try store.refs()
        self.tree = tree
        self.entries = entries
        blobs = Dictionary(uniqueKeysWithValues: contents.map { (BlobID(sha256($0.1)), $0.1) })
        files = try Self.files(of: disk, below: Self.root)
    }

    static let time = Timestamp(milliseconds: 1_795_425_633_125)

    /// Small files, one that does not compress, and one of several chunks.
    private static func contents() -> [(String, [UInt8])] {
        var random = SmallRandom(seed: 5)
        let noise = (0..<6_000).map { _ in UInt8(truncatingIfNeeded: random.next()) }
        var table: [UInt8] = []
        for row in 0..<12_000 {
            table += Array("\(row),station \(row % 97),\(random.next() % 1000)\n".utf8)
        }
        return [
            ("a.txt", Array("alpha\n".utf8)), ("b.txt", Array("beta\n".utf8)), ("empty", []),
            ("table.csv", table), ("c.txt", Array("gamma\n".utf8)), ("noise.bin", noise),
        ]
    }

    static func files(
        of disk: SimulatedDisk, below directory: DiskPath
    ) throws -> [(path: DiskPath, bytes: [UInt8])] {
        var found: [(path: DiskPath, bytes: [UInt8])] = []
        let entries = try disk.entries(of: directory).sorted { $0.name.precedes($1.name) }
        for entry in entries {
            let path = directory.appending(entry.name)
            if entry.kind == .directory {
                found += try files(of: disk, below: path)
            } else if !entry.name.elementsEqual("lock".utf8),
                !entry.name.elementsEqual("collection.lock".utf8)
            {
                found.append((path, try disk.readFile(path, maximumBytes: 1 << 26)))
            }
        }
        return found
    }

    /// A disk with the store on it as it was.
    func disk() throws -> SimulatedDisk {
        let disk = SimulatedDisk()
        for name in ["packs", "index", "sessions"] {
            try disk.makeDirectories(Self.root / name)
        }
        for (path, bytes) in files {
            try writeAtomically(bytes, to: path, on: disk, durable: true)
        }
        return disk
    }

    static func open(_ disk: SimulatedDisk) throws -> ObjectStore {
        try ObjectStore.open(
            at: root, on: disk, entropy: .seeded(12), clock: .fixed(time), threads: 1)
    }
}

extension DiskPath {
    /// Which sort of file of a store this is: pack, index, journal, head or format.
    var sort: String {
        let name = String(decoding: lastComponent, as: UTF8.self)
        if name.hasSuffix(".pack") { return "pack" }
        if name.hasSuffix(".idx") { return "index" }
        return name
    }

    /// Whether what it holds can be made anew from the other files.
    var isDerived: Bool { sort == "index" || sort == "journal.head" }
}
