import Bytes
import GitHistory
import Objects
import Platform
import TestSupport
import Testing
import Vocabulary
import Workspaces

@Suite struct CollectTests {
    private let place: WorkspaceFolder

    init() throws { place = try WorkspaceFolder(git: true) }

    /// Version `text` of `a`, added and committed to git.
    private func version(_ text: String) throws -> BlobID {
        try place.add(text, to: "a")
        try place.folder.run("git", "add", "-A")
        try place.folder.run("git", "commit", "-q", "-m", text)
        return BlobID(sha256(Array(text.utf8)))
    }

    private func collect(_ change: (inout KeepPolicy) -> Void = { _ in }) throws -> ObjectStore {
        var options = CollectOptions()
        options.policy.operations = 1
        change(&options.policy)
        _ = try Workspaces.collect(in: place.workspace, options: options)
        return try place.workspace.store()
    }

    @Test func `versions that git can reach stay, in branches and in its logs`() throws {
        let one = try version("1")
        let two = try version("2")
        try place.folder.run("git", "reset", "-q", "--hard", "HEAD~1")
        try place.add("never committed", to: "b")
        try place.add("b", to: "b")
        try place.add("c", to: "c")
        let store = try collect()
        #expect(store.contains(one) && store.contains(two))
        #expect(!store.contains(BlobID(sha256(Array("never committed".utf8)))))
        #expect(store.contains(BlobID(sha256([0x62]))))
    }

    @Test func `a stash, a tag and the index keep what they name`() throws {
        let one = try version("1")
        try place.folder.run("git", "tag", "v1")
        _ = try version("2")
        try place.add("stashed", to: "a")
        try place.folder.run("git", "stash", "-q")
        try place.add("staged", to: "a")
        try place.folder.run("git", "add", "-A")
        try place.add("in the work tree", to: "a")
        try place.add("c", to: "c")
        let store = try collect { $0.keepsTags = true }
        for text in ["stashed", "staged", "in the work tree", "2"] {
            #expect(store.contains(BlobID(sha256(Array(text.utf8)))), "\(text)")
        }
        #expect(store.contains(one))
        #expect(!(try collect { $0.last = 1 }).contains(one))
    }

    @Test func `the last versions stay, and the log can still be read`() throws {
        var ids: [BlobID] = []
        var options = CommitOptions()
        for number in 1...4 {
            ids.append(try version("\(number)"))
            options.message = "\(number)"
            _ = try commitSnapshot(in: place.workspace, options: options)
        }
        let store = try collect { $0.last = 2 }
        #expect(ids.map { store.contains($0) } == [false, false, true, true])
        #expect(try snapshotLog(of: place.workspace).count == 4)
        let report = try store.verify(.full)
        #expect(report.isSound, "\(report.problems)")
        #expect(report.problems.map(\.severity) == [.absent, .absent])
    }

    @Test func `versions since a revision stay`() throws {
        let ids = try (1...4).map { try version("\($0)") }
        let store = try collect { $0.since = .revision("HEAD~2") }
        // All commits have one time here: only the revision tells them apart.
        #expect(ids.map { store.contains($0) } == [false, true, true, true])
        let kind = place.failure { _ = try collect { $0.since = .revision("nowhere") } }
        #expect(kind == .notFound)
    }

    @Test func `snapshots since a time stay`() throws {
        var snapshots: [CommitSnapshotReport] = []
        for number in 1...3 {
            try place.add("\(number)", to: "a")
            var options = CommitOptions()
            options.message = "\(number)"
            snapshots.append(try commitSnapshot(in: place.workspace, options: options))
        }
        try place.add("c", to: "c")
        let store = try collect { $0.since = .time(snapshots[1].record.time) }
        #expect(
            snapshots.map { store.contains(.treeNode, $0.record.tree.digest) }
                == [false, true, true])
    }

    @Test func `the last operation can be undone after a collection`() throws {
        try place.add("1", to: "a")
        try place.add("2", to: "a")
        _ = try collect { $0.last = 1 }
        _ = try undo(in: place.workspace)
        let pointer = try #require(try place.workspace.pointer(of: try place.path("a")))
        #expect(pointer.content == .file(BlobID(sha256([0x31]))))
        #expect(try place.workspace.store().contains(pointer.content))
    }

    @Test func `both sides of a conflict in a pointer stay`() throws {
        try place.add("1", to: "a")
        let ours = try place.folder.read("a.mlstore")
        try place.add("2", to: "a")
        let theirs = try place.folder.read("a.mlstore")
        try place.add("3", to: "a")
        try place.add("c", to: "c")
        try place.folder.write(
            "<<<<<<< ours\n\(ours)=======\n\(theirs)>>>>>>> theirs\n", to: "a.mlstore")
        let store = try collect { $0.last = 1 }
        #expect(
            [0x31, 0x32, 0x33].map { store.contains(BlobID(sha256([$0]))) } == [true, true, false])
    }

    @Test func `an explanation says which commit of git names it`() throws {
        let one = try version("1")
        _ = try version("2")
        let found = try explainCollection(of: one.digest, in: place.workspace)
        let commit = try place.folder.run("git", "rev-parse", "HEAD~1").prefix(10)
        #expect(found.first?.root?.reason == "'a.mlstore' in git commit \(commit)")
    }
}
