import Objects
import Remotes
import TestSupport
import Testing
import TransferSupport
import Vocabulary

@testable import Transfer

/// Versions that are stored as differences, on their way.
@Suite struct DeltaExchangeTests {
    private func versions(_ count: Int) -> [[UInt8]] {
        var random = SmallRandom(seed: 31)
        var bytes = random.bytes(900_000)
        return (0..<count).map { _ in
            for _ in 0..<20 { bytes[random.integer(in: 0..<bytes.count)] ^= 0x55 }
            return bytes
        }
    }

    private func add(_ versions: [[UInt8]], to end: End) throws -> [BlobID] {
        var ids: [BlobID] = []
        for bytes in versions {
            let session = try end.store.beginSession()
            ids.append(try session.putBlob(bytes, prior: ids.last).id)
            _ = try session.commit()
        }
        return ids
    }

    private func hasBases(_ blob: BlobID, _ store: ObjectStore) throws -> Bool {
        try store.chunkList(of: blob).contains {
            try !store.bases(of: ObjectKey(.chunk, $0.id.digest)).isEmpty
        }
    }

    @Test func `the newest version alone brings what it builds on`() throws {
        let (_, remote) = try makeRemote()
        let a = try End(1, remote)
        let versions = versions(10)
        let ids = try add(versions, to: a)
        let newest = try #require(ids.last)
        #expect(try hasBases(newest, a.store))
        #expect(try a.pushAll([.file(newest)]).absent.isEmpty)

        let b = try End(2, remote)
        #expect(try b.fetchAll([.file(newest)]).absent.isEmpty)
        #expect(try b.store.readBlob(newest, maximumBytes: 1 << 20) == versions[9])
        #expect(try hasBases(newest, b.store))
        #expect(try b.store.verify(.full).isSound)
    }

    @Test func `a version after the one that is there costs its difference both ways`() throws {
        let (_, remote) = try makeRemote()
        let a = try End(1, remote)
        let versions = versions(3)
        let ids = try add(Array(versions.prefix(2)), to: a)
        _ = try a.pushAll(ids.map { .file($0) })
        let b = try End(2, remote)
        _ = try b.fetchAll(ids.map { .file($0) })

        let session = try b.store.beginSession()
        let third = try session.putBlob(versions[2], prior: ids[1]).id
        _ = try session.commit()
        #expect(try b.pushAll([.file(third)]).sentBytes < 20_000)
        #expect(try a.fetchAll([.file(third)]).receivedBytes < 20_000)
        #expect(try a.store.readBlob(third, maximumBytes: 1 << 20) == versions[2])
    }

    @Test func `what builds on a pack that never arrived is sent again by who takes over`() throws {
        let (_, remote) = try makeRemote()
        let a = try End(1, remote)
        let versions = versions(2)
        let first = try add([versions[0]], to: a)[0]
        // Two pushes of which only the data arrives; then the pack of the first is gone, as if the
        // second had overtaken it.
        func pushData(_ blob: BlobID) throws {
            let faulty = FaultyRemote(remote)
            faulty.failChange(2, .before, persistently: true)
            #expect(throws: StoreError.self) { try a.pushAll([.file(blob)], through: faulty) }
        }
        try pushData(first)
        let before = try remote.list(remoteName("packs")).map(\.name)
        let session = try a.store.beginSession()
        let second = try session.putBlob(versions[1], prior: first).id
        _ = try session.commit()
        #expect(try hasBases(second, a.store))
        try pushData(second)
        #expect(before.count == 1)
        #expect(try remote.list(remoteName("packs")).count == 2)
        try before.forEach(remote.remove)

        let report = try a.pushAll([.file(first), .file(second)])
        #expect(report.resumedPacks == 0 && report.sentBytes > 800_000)
        let b = try End(2, remote)
        #expect(try b.fetchAll([.file(second)]).absent.isEmpty)
        #expect(try b.store.readBlob(second, maximumBytes: 1 << 20) == versions[1])
    }

    @Test func `a base that the remote has lost is named, and nothing is claimed`() throws {
        let (_, remote) = try makeRemote()
        let a = try End(1, remote)
        let ids = try add(versions(2), to: a)
        _ = try a.pushAll([.file(ids[0])])
        let before = try remote.list(remoteName("packs")).map(\.name)
        _ = try a.pushAll([.file(ids[1])])
        for name in before { try remote.remove(name) }
        let b = try End(2, remote)
        #expect(throws: StoreError.self) { try b.fetchAll([.file(ids[1])]) }
        #expect(!b.store.contains(ids[1]))
        #expect(try b.store.verify(.connectivity).isSound)
    }
}
