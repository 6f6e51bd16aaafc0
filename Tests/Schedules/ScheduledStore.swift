import Bytes
import Objects
import Platform
import TestSupport
import Vocabulary

/// The store that schedules start from: some versions that refs name and some that are garbage, and
/// what it takes to make more of them from the same few contents.
struct ScheduledStore: Sendable {
    static let root = DiskPath("/s")
    /// How many different versions there are.
    static let versions = 4

    private let disk: SimulatedDisk

    init() throws {
        disk = SimulatedDisk()
        let store = try ObjectStore.create(
            at: ScheduledStore.root, on: disk, entropy: .seeded(1), clock: .forTests, threads: 1)
        for version in 0..<ScheduledStore.versions {
            try ScheduledStore.commit(version, as: "v\(version)", to: store)
        }
        // All but the first are garbage now, each in packs of its own.
        for version in 1..<ScheduledStore.versions {
            try ScheduledStore.drop("v\(version)", in: store)
        }
    }

    /// A disk of its own for a schedule.
    func copy() -> SimulatedDisk { disk.copy() }

    static func open(_ disk: any Disk, seed: UInt64) throws -> ObjectStore {
        try ObjectStore.open(
            at: root, on: disk, entropy: .seeded(seed), clock: .forTests, threads: 1)
    }

    static func name(_ text: String) throws -> RefName {
        guard let name = RefName(text) else { throw ScheduleFailure("a bad name in a test") }
        return name
    }

    // MARK: - Versions

    /// The blob of a version, and one that it shares with the next.
    static func contents(_ version: Int) -> [[UInt8]] {
        [Array("only in version \(version)".utf8), Array("shared \(version / 2)".utf8)]
    }

    /// Makes a ref lead to a version: a record, a tree, its blobs.
    @discardableResult
    static func commit(
        _ version: Int, as ref: String, to store: ObjectStore
    ) throws -> CommitReport {
        let session = try store.beginSession()
        defer { session.abandon() }  // does nothing after a commit
        var entries: [TreeEntry] = []
        for (number, bytes) in contents(version).enumerated() {
            let blob = try session.putBlob(bytes)
            entries.append(
                TreeEntry(
                    path: try RepoPath("\(number)"), kind: .file, size: bytes.count,
                    id: blob.id.digest))
        }
        let tree = try session.putTree(entries)
        // Some records are new though all that they lead to is there already.
        let by: JSONValue = version % 2 == 0 ? .null : .string(ref)
        let record = try session.putRecord(["tree": .string(tree.description), "by": by])
        let name = try name(ref)
        return try session.commit(
            refs: [RefChange(name: name, expected: try store.ref(name), new: record)])
    }

    /// Removes a ref.
    @discardableResult
    static func drop(_ ref: String, in store: ObjectStore) throws -> CommitReport {
        let session = try store.beginSession()
        defer { session.abandon() }
        let name = try name(ref)
        return try session.commit(
            refs: [RefChange(name: name, expected: try store.ref(name), new: nil)])
    }

    /// Reads all that a record leads to. Throws what reading throws, or that it is not what it was.
    static func read(_ record: RecordID, from store: ObjectStore) throws {
        guard let text = try store.readRecord(record)["tree"]?.stringValue,
            let id = TreeID(text: text)
        else { throw ScheduleFailure("a record of another shape") }
        var found: [[UInt8]] = []
        try store.tree(id).forEachEntry { entry in
            found.append(try store.readBlob(BlobID(entry.id), maximumBytes: 1 << 16))
        }
        guard (0..<versions).contains(where: { contents($0) == found }) else {
            throw ScheduleFailure("a version with other contents")
        }
    }

    /// All that refs lead to.
    static func roots(of store: ObjectStore) -> CollectionRoots {
        CollectionRoots(
            all: {
                try store.refresh()
                return try store.refs(under: "").map { name, id in
                    LiveRoot(.record(id), .everything, group: "refs", reason: "ref '\(name)'")
                }
            }, ofCommit: { _ in [] })
    }
}

/// Something that must not be.
struct ScheduleFailure: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}
