import Bytes
import Objects
import Platform
import TestSupport
import Testing
import Vocabulary
import Workspaces

/// `cache.type`: how large files share their place with their copies in the store.
@Suite struct LinkedFilesTests {
    private static let sizeBytes = 1_200_001
    private static let root = DiskPath("/w")

    private func bytes(_ seed: UInt64) -> [UInt8] {
        var random = SmallRandom(seed: seed)
        return random.bytes(LinkedFilesTests.sizeBytes)
    }

    private func open(_ disk: any Disk, at root: DiskPath = root) throws -> Workspace {
        try Workspace.open(
            from: root,
            on: Machine(
                disk: disk, clock: .forTests, entropy: .seeded(5), threads: 1, bootID: [1]))
    }

    /// A workspace with this setting, on a disk that does not share extents unless it `clones`.
    private func make(
        _ type: String, on disk: SimulatedDisk, clones: Bool = false
    ) throws -> Workspace {
        if !clones { disk.refuseClones() }
        try disk.makeDirectories(LinkedFilesTests.root)
        let machine = Machine(
            disk: disk, clock: .forTests, entropy: .seeded(4), threads: 1, bootID: [1])
        let workspace = try Workspace.create(at: LinkedFilesTests.root, on: machine).workspace
        try workspace.save(try workspace.config().setting("cache.type", to: type))
        return try open(disk)
    }

    /// Writes the file and adds it, as if it were large enough to be kept as it is.
    @discardableResult
    private func add(
        _ content: [UInt8], _ name: String, to workspace: Workspace, permissions: UInt16 = 0o644
    ) throws -> AddReport {
        let disk = workspace.disk
        let place = workspace.root / name
        try disk.makeDirectories(place.parent)
        try writeAtomically(content, to: place, on: disk, durable: true)
        try disk.setPermissions(place, permissions)
        let session = try workspace.store().beginSession()
        session.plainFileMinimumBytes = 1 << 20
        let file = try disk.openFile(place, .read)
        _ = try session.putBlob(file: file, expected: file.status(), name: name)
        _ = try session.commit()
        return try Workspaces.add([try RepoPath(name)], in: workspace)
    }

    private func status(_ name: String, _ workspace: Workspace) throws -> FileStatus {
        try #require(
            try workspace.disk.status(of: workspace.root / name, followingLinks: false))
    }

    @Test func `an added file becomes a name of the store's, and comes back as one`() throws {
        let disk = SimulatedDisk()
        let workspace = try make("hardlink", on: disk)
        try add(bytes(1), "v.bin", to: workspace)
        let linked = try status("v.bin", workspace)
        #expect(linked.links == 2 && linked.permissions == 0o444)
        #expect(try Workspaces.status(in: open(disk)).isClean)
        let again = try Workspaces.add([try RepoPath("v.bin")], in: open(disk))
        #expect(again.paths[0].isUnchanged && again.commit == nil)

        try disk.removeFile(DiskPath("/w/v.bin"))
        _ = try checkout(nil, in: open(disk))
        #expect(try status("v.bin", workspace).inode == linked.inode)
        #expect(disk.allFiles()["/w/v.bin"] == bytes(1))
        let left = try disk.entries(of: LinkedFilesTests.root).map {
            String(decoding: $0.name, as: UTF8.self)
        }
        #expect(!left.contains { $0.hasPrefix(temporaryNamePrefix) })
    }

    @Test func `files in a folder are linked, but not those that may be executed`() throws {
        let disk = SimulatedDisk()
        let workspace = try make("hardlink", on: disk)
        try add(bytes(1), "d/v.bin", to: workspace)
        try add(bytes(2), "tool", to: workspace, permissions: 0o755)
        // As a whole, which is how folders are tracked.
        try disk.removeFile(DiskPath("/w/d/v.bin.mlstore"))
        _ = try Workspaces.add([try RepoPath("d")], in: open(disk))
        #expect(try status("d/v.bin", workspace).links == 2)
        #expect(try status("tool", workspace).links == 1)
        #expect(try Workspaces.status(in: open(disk)).isClean)
    }

    @Test(arguments: ["copy", "reflink"])
    func `without the setting nothing is linked`(type: String) throws {
        let disk = SimulatedDisk()
        let workspace = try make(type, on: disk)
        try add(bytes(1), "v.bin", to: workspace)
        #expect(try status("v.bin", workspace).links == 1)
        try disk.removeFile(DiskPath("/w/v.bin"))
        _ = try checkout(nil, in: open(disk))
        #expect(try status("v.bin", workspace).permissions == 0o644)
        #expect(!disk.allFiles().keys.contains { $0.hasSuffix(".plain") })
    }

    @Test func `a copy shares nothing where extents could be shared`() throws {
        let disk = SimulatedDisk()
        let workspace = try make("copy", on: disk, clones: true)
        try add(bytes(1), "v.bin", to: workspace)
        #expect(!disk.allFiles().keys.contains { $0.hasSuffix(".plain") })
        #expect(!disk.changeLog.contains { $0.hasPrefix("clone") })
    }

    @Test func `who writes to a link is told that the store's copy is gone, and the new is kept`()
        throws
    {
        let disk = SimulatedDisk()
        let workspace = try make("hardlink", on: disk)
        try add(bytes(1), "v.bin", to: workspace)
        let place = DiskPath("/w/v.bin")
        try disk.setPermissions(place, 0o644)
        let file = try disk.openFile(place, .readWrite)
        try file.write([1, 2, 3, 4], at: 700_000)
        try file.close()
        let now = try #require(disk.allFiles()["/w/v.bin"])
        let report = try Workspaces.add([try RepoPath("v.bin")], in: open(disk))
        #expect(report.paths[0].hasChangedStore)
        #expect(try open(disk).store().readBlob(BlobID(sha256(now)), maximumBytes: 1 << 22) == now)
        #expect(try !open(disk).store().verify(.full).isSound)
        // What replaces the file by another leaves the store alone.
        try add(bytes(3), "w.bin", to: workspace)
        try writeAtomically(bytes(4), to: DiskPath("/w/w.bin"), on: disk, durable: true)
        let safe = try Workspaces.add([try RepoPath("w.bin")], in: open(disk))
        #expect(!safe.paths[0].hasChangedStore)
    }

    @Test func `a collection takes the store's name, and the work tree's stays`() throws {
        let disk = SimulatedDisk()
        let workspace = try make("hardlink", on: disk)
        try add(bytes(1), "v.bin", to: workspace)
        try disk.removeFile(DiskPath("/w/v.bin.mlstore"))
        let roots = CollectionRoots(all: { [] }, ofCommit: { _ in [] })
        let store = try open(disk).store()
        _ = try store.collect(roots: roots)
        _ = try store.collect(roots: roots)
        #expect(!disk.allFiles().keys.contains { $0.hasSuffix(".plain") })
        #expect(disk.allFiles()["/w/v.bin"] == bytes(1))
    }

    @Test func `a power cut while a file is linked leaves it whole`() throws {
        let base = SimulatedDisk()
        let workspace = try make("copy", on: base)
        try workspace.save(try workspace.config().setting("cache.type", to: "hardlink"))
        try add(bytes(1), "v.bin", to: open(base))
        try base.removeFile(DiskPath("/w/v.bin"))
        try writeAtomically(bytes(1), to: DiskPath("/w/v.bin"), on: base, durable: true)
        for folder in ["/", "/w", "/w/.mlstore", "/w/.mlstore/state"] {
            try base.syncDirectory(DiskPath(folder))
        }
        let path = try RepoPath("v.bin")
        let trial = base.copy()
        let start = trial.operationCount
        _ = try Workspaces.add([path], in: open(trial))
        #expect(trial.changeLog.contains { $0.hasPrefix("hard link") })
        for operation in 0..<(trial.operationCount - start) {
            let disk = base.copy()
            disk.cutPower(
                afterOperation: disk.operationCount + operation, seed: UInt64(operation))
            do { _ = try Workspaces.add([path], in: open(disk)) } catch {}
            let after = disk.reopened()
            #expect(after.allFiles()["/w/v.bin"] == bytes(1), "cut at \(operation)")
            #expect(try Workspaces.status(in: open(after)).isClean, "cut at \(operation)")
            #expect(try open(after).store().verify(.full).isSound, "cut at \(operation)")
        }
    }

    @Test func `an unknown kind of sharing is refused`() throws {
        let disk = SimulatedDisk()
        let workspace = try make("copy", on: disk)
        let error = #expect(throws: StoreError.self) {
            _ = try workspace.config().setting("cache.type", to: "symlink")
        }
        #expect(error?.message.contains("reflink, copy, hardlink") == true)
        let place = workspace.root / ".mlstore/config.toml"
        let text = "version = 1\n[cache]\ntype = \"symlink\"\n"
        try writeAtomically(Array(text.utf8), to: place, on: disk, durable: true)
        let read = #expect(throws: StoreError.self) { try open(disk).config() }
        #expect(read?.kind == .malformed)
    }
}
