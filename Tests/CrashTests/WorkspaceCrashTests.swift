import Bytes
import Objects
import Platform
import TestSupport
import Testing
import Vocabulary
import Workspaces

/// Cuts the power at every disk operation of `add`, `commit` and `checkout`.
///
/// Whatever is left: the store is sound, every pointer is the old or the new one and its content
/// is in the store, no data is lost, `status` calls nothing clean that is not, and the command,
/// given again, ends where an undisturbed one ends.
@Suite struct WorkspaceCrashTests {
    private static let root = DiskPath("/w")

    private func machine(_ disk: SimulatedDisk, boot: UInt8) -> Machine {
        Machine(disk: disk, clock: .forTests, entropy: .seeded(3), threads: 1, bootID: [boot])
    }

    private func workspace(_ disk: SimulatedDisk, boot: UInt8 = 1) throws -> Workspace {
        try Workspace.open(from: WorkspaceCrashTests.root, on: machine(disk, boot: boot))
    }

    private func write(_ text: String, to name: String, on disk: SimulatedDisk) throws {
        let place = WorkspaceCrashTests.root / name
        try disk.makeDirectories(place.parent)
        try writeAtomically(Array(text.utf8), to: place, on: disk, durable: true)
        try disk.syncDirectory(place.parent.parent)
    }

    private func paths() throws -> [RepoPath] { [try RepoPath("d"), try RepoPath("t.csv")] }

    private func add(on disk: SimulatedDisk, boot: UInt8 = 1) throws {
        _ = try Workspaces.add(try paths(), in: workspace(disk, boot: boot))
    }

    private func commit(on disk: SimulatedDisk, boot: UInt8 = 1) throws -> SnapshotID {
        var options = CommitOptions()
        options.message = "a version"
        options.author = "Ada <ada@example.org>"
        return try commitSnapshot(in: workspace(disk, boot: boot), options: options).id
    }

    /// A workspace with data that was never added; all of it is on the medium.
    private func fresh() throws -> SimulatedDisk {
        let disk = SimulatedDisk()
        try disk.makeDirectories(WorkspaceCrashTests.root)
        _ = try Workspace.create(at: WorkspaceCrashTests.root, on: machine(disk, boot: 1))
        try write("a,b\n1,x\n2,y\n", to: "t.csv", on: disk)
        for name in ["one", "two", "s/three"] { try write("1 \(name)", to: "d/\(name)", on: disk) }
        try disk.syncDirectory(DiskPath("/"))
        return disk
    }

    /// The same with one version added and committed, and the data changed since.
    private func changed() throws -> (disk: SimulatedDisk, first: SnapshotID) {
        let disk = try fresh()
        try add(on: disk)
        let first = try commit(on: disk)
        try write("a,b\n1,x\n2,y\n3,z\n", to: "t.csv", on: disk)
        try write("2 one", to: "d/one", on: disk)
        try write("2 new", to: "d/s/new", on: disk)
        return (disk, first)
    }

    private func workTree(_ disk: SimulatedDisk) -> [String: [UInt8]] {
        disk.allFiles().filter {
            $0.key.hasPrefix("/w/") && !$0.key.hasPrefix("/w/.mlstore/")
                && !$0.key.contains(temporaryNamePrefix)
        }
    }

    private func isData(_ path: String) -> Bool { !path.hasSuffix(Pointer.suffix) }

    /// The store, its snapshots and every pointer are whole; what `status` calls clean is.
    private func checkSound(
        _ disk: SimulatedDisk, _ snapshots: [SnapshotID], _ comment: Comment
    ) throws {
        let workspace = try workspace(disk, boot: 2)
        let store = try workspace.store()
        let report = try status(in: workspace)
        #expect(report.problems.isEmpty, comment)
        let pointers = report.paths.map { StoreRoot.content($0.tracked.content) }
        let records = snapshots.map { StoreRoot.record($0.record) }
        #expect(try store.verify(.full, roots: pointers + records).isSound, comment)
        for path in report.paths where path.state == .clean {
            guard case .file(let blob) = path.tracked.content else { continue }
            let place = WorkspaceCrashTests.root / path.tracked.path
            #expect(sha256(try disk.readFile(place, maximumBytes: 1000)) == blob.digest, comment)
        }
    }

    /// Runs `command` with the power cut at each of its operations in turn.
    private func endure(
        _ name: String, _ start: SimulatedDisk, snapshots: [SnapshotID],
        keepsData: Bool, _ command: (SimulatedDisk, UInt8) throws -> Void
    ) throws {
        let undisturbed = start.copy()
        let first = undisturbed.operationCount
        try command(undisturbed, 1)
        let operations = undisturbed.operationCount - first
        let before = workTree(start)
        let expected = workTree(undisturbed)
        for cut in 0..<operations {
            let disk = start.copy()
            // Losing all, keeping all, and coins: in turn.
            let seed = UInt64(cut % 3 == 2 ? cut : cut % 3)
            disk.cutPower(afterOperation: disk.operationCount + cut, seed: seed)
            let comment: Comment = "cut after operation \(cut) of \(name), seed \(seed)"
            // Only the removal of litter may go on without its power.
            do { try command(disk, 1) } catch {}
            let survivor = disk.reopened()
            try checkSound(survivor, snapshots, comment)
            for (path, bytes) in workTree(survivor) where keepsData || !isData(path) {
                #expect(bytes == before[path] || bytes == expected[path], comment)
            }
            if keepsData {
                for (path, bytes) in before where isData(path) {
                    #expect(workTree(survivor)[path] == bytes, comment)
                }
            }
            try command(survivor, 2)
            #expect(workTree(survivor) == expected, comment)
        }
        print("power cuts tried in \(name): \(operations)")
    }

    @Test(.tags(.crash)) func `a first add survives a power cut anywhere`() throws {
        try endure("a first add", fresh(), snapshots: [], keepsData: true) { disk, boot in
            try add(on: disk, boot: boot)
        }
    }

    @Test(.tags(.crash)) func `adding a new version survives a power cut anywhere`() throws {
        let (start, first) = try changed()
        try endure("another add", start, snapshots: [first], keepsData: true) { disk, boot in
            try add(on: disk, boot: boot)
        }
    }

    @Test(.tags(.crash)) func `a commit survives a power cut anywhere`() throws {
        let (start, first) = try changed()
        try add(on: start)
        try endure("commit", start, snapshots: [first], keepsData: true) { disk, boot in
            _ = try commit(on: disk, boot: boot)
        }
    }

    @Test(.tags(.crash)) func `a checkout of an older version survives a power cut anywhere`()
        throws
    {
        let (start, first) = try changed()
        try add(on: start)
        let second = try commit(on: start)
        try endure("checkout", start, snapshots: [first, second], keepsData: false) {
            disk, boot in
            var options = CheckoutOptions()
            options.source = .snapshot(first)
            // A file that was half written is in no store; it may be overwritten.
            options.force = boot == 2
            _ = try checkout(nil, in: workspace(disk, boot: boot), options: options)
        }
    }

    /// Ends `command` at each of its operations, as kill -9 does: what is on the disk stays.
    private func endureHalves(
        _ name: String, _ start: SimulatedDisk, _ command: (SimulatedDisk) throws -> Void
    ) throws {
        let undisturbed = start.copy()
        let first = undisturbed.operationCount
        try command(undisturbed)
        let operations = undisturbed.operationCount - first
        let (before, expected) = (workTree(start), workTree(undisturbed))
        let recorded = try operationLog(of: workspace(start)).count
        var halves = 0
        for cut in 0..<operations {
            let disk = start.copy()
            disk.cutPower(afterOperation: disk.operationCount + cut, seed: 1)
            // Only the removal of litter may go on without its power.
            do { try command(disk) } catch {}
            let survivor = disk.reopened()
            let comment: Comment = "\(name) killed after operation \(cut)"
            let data = workTree(survivor).filter { isData($0.key) }
            let isHalf =
                data != before.filter { isData($0.key) }
                && data != expected.filter { isData($0.key) }
            let unfinished = try status(in: workspace(survivor)).unfinished
            if isHalf {
                halves += 1
                #expect(unfinished.count == 1, comment)
            }
            // Given again it ends where an undisturbed one ends, without force.
            let again = survivor.copy()
            if workTree(again) != expected { try command(again) }
            #expect(workTree(again) == expected, comment)
            #expect(try status(in: workspace(again)).unfinished == [], comment)
            try checkTidy(again, comment)
            // And undo goes back from wherever it stopped.
            if try operationLog(of: workspace(survivor)).count > recorded {
                _ = try undo(in: workspace(survivor))
                #expect(workTree(survivor) == before, comment)
                #expect(try status(in: workspace(survivor)).unfinished == [], comment)
                try checkTidy(survivor, comment)
            }
        }
        #expect(halves > 0)
        print("kills tried in \(name): \(operations), of which \(halves) left files half changed")
    }

    /// No temporary file or folder of ours stands among the user's files.
    private func checkTidy(_ disk: SimulatedDisk, _ comment: Comment) throws {
        var pending = [WorkspaceCrashTests.root]
        while let folder = pending.popLast() {
            for entry in try disk.entries(of: folder) where entry.name != Array(".mlstore".utf8) {
                #expect(!entry.name.starts(with: temporaryNamePrefix.utf8), comment)
                if entry.kind == .directory { pending.append(folder.appending(entry.name)) }
            }
        }
    }

    @Test(.tags(.crash), arguments: ["", "d/s", "d"])
    func `a checkout that stops half way shows, and can be ended or undone`(missing: String) throws
    {
        let (start, first) = try changed()
        try write("data", to: "d/s/deep/x", on: start)
        try add(on: start)
        // A folder that is missing is filled under another name first.
        if missing != "" { try start.removeTree(WorkspaceCrashTests.root / missing) }
        try endureHalves("checkout", start) { disk in
            var options = CheckoutOptions()
            options.source = .snapshot(first)
            _ = try checkout(nil, in: workspace(disk), options: options)
        }
    }

    @Test(.tags(.crash)) func `an rm that stops half way shows, and can be ended or undone`()
        throws
    {
        let (start, _) = try changed()
        try add(on: start)
        try endureHalves("rm", start) { disk in
            // One that died between the pointers is given for the rest.
            let left = try paths().filter {
                try disk.status(
                    of: WorkspaceCrashTests.root / $0.addingSuffix(Pointer.suffix),
                    followingLinks: false) != nil
            }
            if !left.isEmpty { _ = try remove(left, in: workspace(disk)) }
        }
    }

    @Test(.tags(.crash)) func `an mv that stops half way can be undone`() throws {
        let (start, _) = try changed()
        try add(on: start)
        let undisturbed = start.copy()
        let first = undisturbed.operationCount
        let (old, new) = (try RepoPath("d"), try RepoPath("e"))
        func command(_ disk: SimulatedDisk) throws {
            _ = try move(old, to: new, in: workspace(disk))
        }
        try command(undisturbed)
        let before = workTree(start)
        let recorded = try operationLog(of: workspace(start)).count
        for cut in 0..<(undisturbed.operationCount - first) {
            let disk = start.copy()
            disk.cutPower(afterOperation: disk.operationCount + cut, seed: 1)
            do { try command(disk) } catch {}
            let survivor = disk.reopened()
            guard try operationLog(of: workspace(survivor)).count > recorded else { continue }
            _ = try undo(in: workspace(survivor))
            #expect(workTree(survivor) == before, "cut after operation \(cut)")
        }
    }

    @Test(.tags(.crash)) func `an undo that stops anywhere is ended or taken back by another`()
        throws
    {
        let (start, first) = try changed()
        try add(on: start)
        let second = try commit(on: start)
        var options = CheckoutOptions()
        options.source = .snapshot(first)
        _ = try checkout(nil, in: workspace(start), options: options)
        let undisturbed = start.copy()
        let begin = undisturbed.operationCount
        _ = try undo(in: workspace(undisturbed))
        let (before, expected) = (workTree(start), workTree(undisturbed))
        #expect(before != expected)
        let recorded = try operationLog(of: workspace(start)).count
        let operations = undisturbed.operationCount - begin
        for cut in 0..<operations {
            let disk = start.copy()
            disk.cutPower(afterOperation: disk.operationCount + cut, seed: UInt64(cut + 2))
            do { _ = try undo(in: workspace(disk)) } catch {}
            let comment: Comment = "cut after operation \(cut) of undo"
            try checkSound(disk.reopened(), [first, second], comment)
            // A process that is killed leaves the files that it wrote.
            let survivor = disk.reopened(seed: 1)
            let isRecorded = try operationLog(of: workspace(survivor)).count > recorded
            _ = try undo(in: workspace(survivor))
            #expect(workTree(survivor) == (isRecorded ? before : expected), comment)
            try checkTidy(survivor, comment)
        }
        print("power cuts tried in undo: \(operations)")
    }

    @Test(.tags(.crash)) func `a full disk at any change leaves everything as it was or done`()
        throws
    {
        let (start, first) = try changed()
        let undisturbed = start.copy()
        let count = undisturbed.changeCount
        try add(on: undisturbed)
        for number in 1...(undisturbed.changeCount - count) {
            let disk = start.copy()
            disk.failChange(disk.changeCount + number, with: .noSpace, persistently: true)
            let comment: Comment = "no space from change \(number) on"
            do { try add(on: disk) } catch let error as StoreError {
                #expect(error.kind == .noSpace, comment)
            }
            let later = disk.copy()
            try checkSound(later, [first], comment)
            try add(on: later)
            #expect(workTree(later) == workTree(undisturbed), comment)
        }
    }
}
