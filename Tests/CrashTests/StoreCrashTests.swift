import Bytes
import Objects
import Platform
import TestSupport
import Testing
import Vocabulary

/// Cuts the power at every operation of a store's life, and fails every operation of a commit.
@Suite struct StoreCrashTests {
    private let root = DiskPath("/w/store")

    private func name(_ text: String) -> RefName {
        guard let name = RefName(text) else { preconditionFailure("a valid name in a test") }
        return name
    }

    /// Made once for all of the cuts.
    private static let contents = (0..<8).map { round -> [[UInt8]] in
        var random = SmallRandom(seed: UInt64(round + 1))
        return [random.text(132_000), random.bytes(700), Array("round \(round)".utf8)]
    }

    private func content(_ round: Int) -> [[UInt8]] { StoreCrashTests.contents[round] }

    private func makeStore(on disk: SimulatedDisk) throws -> ObjectStore {
        try disk.makeDirectories(DiskPath("/w"))
        try disk.syncDirectory(DiskPath("/"))
        return try ObjectStore.create(
            at: root, on: disk, entropy: .seeded(1), clock: .forTests, threads: 1)
    }

    private func openStore(on disk: SimulatedDisk, seed: UInt64) throws -> ObjectStore {
        try ObjectStore.open(
            at: root, on: disk, entropy: .seeded(seed), clock: .forTests, threads: 1)
    }

    /// Round `round`: some blobs, and a ref of its own that names them.
    private func commit(_ round: Int, to store: ObjectStore) throws {
        let session = try store.beginSession()
        var ids: [JSONValue] = []
        for blob in content(round) {
            ids.append(.string(try session.putBlob(blob).id.description))
        }
        let record = try session.putRecord(["type": "test", "blobs": .array(ids)])
        let change = RefChange(name: name("rounds/r\(round)"), expected: nil, new: record)
        _ = try session.commit(refs: [change], note: ["command": .string("round \(round)")])
    }

    /// Every round in the store is whole, rounds below `atLeast` are there, and none above `atMost`.
    private func check(_ store: ObjectStore, atLeast: Int, atMost: Int, _ label: String) throws {
        let rounds = try store.refs(under: "rounds/").count
        #expect((atLeast...atMost).contains(rounds), "\(label): \(rounds) rounds")
        #expect(try store.journal().count == rounds, "\(label)")
        for round in 0..<rounds {
            #expect(try store.ref(name("rounds/r\(round)")) != nil, "\(label)")
            for blob in content(round) {
                let id = BlobID(sha256(blob))
                #expect(try store.readBlob(id, maximumBytes: 1 << 20) == blob, "\(label)")
            }
        }
        let report = try store.verify(.full)
        #expect(report.isSound, "\(label): \(report.problems)")
    }

    @Test func `a power cut at any operation of a commit loses no committed round`() throws {
        let base = SimulatedDisk()
        var store = try makeStore(on: base)
        try commit(0, to: store)
        let before = base.operationCount
        store = try openStore(on: base.copy(), seed: 2)
        // How many operations opening, committing and committing again take.
        let trial = base.copy()
        let start = trial.operationCount
        store = try openStore(on: trial, seed: 2)
        try commit(1, to: store)
        let afterOne = trial.operationCount - start
        try commit(2, to: store)
        let total = trial.operationCount - start
        var cuts = 0
        for operation in 0..<total {
            for seed in [UInt64(0), 1, 2] {
                let disk = base.copy()
                disk.cutPower(afterOperation: disk.operationCount + operation, seed: seed)
                // Behind the commit point a cut is no longer the commit's business.
                var committed = 1
                do {
                    let store = try openStore(on: disk, seed: 2)
                    try commit(1, to: store)
                    committed = 2
                    try commit(2, to: store)
                    committed = 3
                } catch is SimulatedPowerCut {} catch is StoreError {}
                let reopened = disk.reopened()
                let store = try openStore(on: reopened, seed: 3)
                let label = "cut after operation \(operation), seed \(seed)"
                #expect(committed >= (operation >= afterOne ? 2 : 1), "\(label)")
                try check(store, atLeast: committed, atMost: 3, label)
                // And the store goes on from there, and past another cut.
                let next = try store.refs(under: "rounds/").count
                try commit(next, to: store)
                let again = try openStore(on: reopened.reopened(seed: seed), seed: 4)
                #expect(try again.refs(under: "rounds/").count == next + 1, "\(label), gone on")
                #expect(try again.verify(.connectivity).isSound, "\(label), gone on")
                cuts += 1
            }
        }
        print("power cuts tried in two commits: \(cuts), from operation \(before)")
    }

    @Test func `a power cut while a store is made leaves none or a whole one`() throws {
        let trial = SimulatedDisk()
        _ = try makeStore(on: trial)
        var cuts = 0
        for operation in 0..<trial.operationCount {
            for seed in [UInt64(0), 1, 2, 3] {
                let disk = SimulatedDisk()
                disk.cutPower(afterOperation: operation, seed: seed)
                #expect(throws: (any Error).self) { try makeStore(on: disk) }
                let reopened = disk.reopened()
                let store: ObjectStore
                do {
                    store = try openStore(on: reopened, seed: 2)
                } catch let error as StoreError where error.kind == .notFound {
                    store = try makeStore(on: reopened)
                }
                try commit(0, to: store)
                try check(store, atLeast: 1, atMost: 1, "made after a cut at \(operation)")
                cuts += 1
            }
        }
        print("power cuts tried in making a store: \(cuts)")
    }

    @Test(arguments: [StoreError.Kind.io, .noSpace], [false, true])
    func `any operation that fails leaves the store as it was, or with the whole commit`(
        kind: StoreError.Kind, persistently: Bool
    ) throws {
        let base = SimulatedDisk()
        try commit(0, to: try makeStore(on: base))
        let trial = base.copy()
        let start = trial.changeCount
        try commit(1, to: try openStore(on: trial, seed: 2))
        let total = trial.changeCount - start
        var faults = 0
        for number in 1...total {
            let disk = base.copy()
            disk.failChange(disk.changeCount + number, with: kind, persistently: persistently)
            var succeeded = false
            do {
                try commit(1, to: try openStore(on: disk, seed: 2))
                succeeded = true
            } catch let error as StoreError {
                #expect(error.kind == kind, "\(number): \(error.message)")
            }
            // What a reader sees now, and what is left after the power was cut.
            for survivor in [disk.copy(), disk.reopened(seed: 0), disk.reopened(seed: 1)] {
                let store = try openStore(on: survivor, seed: 3)
                // A commit that failed may be there only if the failure came after its point.
                try check(
                    store, atLeast: succeeded ? 2 : 1, atMost: 2,
                    "failure of change \(number), succeeded: \(succeeded)")
                let next = try store.refs(under: "rounds/").count
                try commit(next, to: store)
                try check(
                    try openStore(on: survivor.reopened(seed: 5), seed: 4), atLeast: next + 1,
                    atMost: next + 1, "gone on after a failure of change \(number)")
            }
            faults += 1
        }
        print("failures tried in a commit: \(faults)")
    }
}
