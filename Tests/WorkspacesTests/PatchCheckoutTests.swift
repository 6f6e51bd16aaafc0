import Bytes
import Objects
import Platform
import TestSupport
import Testing
import Vocabulary
import Workspaces

/// A tracked table of which an older version is checked out over a newer one.
private struct TwoVersions {
    static let changedRows = 40_000..<40_400
    let workspace: Workspace
    let file: DiskPath
    let versions: [[UInt8]]
    let pointers: [[UInt8]]

    init(on disk: any Disk, at root: DiskPath) throws {
        workspace = try Workspace.create(
            at: root,
            on: Machine(
                disk: disk, clock: .forTests, entropy: .seeded(5), threads: 2, bootID: [1])
        ).workspace
        file = root / "t.csv"
        versions = [TwoVersions.table(0..<0), TwoVersions.table(TwoVersions.changedRows)]
        var pointers: [[UInt8]] = []
        for version in versions {
            try writeAtomically(version, to: file, on: disk, durable: true)
            _ = try add([try RepoPath("t.csv")], in: workspace)
            pointers.append(
                try disk.readFile(root / "t.csv.mlstore", maximumBytes: 1 << 20))
        }
        self.pointers = pointers
        letTimePass()
    }

    /// Brings the file to a version by its pointer.
    func checkOut(_ version: Int, on disk: any Disk, force: Bool = false) throws {
        letTimePass()
        try writeAtomically(
            pointers[version], to: file.parent / "t.csv.mlstore", on: disk, durable: true)
        var options = CheckoutOptions()
        options.force = force
        _ = try checkout(nil, in: workspace, options: options)
    }

    func content(on disk: any Disk) throws -> [UInt8] {
        try disk.readFile(file, maximumBytes: 1 << 30)
    }

    /// Lets a real file system's clock go on, so that what was written is no more racy.
    private func letTimePass() {
        if workspace.machine.disk is LocalDisk { pause(milliseconds: 20) }
    }

    static func table(_ changed: Range<Int>) -> [UInt8] {
        var out = Array("id,value,text\n".utf8)
        for row in 0..<100_000 {
            let value = (row &* 2_654_435_761 &+ (changed.contains(row) ? 1 : 0)) % 1_000_000
            out += Array("\(1_000_000 + row),\(1_000_000 + value),words \(value % 977)\n".utf8)
        }
        return out
    }
}

@Suite(.serialized) struct PatchCheckoutTests {
    @Test(arguments: LoopVolume.available)
    func `a version that shares most of its rows takes the place of what changed`(
        kind: LoopVolume.Kind
    ) throws {
        let volume = try LoopVolume(kind)
        let disk = LocalDisk()
        let two = try TwoVersions(on: disk, at: volume.path / "w")
        // Somebody else's copy of what is replaced, so that nothing is freed.
        let copy = try disk.openFile(volume.path / "copy", .createNew(permissions: 0o644))
        let old = try disk.openFile(two.file, .read)
        let unit = try copy.cloneUnit()
        let whole = two.versions[1].count / unit * unit
        #expect(try copy.clone(0..<whole, of: old, at: 0))
        let journal = try volume.usedBytes()
        try two.checkOut(0, on: disk)
        let written = try volume.usedBytes() - journal
        #expect(try two.content(on: disk) == two.versions[0])
        // 400 rows of some 27 bytes, an operation's records, and the file system's own trees.
        #expect(written < 512 << 10)
        #expect(two.versions[0].count > 2 << 20)
        #expect(try status(in: two.workspace).paths.allSatisfy { $0.state == .clean })
        try two.checkOut(1, on: disk)
        #expect(try two.content(on: disk) == two.versions[1])
        _ = try undo(in: two.workspace, force: true)
        #expect(try two.content(on: disk) == two.versions[0])
    }

    @Test(arguments: LoopVolume.available)
    func `a patched file keeps the right to execute`(kind: LoopVolume.Kind) throws {
        let volume = try LoopVolume(kind)
        let disk = LocalDisk()
        let two = try TwoVersions(on: disk, at: volume.path / "w")
        try disk.setPermissions(two.file, 0o755)
        _ = try add([try RepoPath("t.csv")], in: two.workspace)
        let executable = try disk.readFile(
            volume.path / "w/t.csv.mlstore", maximumBytes: 1 << 20)
        try two.checkOut(0, on: disk)
        #expect(try disk.status(of: two.file, followingLinks: false)?.permissions == 0o644)
        try writeAtomically(
            executable, to: volume.path / "w/t.csv.mlstore", on: disk, durable: true)
        _ = try checkout(nil, in: two.workspace)
        #expect(try disk.status(of: two.file, followingLinks: false)?.permissions == 0o755)
        #expect(try two.content(on: disk) == two.versions[1])
    }

    @Test(arguments: LoopVolume.available)
    func `a full file system is told, and the version that was there stays`(
        kind: LoopVolume.Kind
    ) throws {
        let volume = try LoopVolume(kind)
        let disk = LocalDisk()
        let two = try TwoVersions(on: disk, at: volume.path / "w")
        let filler = try disk.openFile(volume.path / "filler", .createNew(permissions: 0o644))
        var size = 0
        for step in [8 << 20, 64 << 10, 4096] {
            let bytes = [UInt8](repeating: 1, count: step)
            do {
                while true {
                    try filler.write(bytes, at: size)
                    size += step
                }
            } catch let error as StoreError { #expect(error.kind == .noSpace) }
        }
        let error = #expect(throws: StoreError.self) { try two.checkOut(0, on: disk) }
        #expect(error?.kind == .noSpace)
        #expect(try two.content(on: disk) == two.versions[1])
        try filler.close()
        try disk.removeFile(volume.path / "filler")
        _ = try volume.usedBytes()  // writes out, so that the place is free
        try two.checkOut(0, on: disk, force: true)
        #expect(try two.content(on: disk) == two.versions[0])
    }

    private func simulated() throws -> (SimulatedDisk, TwoVersions) {
        let disk = SimulatedDisk()
        try disk.makeDirectory(DiskPath("/w"))
        return (disk, try TwoVersions(on: disk, at: DiskPath("/w")))
    }

    private func clones(_ disk: SimulatedDisk) -> Int {
        disk.changeLog.count { $0.hasPrefix("clone") }
    }

    @Test func `a file that changes while it is patched is noticed, and nothing is lost`() throws {
        let (disk, two) = try simulated()
        let file = two.file
        disk.before("clone") {
            let open = try disk.openFile(file, .readWrite)
            try open.write([0x21], at: 100)
        }
        let error = #expect(throws: StoreError.self) { try two.checkOut(0, on: disk) }
        #expect(error?.kind == .changedMeanwhile)
        #expect(clones(disk) > 0)
        var expected = two.versions[1]
        expected[100] = 0x21
        #expect(try two.content(on: disk) == expected)
        #expect(
            try disk.entries(of: DiskPath("/w")).allSatisfy {
                !$0.name.starts(with: temporaryNamePrefix.utf8)
            })
    }

    @Test func `a file that was written to before it is opened is not built upon`() throws {
        let (disk, two) = try simulated()
        let file = two.file
        disk.before("rename /w/.mlstore/store/sessions") {
            let open = try disk.openFile(file, .readWrite)
            try open.write([0x21], at: 100)
        }
        let error = #expect(throws: StoreError.self) { try two.checkOut(0, on: disk) }
        #expect(error?.kind == .changedMeanwhile)
        #expect(clones(disk) == 0)
        #expect(try two.content(on: disk)[100] == 0x21)
    }

    @Test func `without cloning the file is written in full`() throws {
        let (disk, two) = try simulated()
        disk.refuseClones()
        let before = disk.writtenBytes
        try two.checkOut(0, on: disk)
        #expect(try two.content(on: disk) == two.versions[0])
        #expect(disk.writtenBytes - before > two.versions[0].count)
    }

    @Test(arguments: [StoreError.Kind.noSpace, .io])
    func `a change that fails anywhere leaves the old or the new version`(
        kind: StoreError.Kind
    ) throws {
        let (start, two) = try simulated()
        let undisturbed = start.copy()
        try reopened(two, undisturbed).checkOut(0, on: undisturbed)
        #expect(clones(undisturbed) > 0)
        for number in 1...undisturbed.changeCount {
            let disk = start.copy()
            let here = try reopened(two, disk)
            disk.failChange(disk.changeCount + number, with: kind, persistently: true)
            let comment: Comment = "\(kind) from change \(number) on"
            do { try here.checkOut(0, on: disk) } catch let error as StoreError {
                #expect(error.kind == kind, comment)
            }
            let later = disk.copy()
            let content = try two.content(on: later)
            #expect(two.versions.contains(content), comment)
            try reopened(two, later).checkOut(0, on: later)
            #expect(try two.content(on: later) == two.versions[0], comment)
        }
        print("failing changes tried in a patching checkout: \(undisturbed.changeCount)")
    }
}

/// The same folder on a copy of its disk.
private func reopened(_ two: TwoVersions, _ disk: SimulatedDisk) throws -> TwoVersions {
    try TwoVersions(two, on: disk)
}

extension TwoVersions {
    init(_ other: TwoVersions, on disk: any Disk) throws {
        workspace = try Workspace.open(
            from: other.file.parent,
            on: Machine(
                disk: disk, clock: .forTests, entropy: .seeded(6), threads: 1, bootID: [1]))
        file = other.file
        versions = other.versions
        pointers = other.pointers
    }
}

/// Large files that do not compress, on file systems that share extents.
@Suite(.serialized) struct SharedFileTests {
    @Test(arguments: LoopVolume.available)
    func `a large file is stored and brought back without taking place again`(
        kind: LoopVolume.Kind
    ) throws {
        let volume = try LoopVolume(kind)
        let disk = LocalDisk()
        let root = volume.path / "w"
        let workspace = try Workspace.create(
            at: root,
            on: Machine(disk: disk, clock: .forTests, entropy: .seeded(5), threads: 2, bootID: [1])
        ).workspace
        var random = SmallRandom(seed: 6)
        let bytes = random.bytes((70 << 20) + 123)
        let file = root / "video.bin"
        try writeAtomically(bytes, to: file, on: disk, durable: true)
        let before = try volume.usedBytes()
        _ = try add([try RepoPath("video.bin")], in: workspace)
        #expect(try volume.usedBytes() - before < 4 << 20)
        // Gone, and back from the store's own extents.
        try disk.removeFile(file)
        _ = try checkout(nil, in: workspace)
        #expect(try disk.readFile(file, maximumBytes: 1 << 30) == bytes)
        #expect(try volume.usedBytes() - before < 4 << 20)
        // What is done to the file is not done to the store.
        let open = try disk.openFile(file, .readWrite)
        try open.write([UInt8](repeating: 7, count: 1 << 20), at: 1 << 20)
        try open.close()
        var options = CheckoutOptions()
        options.force = true
        _ = try checkout(nil, in: workspace, options: options)
        #expect(try disk.readFile(file, maximumBytes: 1 << 30) == bytes)
    }
}
