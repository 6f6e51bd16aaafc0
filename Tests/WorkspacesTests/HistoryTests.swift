import Objects
import Platform
import TestSupport
import Testing
import Vocabulary
import Workspaces

@Suite struct HistoryTests {
    private func commit(_ message: String, _ place: WorkspaceFolder) throws
        -> CommitSnapshotReport
    {
        var options = CommitOptions()
        options.message = message
        return try commitSnapshot(in: place.workspace, options: options)
    }

    @Test func `a snapshot holds what is tracked, and the next one follows it`() throws {
        let place = try WorkspaceFolder()
        try place.add("1", to: "a")
        let first = try commit("one", place)
        #expect(first.isNew)
        #expect(first.trackedPaths == 1)
        #expect(try !commit("again", place).isNew)
        try place.add("2", to: "a")
        let second = try commit("two", place)
        #expect(second.record.parents == [first.id])
        let log = try snapshotLog(of: place.workspace)
        #expect(log.map(\.record.message) == ["two", "one"])
        #expect(log.first?.record.author == "ada <>")
        #expect(try snapshot(named: "head~1", in: place.workspace) == first.id)
        #expect(try snapshot(named: first.id.short, in: place.workspace) == first.id)
        _ = try undo(in: place.workspace)
        #expect(try snapshot(named: "head", in: place.workspace) == first.id)
        #expect(try snapshot(named: second.id.short, in: place.workspace) == second.id)
        _ = try undo(in: place.workspace)
        let kind = place.failure { _ = try snapshot(named: "head~2", in: place.workspace) }
        #expect(kind == .notFound)
    }

    @Test func `an old snapshot is checked out, pointers and data`() throws {
        let place = try WorkspaceFolder()
        try place.add("1", to: "a")
        try place.add("x", to: "d/x", tracked: "d")
        let first = try commit("one", place)
        try place.add("2", to: "a")
        try place.add("y", to: "d/x", tracked: "d")
        _ = try commit("two", place)
        var options = CheckoutOptions()
        options.source = .snapshot(first.id)
        _ = try checkout(nil, in: place.workspace, options: options)
        #expect(try place.folder.read("a") == "1")
        #expect(try place.folder.read("d/x") == "x")
        #expect(try status(in: place.workspace).paths.allSatisfy { $0.state == .clean })
    }

    @Test func `undo of a commit sets the head back, and again forward`() throws {
        let place = try WorkspaceFolder()
        try place.add("1", to: "a")
        let report = try commit("one", place)
        _ = try undo(in: place.workspace)
        #expect(try snapshotLog(of: place.workspace).isEmpty)
        _ = try undo(in: place.workspace)
        #expect(try snapshotLog(of: place.workspace).first?.id == report.id)
    }

    @Test func `undo of an add takes the pointer back and leaves the data`() throws {
        let place = try WorkspaceFolder(git: true)
        try place.add("1", to: "a")
        #expect(try place.folder.read(".gitignore") == "/a\n")
        _ = try undo(in: place.workspace)
        #expect(try !place.folder.has("a.mlstore"))
        #expect(try !place.folder.has(".gitignore"))
        #expect(try place.folder.read("a") == "1")
    }

    @Test func `undo refuses where a file was changed since, unless forced`() throws {
        let place = try WorkspaceFolder()
        try place.add("1", to: "a")
        try place.folder.write("# mine\n", to: "a.mlstore")
        #expect(place.failure { _ = try undo(in: place.workspace) } == .changedMeanwhile)
        #expect(try place.folder.read("a.mlstore") == "# mine\n")
        _ = try undo(in: place.workspace, force: true)
        #expect(try !place.folder.has("a.mlstore"))
        _ = try undo(in: place.workspace)
        #expect(try place.folder.read("a.mlstore") == "# mine\n")
    }

    @Test func `there is nothing to undo in a new workspace`() throws {
        let place = try WorkspaceFolder()
        #expect(place.failure { _ = try undo(in: place.workspace) } == .notFound)
    }

    @Test func `rm removes pointer, data and ignore line, and undo brings them back`() throws {
        let place = try WorkspaceFolder(git: true)
        try place.add("1", to: "data/a")
        _ = try remove([place.path("data/a")], in: place.workspace)
        #expect(try !place.folder.has("data/a"))
        #expect(try !place.folder.has("data/a.mlstore"))
        #expect(try !place.folder.has("data/.gitignore"))
        _ = try undo(in: place.workspace)
        #expect(try place.folder.read("data/a") == "1")
        #expect(try place.folder.read("data/.gitignore") == "/a\n")
        #expect(try status(in: place.workspace).paths.map(\.state) == [.clean])
    }

    @Test func `rm refuses data that is not stored, and can leave it`() throws {
        let place = try WorkspaceFolder()
        try place.add("1", to: "a")
        try place.folder.write("mine", to: "a")
        let path = try place.path("a")
        #expect(place.failure { _ = try remove([path], in: place.workspace) } == .unsavedChanges)
        #expect(try place.folder.has("a.mlstore"))
        var options = RemoveOptions()
        options.keepsData = true
        _ = try remove([path], in: place.workspace, options: options)
        #expect(try place.folder.read("a") == "mine")
        #expect(try !place.folder.has("a.mlstore"))
        #expect(place.failure { _ = try remove([path], in: place.workspace) } == .notFound)
    }

    @Test func `mv renames data, pointer and ignore line, and undo renames back`() throws {
        let place = try WorkspaceFolder(git: true)
        try place.add("1", to: "a")
        try place.folder.write("mine", to: "a")
        let (path, _) = try move(place.path("a"), to: place.path("b/c"), in: place.workspace)
        #expect(path == (try place.path("b/c")))
        #expect(try place.folder.read("b/c") == "mine")
        #expect(try place.folder.has("b/c.mlstore"))
        #expect(try place.folder.read("b/.gitignore") == "/c\n")
        #expect(try !place.folder.has("a"))
        #expect(try !place.folder.has("a.mlstore"))
        _ = try undo(in: place.workspace)
        #expect(try place.folder.read("a") == "mine")
        #expect(try place.folder.has("a.mlstore"))
        #expect(try !place.folder.has("b/c.mlstore"))
    }

    @Test func `mv goes into a folder, and never over what is there`() throws {
        let place = try WorkspaceFolder()
        try place.add("1", to: "a")
        try place.folder.write("other", to: "d/b")
        let taken = place.failure {
            _ = try move(place.path("a"), to: place.path("d/b"), in: place.workspace)
        }
        #expect(taken == .alreadyExists)
        let (path, _) = try move(place.path("a"), to: place.path("d"), in: place.workspace)
        #expect(path == (try place.path("d/a")))
        #expect(try place.folder.read("d/a") == "1")
    }
}
