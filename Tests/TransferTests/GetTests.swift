import Platform
import TestSupport
import Testing
import Transfer
import Vocabulary
import Workspaces

@Suite struct GetTests {
    @Test func `names that are one here are refused, and nothing is left`() throws {
        let disk = SimulatedDisk()
        let root = DiskPath("/w")
        try disk.makeDirectories(root)
        func machine() -> Machine {
            Machine(disk: disk, clock: .forTests, entropy: .seeded(3), threads: 1, bootID: [1])
        }
        let workspace = try Workspace.create(at: root, on: machine()).workspace
        for name in ["d/File.csv", "d/file.csv", "d/other"] {
            let place = root / name
            try disk.makeDirectories(place.parent)
            try writeAtomically(Array("of \(name)".utf8), to: place, on: disk, durable: true)
        }
        _ = try add([try RepoPath("d")], in: workspace)
        let out = DiskPath("/out")
        try disk.makeDirectories(out)
        disk.ignoreCase()
        let error = #expect(throws: StoreError.self) {
            try get(try RepoPath("d"), from: "/w", in: out, on: machine())
        }
        #expect(error?.kind == .unsupportedFile)
        #expect(error?.message.contains("for one name") == true)
        #expect(try disk.entries(of: out).isEmpty)
        _ = try get(try RepoPath("d/File.csv"), from: "/w", in: out, on: machine())
        #expect(disk.allFiles()["/out/File.csv"] == Array("of d/File.csv".utf8))
    }
}
