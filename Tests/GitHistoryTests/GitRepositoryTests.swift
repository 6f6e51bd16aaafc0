import GitHistory
import Platform
import TestSupport
import Testing
import Vocabulary

/// A repository made by the `git` program.
private func makeRepository() throws -> TemporaryFolder {
    let folder = try TemporaryFolder()
    try folder.run("git", "init", "-q", "-b", "main")
    return folder
}

private func repository(at path: DiskPath) throws -> GitRepository {
    try #require(try GitRepository.discover(from: path, on: LocalDisk()))
}

@Suite struct GitRepositoryTests {
    @Test func `outside of git there is no repository`() throws {
        let folder = try TemporaryFolder()
        #expect(try GitRepository.discover(from: folder.path, on: LocalDisk()) == nil)
    }

    @Test func `a stray empty .git folder is no repository`() throws {
        let folder = try TemporaryFolder()
        try LocalDisk().makeDirectories(folder.path / ".git")
        #expect(try GitRepository.discover(from: folder.path, on: LocalDisk()) == nil)
    }

    @Test func `the repository is found from a folder below its top`() throws {
        let folder = try makeRepository()
        try folder.write("x", to: "a/b/file")
        #expect(try repository(at: folder.path / "a/b").workDirectory == folder.path)
    }

    @Test func `a repository without commits has a branch and no head`() throws {
        let folder = try makeRepository()
        let git = try repository(at: folder.path)
        #expect(try git.head() == nil)
        #expect(try git.branch() == "main")
    }

    @Test(arguments: [false, true])
    func `the head is the commit that git names`(isPacked: Bool) throws {
        let folder = try makeRepository()
        try folder.run("git", "commit", "-q", "--allow-empty", "-m", "one")
        if isPacked { try folder.run("git", "pack-refs", "--all") }
        let expected = try folder.run("git", "rev-parse", "HEAD")
        let git = try repository(at: folder.path)
        #expect(try git.head()?.hex == String(expected.dropLast()))
        try folder.run("git", "checkout", "-q", "--detach")
        #expect(try git.head()?.hex == String(expected.dropLast()))
        #expect(try git.branch() == nil)
    }

    @Test func `revisions resolve in git's own syntax`() throws {
        let folder = try makeRepository()
        try folder.run("git", "commit", "-q", "--allow-empty", "-m", "one")
        try folder.run("git", "tag", "-a", "v1", "-m", "first")
        try folder.run("git", "commit", "-q", "--allow-empty", "-m", "two")
        let git = try repository(at: folder.path)
        let first = try folder.run("git", "rev-parse", "HEAD~1").dropLast()
        #expect(try git.resolve("HEAD~1").hex == String(first))
        #expect(try git.resolve("v1").hex == String(first))
        #expect(try git.resolve("main") == git.head())
    }

    @Test func `an unknown revision is an error that names it`() throws {
        let folder = try makeRepository()
        let git = try repository(at: folder.path)
        let error = try #require(throws: StoreError.self) { try git.resolve("nowhere") }
        #expect(error.kind == .notFound)
        #expect(error.message.contains("'nowhere'"))
        #expect(error.advice != nil)
    }

    @Test func `files are read at a commit, from the index and not beyond a limit`() throws {
        let folder = try makeRepository()
        try folder.write("old", to: "a/x.mlstore")
        try folder.write("other", to: "a/y")
        try folder.run("git", "add", ".")
        try folder.run("git", "commit", "-q", "-m", "one")
        try folder.write("staged", to: "a/x.mlstore")
        try folder.run("git", "add", ".")
        try folder.write("work", to: "a/x.mlstore")
        let git = try repository(at: folder.path)
        let path = try RepoPath("a/x.mlstore")
        let head = try #require(try git.head())
        #expect(try git.file(at: path, in: head, maximumBytes: 100) == Array("old".utf8))
        #expect(try git.stagedFile(at: path, maximumBytes: 100) == Array("staged".utf8))
        #expect(try git.file(at: try RepoPath("a"), in: head, maximumBytes: 100) == nil)
        #expect(try git.file(at: try RepoPath("none"), in: head, maximumBytes: 100) == nil)
        #expect(try git.files(in: head, suffix: ".mlstore") == [path])
        #expect(try git.stagedFiles(suffix: ".mlstore") == [path])
        #expect(throws: StoreError.self) { try git.file(at: path, in: head, maximumBytes: 2) }
    }

    @Test func `the index is read again after git changed it`() throws {
        let folder = try makeRepository()
        let git = try repository(at: folder.path)
        try folder.write("1", to: "dir/file")
        #expect(try !git.tracks(try RepoPath("dir")))
        try folder.run("git", "add", ".")
        #expect(try git.tracks(try RepoPath("dir")))
        #expect(try git.tracks(try RepoPath("dir/file")))
        #expect(try !git.tracks(try RepoPath("di")))
    }

    @Test func `the dirty patch id depends on content and is nil when clean`() throws {
        let folder = try makeRepository()
        try folder.write("1\n", to: "code.py")
        try folder.write("1\n", to: "x.mlstore")
        try folder.run("git", "add", ".")
        try folder.run("git", "commit", "-q", "-m", "one")
        let git = try repository(at: folder.path)
        #expect(try git.dirtyPatchID() == nil)
        try folder.write("untracked", to: "other")
        #expect(try git.dirtyPatchID() == nil)
        try folder.write("22\n", to: "code.py")
        let second = try #require(try git.dirtyPatchID())
        try folder.run("git", "add", "code.py")
        #expect(try git.dirtyPatchID() == second)
        try folder.write("333\n", to: "code.py")
        #expect(try git.dirtyPatchID() != second)
        #expect(try git.dirtyPatchID { $0.lastComponent == Array("code.py".utf8) } == nil)
        try folder.run("git", "rm", "-q", "-f", "code.py")
        #expect(try git.dirtyPatchID() != nil)
    }

    @Test func `before the first commit staged files are dirty`() throws {
        let folder = try makeRepository()
        let git = try repository(at: folder.path)
        #expect(try git.dirtyPatchID() == nil)
        try folder.write("1\n", to: "code.py")
        try folder.run("git", "add", ".")
        #expect(try git.dirtyPatchID() != nil)
    }

    @Test func `a linked work tree has its own head and the shared refs`() throws {
        let folder = try makeRepository()
        try folder.write("one", to: "main/file")
        try folder.run("git", "add", ".")
        try folder.run("git", "commit", "-q", "-m", "one")
        try folder.run("git", "worktree", "add", "-q", "-b", "side", "linked")
        try folder.run("git", "commit", "-q", "--allow-empty", "-m", "two", in: "linked")
        let linked = try repository(at: folder.path / "linked/main")
        #expect(linked.workDirectory == folder.path / "linked")
        #expect(try linked.branch() == "side")
        #expect(try linked.resolve("HEAD") == linked.head())
        #expect(try linked.resolve("HEAD~1") == repository(at: folder.path).head())
        #expect(try linked.stagedFiles(suffix: "file") == [try RepoPath("main/file")])
    }

    @Test func `a .git file that says nothing is an error`() throws {
        let folder = try TemporaryFolder()
        try folder.write("nonsense", to: ".git")
        let error = try #require(throws: StoreError.self) {
            try GitRepository.discover(from: folder.path, on: LocalDisk())
        }
        #expect(error.kind == .malformed)
    }

    @Test func `a damaged HEAD is an error with advice`() throws {
        let folder = try makeRepository()
        try folder.write("garbage\n", to: ".git/HEAD")
        let error = try #require(throws: StoreError.self) {
            try repository(at: folder.path).head()
        }
        #expect(error.kind == .malformed)
        #expect(error.advice != nil)
    }

    @Test func `git's configuration and ignore rules are read`() throws {
        let folder = try makeRepository()
        try folder.run("git", "config", "user.name", "Ada")
        try folder.write("*.log\n", to: ".gitignore")
        let git = try repository(at: folder.path)
        #expect(try git.configuration("user.name") == "Ada")
        #expect(try git.configuration("no.such") == nil)
        #expect(try git.isIgnored(try RepoPath("a/x.log")))
        #expect(try !git.isIgnored(try RepoPath("a/x.txt")))
    }
}
