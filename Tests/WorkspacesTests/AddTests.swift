import Bytes
import Objects
import Platform
import TestSupport
import Testing
import Vocabulary
import Workspaces

@Suite struct AddTests {
    @Test func `a table gets a pointer with rows and columns and an ignore line`() throws {
        let fixture = try WorkspaceFixture(git: true)
        try fixture.folder.write("# mine\n*.tmp", to: "data/.gitignore")
        try fixture.folder.write("a,b\n1,x\n2,\n", to: "data/t.csv")
        let report = try fixture.add("data/t.csv")
        let digest = try fixture.folder.run("sha256sum", "data/t.csv").prefix(64)
        let pointer = try fixture.folder.read("data/t.csv.mlstore")
        #expect(pointer.contains("\nid: sha256:\(digest)\nsize: 11\nrows: 2\n"))
        #expect(pointer.contains("columns: {a: int, b: string?}"))
        #expect(try fixture.folder.read("data/.gitignore") == "# mine\n*.tmp\n/t.csv\n")
        #expect(report.paths.first?.newBytesPlain == 11)
        let again = try fixture.add("data/t.csv")
        #expect(again.paths.first?.isUnchanged == true)
        #expect(again.commit == nil)
        #expect(try fixture.folder.read("data/.gitignore") == "# mine\n*.tmp\n/t.csv\n")
        #expect(try fixture.states() == ["data/t.csv": .clean])
    }

    @Test func `a broken table is stored with a note`() throws {
        let fixture = try WorkspaceFixture()
        try fixture.folder.write("a,b\n1\n", to: "t.csv")
        let report = try fixture.add("t.csv")
        #expect(report.paths.first?.tableProblem?.contains("2") == true)
        #expect(try !fixture.folder.read("t.csv.mlstore").contains("rows"))
    }

    @Test func `a folder with hard names is one pointer and is stored whole`() throws {
        let fixture = try WorkspaceFixture()
        let disk = LocalDisk()
        let top = fixture.folder.path / "d"
        try disk.makeDirectories(top / "empty")
        let names: [[UInt8]] = [
            [0xff, 0xfe], Array("new\nline".utf8), Array(" -x".utf8), Array("a-b".utf8),
            Array("ü".utf8), Array("x.mlstore".utf8),
        ]
        for name in names {
            let file = try disk.openFile(
                top.appending(name), .createNew(permissions: 0o755))
            try file.close()
        }
        try fixture.folder.write("inner", to: "d/a/file")
        try disk.makeSymlink(at: top / "link", target: Array("../nowhere".utf8))
        let report = try fixture.add("d")
        let pointer = try #require(report.paths.first?.pointer)
        #expect(pointer.files == 8)
        guard case .directory(let id) = pointer.content else { throw StoreError(.io, "a file") }
        let store = try fixture.workspace.store()
        let entries = try store.tree(id).entries()
        #expect(entries.count == 9)
        #expect(entries.map(\.path) == entries.map(\.path).sorted())
        let link = try #require(entries.first { $0.kind == .symlink })
        #expect(
            try store.readBlob(BlobID(link.id), maximumBytes: 100) == Array("../nowhere".utf8))
        #expect(entries.contains { $0.path.description == "empty" && $0.kind == .directory })
        #expect(entries.filter { $0.kind == .executable }.count == 6)
        #expect(try fixture.states() == ["d": .clean])
    }

    @Test func `what .mlstoreignore names is left out`() throws {
        let fixture = try WorkspaceFixture()
        try fixture.folder.write("*.log\n!keep.log\ncache/\n", to: ".mlstoreignore")
        for name in ["d/a.log", "d/keep.log", "d/cache/x", "d/b"] {
            try fixture.folder.write("x", to: name)
        }
        #expect(try fixture.add("d").paths.first?.pointer.files == 2)
    }

    @Test func `sockets and pipes are refused and nothing is changed`() throws {
        let fixture = try WorkspaceFixture()
        try fixture.folder.write("x", to: "d/a")
        try fixture.folder.run("mkfifo", "d/pipe")
        for path in ["d", "d/pipe"] {
            let error = try fixture.error { try fixture.add(path) }
            #expect(error.kind == .unsupportedFile)
        }
        #expect(try !fixture.folder.has("d.mlstore"))
    }

    @Test func `what cannot be added says why and what to do`() throws {
        let fixture = try WorkspaceFixture(git: true)
        let folder = fixture.folder
        try folder.write("x", to: "code.py")
        try folder.run("git", "add", "code.py")
        try folder.write("x", to: "d/a")
        try folder.write("x", to: "e/b")
        try folder.write("ignored/\n", to: ".gitignore")
        try folder.write("x", to: "ignored/a")
        try LocalDisk().makeSymlink(at: folder.path / "link", target: Array("d".utf8))
        try fixture.add("d", "e/b")
        for (path, part) in [
            ("missing", "cannot find"), ("code.py", "git tracks it"), ("d/a", "tracked as a whole"),
            ("e", "tracked on its own"), ("link", "symbolic link"), ("d.mlstore", "is a pointer"),
            ("ignored/a", "git ignores its pointer"),
        ] {
            let error = try fixture.error { try fixture.add(path) }
            #expect(error.message.contains(part), "\(path): \(error.message)")
            #expect(error.advice != nil)
        }
    }

    @Test func `an unreadable file is an error that names it`() throws {
        guard !Environment.isSuperuser else { return }
        let fixture = try WorkspaceFixture()
        try fixture.folder.write("x", to: "d/a")
        try LocalDisk().setPermissions(fixture.folder.path / "d/a", 0)
        #expect(try fixture.error { try fixture.add("d") }.kind == .permission)
    }

    @Test func `the kind is asked for, kept, or guessed`() throws {
        let fixture = try WorkspaceFixture()
        try fixture.folder.write("x", to: "m.mlmodel")
        #expect(try fixture.add("m.mlmodel").paths.first?.pointer.kind == .model)
        let path = try RepoPath("m.mlmodel")
        _ = try add([path], in: fixture.workspace, options: AddOptions(kind: .features))
        try fixture.folder.write("xy", to: "m.mlmodel")
        #expect(try fixture.add("m.mlmodel").paths.first?.pointer.kind == .features)
    }
}
