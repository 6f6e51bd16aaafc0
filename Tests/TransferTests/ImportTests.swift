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

    /// A workspace `a` in a git repository with a remote, and a bare clone that serves it.
    private struct GitProject {
        let folder: TemporaryFolder
        let workspace: Workspace
        /// The URL of the bare clone.
        var place: String { "git+file://\(folder.path)/a.git" }

        init(in folder: TemporaryFolder, on machine: Machine) throws {
            self.folder = folder
            try LocalDisk().makeDirectories(folder.path / "a")
            workspace = try Workspace.create(at: folder.path / "a", on: machine).workspace
            try shell("cd a && git init -q -b main . && git init -q --bare ../a.git")
            let url = RemoteURL(directory: folder.path / "remote").description
            try workspace.save(try workspace.config().setting("remote.origin.url", to: url))
        }

        func shell(_ script: String) throws {
            var environment = Environment.variables
            environment["HOME"] = "\(folder.path)"
            environment["GIT_CONFIG_NOSYSTEM"] = "1"
            for role in ["AUTHOR", "COMMITTER"] {
                environment["GIT_\(role)_NAME"] = "A"
                environment["GIT_\(role)_EMAIL"] = "a@b"
            }
            let outcome = try ChildProcess(
                arguments: ["/bin/sh", "-ec", script], directory: folder.path,
                environment: environment, standardOutput: .discard
            ).run()
            #expect(outcome.succeeded, "\(script)")
        }

        func publish(_ text: String) throws {
            try folder.write(text, to: "a/d/x.txt")
            // Opened anew: git is there only now.
            let a = try Workspace.open(from: folder.path / "a", on: workspace.machine)
            _ = try add([try RepoPath("d")], in: a)
            _ = try push(of: a)
            try shell("cd a && git add . && git commit -qm x && git push -q ../a.git main")
        }
    }

    @Test func `a path of a repository on a git server follows a branch or a tag`() throws {
        let folder = try TemporaryFolder()
        let project = try GitProject(in: folder, on: machine)
        try project.publish("one\n")
        try project.shell("cd a && git tag -am v1 v1 && git push -q ../a.git v1")
        let b = try makeWorkspace(folder, "b")
        let place = project.place
        let main = ImportSource(place: place, path: try path("d"), revision: "main")
        let tag = ImportSource(place: place, path: try path("d/x.txt"), revision: "v1")
        _ = try importContent(main, to: try path("main"), in: b, from: b.root)
        _ = try importContent(tag, to: try path("tag.txt"), in: b, from: b.root)
        #expect(try update(try path("main"), in: b).added == nil)
        try project.publish("two\n")
        #expect(try update(try path("main"), in: b).added != nil)
        #expect(try update(try path("tag.txt"), in: b).added == nil)
        #expect(try folder.read("b/main/x.txt") == "two\n")
        #expect(try folder.read("b/tag.txt") == "one\n")
        // From now on it follows the branch.
        let moved = UpdateOptions(revision: "main")
        #expect(try update(try path("tag.txt"), in: b, options: moved).added != nil)
        #expect(try update(try path("tag.txt"), in: b).added == nil)
        #expect(try folder.read("b/tag.txt") == "two\n")

        // Also where that is the same commit today.
        let commit = try #require(
            b.pointer(of: try path("tag.txt"))?.source.flatMap { source -> String? in
                guard case .repository(let place) = source.place else { return nil }
                return place.version
            })
        _ = try update(try path("tag.txt"), in: b, options: UpdateOptions(revision: commit))
        guard case .repository(let kept) = try b.pointer(of: try path("tag.txt"))?.source?.place
        else { throw StoreError(.internalFault, "the pointer has lost its source") }
        #expect(kept.revision == commit && kept.version == commit)

        var unknown = main
        unknown.path = try path("no/such")
        let missing = #expect(throws: StoreError.self) {
            _ = try importContent(unknown, to: try path("other"), in: b, from: b.root)
        }
        #expect(missing?.kind == .notFound && missing?.message.contains(place) == true)
        #expect(missing?.message.contains(temporaryNamePrefix) == false)
        unknown = main
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

    @Test func `what a dead import left is removed by the next command, and not before`() throws {
        let folder = try TemporaryFolder()
        let a = try makeWorkspace(folder, "a")
        try folder.write("mine\n", to: "a/d/x.txt")
        _ = try add([try path("d")], in: a)
        let living = try a.makeImportFolder(beside: try path("new/one"))
        var dead: ImportFolder? = try a.makeImportFolder(beside: try path("e/two"))
        try LocalDisk().makeDirectories(try #require(dead?.path) / "content/deep")
        // As a process that is killed: its locks go, and nothing else.
        dead = nil
        #expect(try litter(folder, "a").count == 2)
        try LocalDisk().removeTree(folder.path / "a/d/x.txt")
        _ = try checkout(nil, in: a)
        #expect(try litter(folder, "a").count == 1)
        #expect(try LocalDisk().status(of: living.path, followingLinks: false) != nil)
        living.remove()
        #expect(try litter(folder, "a") == [])
        #expect(try LocalDisk().entries(of: folder.path / "a/.mlstore/state/imports").isEmpty)
        #expect(
            kind {
                _ = try importContent(
                    ImportSource(place: "http://127.0.0.1:1/x"), to: try path("y.mlstore"), in: a,
                    from: a.root)
            } == .badUsage)
    }

    @Test func `a URL has no revisions, and a pointer's source no secrets or escapes`() throws {
        let folder = try TemporaryFolder()
        let a = try makeWorkspace(folder, "a")
        let (server, url) = try serve(folder)
        defer { _ = server }
        try folder.write("theirs\n", to: "web/t.txt")
        let t = try path("t.txt")
        _ = try importContent(ImportSource(place: url + "/t.txt"), to: t, in: a, from: a.root)
        #expect(
            kind { _ = try update(t, in: a, options: UpdateOptions(revision: "v1")) } == .badUsage)
        let text = try folder.read("a/t.txt.mlstore")
        for (old, new) in [
            ("/t.txt", "/t.txt?key=t0ken"), ("http://", "http://ada:t0ken@"),
            ("  modified: ", "  etag: \"a\\r\\nX-Evil: t0ken\"\n  modified: "),
            ("  modified: ", "  etag: \"\\e[31mt0ken\"\n  modified: "),
        ] {
            try folder.write(
                text.replacing(old, with: new, maxReplacements: 1), to: "a/t.txt.mlstore")
            let error = #expect(throws: StoreError.self, "\(new)") { _ = try update(t, in: a) }
            #expect(
                error?.kind == .malformed && error?.message.contains("t0ken") == false,
                "\(error?.message ?? "")")
        }
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
