import Bytes
import Objects
import Platform
import TestSupport
import Testing
import Vocabulary

@testable import schedules

/// Cuts the power at every operation of a collection that drops packs, writes others anew and puts
/// small ones together, and fails every change of it.
///
/// Whatever is left: everything that is named is read, a second collection ends where an undisturbed
/// one ends, and nothing is damaged.
@Suite struct CollectionCrashTests {
    /// Versions 0 and 1 stay, with much garbage beside them.
    private func start() throws -> SimulatedDisk {
        let disk = SimulatedDisk()
        let store = try ObjectStore.create(
            at: ScheduledStore.root, on: disk, entropy: .seeded(1), clock: .forTests, threads: 1)
        for round in 0..<5 {
            for version in 0..<ScheduledStore.versions {
                try ScheduledStore.commit(version, as: "v\(version)", to: store)
            }
            let session = try store.beginSession()
            _ = try session.putBlob(Array("stray \(round)".utf8))
            _ = try session.putRecord(["stray": JSONValue(round)])
            _ = try session.commit()
        }
        for version in 2..<ScheduledStore.versions {
            try ScheduledStore.drop("v\(version)", in: store)
        }
        return disk
    }

    private func collect(_ disk: SimulatedDisk, seed: UInt64) throws {
        let store = try ScheduledStore.open(disk, seed: seed)
        _ = try store.collect(roots: ScheduledStore.roots(of: store))
    }

    /// Everything named is there; returns the objects in packs that count.
    @discardableResult
    private func check(_ disk: SimulatedDisk, _ label: String) throws -> Int {
        let store = try ScheduledStore.open(disk, seed: 90)
        let refs = try store.refs(under: "v")
        #expect(refs.map(\.name.description) == ["v0", "v1"], "\(label)")
        for (_, record) in refs { try ScheduledStore.read(record, from: store) }
        let report = try store.verify(.full)
        #expect(report.isSound, "\(label): \(report.problems)")
        return report.objects
    }

    @Test(.tags(.crash)) func `a collection survives a power cut anywhere`() throws {
        let start = try start()
        let undisturbed = start.copy()
        let first = undisturbed.operationCount
        try collect(undisturbed, seed: 2)
        let operations = undisturbed.operationCount - first
        let expected = try check(undisturbed, "undisturbed")
        var cuts = 0
        for operation in 0..<operations {
            for seed in [UInt64(0), 1, UInt64(operation + 2)] {
                let disk = start.copy()
                disk.cutPower(afterOperation: disk.operationCount + operation, seed: seed)
                let label = "cut after operation \(operation), seed \(seed)"
                do { try collect(disk, seed: 2) } catch is SimulatedPowerCut {}
                let survivor = disk.reopened()
                try check(survivor, label)
                try collect(survivor, seed: 3)
                #expect(try check(survivor, label + ", gone on") == expected, "\(label)")
                let packs = survivor.allFiles().keys.count { $0.hasSuffix(".pack") }
                #expect(packs == undisturbed.allFiles().keys.count { $0.hasSuffix(".pack") })
                cuts += 1
            }
        }
        print("power cuts tried in a collection: \(cuts)")
    }

    /// Collects as a process that is killed at one of its operations; returns how many there were.
    @discardableResult
    private func collect(_ disk: SimulatedDisk, killedAt kill: Int?) throws -> Int {
        let scheduler = TurnScheduler(count: 1, seed: 1, kills: [kill], length: 1)
        scheduler.begin(0)
        defer { scheduler.end(0) }
        let store: ObjectStore
        do {
            store = try ScheduledStore.open(ProcessDisk(disk, scheduler, process: 0), seed: 2)
            _ = try store.collect(roots: ScheduledStore.roots(of: store))
        } catch is SimulatedKill {}
        return scheduler.steps
    }

    @Test(.tags(.crash))
    func `one that is killed anywhere, another one, and then a power cut lose nothing`() throws {
        let start = try start()
        let operations = try collect(start.copy(), killedAt: nil)
        var cuts = 0
        for operation in 1...operations {
            let disk = start.copy()
            try collect(disk, killedAt: operation)
            // What the killed one wrote is seen by this one, and need not be on the disk.
            try collect(disk, seed: 3)
            for seed in [UInt64(2), 3, 5] {
                try check(
                    disk.reopened(seed: seed), "killed at \(operation), then cut with seed \(seed)")
                cuts += 1
            }
        }
        print("power cuts tried after a killed collection and another one: \(cuts)")
    }

    @Test(.tags(.crash), arguments: [StoreError.Kind.io, .noSpace], [false, true])
    func `any change of a collection that fails loses nothing`(
        kind: StoreError.Kind, persistently: Bool
    ) throws {
        let start = try start()
        let undisturbed = start.copy()
        let first = undisturbed.changeCount
        try collect(undisturbed, seed: 2)
        let expected = try check(undisturbed, "undisturbed")
        let changes = undisturbed.changeCount - first
        for number in 1...changes {
            let disk = start.copy()
            disk.failChange(disk.changeCount + number, with: kind, persistently: persistently)
            let label = "change \(number) failed: \(kind), persistently \(persistently)"
            do { try collect(disk, seed: 2) } catch let error as StoreError {
                #expect(error.kind == kind, "\(label): \(error.message)")
            }
            for survivor in [disk.copy(), disk.reopened(seed: 0), disk.reopened(seed: 5)] {
                try check(survivor, label)
                try collect(survivor, seed: 3)
                #expect(try check(survivor, label + ", gone on") == expected, "\(label)")
            }
        }
        print("failures tried in a collection: \(3 * changes)")
    }
}
