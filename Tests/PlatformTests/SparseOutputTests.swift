import Platform
import TestSupport
import Testing
import Vocabulary

@Suite struct SparseOutputTests {
    /// Zeros and other bytes in runs that begin and end anywhere.
    private func content(_ seed: UInt64) -> [UInt8] {
        var random = SmallRandom(seed: seed)
        var bytes: [UInt8] = []
        for run in 0..<random.integer(in: 1..<9) {
            let length = random.integer(in: 0..<20_000)
            let fill: UInt8 = run % 2 == Int(seed % 2) ? 0 : 7
            bytes += [UInt8](repeating: fill, count: length)
        }
        return bytes
    }

    @Test(arguments: UInt64(0)..<60)
    func `what is written reads back, however it is cut`(seed: UInt64) throws {
        let bytes = content(seed)
        var random = SmallRandom(seed: seed + 1000)
        for disk in [LocalDisk(), SimulatedDisk()] as [any Disk] {
            let folder = try TemporaryFolder()
            try disk.makeDirectories(folder.path)
            let file = try disk.openFile(folder.path / "x", .createNew(permissions: 0o600))
            var output = SparseOutput(to: file)
            var rest = bytes[...]
            while !rest.isEmpty {
                let piece = Array(rest.prefix(random.integer(in: 1..<15_000)))
                rest = rest.dropFirst(piece.count)
                try piece.withUnsafeBytes { try output.append($0) }
            }
            try output.finish()
            #expect(output.sizeBytes == bytes.count)
            #expect(try disk.readFile(folder.path / "x", maximumBytes: 1 << 20) == bytes)
        }
    }

    @Test func `blocks of zeros are not written`() throws {
        let disk = SimulatedDisk()
        let file = try disk.openFile(DiskPath("/x"), .createNew(permissions: 0o600))
        var output = SparseOutput(to: file)
        let before = disk.changeCount
        try [UInt8](repeating: 0, count: 1 << 20).withUnsafeBytes { try output.append($0) }
        #expect(disk.changeCount == before)
        try output.finish()
        #expect(try file.status().size == 1 << 20)
    }
}
