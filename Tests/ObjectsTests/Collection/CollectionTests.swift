import Bytes
import Platform
import TestSupport
import Testing
import Vocabulary

@testable import Objects

@Suite struct CollectionTests {
    private func random(_ seed: UInt64, _ count: Int = 3000) -> [UInt8] {
        var random = SmallRandom(seed: seed)
        return random.bytes(count)
    }

    private func name(_ text: String) -> RefName { refName(text) }

    /// Removes a ref, so that what only it names is garbage.
    private func drop(_ ref: String, in store: ObjectStore) throws {
        let session = try store.beginSession()
        _ = try session.commit(refs: [
            RefChange(name: name(ref), expected: try store.ref(name(ref)), new: nil)
        ])
    }

    private func read(_ id: BlobID, from store: ObjectStore) throws -> [UInt8] {
        try store.readBlob(id, maximumBytes: 1 << 24)
    }

    @Test func `what no root needs goes, and what one needs stays`() throws {
        let fixture = try StoreFixture()
        let store = fixture.store
        let kept = try store.add(random(1), ref: name("kept"))
        let gone = try store.add(random(2, 300_000), ref: name("gone"))
        try drop("gone", in: store)
        var dry = CollectionOptions()
        dry.isDryRun = true
        let before = try store.collect(dry, roots: .refs(of: store))
        #expect(before.condemnedPacks > 0)
        #expect(store.contains(gone.id))

        let report = try store.collect(roots: .refs(of: store))
        #expect(report.removedPacks == before.condemnedPacks)
        #expect(report.removedBytes > 290_000)
        for store in [store, try fixture.reopened()] {
            #expect(!store.contains(gone.id))
            #expect(try read(kept.id, from: store) == random(1))
            let verified = try store.verify(.full)
            #expect(verified.problems.isEmpty, "\(verified.problems)")
        }
        let again = try store.collect(roots: .refs(of: store))
        #expect(again.condemnedPacks == 0 && again.removedPacks == 0)
    }

    @Test func `a pack of which much is garbage is written anew with what lives`() throws {
        let fixture = try StoreFixture()
        let store = fixture.store
        let session = try store.beginSession()
        let kept = try session.putBlob(random(1, 100_000))
        _ = try session.putBlob(random(2, 100_000))
        let record = try session.putRecord(["blob": .string(kept.id.description)])
        _ = try session.putRecord(["garbage": true])
        _ = try session.commit(refs: [RefChange(name: name("r"), expected: nil, new: record)])

        let report = try store.collect(roots: .refs(of: store))
        #expect(report.rewrittenPacks == 2)
        #expect(report.removedPacks == 2)
        #expect(report.writtenBytes < 110_000)
        #expect(try store.journal().last?.condemned.count == 2)
        let reopened = try fixture.reopened()
        #expect(try read(kept.id, from: reopened) == random(1, 100_000))
        #expect(try reopened.verify(.full).problems.isEmpty)
    }

    @Test func `many small packs are put together`() throws {
        let fixture = try StoreFixture()
        for round in 0..<12 {
            try fixture.store.add(random(UInt64(round)), ref: name("r/\(round)"))
        }
        let report = try fixture.store.collect(roots: .refs(of: fixture.store))
        #expect(report.rewrittenPacks == 24)
        let reopened = try fixture.reopened()
        #expect(reopened.view.journal.packs.count == 2)
        for round in 0..<12 {
            let id = BlobID(sha256(random(UInt64(round))))
            #expect(try read(id, from: reopened) == random(UInt64(round)))
        }
        #expect(try reopened.verify(.full).problems.isEmpty)
    }

    @Test func `a session rescues what it relied on, with all that it refers to`() throws {
        let fixture = try StoreFixture()
        let store = fixture.store
        // A tree whose blob stands in a pack of its own.
        let blob = try store.add(random(1), ref: name("blob"))
        let entry = TreeEntry(
            path: try RepoPath("a"), kind: .file, size: 3000, id: blob.id.digest)
        let first = try store.beginSession()
        let tree = try first.putTree([entry])
        let record = try first.putRecord(["tree": .string(tree.description)])
        _ = try first.commit(refs: [RefChange(name: name("t"), expected: nil, new: record)])
        try drop("blob", in: store)
        try drop("t", in: store)

        let writer = try fixture.reopened()
        let session = try writer.beginSession()
        #expect(session.contains(.treeNode, tree.digest))
        let report = try store.collect(roots: .refs(of: store))
        #expect(report.condemnedPacks > 0 && report.removedPacks == 0)
        #expect(report.waitingPacks == report.condemnedPacks && report.waitingFor == 1)

        let named = try session.putRecord(["mine": .string(tree.description)])
        let commit = try session.commit(
            refs: [RefChange(name: name("mine"), expected: nil, new: named)])
        #expect(commit.entry?.rescued.count == 2)
        _ = try store.collect(roots: .refs(of: store))
        let reopened = try fixture.reopened(seed: 5)
        #expect(try read(blob.id, from: reopened) == random(1))
        #expect(try reopened.verify(.full).problems.isEmpty)
    }

    @Test func `a session that commits nothing new rescues all the same`() throws {
        let fixture = try StoreFixture()
        let store = fixture.store
        let blob = try store.add(random(1), ref: name("blob"))
        let record = try #require(try store.ref(name("blob")))
        try drop("blob", in: store)
        let session = try fixture.reopened().beginSession()
        #expect(session.contains(.chunk, blob.id.digest))
        #expect(session.contains(.record, record.digest))
        _ = try store.collect(roots: .refs(of: store))
        #expect(try session.commit().entry?.rescued.count == 2)
        #expect(try read(blob.id, from: fixture.reopened(seed: 3)) == random(1))
    }

    @Test func `what a session committed in parts stays until its end, and with what names it`()
        throws
    {
        let fixture = try StoreFixture()
        let store = fixture.store
        let session = try fixture.reopened().beginSession()
        let blob = try session.putBlob(random(1))
        try session.commitPart()
        #expect(try fixture.reopened(seed: 4).contains(blob.id))
        let report = try store.collect(roots: .refs(of: store))
        #expect(report.condemnedPacks == 1 && report.removedPacks == 0)
        let record = try session.putRecord(["blob": .string(blob.id.description)])
        let commit = try session.commit(
            refs: [RefChange(name: name("r"), expected: nil, new: record)])
        #expect(commit.entry?.rescued.count == 1)
        _ = try store.collect(roots: .refs(of: store))
        #expect(try read(blob.id, from: fixture.reopened(seed: 5)) == random(1))
    }

    @Test func `a session that begins later stores again what was condemned`() throws {
        let fixture = try StoreFixture()
        let store = fixture.store
        try store.add(random(1), ref: name("blob"))
        try drop("blob", in: store)
        let waiting = try fixture.reopened(seed: 3).beginSession()
        _ = try store.collect(roots: .refs(of: store))
        let writer = try fixture.reopened(seed: 4)
        #expect(try writer.add(random(1), ref: name("again")).newBytesPlain == 3000)
        waiting.abandon()
        let report = try store.collect(roots: .refs(of: store))
        #expect(report.removedPacks > 0 && report.waitingPacks == 0)
        let id = BlobID(sha256(random(1)))
        #expect(try read(id, from: fixture.reopened(seed: 5)) == random(1))
    }

    @Test func `what is committed during a collection stays with what it needs`() throws {
        let fixture = try StoreFixture()
        let store = fixture.store
        let blob = try store.add(random(1), ref: name("blob"))
        try drop("blob", in: store)
        let writer = try fixture.reopened()
        var asked = 0
        let roots = CollectionRoots(
            all: {
                asked += 1
                // Between marking and condemning.
                if asked == 2 { try writer.add(random(1), ref: name("again")) }
                return asked == 1 ? [] : []
            }, ofCommit: { _ in [] })
        let report = try store.collect(roots: roots)
        #expect(asked == 2 && report.rescuedPacks > 0)
        #expect(try read(blob.id, from: fixture.reopened(seed: 3)) == random(1))
    }

    @Test func `what only a commit's note leads to stays when it is made meanwhile`() throws {
        let fixture = try StoreFixture()
        let store = fixture.store
        let blob = try store.add(random(1), ref: name("blob"))
        try drop("blob", in: store)
        let writer = try fixture.reopened()
        let digest = blob.id.digest
        let roots = CollectionRoots(
            all: {
                let session = try writer.beginSession()
                _ = try session.putBlob(random(1))
                _ = try session.commit(note: ["time": JSONValue(try writer.journal().count)])
                return []
            },
            ofCommit: { _ in
                [LiveRoot(.mention(digest), group: "notes", reason: "a note")]
            })
        let report = try store.collect(roots: roots)
        #expect(report.rescuedPacks > 0)
        #expect(try read(blob.id, from: fixture.reopened(seed: 3)) == random(1))
    }

    @Test func `a reader of an older state finds what was moved`() throws {
        let fixture = try StoreFixture()
        for round in 0..<12 {
            try fixture.store.add(random(UInt64(round)), ref: name("r/\(round)"))
        }
        let reader = try fixture.reopened()
        _ = try fixture.store.collect(roots: .refs(of: fixture.store))
        for round in 0..<12 {
            let bytes = random(UInt64(round))
            #expect(try read(BlobID(sha256(bytes)), from: reader) == bytes)
        }
    }

    @Test func `packs that no record names are removed, but not those of a living session`() throws
    {
        let fixture = try StoreFixture()
        let store = fixture.store
        let base = try store.add(random(1), ref: name("base"))
        let stray = fixture.root / "packs/\(sha256(random(9)).hex).pack"
        try writeAtomically([1, 2, 3], to: stray, on: fixture.disk, durable: true)
        let session = try fixture.reopened().beginSession()
        let mine = try session.putBlob(random(2))
        // A conflict leaves the session's packs in place, under no record.
        #expect(throws: StoreError.self) {
            try session.commit(
                refs: [RefChange(name: name("base"), expected: nil, new: nil)])
        }
        let first = try store.collect(roots: .refs(of: store))
        #expect(first.condemnedPacks == 2 && first.removedPacks == 0)
        _ = try session.commit()
        let second = try store.collect(roots: .refs(of: store))
        #expect(second.removedPacks >= 1)
        #expect(try fixture.disk.status(of: stray, followingLinks: false) == nil)
        #expect(try read(base.id, from: fixture.reopened(seed: 7)) == random(1))
        // Nothing names it: now it is garbage like any other.
        #expect(!(try fixture.reopened(seed: 8)).contains(mine.id))
    }

    @Test(arguments: 1...6 as ClosedRange<UInt64>)
    func `a pack that was never committed is not what a rescue relies on`(seed: UInt64) throws {
        let fixture = try StoreFixture()
        let store = fixture.store
        // Begins before the blob is there, and so writes it again; then it meets a conflict.
        let loser = try fixture.reopened(seed: 10 + seed).beginSession()
        let blob = try store.add(random(1), ref: name("blob"))
        _ = try loser.putBlob(random(1))
        #expect(throws: StoreError.self) {
            try loser.commit(refs: [RefChange(name: name("blob"), expected: nil, new: nil)])
        }
        try drop("blob", in: store)
        let session = try fixture.reopened(seed: 3).beginSession()
        #expect(session.contains(blob.id))
        // Both packs with the blob are condemned; one goes when its writer gives up.
        _ = try store.collect(roots: .refs(of: store))
        loser.abandon()
        let record = try session.putRecord(["mine": .string(blob.id.description)])
        _ = try session.commit(refs: [RefChange(name: name("r"), expected: nil, new: record)])
        let reopened = try fixture.reopened(seed: 5)
        #expect(try read(blob.id, from: reopened) == random(1))
        let report = try reopened.verify(.full)
        #expect(report.isSound, "\(report.problems)")
    }

    @Test func `a damaged record keeps everything`() throws {
        let fixture = try StoreFixture()
        let store = fixture.store
        try store.add(random(1), ref: name("r"))
        try store.add(random(2), ref: name("gone"))
        try drop("gone", in: store)
        for (path, bytes) in try fixture.allPacks() {
            let file = try PackFile(PackID(sha256(bytes)), at: path, on: fixture.disk)
            guard try file.packClass() == .metadata else { continue }
            var bytes = bytes
            bytes[PackFormat.headerBytes + 70] ^= 1
            let open = try fixture.disk.openFile(path, .readWrite)
            try open.write(bytes, at: 0)
        }
        let error = #expect(throws: StoreError.self) {
            try fixture.reopened().collect(roots: .refs(of: store))
        }
        #expect(error?.kind == .corrupt)
        #expect(error?.message.hasPrefix("cannot tell what is needed") == true)
        #expect(try fixture.allPacks().count == 4)
    }

    @Test func `only one collection works at a time`() throws {
        let fixture = try StoreFixture()
        let roots = CollectionRoots(
            all: {
                let error = #expect(throws: StoreError.self) {
                    try fixture.reopened().collect(roots: .refs(of: fixture.store))
                }
                #expect(error?.kind == .locked)
                return []
            }, ofCommit: { _ in [] })
        _ = try fixture.store.collect(roots: roots)
    }

    @Test func `history without content keeps the records`() throws {
        let fixture = try StoreFixture()
        let store = fixture.store
        let blob = try store.add(random(1), ref: name("r"))
        let record = try #require(try store.ref(name("r")))
        _ = try store.collect(roots: CollectionRoots(all: { [] }, ofCommit: { _ in [] }))
        #expect(store.contains(.record, record.digest))
        #expect(!store.contains(blob.id))
    }

    @Test func `an explanation names every object on the way`() throws {
        let fixture = try StoreFixture()
        let store = fixture.store
        let session = try store.beginSession()
        let blob = try session.putBlob(random(1))
        let tree = try session.putTree([
            TreeEntry(path: try RepoPath("d/x"), kind: .file, size: 3000, id: blob.id.digest)
        ])
        let record = try session.putRecord(["tree": .string(tree.description)])
        let stray = try session.putBlob(random(2))
        _ = try session.commit(refs: [RefChange(name: name("r"), expected: nil, new: record)])
        let found = try store.explain(blob.id.digest, roots: .refs(of: store))
        #expect(found.count == 1)
        #expect(found.first?.root?.reason == "ref 'r'")
        #expect(found.first?.steps.map(\.name) == ["", "tree", "d/x"])
        #expect(found.first?.steps.map(\.key.kind) == [.record, .treeNode, .chunk])
        #expect(try store.explain(stray.id.digest, roots: .refs(of: store)).first?.root == nil)
        let error = #expect(throws: StoreError.self) {
            try store.explain(sha256([7]), roots: .refs(of: store))
        }
        #expect(error?.kind == .notInStore)
    }
}

extension CollectionRoots {
    /// All that refs lead to.
    static func refs(of store: ObjectStore) -> CollectionRoots {
        CollectionRoots(
            all: {
                try store.refresh()
                return try store.refs(under: "").map { name, id in
                    LiveRoot(.record(id), .everything, group: "refs", reason: "ref '\(name)'")
                }
            }, ofCommit: { _ in [] })
    }
}

extension StoreFixture {
    /// Every pack with its bytes.
    func allPacks() throws -> [(path: DiskPath, bytes: [UInt8])] {
        try disk.entries(of: root / "packs").map { entry in
            let path = (root / "packs").appending(entry.name)
            return (path, try disk.readFile(path, maximumBytes: 1 << 27))
        }
    }
}
