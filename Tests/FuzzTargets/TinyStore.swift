import Bytes
import Objects
import Platform
import TestSupport
import Vocabulary

/// A store in memory of a few hundred bytes, whose files can be replaced.
package struct TinyStore: Sendable {
    private static let root = DiskPath("/store")
    private static let clock = WallClock.fixed(Timestamp(milliseconds: 1_795_425_633_125))
    private static let contents = ["one\n", "two\n", ""].map { Array($0.utf8) }
    private let files: [(path: DiskPath, bytes: [UInt8])]

    /// Makes the store.
    package init() throws {
        let disk = SimulatedDisk()
        let store = try ObjectStore.create(
            at: Self.root, on: disk, entropy: .seeded(3), clock: Self.clock, threads: 1)
        let session = try store.beginSession()
        for blob in Self.contents { _ = try session.putBlob(blob) }
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

    /// The first file whose path ends so.
    package func file(ending suffix: String) throws -> [UInt8] {
        guard let file = files.first(where: { $0.path.description.hasSuffix(suffix) }) else {
            throw WrongResult("no file '\(suffix)'")
        }
        return file.bytes
    }

    /// A disk with the store, but for one file that holds `bytes`, and one that is missing.
    func disk(
        with bytes: [UInt8], at suffix: String, without other: String? = nil
    ) throws -> SimulatedDisk {
        let disk = SimulatedDisk()
        for name in ["packs", "index", "sessions"] { try disk.makeDirectories(Self.root / name) }
        var isReplaced = false
        for (path, old) in files {
            let name = path.description
            if let other, name.hasSuffix(other) { continue }
            let isIt = !isReplaced && name.hasSuffix(suffix)
            isReplaced = isReplaced || isIt
            try writeAtomically(isIt ? bytes : old, to: path, on: disk, durable: false)
        }
        return disk
    }

    /// Reads everything: what is read is what was stored, or an error is thrown.
    func readAll(on disk: SimulatedDisk) throws {
        let store = try ObjectStore.open(
            at: Self.root, on: disk, entropy: .seeded(4), clock: Self.clock, threads: 1)
        _ = try store.refs()
        var failure: (any Error)?
        for blob in Self.contents {
            do {
                let read = try store.readBlob(BlobID(sha256(blob)), maximumBytes: 100)
                try require(read == blob, "another blob was read")
            } catch let error as StoreError { failure = error }
        }
        let report = try store.verify(.full)
        if let failure {
            // But for a journal that names no pack: such a store is empty, and that is no damage.
            try require(
                !report.isSound || report.packs == 0,
                "a store that cannot be read is called sound: \(failure)")
            throw failure
        }
        guard report.isSound else { throw StoreError(.corrupt, "the store is damaged") }
    }
}
