import Objects
import Platform
import Remotes
import TestSupport
import Testing
import Transfer
import Vocabulary
import Workspaces

/// A workspace that has a part of a tracked folder.
@Suite struct FolderPartWorkspaceTests {
    private let folder: TemporaryFolder
    private let a: Workspace
    private let b: Workspace

    init() throws {
        folder = try TemporaryFolder()
        a = try Self.workspace(folder, "a", 1)
        for number in 0..<40 {
            try folder.write("file \(number)", to: "a/d/s\(number / 20)/f\(100 + number)")
        }
        try folder.write("top", to: "a/d/top")
        _ = try add([RepoPath("d")], in: a)
        _ = try push(of: a)
        b = try Self.workspace(folder, "b", 2)
        try folder.write(folder.read("a/d.mlstore"), to: "b/d.mlstore")
    }

    private static func workspace(
        _ folder: TemporaryFolder, _ name: String, _ seed: UInt64
    ) throws -> Workspace {
        let machine = Machine(
            disk: LocalDisk(), clock: .stepping(), entropy: .seeded(seed), threads: 2, bootID: nil)
        try LocalDisk().makeDirectories(folder.path / name)
        let workspace = try Workspace.create(at: folder.path / name, on: machine).workspace
        let url = RemoteURL(directory: folder.path / "remote").description
        try workspace.save(try workspace.config().setting("remote.origin.url", to: url))
        return workspace
    }

    private func paths(_ texts: String...) throws -> [RepoPath] {
        try texts.map { try RepoPath($0) }
    }

    private func error(_ body: () throws -> Void) -> StoreError? {
        #expect(throws: StoreError.self, performing: body)
    }

    private func state() throws -> PathStatus {
        try #require(try status(in: b).paths.first)
    }

    @Test func `files of a folder come to their places, and the rest is not called removed`() throws
    {
        _ = try pull(paths("d/s0/f103", "d/top"), into: b)
        #expect(try folder.read("b/d/s0/f103") == "file 3" && folder.read("b/d/top") == "top")
        #expect(try !folder.has("b/d/s0/f104"))
        var found = try state()
        #expect(found.state == .partial && found.changes.isEmpty && found.unknownFiles == 0)
        #expect(found.part?.text == "2 of 41 files")
        #expect(try status(in: b).isClean)
        try folder.write("changed", to: "b/d/top")
        try folder.write("new", to: "b/d/s1/new")
        found = try state()
        #expect(found.state == .modified && found.unknownFiles == 1)
        #expect(found.changes.map(\.path.description) == ["top"])
        _ = try checkout(try paths("d/top"), in: b, options: forced)
        _ = try pull(paths("d/s0"), into: b)
        #expect(try state().part?.files == 21)
        // Completed.
        try LocalDisk().removeFile(folder.path / "b/d/s1/new")
        _ = try pull(paths("d"), into: b)
        #expect(try state().state == .clean && state().part == nil)
        #expect(try folder.read("b/d/s1/f139") == "file 39")
    }

    private var forced: CheckoutOptions {
        var options = CheckoutOptions()
        options.force = true
        return options
    }

    @Test func `a folder that is partly here is never recorded as if it were all`() throws {
        _ = try pull(paths("d/top"), into: b)
        let pointer = try folder.read("b/d.mlstore")
        let refused = error { _ = try add(try paths("d"), in: b) }
        #expect(refused?.kind == .notInStore)
        #expect(refused?.message.contains("only 1 of 41 files of 'd'") == true)
        #expect(refused?.advice?.contains("mlstore pull d") == true)
        #expect(
            error { _ = try commitSnapshot(in: b, options: CommitOptions()) }?.kind == .notInStore)
        #expect(try folder.read("b/d.mlstore") == pointer)
        // Also when the pointer has come to name a version of which nothing is here.
        try folder.write("more", to: "a/d/more")
        _ = try add([RepoPath("d")], in: a)
        _ = try push(of: a)
        try folder.write(folder.read("a/d.mlstore"), to: "b/d.mlstore")
        #expect(try state().state == .modified)
        #expect(error { _ = try add(try paths("d"), in: b) }?.kind == .notInStore)
        // Whoever means it says so.
        var options = RemoveOptions()
        options.keepsData = true
        _ = try remove(paths("d"), in: b, options: options)
        let added = try add(paths("d"), in: b)
        #expect(added.paths.first?.pointer.files == 1)
    }

    @Test func `a checkout brings what is here, and says what is not`() throws {
        _ = try pull(paths("d/s0/f103", "d/s1"), into: b)
        try LocalDisk().removeTree(folder.path / "b/d")
        #expect(try state().state == .missing)
        let report = try checkout(nil, in: b)
        #expect(report.filesWritten == 21 && report.parts.map(\.text) == ["21 of 41 files"])
        #expect(try state().state == .partial)
        for path in ["d", "d/s0", "d/top"] {
            let refused = error { _ = try checkout(try paths(path), in: b) }
            #expect(refused?.kind == .notInStore)
            #expect(refused?.advice?.contains("'mlstore pull \(path)'") == true, "\(path)")
        }
        try LocalDisk().removeTree(folder.path / "b/d")
        #expect(try checkout(try paths("d/s1/f120", "d/s0/f103"), in: b).filesWritten == 2)
        #expect(try undo(in: b).workTree.filesRemoved == 2)
    }

    @Test func `a collection keeps what was fetched while something names the folder`() throws {
        _ = try pull(paths("d/s1"), into: b)
        var options = CollectOptions()
        options.policy.operations = 1
        for _ in 0..<2 { _ = try collect(in: b, options: options) }
        let store = try b.store()
        #expect(try store.verify(.full).isSound)
        #expect(try state().part?.files == 20)
        try LocalDisk().removeTree(folder.path / "b/d")
        #expect(try checkout(nil, in: b).filesWritten == 20)
        // Nothing names it any more.
        try LocalDisk().removeTree(folder.path / "b/d")
        try folder.write(folder.read("b/d.mlstore"), to: "kept")
        try LocalDisk().removeFile(folder.path / "b/d.mlstore")
        try folder.write("x", to: "b/x")
        _ = try add(paths("x"), in: b)
        _ = try collect(in: b, options: options)
        try folder.write(folder.read("kept"), to: "b/d.mlstore")
        let gone = try #require(try status(of: paths("d"), in: b).paths.first)
        #expect(gone.state == .notInStore && gone.part == nil)
        #expect(try pull(paths("d/s1/f121"), into: b).workTree.filesWritten == 1)
        #expect(try store.verify(.full).isSound)
    }

    @Test func `what is here is read again from nowhere, and a repair keeps it`() throws {
        _ = try pull(paths("d/s0"), into: b)
        #expect(try fetch(paths("d/s0/f101"), into: b).requests <= 2)
        #expect(try repair(in: b).found.isSound)
        #expect(try b.presentContents() == [.directory(try #require(b.store().parts().first).here)])
        var bytes: [UInt8] = []
        _ = try cat(RepoPath("d/s0/f101"), at: .workTree, in: b, from: .store) { bytes += $0 }
        #expect(String(decoding: bytes, as: UTF8.self) == "file 1")
        let other = error {
            _ = try cat(RepoPath("d/top"), at: .workTree, in: b, from: .store) { _ in }
        }
        #expect(other?.kind == .notInStore)
    }

    @Test func `evicting something else leaves the part, and the part is no folder to evict`()
        throws
    {
        try folder.write("file 3", to: "a/same")
        _ = try add([RepoPath("same")], in: a)
        _ = try push(of: a)
        try folder.write(folder.read("a/same.mlstore"), to: "b/same.mlstore")
        _ = try pull(paths("d/s0", "same"), into: b)
        let report = try evict(nil, of: b)
        #expect(report.parts.map(\.text) == ["20 of 41 files"])
        #expect(report.held.map(\.description) == ["same"])
        #expect(try b.store().verify(.full).isSound && state().state == .partial)
    }
}
