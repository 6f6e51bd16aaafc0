import Platform
import TestSupport
import Testing
import Vocabulary

@Suite struct PowerCutTests {
    private static let seeds = Array<UInt64>(0..<24)

    private func makeDisk() throws -> SimulatedDisk {
        let disk = SimulatedDisk()
        try disk.makeDirectory(DiskPath("/d"))
        try disk.syncDirectory(DiskPath("/"))
        return disk
    }

    @Test(arguments: seeds)
    func `synced bytes under a synced name survive every cut`(seed: UInt64) throws {
        let disk = try makeDisk()
        try writeAtomically([1, 2, 3], to: DiskPath("/d/f"), on: disk, durable: true)
        let file = try disk.openFile(DiskPath("/d/f"), .readWrite)
        try file.write([9], at: 3)
        let after = disk.reopened(seed: seed)
        let bytes = try after.readFile(DiskPath("/d/f"), maximumBytes: 4)
        #expect(bytes.starts(with: [1, 2, 3]))
    }

    @Test func `what was not synced vanishes with seed 0 and stays with seed 1`() throws {
        let disk = try makeDisk()
        try writeAtomically([1, 2, 3], to: DiskPath("/d/f"), on: disk, durable: false)
        #expect(disk.reopened(seed: 0).allFiles().isEmpty)
        #expect(disk.reopened(seed: 1).allFiles() == ["/d/f": [1, 2, 3]])
    }

    @Test
    func `a synced file without a synced name can be lost, and a name without bytes be found`()
        throws
    {
        let disk = try makeDisk()
        let file = try disk.openFile(DiskPath("/d/f"), .createNew(permissions: 0o644))
        try file.write([1], at: 0)
        try file.sync()
        #expect(disk.reopened(seed: 0).allFiles().isEmpty)

        let other = try makeDisk()
        let unsynced = try other.openFile(DiskPath("/d/f"), .createNew(permissions: 0o644))
        try unsynced.write([1], at: 0)
        try other.syncDirectory(DiskPath("/d"))
        #expect(other.reopened(seed: 0).allFiles() == ["/d/f": []])
    }

    @Test func `a large unsynced write tears at sectors, and only there`() throws {
        var torn = 0
        for seed in 2..<40 as Range<UInt64> {
            let disk = try makeDisk()
            let file = try disk.openFile(DiskPath("/d/f"), .createNew(permissions: 0o644))
            try disk.syncDirectory(DiskPath("/d"))
            try file.write([UInt8](repeating: 7, count: 4096), at: 0)
            let bytes = try disk.reopened(seed: seed).readFile(DiskPath("/d/f"), maximumBytes: 4096)
            for start in stride(from: 0, to: bytes.count, by: 512) {
                let sector = bytes[start..<min(start + 512, bytes.count)]
                #expect(Set(sector).count == 1)
            }
            if bytes.contains(7), bytes.count < 4096 || bytes.contains(0) { torn += 1 }
        }
        #expect(torn > 20)
    }

    @Test func `an atomic durable write is the old content or the new after a cut at any change`()
        throws
    {
        let old = [UInt8](repeating: 1, count: 2000)
        let new = [UInt8](repeating: 2, count: 3000)
        let prepared = try makeDisk()
        try writeAtomically(old, to: DiskPath("/d/f"), on: prepared, durable: true)
        let whole = prepared.copy()
        try writeAtomically(new, to: DiskPath("/d/f"), on: whole, durable: true)
        for cut in 0...whole.changeCount {
            for seed in PowerCutTests.seeds {
                let disk = prepared.copy()
                disk.cutPower(afterChange: cut, seed: seed)
                try? writeAtomically(new, to: DiskPath("/d/f"), on: disk, durable: true)
                let bytes = try disk.reopened().readFile(DiskPath("/d/f"), maximumBytes: 9999)
                #expect(bytes == old || bytes == new)
                if cut == whole.changeCount { #expect(bytes == new) }
            }
        }
    }

    @Test(arguments: seeds)
    func `a rename is all or nothing`(seed: UInt64) throws {
        let disk = try makeDisk()
        try disk.makeDirectory(DiskPath("/e"))
        try writeAtomically([1], to: DiskPath("/d/f"), on: disk, durable: true)
        try disk.syncDirectory(DiskPath("/"))
        try disk.rename(DiskPath("/d/f"), to: DiskPath("/e/g"))
        let names = Array(disk.reopened(seed: seed).allFiles().keys)
        #expect(names == ["/d/f"] || names == ["/e/g"])
    }

    @Test func `after the cut every call fails, and the reopened disk has no locks`() throws {
        let disk = try makeDisk()
        let lock = try disk.lock(DiskPath("/d/lock"), .exclusive, wait: .never)
        try disk.syncDirectory(DiskPath("/d"))
        #expect(lock != nil)
        disk.cutPower(afterOperation: disk.operationCount + 1, seed: 1)
        _ = try disk.entries(of: DiskPath("/d"))
        #expect(throws: SimulatedPowerCut.self) { try disk.entries(of: DiskPath("/d")) }
        #expect(throws: SimulatedPowerCut.self) { try disk.syncDirectory(DiskPath("/d")) }
        #expect(disk.isOff)
        let after = disk.reopened()
        #expect(try after.lock(DiskPath("/d/lock"), .exclusive, wait: .never) != nil)
    }

    @Test func `the operation with the given number fails, once or from then on`() throws {
        let disk = try makeDisk()
        disk.failOperation(disk.operationCount + 2, with: .io)
        _ = try disk.entries(of: DiskPath("/d"))
        #expect(throws: StoreError.self) { try disk.entries(of: DiskPath("/d")) }
        _ = try disk.entries(of: DiskPath("/d"))
        disk.failChange(disk.changeCount + 1, with: .noSpace, persistently: true)
        _ = try disk.entries(of: DiskPath("/d"))
        for _ in 0..<3 {
            let error = #expect(throws: StoreError.self) {
                try disk.makeDirectory(DiskPath("/d/x"))
            }
            #expect(error?.kind == .noSpace)
        }
    }

    @Test func `a failed sync leaves the file abandoned`() throws {
        let disk = try makeDisk()
        let file = try disk.openFile(DiskPath("/d/f"), .createNew(permissions: 0o644))
        try file.write([1], at: 0)
        disk.failChange(disk.changeCount + 1, with: .io)
        #expect(throws: StoreError.self) { try file.sync() }
        #expect(throws: StoreError.self) { try file.sync() }
    }
}
