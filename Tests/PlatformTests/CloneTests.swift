import Platform
import TestSupport
import Testing
import Vocabulary

@Suite(.serialized) struct CloneTests {
    @Test(arguments: LoopVolume.available)
    func `a file system that shares extents keeps the rules of a disk`(
        kind: LoopVolume.Kind
    ) throws {
        let volume = try LoopVolume(kind)
        for (number, rule) in diskConformance.enumerated() {
            let folder = volume.path / "\(number)"
            try LocalDisk().makeDirectory(folder)
            try rule.run(DiskUnderTest(LocalDisk(), folder))
        }
    }

    @Test(arguments: LoopVolume.available)
    func `a clone takes no place, and what is written later does`(kind: LoopVolume.Kind) throws {
        let volume = try LoopVolume(kind)
        let size = 32 << 20
        let disk = LocalDisk()
        let old = try disk.openFile(volume.path / "old", .createNew(permissions: 0o644))
        try old.write(noise(size), at: 0)
        let before = try volume.usedBytes()
        let new = try disk.openFile(volume.path / "new", .createNew(permissions: 0o644))
        #expect(try new.cloneUnit() == 4096)
        #expect(try new.clone(0..<size, of: old, at: 0))
        #expect(try volume.usedBytes() - before < 1 << 20)
        try new.write(noise(4 << 20), at: 8 << 20)
        let written = try volume.usedBytes() - before
        #expect(written >= 4 << 20)
        #expect(written < 6 << 20)
        #expect(try old.read(at: 0, count: size) == noise(size))
    }

    @Test func `files of two disks share nothing`() throws {
        let folder = try TemporaryFolder()
        let here = try LocalDisk().openFile(folder.path / "a", .createNew(permissions: 0o644))
        try here.write(noise(4096), at: 0)
        let there = try SimulatedDisk().openFile(DiskPath("/b"), .createNew(permissions: 0o644))
        #expect(try !here.clone(0..<4096, of: there, at: 0))
        #expect(try !there.clone(0..<4096, of: here, at: 0))
    }

    private func noise(_ count: Int) -> [UInt8] {
        var random = SmallRandom(seed: UInt64(count))
        return (0..<count / 8).flatMap { _ in
            withUnsafeBytes(of: random.next()) { Array($0) }
        }
    }
}
