import Bytes
import Objects
import Platform
import Remotes
import Synchronization
import TestSupport
import Testing
import TransferSupport
import Vocabulary

@testable import Transfer

/// Packs that are sent beside the making of the next.
@Suite struct PackQueueTests {
    private func parcels(_ count: Int, _ end: End) throws -> [PackQueue.Parcel] {
        var random = SmallRandom(seed: 8)
        return try (0..<count).map { number in
            let bytes = random.bytes(1000 + number)
            let path = end.context.stateDirectory / "pack-\(number)"
            try writeAtomically(bytes, to: path, on: end.disk, durable: false)
            let pack = RemotePack(
                id: PackID(sha256(bytes)), session: Array(repeating: 7, count: 16),
                sizeBytes: bytes.count)
            return PackQueue.Parcel(pack: pack, path: path)
        }
    }

    @Test(arguments: [1, 2, 4, 9])
    func `all packs have arrived at the end, and their files are gone`(jobs: Int) throws {
        let (_, remote) = try makeRemote()
        var end = try End(1, remote)
        end.context.jobs = jobs
        let parcels = try parcels(20, end)
        let queue = PackQueue(end.context)
        try queue.whileSending { for parcel in parcels { try queue.add(parcel) } }
        #expect(queue.arrivedBytes == parcels.reduce(0) { $0 + $1.pack.sizeBytes })
        for parcel in parcels {
            let name = try parcel.pack.name()
            #expect(try remote.size(name) == parcel.pack.sizeBytes)
            #expect(try end.disk.status(of: parcel.path, followingLinks: false) == nil)
        }
        // And again, as after a collection that came between.
        try queue.whileSending { try queue.drain() }
    }

    @Test(arguments: [1, 2, 4], [1, 5, 20])
    func `the first failure ends it, and no pack is begun after it`(jobs: Int, failing: Int) throws
    {
        let (_, remote) = try makeRemote()
        let faulty = FaultyRemote(remote)
        faulty.failChange(failing, .before, persistently: true)
        var end = try End(1, faulty)
        end.context.jobs = jobs
        let parcels = try parcels(20, end)
        let queue = PackQueue(end.context)
        let error = #expect(throws: StoreError.self) {
            try queue.whileSending { for parcel in parcels { try queue.add(parcel) } }
        }
        #expect(error?.kind == .remoteUnreachable)
        #expect(faulty.changeCount < failing + jobs)
        #expect(throws: StoreError.self) { try queue.drain() }
    }

    @Test func `a failure of who makes the packs is the one that is told`() throws {
        let (_, remote) = try makeRemote()
        let end = try End(1, remote)
        let parcels = try parcels(3, end)
        let queue = PackQueue(end.context)
        let error = #expect(throws: BrokenRule.self) {
            try queue.whileSending {
                for parcel in parcels { try queue.add(parcel) }
                throw BrokenRule(description: "no more")
            }
        }
        #expect(error?.description == "no more")
    }
}
