import Bytes
import Platform
import TestSupport
import Testing
import Vocabulary

@testable import Objects

/// Collecting where versions are differences from others that nobody needs any more.
@Suite struct DeltaCollectionTests {
    private func versions(_ count: Int) -> [[UInt8]] {
        var random = SmallRandom(seed: 41)
        var bytes = random.bytes(700_000)
        return (0..<count).map { _ in
            for _ in 0..<10 { bytes[random.integer(in: 0..<bytes.count)] ^= 0x55 }
            return bytes
        }
    }

    /// Commits versions, one ref for all: only the last is named in the end.
    private func add(_ versions: [[UInt8]], to store: ObjectStore) throws -> [BlobID] {
        var ids: [BlobID] = []
        for bytes in versions {
            let session = try store.beginSession()
            let id = try session.putBlob(bytes, prior: ids.last).id
            ids.append(id)
            let record = try session.putRecord(["blob": .string(id.description)])
            let head = try store.ref(refName("head"))
            _ = try session.commit(refs: [
                RefChange(name: refName("head"), expected: head, new: record)
            ])
        }
        return ids
    }

    @Test func `what the newest version builds on stays, and the rest of the old ones goes`() throws
    {
        let fixture = try StoreFixture()
        let versions = versions(12)
        let ids = try add(versions, to: fixture.store)
        let report = try fixture.store.collect(roots: .refs(of: fixture.store))
        #expect(report.condemnedPacks > 0)
        let store = try fixture.reopened()
        #expect(try store.readBlob(ids[11], maximumBytes: 1 << 20) == versions[11])
        #expect(!store.contains(.recipe, ids[5].digest))
        let verified = try store.verify(.full)
        #expect(verified.problems.isEmpty, "\(verified.problems)")
        let again = try store.collect(roots: .refs(of: store))
        #expect(again.condemnedPacks == 0 && again.removedPacks == 0)
    }

    @Test func `a session that builds on a condemned chunk rescues it with what that builds on`()
        throws
    {
        let fixture = try StoreFixture()
        let store = fixture.store
        let versions = versions(4)
        let ids = try add(Array(versions.prefix(3)), to: store)
        let writer = try fixture.reopened()
        let session = try writer.beginSession()
        let next = try session.putBlob(versions[3], prior: ids[2])
        #expect(next.newBytesStored < 20_000)

        let drop = try store.beginSession()
        _ = try drop.commit(refs: [
            RefChange(
                name: refName("head"), expected: try store.ref(refName("head")), new: nil)
        ])
        let report = try store.collect(roots: .refs(of: store))
        #expect(report.condemnedPacks > 0 && report.removedPacks == 0)

        let record = try session.putRecord(["blob": .string(next.id.description)])
        let commit = try session.commit(
            refs: [RefChange(name: refName("mine"), expected: nil, new: record)])
        #expect(commit.entry?.rescued.isEmpty == false)
        _ = try store.collect(roots: .refs(of: store))
        let reopened = try fixture.reopened(seed: 9)
        #expect(try reopened.readBlob(next.id, maximumBytes: 1 << 20) == versions[3])
        #expect(try reopened.verify(.full).problems.isEmpty)
    }

    @Test func `nothing is built on what was condemned before the session began`() throws {
        let fixture = try StoreFixture()
        let store = fixture.store
        let versions = versions(2)
        let ids = try add(Array(versions.prefix(1)), to: store)
        let drop = try store.beginSession()
        _ = try drop.commit(refs: [
            RefChange(
                name: refName("head"), expected: try store.ref(refName("head")), new: nil)
        ])
        let reader = try store.beginSession()  // an old session: packs wait for it
        _ = try store.collect(roots: .refs(of: store))
        let next = try store.add(versions[1], replacing: ids[0])
        #expect(next.newBytesStored > 600_000)
        reader.abandon()
        _ = try store.collect(
            roots: CollectionRoots(
                all: {
                    [LiveRoot(.content(.file(next.id)), group: "test", reason: "a test")]
                }, ofCommit: { _ in [] }))
        #expect(
            try fixture.reopened().readBlob(next.id, maximumBytes: 1 << 20) == versions[1])
    }

    @Test func `garbage that builds on garbage is not left where it could be found`() throws {
        let fixture = try StoreFixture()
        let store = fixture.store
        let versions = versions(2)
        let first = try store.add(versions[0])
        // One pack with a large part that is needed, and a small difference that is not.
        let session = try store.beginSession()
        var random = SmallRandom(seed: 6)
        let kept = try session.putBlob(random.bytes(2_000_000)).id
        _ = try session.putBlob(versions[1], prior: first.id)
        let record = try session.putRecord(["blob": .string(kept.description)])
        _ = try session.commit(
            refs: [RefChange(name: refName("kept"), expected: nil, new: record)])
        _ = try store.collect(roots: .refs(of: store))
        let again = try store.add(versions[1])
        let reopened = try fixture.reopened()
        #expect(try reopened.readBlob(again.id, maximumBytes: 1 << 20) == versions[1])
        #expect(try reopened.verify(.full).problems.isEmpty)
    }
}
