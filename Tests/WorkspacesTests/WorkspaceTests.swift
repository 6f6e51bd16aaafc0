import Objects
import Platform
import TestSupport
import Testing
import Vocabulary
import Workspaces

@Suite struct WorkspaceTests {
    @Test func `init works outside of git and twice`() throws {
        let folder = try TemporaryFolder()
        let machine = WorkspaceFixture.machine()
        #expect(try Workspace.create(at: folder.path, on: machine).isNew)
        #expect(try !Workspace.create(at: folder.path, on: machine).isNew)
        #expect(try Workspace.open(from: folder.path, on: machine).git == nil)
    }

    @Test func `a workspace is found from below, and none is an error with advice`() throws {
        let fixture = try WorkspaceFixture()
        try fixture.folder.write("x", to: "a/b/c")
        let machine = WorkspaceFixture.machine()
        #expect(
            try Workspace.open(from: fixture.folder.path / "a/b", on: machine).root
                == fixture.folder.path)
        let outside = try TemporaryFolder()
        let error = try fixture.error { _ = try Workspace.open(from: outside.path, on: machine) }
        #expect(error.kind == .notAWorkspace)
        #expect(error.advice?.contains("mlstore init") == true)
    }

    @Test func `a workspace inside a workspace is refused`() throws {
        let fixture = try WorkspaceFixture()
        let error = try fixture.error {
            _ = try Workspace.create(
                at: fixture.folder.path / "inner", on: WorkspaceFixture.machine())
        }
        #expect(error.kind == .alreadyExists)
    }

    @Test func `git sees only the settings of a workspace in a folder of the repository`() throws {
        let folder = try TemporaryFolder()
        try folder.run("git", "init", "-q")
        let machine = WorkspaceFixture.machine()
        let workspace = try Workspace.create(at: folder.path / "sub", on: machine).workspace
        #expect(workspace.gitPrefix == (try RepoPath("sub")))
        try folder.run("git", "add", "-A")
        #expect(try folder.run("git", "ls-files") == "sub/.mlstore/config.toml\n")
    }

    @Test func `a fresh clone gets its store made`() throws {
        let fixture = try WorkspaceFixture(git: true)
        try fixture.folder.run("git", "add", "-A")
        try fixture.folder.run("git", "commit", "-q", "-m", "one")
        let other = try TemporaryFolder()
        try other.run("git", "clone", "-q", fixture.folder.path.description, "clone")
        let clone = try Workspace.open(
            from: other.path / "clone", on: WorkspaceFixture.machine())
        #expect(try clone.store().refs().isEmpty)
        #expect(try other.run("git", "status", "--porcelain", in: "clone") == "")
    }

    @Test func `paths are seen from the current folder and stay inside`() throws {
        let fixture = try WorkspaceFixture()
        try fixture.folder.write("x", to: "data/x")
        let disk = LocalDisk()
        try disk.makeSymlink(at: fixture.folder.path / "out", target: Array("/tmp".utf8))
        try disk.makeSymlink(at: fixture.folder.path / "in", target: Array("data".utf8))
        func path(_ text: String, from folder: String = "data") throws -> String? {
            try fixture.workspace.path(
                of: Array(text.utf8), from: fixture.folder.path / folder)?.description
        }
        #expect(try path("x") == "data/x")
        #expect(try path("./../data//x") == "data/x")
        #expect(try path("../in/x") == "data/x")
        #expect(try path("..") == nil)
        #expect(try path(fixture.folder.path.description + "/data/x") == "data/x")
        for outside in ["../..", "/etc/passwd", "../out/x"] {
            let error = try fixture.error { _ = try path(outside) }
            #expect(error.kind == .outsideWorkspace)
        }
        for reserved in ["../.git/x", "../.mlstore/config.toml", ""] {
            #expect(throws: StoreError.self) { _ = try path(reserved) }
        }
    }

    @Test func `patterns are matched by us when the shell did not`() throws {
        let fixture = try WorkspaceFixture()
        for name in ["data/a.csv", "data/b.csv", "data/.h.csv", "data/deep/c.csv", "a*b", "axb"] {
            try fixture.folder.write("x", to: name)
        }
        try fixture.folder.write("# kept by mlstore", to: "data/gone.csv.mlstore")
        func paths(_ text: String) throws -> [String]? {
            try fixture.workspace.paths(
                of: [Array(text.utf8)], from: fixture.folder.path)?.map(\.description)
        }
        #expect(try paths("data/*.csv") == ["data/a.csv", "data/b.csv", "data/gone.csv"])
        #expect(try paths("**/c.csv") == ["data/deep/c.csv"])
        #expect(try paths("a*b") == ["a*b"])
        #expect(try paths("data/gone.csv.mlstore") == ["data/gone.csv"])
        #expect(try paths(".") == nil)
        #expect(try fixture.error { _ = try paths("*.parquet") }.kind == .notFound)
    }

    @Test func `a second command waits and then names the lock`() throws {
        let fixture = try WorkspaceFixture()
        let held = try fixture.workspace.lock("first")
        let error = try fixture.error { try fixture.add("x") }
        #expect(error.kind == .locked)
        #expect(error.safety == "nothing was changed")
        held.unlock()
    }

    @Test func `commands that meet in one workspace both get done`() throws {
        let fixture = try WorkspaceFixture()
        for index in 0..<6 { try fixture.folder.write("content \(index)", to: "f\(index)") }
        let folder = fixture.folder.path
        try WorkerPool(threads: 3).forEach(count: 6) { index in
            let workspace = try Workspace.open(from: folder, on: WorkspaceFixture.machine())
            _ = try add([try RepoPath("f\(index)")], in: workspace)
        }
        #expect(try fixture.states().values.allSatisfy { $0 == .clean })
        #expect(try fixture.states().count == 6)
        #expect(try fixture.reopened().store().journal().count == 6)
    }
}
