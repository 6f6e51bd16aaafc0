import Objects
import Platform
import TestSupport
import Testing
import Vocabulary
import Workspaces

@Suite struct StatusTests {
    @Test func `files of a folder that differ are told one by one`() throws {
        let fixture = try WorkspaceFixture()
        for name in ["a", "b", "c", "s/d"] { try fixture.folder.write("1", to: "d/\(name)") }
        try fixture.add("d")
        try fixture.folder.write("2", to: "d/a")
        try fixture.folder.run("rm", "d/b")
        try fixture.folder.run("chmod", "+x", "d/c")
        try fixture.folder.write("1", to: "d/s/new")
        let report = try status(in: try fixture.reopened())
        let changes = try #require(report.paths.first?.changes)
        #expect(
            changes.map { "\($0.form.rawValue) \($0.path)" } == [
                "modified a", "removed b", "mode c", "added s/new",
            ])
        #expect(report.paths.first?.state == .modified)
    }

    @Test func `a change of equal size right after the add is seen`() throws {
        let fixture = try WorkspaceFixture()
        for round in 0..<20 {
            try fixture.folder.write("one", to: "f\(round)")
            try fixture.add("f\(round)")
            try fixture.folder.write("two", to: "f\(round)")
            #expect(try fixture.states()["f\(round)"] == .modified)
        }
    }

    @Test func `whatever changes in a folder that was looked at before is seen`() throws {
        let fixture = try WorkspaceFixture()
        let names = ["a", "a.b", "s/a", "s/b/c", "s.t/a", "s0", "t/u/v/w", "z"]
        for name in names { try fixture.folder.write(name, to: "d/\(name)") }
        try fixture.folder.run("mkdir", "d/empty", "d/s/hollow", "d/zz")
        try fixture.folder.run("ln", "-s", "a", "d/link")
        try fixture.add("d")
        // The files are older than the table that this look leaves, so the next ones believe it.
        pause(milliseconds: 20)
        #expect(try fixture.states() == ["d": .clean])
        let changes: [([String], undo: [String])] = [
            (["touch", "d/new"], ["rm", "d/new"]),
            (["touch", "d/s/b/new"], ["rm", "d/s/b/new"]),
            (["touch", "d/empty/new"], ["rm", "d/empty/new"]),
            (["mkdir", "d/another"], ["rmdir", "d/another"]),
            (["mkdir", "d/t/u/x"], ["rmdir", "d/t/u/x"]),
            (["rmdir", "d/s/hollow"], ["mkdir", "d/s/hollow"]),
            (["mv", "d/s/b/c", "d/s/c"], ["mv", "d/s/c", "d/s/b/c"]),
            (["mv", "d/z", "kept"], ["mv", "kept", "d/z"]),
            (["ln", "-sfn", "z", "d/link"], ["ln", "-sfn", "a", "d/link"]),
            (["chmod", "+x", "d/s.t/a"], ["chmod", "-x", "d/s.t/a"]),
        ]
        for (change, undo) in changes {
            try run(change, in: fixture)
            #expect(try fixture.states() == ["d": .modified], "\(change)")
            try run(undo, in: fixture)
            #expect(try fixture.states() == ["d": .clean], "\(undo)")
            pause(milliseconds: 20)
            #expect(try fixture.states() == ["d": .clean], "\(undo), settled")
        }
    }

    private func run(_ command: [String], in fixture: WorkspaceFixture) throws {
        _ = try ChildProcess(arguments: command, directory: fixture.folder.path).run()
    }

    @Test func `a damaged stat table is not believed`() throws {
        let fixture = try WorkspaceFixture()
        try fixture.folder.write("one", to: "d/f")
        try fixture.folder.write("two", to: "g")
        try fixture.add("d", "g")
        _ = try fixture.states()
        let tables = fixture.folder.path / ".mlstore/state/stat"
        for entry in try LocalDisk().entries(of: tables) {
            let path = tables.appending(entry.name)
            var bytes = try LocalDisk().readFile(path, maximumBytes: 1 << 20)
            bytes[90] ^= 1
            try fixture.folder.write(
                bytes, to: ".mlstore/state/stat/" + String(decoding: entry.name, as: UTF8.self))
        }
        #expect(try fixture.states() == ["d": .clean, "g": .clean])
        try fixture.folder.write("cut", to: ".mlstore/state/stat/files")
        #expect(try fixture.states() == ["d": .clean, "g": .clean])
    }

    @Test func `missing data is told apart from data that is not in the store`() throws {
        let fixture = try WorkspaceFixture()
        try fixture.folder.write("one", to: "a")
        try fixture.add("a")
        try fixture.folder.run("rm", "a")
        let other = String(repeating: "0", count: 64)
        let text = try fixture.folder.read("a.mlstore")
        let id = try #require(text.split(separator: "\n").first { $0.hasPrefix("id: ") })
        try fixture.folder.write(text.replacing(id, with: "id: sha256:\(other)"), to: "b.mlstore")
        #expect(try fixture.states() == ["a": .missing, "b": .notInStore])
    }

    @Test func `pointers are compared with HEAD and bad ones are reported`() throws {
        let fixture = try WorkspaceFixture(git: true)
        for name in ["a", "b", "c"] { try fixture.folder.write(name, to: name) }
        try fixture.add("a", "b", "c")
        try fixture.folder.run("git", "add", "-A")
        try fixture.folder.run("git", "commit", "-q", "-m", "one")
        try fixture.folder.write("new", to: "a")
        try fixture.folder.write("new", to: "n")
        try fixture.add("a", "n")
        try fixture.folder.write("<<<<<<< HEAD\n", to: "b.mlstore")
        try fixture.folder.run("rm", "c.mlstore")
        let report = try status(in: fixture.workspace)
        let heads = report.paths.map { "\($0.tracked.path) \($0.head?.rawValue ?? "-")" }
        #expect(heads == ["a modified", "c removed", "n added"])
        #expect(report.problems.map(\.error.kind) == [.conflict])
        #expect(!report.isClean)
    }

    @Test func `outputs of the pipeline are looked at too`() throws {
        let fixture = try WorkspaceFixture()
        try fixture.folder.write("one", to: "out/x")
        let content = try #require(
            try ContentScanner(fixture.workspace).state(of: try RepoPath("out")).content)
        let id = content.digest
        var stage = LockFile.Stage(
            recipe: RecipeKey(id), run: RunID(id), action: .command("make"))
        stage.outputs[try RepoPath("out")] = .init(content: content, sizeBytes: 3)
        try fixture.folder.write(LockFile(stages: ["s": stage]).text, to: "mlstore.lock")
        #expect(try fixture.states() == ["out": .clean])
        try fixture.folder.write("two", to: "out/x")
        #expect(try fixture.states() == ["out": .modified])
    }

    @Test func `files that nobody tracks are listed when asked for`() throws {
        let fixture = try WorkspaceFixture(git: true)
        for name in ["tracked", "code.py", "ignored.log", "s/new"] {
            try fixture.folder.write("x", to: name)
        }
        try fixture.folder.write("*.log\n", to: ".gitignore")
        try fixture.add("tracked")
        try fixture.folder.run("git", "add", "code.py", ".gitignore")
        var options = StatusOptions()
        options.listsUntracked = true
        let report = try status(in: fixture.workspace, options: options)
        #expect(report.untracked.map(\.description) == ["s/new"])
    }

    @Test func `after a restart young files are read again`() throws {
        let fixture = try WorkspaceFixture()
        try fixture.folder.write("one", to: "d/a")
        try fixture.add("d")
        let report = try status(in: try fixture.reopened(bootID: [2]))
        #expect(report.isClean)
    }
}
