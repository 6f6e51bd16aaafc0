import Objects
import Platform
import Remotes
import TestSupport
import Testing
import Transfer
import Vocabulary
import Workspaces

@Suite struct WorkspaceExchangeTests {
    private func machine(_ seed: UInt64) -> Machine {
        Machine(
            disk: LocalDisk(), clock: .forTests, entropy: .seeded(seed), threads: 2, bootID: nil)
    }

    private func path(_ text: String) throws -> RepoPath { try RepoPath(text) }

    private func makeWorkspace(
        _ folder: TemporaryFolder, _ name: String, _ seed: UInt64
    ) throws -> Workspace {
        let place = folder.path / name
        try LocalDisk().makeDirectories(place)
        let workspace = try Workspace.create(at: place, on: machine(seed)).workspace
        let url = RemoteURL(directory: folder.path / "remote").description
        try workspace.save(try workspace.config().setting("remote.origin.url", to: url))
        return workspace
    }

    private func addAll(_ names: [String], _ workspace: Workspace) throws {
        _ = try add(try names.map { try path($0) }, in: workspace)
    }

    private func commit(_ message: String, _ workspace: Workspace) throws {
        var options = CommitOptions()
        options.message = message
        options.author = "Ada <ada@example.org>"
        _ = try commitSnapshot(in: workspace, options: options)
    }

    @Test func `what is missing on the remote, here or nowhere is told apart`() throws {
        let folder = try TemporaryFolder()
        let a = try makeWorkspace(folder, "a", 1)
        var random = SmallRandom(seed: 3)
        for name in ["one", "two", "d/x", "d/y"] {
            try folder.write(random.bytes(3000), to: "a/\(name)")
        }
        try addAll(["one", "d"], a)
        func places(_ workspace: Workspace) throws -> [String: RemotePathStatus.Place] {
            let found = try remoteStatus(of: workspace)
            return Dictionary(uniqueKeysWithValues: found.paths.map { ("\($0.path)", $0.place) })
        }
        #expect(try places(a) == ["one": .here, "d": .here])
        _ = try push(of: a)
        #expect(try remoteStatus(of: a).isInSync)
        #expect(try remoteStatus(of: a).requests == 1)
        try addAll(["two"], a)
        #expect(try places(a) == ["one": .both, "d": .both, "two": .here])

        // Another end that has the pointers only.
        let b = try makeWorkspace(folder, "b", 2)
        for name in ["one", "two", "d"] {
            try folder.write(folder.read("a/\(name).mlstore"), to: "b/\(name).mlstore")
        }
        #expect(try places(b) == ["one": .there, "d": .there, "two": .nowhere])
        _ = try fetch([try path("one")], into: b)
        #expect(try places(b) == ["one": .both, "d": .there, "two": .nowhere])
        let one = try remoteStatus([try path("d")], of: b).paths
        #expect(one.map(\.path.description) == ["d"] && one.map(\.missingObjects) == [1])
        #expect(throws: StoreError.self) { try remoteStatus([try path("none")], of: b) }
    }

    @Test func `without git, a pull brings the head of the history into an empty workspace`() throws
    {
        let folder = try TemporaryFolder()
        let a = try makeWorkspace(folder, "a", 1)
        try folder.write("one,two\n1,2\n", to: "a/data/table.csv")
        try folder.write("x", to: "a/images/deep/x.bin")
        try addAll(["data/table.csv", "images"], a)
        try commit("first", a)
        #expect(try push(of: a).absent.isEmpty)

        let b = try makeWorkspace(folder, "b", 2)
        let first = try pull(into: b)
        #expect(first.snapshot != nil)
        #expect(try folder.read("b/data/table.csv") == "one,two\n1,2\n")
        #expect(try folder.read("b/images/deep/x.bin") == "x")
        #expect(try folder.has("b/data/table.csv.mlstore"))

        // A change goes the other way.
        try folder.write("one,two\n3,4\n", to: "b/data/table.csv")
        try addAll(["data/table.csv"], b)
        try commit("second", b)
        _ = try push(of: b)
        #expect(try pull(into: a).snapshot != nil)
        #expect(try folder.read("a/data/table.csv") == "one,two\n3,4\n")
        #expect(try pull(into: a).snapshot == nil)
    }

    @Test func `large files are made while they arrive, with their permissions`() throws {
        let folder = try TemporaryFolder()
        let a = try makeWorkspace(folder, "a", 1)
        var random = SmallRandom(seed: 9)
        let noise = random.bytes(3 << 20)
        let text = Array((0..<200_000).map { "line \($0)\n" }.joined().utf8)
        for (name, bytes) in [
            ("noise.bin", noise), ("again/noise.bin", noise), ("text.txt", text),
            ("run.sh", text + noise), ("zeros.bin", noise + [UInt8](repeating: 0, count: 2 << 20)),
        ] {
            try folder.write(bytes, to: "a/d/\(name)")
        }
        try a.disk.setPermissions(folder.path / "a/d/run.sh", 0o755)
        try addAll(["d"], a)
        _ = try push(of: a)
        let b = try makeWorkspace(folder, "b", 2)
        try folder.write(folder.read("a/d.mlstore"), to: "b/d.mlstore")
        #expect(try pull(into: b).workTree.filesWritten == 5)
        func bytes(_ file: DiskPath) throws -> [UInt8] {
            try b.disk.readFile(file, maximumBytes: 1 << 24)
        }
        for name in ["noise.bin", "again/noise.bin", "text.txt", "run.sh", "zeros.bin"] {
            let (here, there) = ("b/d/\(name)", "a/d/\(name)")
            #expect(try bytes(folder.path / here) == bytes(folder.path / there))
            let status = try b.disk.status(of: folder.path / here, followingLinks: false)
            let isExecutable = (status?.permissions ?? 0) & 0o111 != 0
            #expect(isExecutable == (name == "run.sh"))
        }
        #expect(try Workspaces.status(in: b).isClean)
        // Nothing is left of the files on their way.
        let sessions = try b.disk.entries(of: folder.path / "b/.mlstore/store/sessions")
        #expect(sessions.allSatisfy { $0.kind != .directory })
    }

    @Test func `unsaved work is not overwritten by a pull`() throws {
        let folder = try TemporaryFolder()
        let a = try makeWorkspace(folder, "a", 1)
        try folder.write("1\n", to: "a/t.txt")
        try addAll(["t.txt"], a)
        _ = try push(of: a)
        try folder.write("unsaved\n", to: "a/t.txt")
        let error = #expect(throws: StoreError.self) { try pull(into: a) }
        #expect(error?.kind == .unsavedChanges)
        #expect(try folder.read("a/t.txt") == "unsaved\n")
    }

    @Test func `what the remote lacks is told and the rest is brought`() throws {
        let folder = try TemporaryFolder()
        let a = try makeWorkspace(folder, "a", 1)
        try folder.write("1\n", to: "a/one.txt")
        try folder.write("2\n", to: "a/two.txt")
        try addAll(["one.txt"], a)
        _ = try push(of: a)
        try addAll(["two.txt"], a)
        let b = try makeWorkspace(folder, "b", 2)
        for name in ["one.txt.mlstore", "two.txt.mlstore"] {
            try folder.write(try folder.read("a/" + name), to: "b/" + name)
        }
        let report = try pull(into: b)
        #expect(report.fetched.absent == ["two.txt"])
        #expect(try folder.read("b/one.txt") == "1\n" && !folder.has("b/two.txt"))
        // Selecting a path limits the pull to it.
        _ = try push([try path("two.txt")], of: a)
        #expect(try pull([try path("two.txt")], into: b).fetched.absent.isEmpty)
        #expect(try folder.read("b/two.txt") == "2\n")
        let unknown = #expect(throws: StoreError.self) { try pull([try path("no")], into: b) }
        #expect(unknown?.kind == .notFound)
    }

    @Test func `the remote is chosen by name, by the name origin, or because it is the only one`()
        throws
    {
        let folder = try TemporaryFolder()
        let a = try makeWorkspace(folder, "a", 1)
        #expect(try a.remote(named: nil).name.description == "origin")
        let missing = #expect(throws: StoreError.self) { try a.remote(named: "other") }
        #expect(missing?.kind == .notFound && missing?.advice == "there is: origin")
        let bare = try Workspace.create(at: folder.path / "bare", on: machine(3)).workspace
        let none = #expect(throws: StoreError.self) { try bare.remote(named: nil) }
        #expect(none?.advice?.contains("mlstore remote add") == true)
        var config = try bare.config().setting("remote.x.url", to: "file:///x")
        try bare.save(config)
        #expect(try bare.remote(named: nil).name.description == "x")
        config = try config.setting("remote.y.url", to: "../y")
        try bare.save(config)
        let several = #expect(throws: StoreError.self) { try bare.remote(named: nil) }
        #expect(several?.kind == .ambiguous)
        #expect(try bare.remote(named: "y").url.path == folder.path / "y")
        let near = #expect(throws: StoreError.self) { try a.remote(named: "orign") }
        #expect(near?.advice == "did you mean 'origin'?")
    }

    @Test func `the settings may name the remote that is meant`() throws {
        let folder = try TemporaryFolder()
        let a = try makeWorkspace(folder, "a", 1)
        let config = try a.config().setting("remote.backup.url", to: "file:///x")
        try a.save(try config.setting("remote.default", to: "backup"))
        #expect(try a.remote(named: nil).name.description == "backup")
        #expect(try a.remote(named: "origin").name.description == "origin")
        try a.save(try config.setting("remote.default", to: "gone"))
        let gone = #expect(throws: StoreError.self) { try a.remote(named: nil) }
        #expect(gone?.message.contains("'gone'") == true)
    }

    @Test(arguments: ["one", "none"])
    func `nothing is evicted against a remote where another writer may win`(
        writers: String
    ) throws {
        let folder = try TemporaryFolder()
        let a = try makeWorkspace(folder, "a", 1)
        // Large enough that it pays to make a pack of what stays.
        var random = SmallRandom(seed: 4)
        try folder.write(random.bytes(600_000), to: "a/one")
        try addAll(["one"], a)
        _ = try push(of: a)
        try a.save(try a.config().setting("remote.origin.writers", to: writers))
        let error = #expect(throws: StoreError.self) { try evict(of: a) }
        #expect(error?.kind == .remoteRefused && error?.safety == "nothing was freed")
        let content = try #require(try a.tracked().paths.first?.content)
        #expect(try a.store().contains(content))
        try a.save(try a.config().setting("remote.origin.writers", to: "many"))
        #expect(try evict(of: a).paths.count == 1)
        try a.store().refresh()
        #expect(try !a.store().contains(content))
    }

    @Test func `a tree that holds a folder of git is not written`() throws {
        let folder = try TemporaryFolder()
        let a = try makeWorkspace(folder, "a", 1)
        let session = try a.store().beginSession()
        let blob = try session.putBlob(Array("[core]\n".utf8)).id
        var builder = session.treeBuilder()
        try builder.append(.file(try RepoPath("sub/.git/config"), blob, size: 7))
        let pointer = Pointer(
            kind: .dataset, content: .directory(try builder.finish()), sizeBytes: 7, files: 1)
        _ = try session.commit()
        try folder.write(pointer.text, to: "a/evil.mlstore")
        let error = #expect(throws: StoreError.self) {
            _ = try get(
                try path("evil"), from: "\(folder.path)/a", in: folder.path, on: machine(9),
                options: GetOptions(output: folder.path / "evil"))
        }
        #expect(error?.kind == .badUsage)
        #expect(try !folder.has("evil"))
    }

    @Test func `get takes files, folders and parts of them from a remote's snapshot`() throws {
        let folder = try TemporaryFolder()
        let a = try makeWorkspace(folder, "a", 1)
        try folder.write("t\n", to: "a/data/table.csv")
        try folder.write("x", to: "a/data/images/deep/x.bin")
        try folder.write("y", to: "a/data/images/y.bin")
        try folder.run("chmod", "+x", "a/data/images/y.bin")
        try folder.run("ln", "-s", "y.bin", "a/data/images/link")
        try addAll(["data/table.csv", "data/images"], a)
        try commit("first", a)
        _ = try push(of: a)
        let source = "file://\(folder.path)/remote"
        func take(_ text: String, _ name: String) throws -> GetReport {
            try get(
                try path(text), from: source, in: folder.path, on: machine(9),
                options: GetOptions(output: folder.path / name))
        }
        let file = try take("data/table.csv", "out.csv")
        #expect(try folder.read("out.csv") == "t\n" && file.files == 1 && file.receivedBytes > 0)
        #expect(try take("data/images", "images").files == 3)
        #expect(try folder.read("images/deep/x.bin") == "x" && folder.read("images/link") == "y")
        let status = try LocalDisk().status(of: folder.path / "images/y.bin", followingLinks: false)
        #expect(status?.isExecutable == true)
        _ = try take("data/images/deep/x.bin", "x.bin")
        #expect(try folder.read("x.bin") == "x")
        _ = try take("data", "all")
        #expect(try folder.read("all/images/deep/x.bin") == "x" && folder.has("all/table.csv"))
        let there = #expect(throws: StoreError.self) { try take("data", "all") }
        #expect(there?.kind == .alreadyExists)
        let missing = #expect(throws: StoreError.self) { try take("data/no", "no") }
        #expect(missing?.kind == .notFound)
        let left = try LocalDisk().entries(of: folder.path).map {
            String(decoding: $0.name, as: UTF8.self)
        }
        #expect(!left.contains { $0.hasPrefix(temporaryNamePrefix) })
    }

    @Test func `with git, pointers of a clone are pulled, and get takes any revision`() throws {
        let folder = try TemporaryFolder()
        try folder.run("git", "init", "-q", "a")
        let a = try makeWorkspace(folder, "a", 1)
        try folder.write("v1\n", to: "a/data/t.csv")
        try folder.write("f\n", to: "a/more/f.bin")
        try addAll(["data/t.csv", "more"], a)
        try folder.run("git", "add", "-A", in: "a")
        try folder.run("git", "commit", "-qm", "one", in: "a")
        _ = try push(of: a)
        try folder.write("v2\n", to: "a/data/t.csv")
        try addAll(["data/t.csv"], a)
        try folder.run("git", "commit", "-qam", "two", in: "a")
        #expect(try push(of: a).objects > 0)

        try folder.run("git", "clone", "-q", "a", "b")
        let b = try Workspace.open(from: folder.path / "b", on: machine(2))
        #expect(try pull(into: b).fetched.absent.isEmpty)
        #expect(try folder.read("b/data/t.csv") == "v2\n" && folder.read("b/more/f.bin") == "f\n")
        try folder.run("git", "checkout", "-q", "HEAD~1", in: "b")
        _ = try pull(into: b)
        #expect(try folder.read("b/data/t.csv") == "v1\n")

        func take(_ source: String, _ revision: String?, _ name: String) throws -> String {
            _ = try get(
                try path("data/t.csv"), from: source, in: folder.path, on: machine(9),
                options: GetOptions(revision: revision, output: folder.path / name))
            return try folder.read(name)
        }
        #expect(try take("a", nil, "newest") == "v2\n")
        #expect(try take("a", "HEAD~1", "older") == "v1\n")
        // A clone that never pulled has the content on its remote only.
        try folder.run("git", "clone", "-q", "a", "c")
        #expect(try take("c", nil, "from-clone") == "v2\n")
        let nowhere = #expect(throws: StoreError.self) { try take("nowhere", nil, "n") }
        #expect(nowhere?.kind == .notFound)
        try LocalDisk().makeDirectory(folder.path / "plain")
        let plain = #expect(throws: StoreError.self) { try take("plain", nil, "n") }
        #expect(plain?.kind == .notFound)
    }
}
