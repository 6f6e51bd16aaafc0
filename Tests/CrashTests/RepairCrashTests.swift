import Bytes
import Objects
import Platform
import TestSupport
import Testing
import Vocabulary

@testable import schedules

/// Cuts the power at every operation of a repair that moves a damaged pack aside, and fails every
/// change of it; then a collection comes, and then the repair again.
///
/// Whatever is left: what was intact in the pack is read, and the damaged pack is a file still, with
/// the bytes that it had: it may be all that is left of something.
@Suite struct RepairCrashTests {
    /// A store whose data pack has a damaged blob behind an intact one.
    private struct Damaged {
        let disk = SimulatedDisk()
        let intact: (id: BlobID, bytes: [UInt8])
        let pack: [UInt8]

        init() throws {
            let store = try ObjectStore.create(
                at: ScheduledStore.root, on: disk, entropy: .seeded(1), clock: .forTests,
                threads: 1)
            var random = SmallRandom(seed: 4)
            let contents = (0..<2).map { _ in random.bytes(64 << 10) }
            let session = try store.beginSession()
            let blobs = try contents.map { try session.putBlob($0).id }
            let record = try session.putRecord([
                "blobs": .array(blobs.map { .string($0.description) })
            ])
            _ = try session.commit(
                refs: [RefChange(name: try ScheduledStore.name("v"), expected: nil, new: record)])
            let (path, bytes) = try #require(
                disk.allFiles().filter { $0.key.hasSuffix(".pack") }
                    .max { $0.value.count < $1.value.count })
            var damaged = bytes
            damaged[bytes.count / 4 * 3] ^= 1
            let file = try disk.openFile(DiskPath(path), .readWrite)
            try file.write(damaged, at: 0)
            try file.sync()
            pack = damaged
            intact = (blobs[0], contents[0])
        }
    }

    private func repair(_ disk: SimulatedDisk, seed: UInt64) throws {
        let store = try ScheduledStore.open(disk, seed: seed)
        _ = try store.quarantine(try store.verify(.full))
    }

    private func collect(_ disk: SimulatedDisk, seed: UInt64) throws {
        let store = try ScheduledStore.open(disk, seed: seed)
        _ = try store.collect(roots: ScheduledStore.roots(of: store))
    }

    private func check(_ disk: SimulatedDisk, _ damaged: Damaged, _ label: String) throws {
        let store = try ScheduledStore.open(disk, seed: 90)
        let read = try store.readBlob(damaged.intact.id, maximumBytes: 1 << 20)
        #expect(read == damaged.intact.bytes, "\(label)")
        #expect(disk.allFiles().values.contains(damaged.pack), "\(label): the pack is gone")
    }

    /// A collection, the repair again, and a collection behind it.
    private func goOn(_ survivor: SimulatedDisk, _ damaged: Damaged, _ label: String) throws {
        try check(survivor, damaged, label)
        try collect(survivor, seed: 3)
        try check(survivor, damaged, label + ", collected")
        try repair(survivor, seed: 4)
        try collect(survivor, seed: 5)
        try check(survivor, damaged, label + ", repaired again")
        let report = try ScheduledStore.open(survivor, seed: 6).verify(.full)
        #expect(report.problems.allSatisfy { $0.severity != .damaged }, "\(label)")
        let aside = survivor.allFiles().filter { $0.key.contains("/quarantine/") }
        #expect(Array(aside.values) == [damaged.pack], "\(label)")
    }

    @Test(.tags(.crash)) func `a repair survives a power cut anywhere, and keeps the damaged pack`()
        throws
    {
        let damaged = try Damaged()
        let undisturbed = damaged.disk.copy()
        try repair(undisturbed, seed: 2)
        let operations = undisturbed.operationCount
        try goOn(undisturbed, damaged, "undisturbed")
        var cuts = 0
        for operation in 0..<operations {
            for seed in [UInt64(0), 1, UInt64(operation + 2)] {
                let disk = damaged.disk.copy()
                disk.cutPower(afterOperation: operation, seed: seed)
                do { try repair(disk, seed: 2) } catch is SimulatedPowerCut {}
                try goOn(disk.reopened(), damaged, "cut after \(operation), seed \(seed)")
                cuts += 1
            }
        }
        print("power cuts tried in a repair: \(cuts)")
    }

    @Test(.tags(.crash), arguments: [false, true])
    func `any change of a repair that fails loses nothing`(persistently: Bool) throws {
        let damaged = try Damaged()
        let undisturbed = damaged.disk.copy()
        try repair(undisturbed, seed: 2)
        let changes = undisturbed.changeCount
        for number in 1...changes {
            let disk = damaged.disk.copy()
            disk.failChange(number, with: .io, persistently: persistently)
            let label = "change \(number) failed, persistently \(persistently)"
            do { try repair(disk, seed: 2) } catch let error as StoreError {
                #expect(error.kind == .io, "\(label): \(error.message)")
            }
            for survivor in [disk.copy(), disk.reopened(seed: 0), disk.reopened(seed: 5)] {
                try goOn(survivor, damaged, label)
            }
        }
        print("failures tried in a repair: \(3 * changes)")
    }
}
