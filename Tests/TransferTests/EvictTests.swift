import Bytes
import Objects
import Platform
import Remotes
import TestSupport
import Testing
import TransferSupport
import Vocabulary

@testable import Transfer

/// Freeing here what a remote holds. The evicted contents are named all the while, as by pointers.
@Suite struct EvictTests {
    private let clock = WallClock.stepping()

    private func makeEnd(_ seed: UInt64, _ remote: any Remote) throws -> End {
        var end = try End(seed, remote)
        end.context.clock = clock
        return end
    }

    private func random(_ seed: UInt64, _ count: Int = 3000) -> [UInt8] {
        var random = SmallRandom(seed: seed)
        return random.bytes(count)
    }

    /// Everything that refs or `named` lead to.
    private func roots(_ end: End, _ named: [ContentID]) -> CollectionRoots {
        CollectionRoots(
            all: {
                try end.store.refresh()
                return named.map {
                    LiveRoot(.mention($0.digest), group: "work tree", reason: "a pointer")
                }
                    + (try end.store.refs(under: "")).map { name, id in
                        LiveRoot(.record(id), .everything, group: "refs", reason: "\(name)")
                    }
            }, ofCommit: { _ in [] })
    }

    @discardableResult
    private func evict(
        _ contents: [ContentID], of end: End, keeping others: [ContentID] = [],
        through remote: (any Remote)? = nil, _ options: EvictOptions = EvictOptions()
    ) throws -> (collection: CollectionReport, findings: EvictionFindings) {
        var collection = CollectionOptions()
        collection.isDryRun = options.isDryRun
        var findings = EvictionFindings()
        let release = Release(
            of: contents.map { (End.path(of: $0), $0) },
            protecting: others.map { (End.path(of: $0), $0) },
            heldBy: end.through(remote ?? end.context.remote), options: options,
            found: { findings = $0 })
        let report = try end.store.collect(
            collection, roots: roots(end, contents + others), release: release)
        return (report, findings)
    }

    private func isWhole(_ end: End) throws {
        let report = try end.store.verify(.full)
        #expect(report.isSound, "\(report.problems)")
    }

    @Test func `what is evicted is not here, and a fetch brings the same bytes`() throws {
        let (_, remote) = try makeRemote()
        let end = try makeEnd(1, remote)
        let folder = try end.addDirectory([random(1), random(2, 300_000), random(3)])
        let file = try end.add(random(4, 500_000))
        let stays = try end.addDirectory([random(2, 300_000), random(5)])
        let before = [try end.read(folder), try end.read(file)]
        _ = try end.pushAll([folder, file, stays])
        let packs = end.disk.allFiles().filter { $0.key.hasSuffix(".pack") }.values
            .reduce(0) { $0 + $1.count }

        var dry = EvictOptions()
        dry.isDryRun = true
        let sequence = try RemoteCatalog(reading: end.context).root?.sequence
        #expect(
            try evict([folder, file], of: end, keeping: [stays], dry).collection.removedPacks == 0)
        #expect(try RemoteCatalog(reading: end.context).root?.sequence == sequence)
        #expect(end.store.contains(folder) && end.store.contains(file))

        let (report, findings) = try evict([folder, file], of: end, keeping: [stays])
        #expect(Set(report.released) == [folder, file] && report.held.isEmpty)
        #expect(findings.packs > 0 && findings.readPacks == 0)
        #expect(!end.store.contains(folder) && !end.store.contains(file))
        let left = end.disk.allFiles().filter { $0.key.hasSuffix(".pack") }.values
            .reduce(0) { $0 + $1.count }
        #expect(packs - left > 500_000)
        // What another one has in common with it stays.
        #expect(try end.read(stays)["file-1000"] == random(2, 300_000))
        try isWhole(end)
        // A collection finds no more to free.
        #expect(
            try end.store.collect(roots: roots(end, [folder, file, stays])).condemnedPacks == 0)
        #expect(try end.fetchAll([folder, file]).absent.isEmpty)
        #expect(try [end.read(folder), end.read(file)] == before)
        try isWhole(end)
    }

    @Test func `a collection of the remote that nobody else stands up for keeps it`() throws {
        let (_, remote) = try makeRemote()
        let end = try makeEnd(1, remote)
        let old = try end.add(random(1, 50_000))
        let new = try end.add(random(2, 50_000))
        _ = try end.pushAll([old])
        _ = try end.pushAll([new])
        try evict([old], of: end, keeping: [new])
        let other = try makeEnd(2, remote)
        // The newest note is that of the eviction, and names what stayed too.
        _ = try Transfer.collect(
            remote: other.context,
            roots: RemoteCollectionRoots(
                here: { [] }, keepsAll: false, keepsPush: { number, _ in number < 1 }))
        #expect(try end.fetchAll([old]).absent.isEmpty)
        #expect(try end.read(old)[""] == random(1, 50_000))
        #expect(try other.fetchAll([new]).absent.isEmpty)
    }

    @Test func `a second eviction changes nothing on the remote`() throws {
        let (_, remote) = try makeRemote()
        let end = try makeEnd(1, remote)
        let file = try end.add(random(1, 50_000))
        _ = try end.pushAll([file])
        let first = try RemoteCatalog(reading: end.context).root
        // The push itself left the same note.
        try evict([file], of: end)
        #expect(try RemoteCatalog(reading: end.context).root?.state == first?.state)
        #expect(try evict([file], of: end).collection.released.isEmpty)
    }

    @Test func `a snapshot that holds it goes with it, if it is on the remote`() throws {
        let (_, remote) = try makeRemote()
        let end = try makeEnd(1, remote)
        let file = try end.add(random(1, 50_000))
        let other = try end.add(random(2, 50_000))
        _ = try end.pushAll([file])
        let session = try end.store.beginSession()
        let tree = try session.putTree([
            .file(try RepoPath("a"), BlobID(file.digest), size: 50_000),
            .file(try RepoPath("b"), BlobID(other.digest), size: 50_000),
        ])
        _ = try session.commit()
        _ = try end.snapshot(.directory(tree), "both")
        let before = end.disk.allFiles()
        let failure = try #require(throws: StoreError.self) { try evict([file], of: end) }
        #expect(failure.kind == .notFound && failure.message.contains("what a snapshot"))
        #expect(failure.advice?.contains("mlstore push") == true)
        #expect(
            end.disk.allFiles().filter { $0.key.contains("/store/packs") }
                == before.filter { $0.key.contains("/store/packs") })
        #expect(end.store.contains(file))

        _ = try end.pushAll()
        let report = try evict([file], of: end, keeping: [other]).collection
        #expect(Set(report.released) == [file, .directory(tree)])
        #expect(!end.store.contains(.directory(tree)) && end.store.contains(other))
        try isWhole(end)
        #expect(try end.fetchAll([.directory(tree)]).absent.isEmpty)
        #expect(try end.read(.directory(tree))["a"] == random(1, 50_000))
    }

    @Test func `what another path holds stays`() throws {
        let (_, remote) = try makeRemote()
        let end = try makeEnd(1, remote)
        let file = try end.add(random(1))
        let folder = try end.addDirectory([random(1), random(2)])
        _ = try end.pushAll([file, folder])
        let report = try evict([file], of: end, keeping: [folder]).collection
        #expect(report.held == [file] && report.released.isEmpty && report.condemnedPacks == 0)
        #expect(try end.read(folder).count == 3)
        #expect(end.store.contains(file))
    }

    @Test func `a version that builds on what is evicted keeps its bases`() throws {
        let (_, remote) = try makeRemote()
        let end = try makeEnd(1, remote)
        let table = (0..<4000).map { "\($0),\($0 * 7919 % 10_007),some text\n" }
        let old = Array(table.joined().utf8)
        let new = Array((table[..<2000] + ["new\n"] + table[2000...]).joined().utf8)
        let first = try end.add(old)
        let session = try end.store.beginSession()
        let receipt = try session.putBlob(new, prior: BlobID(first.digest))
        _ = try session.commit()
        let second = ContentID.file(receipt.id)
        _ = try end.pushAll([first, second])
        try evict([first], of: end, keeping: [second])
        #expect(try end.read(second)[""] == new)
        try isWhole(end)
    }

    // MARK: - No proof

    @Test func `what was never pushed is not freed`() throws {
        let (_, remote) = try makeRemote()
        let end = try makeEnd(1, remote)
        let file = try end.add(random(1))
        _ = try end.pushAll([try end.add(random(2))])
        let failure = try #require(throws: StoreError.self) { try evict([file], of: end) }
        #expect(failure.kind == .notFound && failure.safety == "nothing was freed")
        #expect(try end.read(file)[""] == random(1))
    }

    @Test func `a pack that is gone, cut or another one is found before anything is freed`() throws
    {
        for damage in 0..<3 {
            let (disk, remote) = try makeRemote()
            let end = try makeEnd(1, remote)
            let file = try end.add(random(1, 20_000))
            _ = try end.pushAll([file])
            let pack = try #require(
                disk.allFiles().filter { $0.key.hasSuffix(".pack") }
                    .max { $0.value.count < $1.value.count })
            let path = DiskPath(pack.key)
            try disk.removeFile(path)
            var bytes = pack.value
            if damage == 1 { bytes.removeLast() }
            if damage == 2 { bytes[100] ^= 1 }
            if damage > 0 { try writeAtomically(bytes, to: path, on: disk, durable: true) }
            var options = EvictOptions()
            options.readsPacks = damage == 2
            let failure = try #require(throws: StoreError.self) {
                try evict([file], of: end, options)
            }
            #expect(failure.kind == .corrupt, "\(damage): \(failure.message)")
            #expect(failure.advice?.contains("fsck --remote") == true)
            #expect(try end.read(file)[""] == random(1, 20_000))
        }
    }

    @Test func `a digest that the remote keeps is compared`() throws {
        let (_, remote) = try makeRemote()
        let end = try makeEnd(1, remote)
        let file = try end.add(random(1))
        _ = try end.pushAll([file])
        let failure = try #require(throws: StoreError.self) {
            try evict([file], of: end, through: DigestingRemote(remote, isRight: false))
        }
        #expect(failure.kind == .corrupt)
        let found = try evict([file], of: end, through: DigestingRemote(remote, isRight: true))
        #expect(found.findings.comparedPacks == found.findings.packs)
    }

    /// The recipe of a blob says which chunks make it, under the blob's own id.
    @Test func `a blob that is cut into other chunks there is not freed`() throws {
        let (_, remote) = try makeRemote()
        let end = try makeEnd(1, remote)
        let other = try makeEnd(2, remote)
        let bytes = random(1, 400_000)
        let file = try end.add(bytes)
        let odd = try addCut(bytes, at: 150_000, to: other)
        #expect(odd == file)
        _ = try other.pushAll([odd])
        let failure = try #require(throws: StoreError.self) { try evict([file], of: end) }
        #expect(failure.kind == .notFound)
        // Nor does a collection from here go by the recipe here.
        _ = try Transfer.collect(
            remote: end.context,
            roots: RemoteCollectionRoots(
                here: {
                    [LiveRoot(.content(file), group: "work tree", reason: "a pointer")]
                }, keepsAll: false, keepsPush: { _, _ in false }))
        var options = RemoteVerifyOptions()
        options.level = .full
        #expect(try verify(remote: end.context, options).isSound)
        let third = try makeEnd(3, remote)
        #expect(try third.fetchAll([file]).absent.isEmpty)
        #expect(try third.read(file)[""] == bytes)
    }

    /// Stores a file as two chunks that are cut there.
    private func addCut(_ bytes: [UInt8], at cut: Int, to end: End) throws -> ContentID {
        let session = try end.store.beginSession()
        var recipe = ByteWriter(capacity: 200)
        let blob = sha256(bytes)
        recipe.append(blob)
        recipe.append(uint64: UInt64(bytes.count))
        recipe.append(uint8: 0)
        recipe.append(uint32: 2)
        for part in [Array(bytes[..<cut]), Array(bytes[cut...])] {
            try session.putObject(.chunk, sha256(part), part)
            recipe.append(sha256(part))
            recipe.append(uint32: UInt32(part.count))
        }
        try session.putObject(.recipe, blob, recipe.bytes)
        _ = try session.commit()
        return .file(BlobID(blob))
    }

    // MARK: - Faults

    @Test func `any request that fails leaves everything here or there`() throws {
        for moment in [FaultyRemote.Moment.before, .after] {
            for number in 1... {
                let (_, remote) = try makeRemote()
                let end = try makeEnd(1, remote)
                let file = try end.add(random(1, 20_000))
                _ = try end.pushAll([try end.add(random(2))])
                _ = try end.pushAll([file])
                _ = try end.pushAll([try end.add(random(3))])
                let faulty = FaultyRemote(remote)
                faulty.failRequest(number, moment)
                var isDone = true
                do { try evict([file], of: end, through: faulty) } catch is StoreError {
                    isDone = false
                }
                if faulty.requestCount < number { return #expect(number > 5) }
                if isDone { #expect(!end.store.contains(file)) }
                try isWhole(end)
                #expect(try end.fetchAll([file]).absent.isEmpty)
                #expect(try end.read(file)[""] == random(1, 20_000))
            }
        }
    }

    @Test func `a collection of the remote that comes in between is waited for`() throws {
        let (_, remote) = try makeRemote()
        let end = try makeEnd(1, remote)
        let other = try makeEnd(2, remote)
        let file = try end.add(random(1, 20_000))
        _ = try end.pushAll([file])
        _ = try end.pushAll([try end.add(random(2))])
        let between = FaultyRemote(remote)
        // It takes away what the last push does not name.
        between.beforeNextSwap {
            _ = try Transfer.collect(
                remote: other.context,
                roots: RemoteCollectionRoots(
                    here: { [] }, keepsAll: false, keepsPush: { number, _ in number < 1 }))
        }
        let failure = try #require(throws: StoreError.self) {
            try evict([file], of: end, through: between)
        }
        #expect(failure.kind == .notFound, "\(failure.message)")
        #expect(try end.read(file)[""] == random(1, 20_000))
        _ = try end.pushAll([file])
        try evict([file], of: end)
        #expect(try end.fetchAll([file]).absent.isEmpty)
    }

    @Test func `a power cut anywhere leaves everything here or there`() throws {
        let (_, remote) = try makeRemote()
        let end = try makeEnd(1, remote)
        let file = try end.add(random(1, 20_000))
        let stays = try end.addDirectory([random(2), random(3)])
        _ = try end.pushAll([file, stays])
        let start = end.disk
        func run(_ disk: SimulatedDisk) throws {
            let end = try End(reopening: disk, 5, remote, threads: 1)
            try evict([file], of: end, keeping: [stays])
        }
        let undisturbed = start.copy()
        let first = undisturbed.operationCount
        try run(undisturbed)
        let operations = undisturbed.operationCount - first
        for operation in 0..<operations {
            let disk = start.copy()
            disk.cutPower(afterOperation: disk.operationCount + operation, seed: UInt64(operation))
            do { try run(disk) } catch is SimulatedPowerCut {}
            let survivor = try End(reopening: disk.reopened(), 6, remote)
            try isWhole(survivor)
            #expect(try survivor.read(stays).count == 3, "cut after operation \(operation)")
            #expect(try survivor.fetchAll([file]).absent.isEmpty)
            #expect(try survivor.read(file)[""] == random(1, 20_000))
            try isWhole(survivor)
        }
        print("power cuts tried in an eviction: \(operations)")
    }
}

/// Says that it keeps digests of files.
private struct DigestingRemote: Remote {
    let inner: any Remote
    let isRight: Bool

    init(_ inner: any Remote, isRight: Bool) {
        self.inner = inner
        self.isRight = isRight
    }

    var description: String { inner.description }

    func read(_ name: RemoteFileName, maximumBytes: Int) throws -> [UInt8] {
        try inner.read(name, maximumBytes: maximumBytes)
    }

    func read(_ name: RemoteFileName, range: Range<Int>) throws -> [UInt8] {
        try inner.read(name, range: range)
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

    func storedDigest(_ name: RemoteFileName) throws -> Digest? {
        guard let size = try inner.size(name) else { return nil }
        return isRight
            ? sha256(try inner.read(name, maximumBytes: size)) : sha256([1])
    }
}
