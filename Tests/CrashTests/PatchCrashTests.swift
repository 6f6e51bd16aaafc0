import Bytes
import Objects
import Platform
import TestSupport
import Testing
import Vocabulary
import Workspaces

/// Cuts the power at every disk operation of a checkout that patches a large file.
@Suite struct PatchCrashTests {
    private static let root = DiskPath("/w")
    private static let file = DiskPath("/w/t.csv")
    private static let pointer = DiskPath("/w/t.csv.mlstore")

    private func workspace(_ disk: SimulatedDisk, boot: UInt8) throws -> Workspace {
        try Workspace.open(
            from: PatchCrashTests.root,
            on: Machine(
                disk: disk, clock: .forTests, entropy: .seeded(3), threads: 1, bootID: [boot]))
    }

    private func table(_ changed: Range<Int>) -> [UInt8] {
        (0..<40_000).flatMap { row in
            let value = (row &* 2_654_435_761 &+ (changed.contains(row) ? 1 : 0)) % 1_000_000
            return Array("\(1_000_000 + row),\(1_000_000 + value),some words of a row\n".utf8)
        }
    }

    /// The newer version lies there, the pointer of the older one beside it; all on the medium.
    private func start() throws -> (disk: SimulatedDisk, old: [UInt8], new: [UInt8]) {
        let disk = SimulatedDisk()
        try disk.makeDirectories(PatchCrashTests.root)
        _ = try Workspace.create(
            at: PatchCrashTests.root,
            on: Machine(
                disk: disk, clock: .forTests, entropy: .seeded(3), threads: 1, bootID: [1]))
        let (old, new) = (table(0..<0), table(20_000..<20_040))
        var pointers: [[UInt8]] = []
        for version in [old, new] {
            try writeAtomically(version, to: PatchCrashTests.file, on: disk, durable: true)
            _ = try add([try RepoPath("t.csv")], in: workspace(disk, boot: 1))
            pointers.append(try disk.readFile(PatchCrashTests.pointer, maximumBytes: 1 << 20))
        }
        try writeAtomically(pointers[0], to: PatchCrashTests.pointer, on: disk, durable: true)
        try disk.syncDirectory(DiskPath("/"))
        return (disk, old, new)
    }

    private func checkOut(_ disk: SimulatedDisk, boot: UInt8, force: Bool = false) throws {
        var options = CheckoutOptions()
        options.force = force
        _ = try checkout(nil, in: workspace(disk, boot: boot), options: options)
    }

    @Test(.tags(.crash)) func `a patching checkout survives a power cut anywhere`() throws {
        let (start, old, new) = try start()
        let undisturbed = start.copy()
        try checkOut(undisturbed, boot: 1)
        #expect(undisturbed.changeLog.contains { $0.hasPrefix("clone") })
        let operations = undisturbed.operationCount
        for cut in 0..<operations {
            let disk = start.copy()
            let seed = UInt64(cut % 3 == 2 ? cut : cut % 3)
            disk.cutPower(afterOperation: cut, seed: seed)
            let comment: Comment = "cut after operation \(cut), seed \(seed)"
            // Only the removal of litter may go on without its power.
            do { try checkOut(disk, boot: 1) } catch {}
            let survivor = disk.reopened()
            let here = try workspace(survivor, boot: 2)
            let content = try survivor.readFile(PatchCrashTests.file, maximumBytes: 1 << 30)
            // Until it is renamed the file is the one that was there.
            let isRenamed = disk.changeLog.contains { $0.hasSuffix("to /w/t.csv") }
            #expect(isRenamed || content == new, comment)
            let report = try status(in: here)
            #expect(report.problems.isEmpty, comment)
            #expect(report.paths.map { $0.state == .clean } == [content == old], comment)
            #expect(try here.store().verify(.structure, roots: []).isSound, comment)
            try checkOut(survivor, boot: 2, force: true)
            let after = try survivor.readFile(PatchCrashTests.file, maximumBytes: 1 << 30)
            #expect(after == old, comment)
        }
        print("power cuts tried in a patching checkout: \(operations)")
    }
}
