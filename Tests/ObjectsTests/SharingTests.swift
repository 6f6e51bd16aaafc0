import Bytes
import Platform
import Synchronization
import TestSupport
import Testing
import Vocabulary

@testable import Objects

@Suite struct SharingTests {
    @Test func `writers in parallel lose nothing`() throws {
        try withTemporaryFolder { directory in
            let root = directory / "store"
            _ = try StoreFixture(on: LocalDisk(), at: root)
            let ids = Mutex<[BlobID]>([])
            try parallelForEach(count: 4, threads: 4) { writer in
                let store = try ObjectStore.open(
                    at: root, on: LocalDisk(), entropy: .seeded(UInt64(100 + writer)),
                    clock: .forTests, threads: 1)
                for round in 0..<8 {
                    let bytes = Array("writer \(writer) round \(round)".utf8)
                    let receipt = try store.add(bytes, ref: refName("w\(writer)"))
                    ids.withLock { $0.append(receipt.id) }
                }
            }
            let store = try ObjectStore.open(
                at: root, on: LocalDisk(), entropy: .seeded(9), clock: .forTests)
            #expect(try store.journal().count == 32)
            #expect(try store.refs().count == 4)
            for id in ids.withLock({ $0 }) { #expect(store.contains(id)) }
            let report = try store.verify(.full)
            #expect(report.isSound, "\(report.problems)")
        }
    }

    @Test func `of writers that want the same ref exactly one wins each time`() throws {
        try withTemporaryFolder { directory in
            let root = directory / "store"
            _ = try StoreFixture(on: LocalDisk(), at: root)
            let conflicts = Atomic<Int>(0)
            try parallelForEach(count: 4, threads: 4) { writer in
                let store = try ObjectStore.open(
                    at: root, on: LocalDisk(), entropy: .seeded(UInt64(100 + writer)),
                    clock: .forTests, threads: 1)
                for round in 0..<5 {
                    let session = try store.beginSession()
                    let record = try session.putRecord([
                        "w": JSONValue(writer), "r": JSONValue(round),
                    ])
                    while true {
                        let change = RefChange(
                            name: .head, expected: try store.ref(.head), new: record)
                        do {
                            _ = try session.commit(refs: [change])
                            break
                        } catch let error as StoreError where error.kind == .conflict {
                            conflicts.add(1, ordering: .relaxed)
                            try store.refresh()
                        }
                    }
                }
            }
            let store = try ObjectStore.open(
                at: root, on: LocalDisk(), entropy: .seeded(9), clock: .forTests)
            let entries = try store.journal()
            #expect(entries.count == 20)
            var last: RecordID?
            for entry in entries {
                #expect(entry.refs.first?.expected == last)
                last = entry.refs.first?.new
            }
        }
    }

    @Test func `a store that cannot be written to is read, with or without its index`() throws {
        for keepsIndex in [true, false] {
            let disk = SimulatedDisk()
            let fixture = try StoreFixture(on: disk)
            let id = try fixture.store.add(SmallRandom.letters(300_000), ref: .head).id
            if !keepsIndex { try disk.removeTree(fixture.root / "index") }
            disk.failChange(disk.changeCount + 1, with: .readOnly, persistently: true)
            let store = try fixture.reopened()
            #expect(try store.readBlob(id, maximumBytes: 1 << 20).count == 300_000)
            #expect(try store.ref(.head) != nil)
            try store.refresh()
            #expect(try store.verify(.full).isSound)
            let error = #expect(throws: StoreError.self) { try store.beginSession() }
            #expect(error?.kind == .readOnly)
        }
    }

    @Test func `frames copied to another store make the same objects`() throws {
        let source = try StoreFixture()
        var random = SmallRandom(seed: 5)
        let blobs = [random.text(700_000), random.text(300), random.bytes(20)]
        let session = try source.store.beginSession()
        var entries: [TreeEntry] = []
        for (index, blob) in blobs.enumerated() {
            let receipt = try session.putBlob(blob)
            let path = try RepoPath("f\(index)")
            entries.append(.file(path, receipt.id, size: blob.count))
        }
        let tree = try session.putTree(entries)
        let record = try session.putRecord([
            "type": "snapshot", "version": 1, "tree": .string(tree.description), "parents": [],
        ])
        _ = try session.commit(refs: [RefChange(name: .head, expected: nil, new: record)])

        var keys: [ObjectKey] = []
        try source.store.forEachReachable(
            from: [.record(record)], missing: { _ in Issue.record("something is missing") },
            { keys.append($0) })
        #expect(Set(keys).count == keys.count)
        #expect(keys.first == ObjectKey(.record, record.digest))

        let target = try StoreFixture(seed: 7)
        let copy = try target.store.beginSession()
        for key in keys where !copy.contains(key.kind, key.digest) {
            let frame = try source.store.encodedFrame(containing: key.kind, key.digest)
            let verified = try EncodedFrame(verifying: frame.bytes, from: "remote")
            #expect(try copy.putEncoded(verified) == frame.bytes.count)
            #expect(try copy.putEncoded(verified) == 0)
        }
        _ = try copy.commit(refs: [RefChange(name: .head, expected: nil, new: record)])
        for (entry, blob) in zip(entries, blobs) {
            #expect(try target.store.readBlob(BlobID(entry.id), maximumBytes: 1 << 20) == blob)
        }
        #expect(try target.store.verify(.full).problems.isEmpty)
        #expect(try target.store.tree(tree).entries() == entries)

        var known: [ObjectKey] = []
        try source.store.forEachReachable(
            from: [.record(record)], isKnown: { $0.kind == .treeNode }, missing: { _ in },
            { known.append($0) })
        #expect(known == [ObjectKey(.record, record.digest)])
    }

    @Test func `what a tree names and is not here is missing, and connectivity says so`() throws {
        let fixture = try StoreFixture()
        let session = try fixture.store.beginSession()
        let absent = BlobID(sha256([1, 2, 3]))
        let tree = try session.putTree([.file(RepoPath("a"), absent, size: 3)])
        _ = try session.commit()
        #expect(try fixture.store.verify(.full).isSound)
        let report = try fixture.store.verify(
            .connectivity, roots: [.content(.directory(tree)), .content(.file(absent))])
        #expect(!report.isSound)
        #expect(report.problems.first?.severity == .missing)
        #expect(report.problems.first?.affected == [ObjectKey(.chunk, absent.digest)])
        var missing: [ObjectKey] = []
        try fixture.store.forEachReachable(
            from: [.content(.directory(tree))], missing: { missing.append($0) }, { _ in })
        #expect(missing == [ObjectKey(.chunk, absent.digest)])
    }
}
