import Objects
import Platform
import TestSupport
import Testing
import Vocabulary
import Workspaces

@Suite struct RepairTests {
    private let place: WorkspaceFolder

    init() throws {
        place = try WorkspaceFolder()
        var random = SmallRandom(seed: 5)
        try place.folder.write(random.bytes(300_000), to: "big")
        for name in ["x", "y/z"] { try place.folder.write(random.bytes(500), to: "d/\(name)") }
        _ = try Workspaces.add([place.path("big"), place.path("d")], in: place.workspace)
        var options = CommitOptions()
        options.message = "one"
        _ = try commitSnapshot(in: place.workspace, options: options)
    }

    /// Another process's view of the workspace, after every pack was cut off or flipped.
    private func damaged() throws -> Workspace {
        let packs = place.folder.path / ".mlstore/store/packs"
        for (number, entry) in try LocalDisk().entries(of: packs)
            .sorted(by: { $0.name.precedes($1.name) }).enumerated()
        {
            let path = packs.appending(entry.name)
            var bytes = try LocalDisk().readFile(path, maximumBytes: 1 << 24)
            if number % 2 == 0 { bytes[bytes.count / 2] ^= 1 } else { bytes.removeLast(200) }
            try writeAtomically(bytes, to: path, on: LocalDisk(), durable: false)
        }
        return try Workspace.open(from: place.folder.path, on: WorkspaceFolder.machine())
    }

    @Test func `what the work tree has is stored again`() throws {
        let workspace = try damaged()
        let report = try repair(in: workspace)
        #expect(!report.found.isSound)
        #expect(!report.quarantine.packs.isEmpty)
        let store = try Workspace.open(from: place.folder.path, on: WorkspaceFolder.machine())
            .store()
        for tracked in try workspace.tracked().paths {
            #expect(store.contains(tracked.content), "\(tracked.path)")
        }
        let roots = try workspace.tracked().paths.map { StoreRoot.content($0.content) }
        var missing = 0
        try store.forEachReachable(from: roots, missing: { _ in missing += 1 }, { _ in })
        #expect(missing == 0)
        #expect(report.left.problems.allSatisfy { $0.severity != .damaged })
    }

    @Test func `a file that was changed since is not taken for what it was`() throws {
        let workspace = try damaged()
        try place.folder.write("other", to: "d/x")
        let report = try repair(in: workspace)
        #expect(!report.restored.contains(try place.path("d")))
        #expect(!report.left.isSound)
    }

    @Test func `a sound workspace needs no repair`() throws {
        let report = try repair(in: place.workspace)
        #expect(report.found.isSound && report.left.isSound)
        #expect(report.quarantine.packs.isEmpty && report.restored.isEmpty)
    }
}
