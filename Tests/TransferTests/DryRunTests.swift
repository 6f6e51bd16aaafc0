import Objects
import Platform
import Remotes
import Synchronization
import TestSupport
import Testing
import TransferSupport
import Vocabulary
import Workspaces

@testable import Transfer

@Suite struct DryRunTests {
    private func dry(thorough: Bool = false) -> FetchOptions {
        var options = FetchOptions(isThorough: thorough)
        options.isDryRun = true
        return options
    }

    @Test func `what a dry run says is what the fetch then does`() throws {
        let (_, remote) = try makeRemote()
        let a = try End(1, remote)
        var random = SmallRandom(seed: 21)
        let folder = try a.addDirectory((0..<9).map { _ in random.bytes(200_000) })
        let large = try a.add(random.bytes(3_000_000))
        let shared = try a.add(random.bytes(90_000))
        _ = try a.snapshot(folder, "one")
        _ = try a.pushAll([folder, large, shared])

        let b = try End(2, remote)
        _ = try b.fetchAll([shared])
        let wanted = b.selection([folder, large, shared])
        let before = b.disk.changeCount
        let said = try fetch(wanted, from: b.context, options: dry())
        #expect(b.disk.changeCount == before, "nothing is written")
        let done = try fetch(wanted, from: b.context)
        #expect(said.objects == done.objects && said.receivedBytes == done.receivedBytes)
        // Ten files and the text of a link.
        #expect(said.files == done.files && said.files == 11)
        #expect(said.packs == done.packs && said.packs > 0)
        #expect(said.requests == done.requests)
        #expect(try fetch(wanted, from: b.context, options: dry()).objects == 0)
    }

    @Test func `a dry run tells what is nowhere, and of an empty remote that it is`() throws {
        let (_, remote) = try makeRemote()
        let a = try End(1, remote)
        let gone = try a.add(Array("never pushed".utf8))
        let b = try End(2, remote)
        let empty = try fetch(b.selection([gone]), from: b.context, options: dry())
        #expect(empty.absent.count == 1 && empty.warnings.count == 1)
        _ = try a.pushAll([try a.add(Array("pushed".utf8))])
        let other = try fetch(b.selection([gone]), from: b.context, options: dry())
        #expect(other.absent.count == 1 && other.objects == 0)
    }

    @Test func `a thorough dry run finds what was lost`() throws {
        let (_, remote) = try makeRemote()
        let a = try End(1, remote)
        var random = SmallRandom(seed: 5)
        let folder = try a.addDirectory([random.bytes(200_000)])
        _ = try a.pushAll([folder])
        let b = try End(2, remote)
        let session = try b.store.beginSession()
        let node = try a.store.readObject(.treeNode, folder.digest, maximumBytes: 1 << 20)
        try session.putObject(.treeNode, folder.digest, node)
        _ = try session.commit()
        #expect(try fetch(b.selection([folder]), from: b.context, options: dry()).objects == 0)
        let found = try fetch(
            b.selection([folder]), from: b.context, options: dry(thorough: true))
        #expect(found.objects > 0 && found.files == 2)
    }

    @Test func `without git, the forecast of a pull knows the newest snapshot`() throws {
        let folder = try TemporaryFolder()
        func workspace(_ name: String, _ seed: UInt64) throws -> Workspace {
            let machine = Machine(
                disk: LocalDisk(), clock: .forTests, entropy: .seeded(seed), threads: 2, bootID: nil
            )
            try LocalDisk().makeDirectories(folder.path / name)
            let workspace = try Workspace.create(at: folder.path / name, on: machine).workspace
            let url = RemoteURL(directory: folder.path / "remote").description
            try workspace.save(try workspace.config().setting("remote.origin.url", to: url))
            return workspace
        }
        let a = try workspace("a", 1)
        try folder.write("one\n", to: "a/t.txt")
        _ = try add([try RepoPath("t.txt")], in: a)
        var commit = CommitOptions()
        commit.author = "Ada <ada@example.org>"
        _ = try commitSnapshot(in: a, options: commit)
        _ = try push(of: a)
        let b = try workspace("b", 2)
        // The file and its pointer.
        #expect(try pullForecast(into: b).files == 2)
        #expect(try !folder.has("b/t.txt") && b.store().refs().isEmpty)
        _ = try pull(into: b)
        #expect(try pullForecast(into: b).files == 0)
    }

    @Test(arguments: [1, 3]) func `as many requests as jobs are on their way, and no more`(
        jobs: Int
    ) throws {
        let (_, remote) = try makeRemote()
        let a = try End(1, remote)
        var random = SmallRandom(seed: 9)
        let file = try a.add(random.bytes(40_000_000))
        _ = try a.pushAll([file])
        let busy = BusyRemote(remote)
        let b = try End(2, remote)
        var context = b.through(busy)
        context.use(LinkOptions(jobs: jobs))
        _ = try fetch(b.selection([file]), from: context)
        #expect(busy.most <= jobs)
        #expect(try b.read(file) == a.read(file))
    }
}

/// Knows how many ranges were asked for at once.
private final class BusyRemote: Remote {
    private let inner: any Remote
    private let state = Mutex((now: 0, most: 0))

    init(_ inner: any Remote) { self.inner = inner }

    var most: Int { state.withLock { $0.most } }
    var description: String { inner.description }

    func read(_ name: RemoteFileName, range: Range<Int>) throws -> [UInt8] {
        state.withLock {
            $0.now += 1
            $0.most = max($0.most, $0.now)
        }
        defer { state.withLock { $0.now -= 1 } }
        return try inner.read(name, range: range)
    }

    func read(_ name: RemoteFileName, maximumBytes: Int) throws -> [UInt8] {
        try inner.read(name, maximumBytes: maximumBytes)
    }

    func readVersioned(
        _ name: RemoteFileName, maximumBytes: Int
    ) throws -> (bytes: [UInt8], version: RemoteVersion)? {
        try inner.readVersioned(name, maximumBytes: maximumBytes)
    }

    func put(_ name: RemoteFileName, _ content: RemoteContent) throws {
        try inner.put(name, content)
    }

    func compareAndSwap(
        _ name: RemoteFileName, expected: RemoteVersion?, new: [UInt8]
    ) throws -> Bool {
        try inner.compareAndSwap(name, expected: expected, new: new)
    }

    func list(_ prefix: RemoteFileName?) throws -> [(name: RemoteFileName, size: Int)] {
        try inner.list(prefix)
    }

    func size(_ name: RemoteFileName) throws -> Int? { try inner.size(name) }
    func remove(_ name: RemoteFileName) throws { try inner.remove(name) }
}
