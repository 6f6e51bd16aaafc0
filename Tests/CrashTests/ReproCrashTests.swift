import Bytes
import Objects
import Pipelines
import Platform
import TestSupport
import Testing
import Vocabulary
import Workspaces

/// Cuts the power at every disk operation of a `repro` of built-in steps.
///
/// Whatever is left: the store is sound, everything that the lock names is in it, what was
/// committed before reads back, and another `repro` ends exactly where an undisturbed one ends.
@Suite struct ReproCrashTests {
    private static let root = DiskPath("/w")

    private static let stages = """
        stages:
          split:
            split: {data: data.csv, test: 0.25, seed: 7}
            outs: [work/train.csv, work/test.csv]
          train:
            train: {model: linear, data: work/train.csv, target: y, seed: 7, params: ${train}}
            outs: [model]
          evaluate:
            evaluate: {model: model, data: work/test.csv}
            metrics: [metrics.json]
        """

    private func write(_ text: String, to name: String, on disk: SimulatedDisk) throws {
        try writeAtomically(
            Array(text.utf8), to: ReproCrashTests.root / name, on: disk, durable: true)
    }

    /// A workspace whose pipeline never ran.
    private func fresh() throws -> SimulatedDisk {
        let disk = SimulatedDisk()
        try disk.makeDirectories(ReproCrashTests.root)
        _ = try Workspace.create(at: ReproCrashTests.root, on: machine(disk))
        var table = "a,b,y\n"
        for row in 0..<24 { table += "\(row % 5),\(row * 7 % 11),\(row % 5 * 2 + row % 3)\n" }
        try write(table, to: "data.csv", on: disk)
        try write(ReproCrashTests.stages, to: "mlstore.yaml", on: disk)
        try write("train: {l2: 0.1}\n", to: "params.yaml", on: disk)
        for path in [".", ".mlstore"] { try disk.syncDirectory(ReproCrashTests.root / path) }
        try disk.syncDirectory(DiskPath("/"))
        return disk
    }

    /// The same after a run, with a parameter changed since.
    private func changed() throws -> SimulatedDisk {
        let disk = try fresh()
        try repro(on: disk)
        try write("train: {l2: 5}\n", to: "params.yaml", on: disk)
        return disk
    }

    private func machine(_ disk: SimulatedDisk) -> Machine {
        Machine(disk: disk, clock: .forTests, entropy: .seeded(3), threads: 1, bootID: nil)
    }

    private func workspace(on disk: SimulatedDisk) throws -> Workspace {
        try Workspace.open(from: ReproCrashTests.root, on: machine(disk))
    }

    private func repro(on disk: SimulatedDisk) throws {
        var options = ReproOptions()
        options.threads = 1
        _ = try Pipelines.repro(options, in: workspace(on: disk))
    }

    /// The files of the workspace but for `.mlstore`.
    private func workTree(_ disk: SimulatedDisk) -> [String: [UInt8]] {
        disk.allFiles().filter { $0.key.hasPrefix("/w/") && !$0.key.hasPrefix("/w/.mlstore/") }
    }

    /// The names of the files that are not the same.
    private func differences(_ left: [String: [UInt8]], _ right: [String: [UInt8]]) -> [String] {
        Set(left.keys).union(right.keys).filter { left[$0] != right[$0] }.sorted()
    }

    /// What must hold after any interruption.
    private func checkSound(_ disk: SimulatedDisk, _ before: LockFile, _ comment: Comment) throws {
        let store = try workspace(on: disk).store()
        let lock = try LockFile.load(from: ReproCrashTests.root, on: disk)
        let contents = (before.outputs + lock.outputs).map(\.output.content)
        let runs = (before.stages.values.map(\.run) + lock.stages.values.map(\.run))
        let report = try store.verify(
            .full,
            roots: contents.map { .content($0) } + runs.map { .record($0.record) })
        #expect(report.isSound, comment)
        for run in runs { _ = try RunRecord(store.readRecord(run.record)) }
    }

    private func endure(_ name: String, _ start: SimulatedDisk) throws {
        let before = try LockFile.load(from: ReproCrashTests.root, on: start)
        let undisturbed = start.copy()
        let first = undisturbed.operationCount
        try repro(on: undisturbed)
        let operations = undisturbed.operationCount - first
        let expected = workTree(undisturbed)
        for cut in 0..<operations {
            let disk = start.copy()
            // Losing all, keeping all, and coins: in turn.
            let seed = UInt64(cut % 3 == 2 ? cut : cut % 3)
            disk.cutPower(afterOperation: disk.operationCount + cut, seed: seed)
            let comment: Comment = "cut after operation \(cut) of \(name), seed \(seed)"
            // Only the removal of litter may go on without its power.
            do { try repro(on: disk) } catch {}
            let survivor = disk.reopened()
            try checkSound(survivor, before, comment)
            try repro(on: survivor)
            #expect(differences(workTree(survivor), expected) == [], comment)
        }
        print("power cuts tried in repro, \(name): \(operations)")
    }

    @Test(.tags(.crash)) func `a first repro survives a power cut anywhere`() throws {
        try endure("first run", fresh())
    }

    @Test(.tags(.crash)) func `a repro over former outputs survives a power cut anywhere`() throws {
        try endure("changed parameter", changed())
    }

    @Test(.tags(.crash)) func `a full disk leaves lock and store sound, and repro goes on later`()
        throws
    {
        let start = try changed()
        let before = try LockFile.load(from: ReproCrashTests.root, on: start)
        let undisturbed = start.copy()
        let first = undisturbed.changeCount
        try repro(on: undisturbed)
        let changes = undisturbed.changeCount - first
        let expected = workTree(undisturbed)
        for number in stride(from: 1, through: changes, by: 2) {
            let disk = start.copy()
            disk.failChange(disk.changeCount + number, with: .noSpace, persistently: true)
            let comment: Comment = "no space from change \(number) on"
            // The last changes remove litter only, and their failure does not matter.
            do { try repro(on: disk) } catch let error as StoreError {
                #expect(error.kind == .noSpace, comment)
            }
            let later = disk.copy()
            try checkSound(later, before, comment)
            try repro(on: later)
            #expect(differences(workTree(later), expected) == [], comment)
        }
    }
}

extension Tag {
    @Tag static var crash: Self
}
