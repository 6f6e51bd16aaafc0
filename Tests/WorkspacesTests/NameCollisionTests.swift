import Bytes
import Objects
import Platform
import TestSupport
import Testing
import Vocabulary
import Workspaces

/// Names that some file systems take for one: nothing is ever silently put in the place of something
/// else.
@Suite struct NameCollisionTests {
    private static let root = DiskPath("/w")

    private func workspace(_ disk: SimulatedDisk) throws -> Workspace {
        let machine = Machine(
            disk: disk, clock: .forTests, entropy: .seeded(3), threads: 1, bootID: [1])
        return try Workspace.open(from: Self.root, on: machine)
    }

    /// A workspace whose folder `d` has these files, and was added where case matters; then everything
    /// is moved to where it does not, and `d` is gone.
    private func moved(_ files: [String]) throws -> SimulatedDisk {
        let disk = SimulatedDisk()
        try disk.makeDirectories(Self.root)
        let machine = Machine(
            disk: disk, clock: .forTests, entropy: .seeded(3), threads: 1, bootID: [1])
        _ = try Workspace.create(at: Self.root, on: machine)
        for name in files {
            let place = Self.root / name
            try disk.makeDirectories(place.parent)
            try writeAtomically(Array("of \(name)".utf8), to: place, on: disk, durable: true)
        }
        _ = try add([try RepoPath("d")], in: workspace(disk))
        let other = disk.copy()
        other.ignoreCase()
        try other.removeTree(Self.root / "d")
        return other
    }

    @Test(arguments: [
        ["d/A", "d/a"], ["d/x/File.csv", "d/x/file.CSV", "d/y"], ["d/D/x", "d/d/y"],
        ["d/D", "d/d/y"], ["d/\u{c9}", "d/\u{e9}"],
    ])
    func `a checkout that would make one of two is refused, and changes nothing`(
        files: [String]
    ) throws {
        let disk = try moved(files)
        let before = disk.allFiles()
        let error = #expect(throws: StoreError.self) {
            try checkout(nil, in: workspace(disk))
        }
        #expect(error?.kind == .unsupportedFile)
        #expect(error?.message.contains("for one name") == true)
        #expect(error?.safety == "nothing was changed")
        let after = disk.allFiles()
        #expect(
            after.filter { before[$0.key] == nil }.keys.allSatisfy { $0.contains("/sessions/") })
        // Each of them can be had by itself.
        let first = try RepoPath(files[0])
        _ = try checkout([first], in: workspace(disk))
        #expect(disk.allFiles()["/w/\(files[0])"] == Array("of \(files[0])".utf8))
    }

    @Test func `names that differ are written where case does not matter`() throws {
        let disk = try moved(["d/A/x", "d/A/y", "d/b", "d/c"])
        _ = try checkout(nil, in: workspace(disk))
        #expect(disk.allFiles()["/w/d/A/y"] == Array("of d/A/y".utf8))
        #expect(try status(in: workspace(disk)).isClean)
    }

    @Test(arguments: [".git", ".GIT", ".Git", ".MLSTORE", ".g\u{200c}it", "\u{feff}.git"])
    func `whatever may be taken for git's folder or ours is refused`(name: String) throws {
        for path in [name, "a/\(name)", "a/\(name)/config"] {
            #expect(throws: StoreError.self) {
                try Workspace.checkNotReserved(try RepoPath(path))
            }
        }
        try Workspace.checkNotReserved(try RepoPath(".gitignore"))
        try Workspace.checkNotReserved(try RepoPath("a.git/.github"))
    }
}
