import Bytes
import Objects
import Platform
import TestSupport
import Testing
import Vocabulary

/// A store in memory of a few hundred bytes, whose files can be replaced and put back.
struct TinyStore {
    static let root = DiskPath("/store")
    let disk = SimulatedDisk()
    let store: ObjectStore
    private let files: [(path: DiskPath, bytes: [UInt8])]
    private let blobs: [[UInt8]]

    init() throws {
        store = try ObjectStore.create(
            at: Self.root, on: disk, entropy: .seeded(3), clock: Self.clock, threads: 1)
        blobs = ["one\n", "two\n", ""].map { Array($0.utf8) }
        let session = try store.beginSession()
        for blob in blobs { _ = try session.putBlob(blob) }
        let record = try session.putRecord(["type": "test", "version": 1])
        let change = RefChange(name: .head, expected: nil, new: record)
        _ = try session.commit(refs: [change], note: ["command": "add"])
        var found: [(DiskPath, [UInt8])] = []
        for name in ["journal", "journal.head", "format"] {
            let path = Self.root / name
            found.append((path, try disk.readFile(path, maximumBytes: 1 << 20)))
        }
        for folder in ["packs", "index"] {
            for entry in try disk.entries(of: Self.root / folder) {
                let path = (Self.root / folder).appending(entry.name)
                found.append((path, try disk.readFile(path, maximumBytes: 1 << 20)))
            }
        }
        files = found.sorted { $0.0.bytes.precedes($1.0.bytes) }
    }

    private static let clock = WallClock.fixed(Timestamp(milliseconds: 1_795_425_633_125))

    func path(ending suffix: String) throws -> DiskPath {
        try #require(files.first { $0.path.description.hasSuffix(suffix) }).path
    }

    func file(ending suffix: String) throws -> [UInt8] {
        try #require(files.first { $0.path.description.hasSuffix(suffix) }).bytes
    }

    /// Puts all files back as they were.
    func reset() throws {
        for entry in try disk.entries(of: Self.root / "index") {
            try disk.removeFile((Self.root / "index").appending(entry.name))
        }
        for (path, bytes) in files {
            try writeAtomically(bytes, to: path, on: disk, durable: false)
        }
    }

    func open() throws -> ObjectStore {
        try ObjectStore.open(
            at: Self.root, on: disk, entropy: .seeded(4), clock: Self.clock, threads: 1)
    }

    /// Reads everything; what is read is what was stored, or an error is thrown.
    func readAll() throws {
        let store = try open()
        for blob in blobs {
            #expect(try store.readBlob(BlobID(sha256(blob)), maximumBytes: 100) == blob)
        }
        _ = try store.verify(.full)
    }
}
