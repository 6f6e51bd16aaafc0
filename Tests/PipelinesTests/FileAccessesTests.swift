import Bytes
import Pipelines
import Testing
import Vocabulary

@Suite struct FileAccessesTests {
    private func accesses(_ lines: String) throws -> FileAccesses {
        var accesses = FileAccesses(root: Array("/w".utf8), folder: Array("/w/sub".utf8))
        for line in lines.utf8.split(separator: 0x0a) { try accesses.take(Array(line)) }
        accesses.finish()
        return accesses
    }

    private func texts(_ paths: Set<RepoPath>) -> [String] { paths.map(\.description).sorted() }

    @Test func `what is opened is read or written, wherever the system says that it is`() throws {
        let found = try accesses(
            #"""
            7 openat(AT_FDCWD</w/sub>, "\x61", O_RDONLY|O_CLOEXEC) = 3</w/real/a>
            7 openat(5</w/other>, "b", O_WRONLY|O_CREAT|O_TRUNC, 0666) = 3</w/other/b>
            7 open("c", O_RDWR) = 3
            7 creat("d", 0666) = 4</w/sub/d>
            7 openat2(AT_FDCWD</w/sub>, "e", {flags=O_WRONLY, resolve=0}, 24) = 5</w/sub/e>
            7 openat(AT_FDCWD</w/sub>, "/etc/passwd", O_RDONLY) = 3</etc/passwd>
            7 openat(AT_FDCWD</w/sub>, "none", O_RDONLY) = -1 ENOENT (No such file or directory)
            7 openat(AT_FDCWD</w/sub>, "list", O_RDONLY|O_DIRECTORY) = 3</w/sub/list>
            7 openat(AT_FDCWD</w/sub>, "../.git/HEAD", O_RDONLY) = 3</w/.git/HEAD>
            7 openat(AT_FDCWD</w/sub>, "../.mlstore/tmp/x", O_WRONLY) = 3</w/.mlstore/tmp/x>
            7 openat(AT_FDCWD</w/sub>, "/wide", O_RDONLY) = 3</wide>
            7 execve("./tool", ["./tool", "(,)\"<"...], 0x7ffc /* 9 vars */) = 0
            7 truncate("f", 0) = 0
            7 exit_group(0) = ?
            """#)
        #expect(texts(found.read) == ["real/a", "sub/c", "sub/tool"])
        #expect(texts(found.written) == ["other/b", "sub/c", "sub/d", "sub/e", "sub/f"])
        #expect(found.removed.isEmpty && !found.isCut)
    }

    @Test func `names keep every byte`() throws {
        let found = try accesses(
            #"7 openat(AT_FDCWD</w>, "x", O_RDONLY) = 3</w/a\n\"\303\251 \76\\x>"#)
        let expected = Array("a\n\"".utf8) + [0xc3, 0xa9] + Array(" >\\x".utf8)
        #expect(found.read.map(\.bytes) == [expected])
    }

    @Test func `folders that processes change to, and are born in, are followed`() throws {
        let found = try accesses(
            """
            7 chdir("in") = 0
            7 clone3({flags=CLONE_VM, exit_signal=SIGCHLD}, 88 <unfinished ...>
            8 rename("a", "b") = 0
            8 chdir("..") = 0
            8 rename("c", "d") = 0
            7 <... clone3 resumed>) = 8
            7 fchdir(4</w/far>) = 0
            7 fork() = 9
            9 unlink("e") = 0
            9 +++ exited with 0 +++
            10 unlink("f") = 0
            """)
        #expect(texts(found.removed) == ["far/e", "sub/c", "sub/f", "sub/in/a"])
        #expect(texts(found.written) == ["sub/d", "sub/in/b"])
    }

    @Test func `what a command made itself is its own`() throws {
        let found = try accesses(
            """
            7 open("t", O_WRONLY|O_CREAT|O_EXCL, 0600) = 3</w/sub/t>
            7 open("t", O_RDONLY) = 3</w/sub/t>
            7 rename("t", "out") = 0
            7 open("out", O_RDONLY) = 3</w/sub/out>
            7 mkdir("d", 0777) = 0
            7 open("d/x", O_WRONLY|O_CREAT, 0666) = 3</w/sub/d/x>
            7 rename("d", "e") = 0
            7 open("e/x", O_RDONLY) = 3</w/sub/e/x>
            7 open("gone", O_WRONLY|O_CREAT|O_TRUNC, 0666) = 3</w/sub/gone>
            7 unlink("gone") = 0
            7 open("log", O_WRONLY|O_CREAT|O_APPEND, 0666) = 3</w/sub/log>
            7 open("log", O_RDONLY) = 3</w/sub/log>
            7 linkat(AT_FDCWD</w/sub>, "old", AT_FDCWD</w/sub>, "new", 0) = 0
            7 symlink("anywhere", "s") = 0
            7 unlinkat(AT_FDCWD</w/sub>, "f", 0) = 0
            7 unlinkat(AT_FDCWD</w/sub>, "empty", AT_REMOVEDIR) = 0
            """)
        #expect(texts(found.written) == ["sub/e/x", "sub/log", "sub/new", "sub/out", "sub/s"])
        #expect(texts(found.read) == ["sub/log", "sub/old"])
        #expect(texts(found.removed) == ["sub/f"])
    }

    @Test(arguments: [
        "", "7", "x open()", "7 open(", "7 open(\"a", "7 open(\"a\")", "7 open(\"\\xg0\") = 1",
        "7 open(\"a\", O_RDONLY) = ", "7 <... open", "7 open(a]) = 1", "7 open(3</w) = 1",
        "7 (\"a\") = 1", "99999999999999999999 open() = 1", "7 open() = 99999999999999999999",
        "7 open(\"\\", "7 open(\"a\",, ,",
    ])
    func `what strace does not write is refused`(line: String) {
        #expect(throws: DecodeError.self) { try TraceLine(parsing: Array(line.utf8)) }
    }

    @Test func `a line that is too long is refused`() {
        let line = Array("7 open(\"".utf8) + [UInt8](repeating: 0x61, count: 300_000)
        #expect(throws: DecodeError.self) { try TraceLine(parsing: line) }
    }
}
