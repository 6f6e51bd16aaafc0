import Bytes
import Objects
import Platform
import TestSupport
import Testing
import Vocabulary

/// Cuts the power, and fails, at every operation of storing a large file whose extents are shared.
@Suite struct PlainFileCrashTests {
    private let root = DiskPath("/w/store")
    private let file = DiskPath("/w/photo")
    private static let ref = RefName("photo")

    private static let content: [UInt8] = {
        var random = SmallRandom(seed: 8)
        return random.bytes(140_001)
    }()

    private func makeStore(on disk: SimulatedDisk) throws {
        try disk.makeDirectories(DiskPath("/w"))
        try disk.syncDirectory(DiskPath("/"))
        try writeAtomically(PlainFileCrashTests.content, to: file, on: disk, durable: true)
        _ = try ObjectStore.create(
            at: root, on: disk, entropy: .seeded(1), clock: .forTests, threads: 1)
    }

    private func openStore(on disk: SimulatedDisk, seed: UInt64) throws -> ObjectStore {
        try ObjectStore.open(
            at: root, on: disk, entropy: .seeded(seed), clock: .forTests, threads: 1)
    }

    private func store(on disk: SimulatedDisk) throws {
        let store = try openStore(on: disk, seed: 2)
        let session = try store.beginSession()
        session.plainFileMinimumBytes = 1 << 10
        let open = try disk.openFile(file, .read)
        let id = try session.putBlob(file: open, expected: open.status(), name: "photo").id
        let record = try session.putRecord(["blob": .string(id.description)])
        let name = try #require(PlainFileCrashTests.ref)
        _ = try session.commit(refs: [RefChange(name: name, expected: nil, new: record)])
    }

    /// Whole or not there at all, and litter goes with a collection.
    private func check(_ disk: SimulatedDisk, mustBeThere: Bool, _ label: String) throws {
        let name = try #require(PlainFileCrashTests.ref)
        for seed in [UInt64(3), 4] {
            let store = try openStore(on: disk, seed: seed)
            let isThere = try store.ref(name) != nil
            #expect(isThere || !mustBeThere, "\(label)")
            #expect(try store.verify(.full).isSound, "\(label)")
            let id = BlobID(sha256(PlainFileCrashTests.content))
            if isThere {
                #expect(
                    try store.readBlob(id, maximumBytes: 1 << 20) == PlainFileCrashTests.content,
                    "\(label)")
            }
            let roots = CollectionRoots(
                all: {
                    [LiveRoot(.content(.file(id)), .everything, group: "files", reason: "a test")]
                }, ofCommit: { _ in [] })
            _ = try store.collect(roots: roots)
            _ = try store.collect(roots: roots)
            let files = try disk.entries(of: root / "packs").map {
                String(decoding: $0.name, as: UTF8.self)
            }
            #expect(files.count { $0.hasSuffix(".plain") } == (isThere ? 1 : 0), "\(label)")
        }
    }

    @Test func `a power cut leaves all of it or nothing`() throws {
        let base = SimulatedDisk()
        try makeStore(on: base)
        let trial = base.copy()
        let start = trial.operationCount
        try store(on: trial)
        #expect(trial.changeLog.contains { $0.hasPrefix("clone") })
        var cuts = 0
        for operation in 0..<(trial.operationCount - start) {
            for seed in [UInt64(0), 1] {
                let disk = base.copy()
                disk.cutPower(afterOperation: disk.operationCount + operation, seed: seed)
                var isCommitted = false
                do {
                    try store(on: disk)
                    isCommitted = true
                } catch is SimulatedPowerCut {} catch is StoreError {}
                try check(
                    disk.reopened(), mustBeThere: isCommitted, "cut at \(operation), seed \(seed)")
                cuts += 1
            }
        }
        print("power cuts tried in storing a shared file: \(cuts)")
    }

    @Test(arguments: [StoreError.Kind.io, .noSpace])
    func `any operation that fails leaves all of it or nothing`(kind: StoreError.Kind) throws {
        let base = SimulatedDisk()
        try makeStore(on: base)
        let trial = base.copy()
        let start = trial.changeCount
        try store(on: trial)
        var faults = 0
        for number in 1...(trial.changeCount - start) {
            let disk = base.copy()
            disk.failChange(disk.changeCount + number, with: kind, persistently: false)
            var isCommitted = false
            do {
                try store(on: disk)
                isCommitted = true
            } catch let error as StoreError { #expect(error.kind == kind, "\(number)") }
            try check(disk.reopened(), mustBeThere: isCommitted, "\(kind) at change \(number)")
            faults += 1
        }
        print("faults tried in storing a shared file: \(faults)")
    }
}
