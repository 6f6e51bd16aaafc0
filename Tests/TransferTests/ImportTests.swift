import Platform
import Remotes
import TestSupport
import Testing
import Transfer
import Vocabulary
import Workspaces

/// Import and update from a real web server, a repository and a remote.
@Suite struct ImportTests {
    private let machine = Machine(
        disk: LocalDisk(), clock: .forTests, entropy: .seeded(7), threads: 2, bootID: nil)

    private func makeWorkspace(_ folder: TemporaryFolder, _ name: String) throws -> Workspace {
        try LocalDisk().makeDirectories(folder.path / name)
        return try Workspace.create(at: folder.path / name, on: machine).workspace
    }

    private func path(_ text: String) throws -> RepoPath { try RepoPath(text) }

    /// Python's own web server, which knows times of change and no entity tags.
    private func serve(_ folder: TemporaryFolder) throws -> (process: PeerProcess, url: String) {
        try folder.write(
            """
            import http.server, os
            class Quiet(http.server.SimpleHTTPRequestHandler):
                def log_message(self, *rest): pass
            server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Quiet)
            open("port.new", "w").write(str(server.server_port))
            os.rename("port.new", "port")
            os.chdir("../web")
            server.serve_forever()
            """, to: "peer/server.py")
        try LocalDisk().makeDirectories(folder.path / "web")
        let port = folder.path / "peer/port"
        let process = try PeerProcess("python3 server.py", in: folder.path / "peer") {
            try LocalDisk().status(of: port, followingLinks: true) != nil
        }
        return (process, "http://127.0.0.1:\(try folder.read("peer/port"))")
    }

    private func setTime(_ folder: TemporaryFolder, _ name: String, _ time: String) throws {
        let touch = ChildProcess(
            arguments: ["/usr/bin/touch", "-d", time, "\(folder.path / name)"],
            directory: folder.path, environment: [:])
        #expect(try touch.run().succeeded)
    }

    private func kind(_ body: () throws -> Void) -> StoreError.Kind? {
        #expect(throws: StoreError.self) { try body() }?.kind
    }

    private func litter(_ folder: TemporaryFolder, _ name: String) throws -> [String] {
        try LocalDisk().entries(of: folder.path / name)
            .map { String(decoding: $0.name, as: UTF8.self) }
            .filter { $0.hasPrefix(temporaryNamePrefix) }
    }

    @Test func `a file is imported, and taken again only when it has changed`() throws {
        let folder = try TemporaryFolder()
        let a = try makeWorkspace(folder, "a")
        let (server, url) = try serve(folder)
        defer { _ = server }
        try folder.write("x,y\n1,2\n", to: "web/t.csv")
        try setTime(folder, "web/t.csv", "2026-01-01T00:00:00Z")
        let source = ImportSource(place: url + "/t.csv?secret=1")
        let t = try path("data/t.csv")
        let first = try importContent(source, to: t, in: a, from: folder.path)
        #expect(first.added?.pointer.shape?.rows == 1)
        let text = try folder.read("a/data/t.csv.mlstore")
        #expect(text.contains("source:") && text.contains("version: 2"))
        #expect(!text.contains("secret"))
        #expect(try a.pointer(of: t)?.source?.content == first.added?.pointer.content)

        // The query was not kept.
        #expect(kind { _ = try update(t, in: a) } == .badUsage)
        let options = UpdateOptions(url: url + "/t.csv?secret=1")
        #expect(try update(t, in: a, options: options).added == nil)
        try folder.write("x,y\n1,2\n3,4\n", to: "web/t.csv")
        try setTime(folder, "web/t.csv", "2026-02-02T00:00:00Z")
        #expect(try update(t, in: a, options: options).added?.pointer.shape?.rows == 2)
        #expect(try folder.read("a/data/t.csv") == "x,y\n1,2\n3,4\n")
        let elsewhere = UpdateOptions(url: url + "/other.csv?secret=1")
        #expect(kind { _ = try update(t, in: a, options: elsewhere) } == .badUsage)
        #expect(try litter(folder, "a/data") == [])
    }

    @Test func `what was changed here is not replaced, but by force, and then can be had again`()
        throws
    {
        let folder = try TemporaryFolder()
        let a = try makeWorkspace(folder, "a")
        let (server, url) = try serve(folder)
        defer { _ = server }
        try folder.write("theirs\n", to: "web/t.txt")
        try setTime(folder, "web/t.txt", "2026-01-01T00:00:00Z")
        let t = try path("t.txt")
        let source = ImportSource(place: url + "/t.txt")
        _ = try importContent(source, to: t, in: a, from: folder.path)
        #expect(
            kind { _ = try importContent(source, to: t, in: a, from: folder.path) }
                == .alreadyExists)
        try folder.write("theirs, newer\n", to: "web/t.txt")
        try setTime(folder, "web/t.txt", "2026-02-02T00:00:00Z")
        for isAdded in [false, true] {
            try folder.write("mine\n", to: "a/t.txt")
            if isAdded { _ = try add([t], in: a) }
            #expect(kind { _ = try update(t, in: a) } == .unsavedChanges)
            #expect(try folder.read("a/t.txt") == "mine\n")
        }
        // Adding kept the source.
        #expect(try a.pointer(of: t)?.source != nil)
        try folder.write("mine, unsaved\n", to: "a/t.txt")
        _ = try update(t, in: a, options: UpdateOptions(force: true))
        #expect(try folder.read("a/t.txt") == "theirs, newer\n")
        _ = try undo(in: a)
        _ = try checkout([t], in: a)
        #expect(try folder.read("a/t.txt") == "mine, unsaved\n")
        // Also where the source is as it was.
        _ = try update(t, in: a, options: UpdateOptions(force: true))
        try folder.write("mine again\n", to: "a/t.txt")
        #expect(try update(t, in: a, options: UpdateOptions(force: true)).added != nil)
        #expect(try folder.read("a/t.txt") == "theirs, newer\n")
    }

    @Test func `what cannot be added is not brought, and a failure leaves no folder`() throws {
        let folder = try TemporaryFolder()
        let a = try makeWorkspace(folder, "a")
        let (server, url) = try serve(folder)
        defer { _ = server }
        try folder.write("theirs\n", to: "web/t.txt")
        try folder.write("mine\n", to: "a/d/x.txt")
        _ = try add([try path("d")], in: a)
        let source = ImportSource(place: url + "/t.txt")
        let inside = try path("d/t.txt")
        #expect(
            kind { _ = try importContent(source, to: inside, in: a, from: a.root) } == .badUsage)
        #expect(try !folder.has("a/d/t.txt"))
        let gone = ImportSource(place: url + "/no.txt")
        let deep = try path("new/deep/t.txt")
        #expect(kind { _ = try importContent(gone, to: deep, in: a, from: a.root) } == .notFound)
        #expect(try !folder.has("a/new"))
        #expect(try importContent(source, to: deep, in: a, from: a.root).added != nil)
        #expect(try folder.read("a/new/deep/t.txt") == "theirs\n")
    }

    @Test func `a file that is gone, a server that is gone and a broken pointer change nothing`()
        throws
    {
        let folder = try TemporaryFolder()
        let a = try makeWorkspace(folder, "a")
        var (server, url): (PeerProcess?, String) = try serve(folder)
        try folder.write("one\n", to: "web/t.txt")
        let t = try path("t.txt")
        let gone = ImportSource(place: url + "/no.txt")
        #expect(kind { _ = try importContent(gone, to: t, in: a, from: folder.path) } == .notFound)
        #expect(try !folder.has("a/t.txt") && !folder.has("a/t.txt.mlstore"))
        let source = ImportSource(place: url + "/t.txt")
        _ = try importContent(source, to: t, in: a, from: folder.path)
        let pointer = try folder.read("a/t.txt.mlstore")
        try LocalDisk().removeTree(folder.path / "web/t.txt")
        #expect(kind { _ = try update(t, in: a) } == .notFound)
        server = nil
        _ = server
        #expect(kind { _ = try update(t, in: a) } == .remoteUnreachable)
        #expect(try folder.read("a/t.txt") == "one\n" && folder.read("a/t.txt.mlstore") == pointer)
        #expect(try litter(folder, "a") == [])
        try folder.write(pointer + "more: 1\n", to: "a/t.txt.mlstore")
        #expect(kind { _ = try update(t, in: a) } == .malformed)
        #expect(kind { _ = try update(try path("other"), in: a) } == .badUsage)
        for bad in ["http://ada:secret@127.0.0.1/x", "gopher://x/y", "t.txt"] {
            let error = #expect(throws: StoreError.self) {
                _ = try importContent(
                    ImportSource(place: bad), to: try path("x"), in: a, from: folder.path)
            }
            #expect(error?.kind == .badUsage && error?.message.contains("secret") == false)
        }
    }

    @Test func `a path of a repository on a git server follows a branch or a tag`() throws {
        let folder = try TemporaryFolder()
        func shell(_ script: String) throws {
            var environment = Environment.variables
            environment["HOME"] = "\(folder.path)"
            environment["GIT_CONFIG_NOSYSTEM"] = "1"
            let outcome = try ChildProcess(
                arguments: ["/bin/sh", "-ec", script], directory: folder.path,
                environment: environment, standardOutput: .discard
            ).run()
            #expect(outcome.succeeded, "\(script)")
        }
        let name = "-c user.name=A -c user.email=a@b"
        try shell("mkdir a && cd a && git init -q -b main . && git init -q --bare ../a.git")
        let a = try Workspace.create(at: folder.path / "a", on: machine).workspace
        let url = RemoteURL(directory: folder.path / "remote").description
        try a.save(try a.config().setting("remote.origin.url", to: url))
        func publish(_ text: String) throws {
            try folder.write(text, to: "a/d/x.txt")
            _ = try add([try path("d")], in: a)
            _ = try push(of: a)
            try shell(
                "cd a && git add . && git \(name) commit -qm x && git push -q ../a.git main")
        }
        try publish("one\n")
        try shell("cd a && git \(name) tag -am v1 v1 && git push -q ../a.git v1")
        let b = try makeWorkspace(folder, "b")
        let place = "git+file://\(folder.path)/a.git"
        let main = ImportSource(place: place, path: try path("d"), revision: "main")
        let tag = ImportSource(place: place, path: try path("d/x.txt"), revision: "v1")
        _ = try importContent(main, to: try path("main"), in: b, from: b.root)
        _ = try importContent(tag, to: try path("tag.txt"), in: b, from: b.root)
        #expect(try update(try path("main"), in: b).added == nil)
        try publish("two\n")
        #expect(try update(try path("main"), in: b).added != nil)
        #expect(try update(try path("tag.txt"), in: b).added == nil)
        #expect(try folder.read("b/main/x.txt") == "two\n")
        #expect(try folder.read("b/tag.txt") == "one\n")
        // From now on it follows the branch.
        let moved = UpdateOptions(revision: "main")
        #expect(try update(try path("tag.txt"), in: b, options: moved).added != nil)
        #expect(try update(try path("tag.txt"), in: b).added == nil)
        #expect(try folder.read("b/tag.txt") == "two\n")

        var unknown = main
        unknown.revision = "no-such"
        let target = try path("other")
        #expect(
            kind { _ = try importContent(unknown, to: target, in: b, from: b.root) } == .notFound)
        unknown.place = "git+file://\(folder.path)/nothing.git"
        #expect(
            kind { _ = try importContent(unknown, to: target, in: b, from: b.root) }
                == .remoteUnreachable)
        for host in [
            "ada:secret@example.org/x.git", "secret@h/x.git", "h/x?token=secret", "h/x#secret",
        ] {
            unknown.place = "git+https://" + host
            let error = #expect(throws: StoreError.self) {
                _ = try importContent(unknown, to: target, in: b, from: b.root)
            }
            #expect(error?.kind == .badUsage && error?.message.contains("secret") == false)
        }
        #expect(try litter(folder, "b") == [] && !folder.has("b/other"))
    }

    @Test func `a folder of a remote follows its snapshots`() throws {
        let folder = try TemporaryFolder()
        let a = try makeWorkspace(folder, "a")
        let b = try makeWorkspace(folder, "b")
        let url = RemoteURL(directory: folder.path / "remote").description
        try a.save(try a.config().setting("remote.origin.url", to: url))
        func publish(_ text: String) throws {
            try folder.write(text, to: "a/d/x.txt")
            _ = try add([try path("d")], in: a)
            var options = CommitOptions()
            options.author = "Ada <ada@example.org>"
            _ = try commitSnapshot(in: a, options: options)
            _ = try push(of: a)
        }
        try publish("one\n")
        let target = try path("theirs")
        let source = ImportSource(place: "../remote", path: try path("d"))
        let first = try importContent(source, to: target, in: b, from: b.root)
        #expect(first.added?.pointer.files == 1)
        #expect(try update(target, in: b).added == nil)
        try publish("two\n")
        #expect(try update(target, in: b).added != nil)
        #expect(try folder.read("b/theirs/x.txt") == "two\n")
        #expect(try importedPaths(nil, in: b) == [target])
        try folder.write("mine\n", to: "b/theirs/mine.txt")
        try publish("three\n")
        #expect(kind { _ = try update(target, in: b) } == .unsavedChanges)
        #expect(try folder.read("b/theirs/mine.txt") == "mine\n")
        #expect(try litter(folder, "b") == [])
    }
}
