import Bytes
import Objects
import Platform
import Remotes
import TestSupport
import Testing
import TransferSupport
import Vocabulary
import Workspaces

@testable import Transfer

@Suite struct CatTests {
    private let machine = Machine(
        disk: LocalDisk(), clock: .forTests, entropy: .seeded(7), threads: 2, bootID: nil)

    private func makeWorkspace(_ folder: TemporaryFolder) throws -> Workspace {
        try LocalDisk().makeDirectories(folder.path / "a")
        let workspace = try Workspace.create(at: folder.path / "a", on: machine).workspace
        let url = RemoteURL(directory: folder.path / "remote").description
        try workspace.save(try workspace.config().setting("remote.origin.url", to: url))
        return workspace
    }

    private func path(_ text: String) throws -> RepoPath { try RepoPath(text) }

    private func commit(_ workspace: Workspace) throws -> SnapshotID {
        var options = CommitOptions()
        options.author = "Ada <ada@example.org>"
        return try commitSnapshot(in: workspace, options: options).id
    }

    /// What `cat` hands out.
    private func text(
        _ name: String, _ workspace: Workspace, at source: TrackingSource = .workTree,
        from place: CatPlace = .store, range: String? = nil
    ) throws -> String {
        var bytes: [UInt8] = []
        let options = CatOptions(range: try range.map { try ByteRange($0) })
        let report = try cat(
            try path(name), at: source, in: workspace, from: place, options: options
        ) { bytes += $0 }
        #expect(report.range.count == bytes.count)
        return String(decoding: bytes, as: UTF8.self)
    }

    private func kind(_ body: () throws -> Void) -> StoreError.Kind? {
        #expect(throws: StoreError.self) { try body() }?.kind
    }

    @Test func `any version of a file, and of a file in a folder, is printed`() throws {
        let folder = try TemporaryFolder()
        let a = try makeWorkspace(folder)
        try folder.write("one\n", to: "a/t.txt")
        try folder.write("deep\n", to: "a/d/x/y.txt")
        _ = try add([try path("t.txt"), try path("d")], in: a)
        let first = try commit(a)
        try folder.write("two\n", to: "a/t.txt")
        _ = try add([try path("t.txt")], in: a)
        try folder.write("unsaved\n", to: "a/t.txt")
        #expect(try text("t.txt", a) == "two\n")
        #expect(try text("t.txt", a, at: .snapshot(first)) == "one\n")
        #expect(try text("d/x/y.txt", a) == "deep\n")
        #expect(try text("d/x/y.txt", a, range: "1-2") == "ee")
        #expect(try folder.read("a/t.txt") == "unsaved\n")
        #expect(kind { _ = try text("d", a) } == .badUsage)
        #expect(kind { _ = try text("d/x", a) } == .badUsage)
        #expect(kind { _ = try text("d/no", a) } == .notFound)
        #expect(kind { _ = try text("t.txt/no", a) } == .notFound)
        #expect(kind { _ = try text("no", a) } == .notFound)
        #expect(kind { _ = try text("t.txt", a, range: "4-9") } == .badUsage)
    }

    @Test
    func `what is not here is an error that names pull, and comes from the remote when asked`()
        throws
    {
        let folder = try TemporaryFolder()
        let a = try makeWorkspace(folder)
        var random = SmallRandom(seed: 3)
        let bytes = random.bytes(3_000_000)
        try folder.write(bytes, to: "a/big.bin")
        _ = try add([try path("big.bin")], in: a)
        _ = try commit(a)
        _ = try push(of: a)
        try LocalDisk().removeTree(a.root / ".mlstore/store")
        let emptied = try Workspace.open(from: a.root, on: machine)
        let missing = #expect(throws: StoreError.self) { try text("big.bin", emptied) }
        #expect(missing?.kind == .notInStore)
        #expect(missing?.advice?.contains("mlstore pull") == true)

        let origin = try #require(RemoteName("origin"))
        var found: [UInt8] = []
        let whole = try cat(
            try path("big.bin"), at: .workTree, in: emptied, from: .remote(origin)
        ) { found += $0 }
        #expect(found == bytes && whole.receivedBytes >= bytes.count)
        found = []
        let part = try cat(
            try path("big.bin"), at: nil, from: "\(folder.path)/remote", in: folder.path,
            on: machine, options: CatOptions(range: try ByteRange("1000000-1000099"))
        ) { found += $0 }
        #expect(found == Array(bytes[1_000_000..<1_000_100]))
        #expect(part.receivedBytes < bytes.count / 4 && part.requests < 12)
        let described = try cat(
            try path("big.bin"), at: nil, from: "\(folder.path)/remote", in: folder.path,
            on: machine, options: CatOptions(onlyDescribes: true)
        ) { _ in Issue.record("no bytes were asked for") }
        #expect(described.sizeBytes == bytes.count && described.content == whole.content)
        #expect(try !emptied.store().contains(whole.content), "nothing is fetched into the store")
        let unknown = kind {
            _ = try cat(
                try path("big.bin"), at: "v9", from: "\(folder.path)/remote", in: folder.path,
                on: machine
            ) { _ in }
        }
        #expect(unknown == .notFound)
    }

    @Test func `a version that builds on others is read from a remote`() throws {
        let (_, remote) = try makeRemote()
        let end = try End(1, remote)
        var random = SmallRandom(seed: 4)
        var bytes = random.bytes(400_000)
        var versions: [(blob: BlobID, bytes: [UInt8])] = []
        for number in 0..<12 {
            bytes[number * 30_000] &+= 1
            let session = try end.store.beginSession()
            versions.append((try session.putBlob(bytes, prior: versions.last?.blob).id, bytes))
            _ = try session.commit()
        }
        _ = try end.pushAll(versions.map { .file($0.blob) })
        for version in versions {
            let counted = CountingRemote(remote)
            let objects = try RemoteObjects(reading: try End(2, remote).through(counted))
            let key = try #require(objects.key(of: version.blob))
            let before = counted.requestCount
            var found: [UInt8] = []
            try BlobParts(reading: objects.read).forEachPiece(
                of: key, sizeBytes: bytes.count, in: 0..<bytes.count
            ) { found += $0 }
            #expect(found == version.bytes)
            #expect(counted.requestCount - before < 30)
        }
    }

    @Test func `bytes of a remote that are not what they should be are refused`() throws {
        let (disk, remote) = try makeRemote()
        let end = try End(1, remote)
        var random = SmallRandom(seed: 8)
        let bytes = random.bytes(900_000)
        guard case .file(let blob) = try end.add(bytes) else { return }
        _ = try end.pushAll([.file(blob)])
        for name in try remote.list(nil).map(\.name.description) where name.hasSuffix(".pack") {
            let file = DiskPath("/remote") / name
            var content = try disk.readFile(file, maximumBytes: 1 << 24)
            content[content.count / 2] ^= 1
            try writeAtomically(content, to: file, on: disk, durable: false)
        }
        let objects = try RemoteObjects(reading: try End(2, remote).context)
        let key = try #require(objects.key(of: blob))
        let error = #expect(throws: StoreError.self) {
            try BlobParts(reading: objects.read).forEachPiece(
                of: key, sizeBytes: bytes.count, in: 0..<bytes.count
            ) { _ in }
        }
        #expect(error?.kind == .corrupt)
    }

    @Test func `a range is read as HTTP reads it`() throws {
        #expect(try ByteRange("0-0").resolved(in: 5) == 0..<1)
        #expect(try ByteRange("1-3").resolved(in: 5) == 1..<4)
        #expect(try ByteRange("3-99").resolved(in: 5) == 3..<5)
        #expect(try ByteRange("0-\(Int.max)").resolved(in: 5) == 0..<5)
        #expect(try ByteRange("2-").resolved(in: 5) == 2..<5)
        #expect(try ByteRange("-2").resolved(in: 5) == 3..<5)
        #expect(try ByteRange("-9").resolved(in: 5) == 0..<5)
        for text in ["5-6", "5-", "-0"] {
            #expect(kind { _ = try ByteRange(text).resolved(in: 5) } == .badUsage)
        }
        #expect(kind { _ = try ByteRange("-1").resolved(in: 0) } == .badUsage)
        for text in ["", "-", "3", "3-2", "a-b", "1-2-3", "0x1-2", "+1-2", "1-9999999999999999999"]
        {
            #expect(kind { _ = try ByteRange(text) } == .badUsage)
        }
    }
}
