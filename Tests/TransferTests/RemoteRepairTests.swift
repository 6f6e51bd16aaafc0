import Objects
import Platform
import Remotes
import TestSupport
import Testing
import TransferSupport
import Vocabulary

@testable import Transfer

/// What a repair of a remote leaves where nobody has the data any more.
@Suite struct RemoteRepairTests {
    private func random(_ seed: UInt64, _ count: Int) -> [UInt8] {
        var random = SmallRandom(seed: seed)
        return random.bytes(count)
    }

    /// A remote with a folder of three files, of one chunk and of several, that was pushed and then
    /// evicted.
    private struct Evicted {
        let disk: SimulatedDisk
        let end: End
        let folder: ContentID
        let files: [String: [UInt8]]
        let blobs: [String: BlobID]
    }

    private func evicted() throws -> Evicted {
        let (disk, remote) = try makeRemote()
        var end = try End(1, remote)
        end.context.clock = WallClock.stepping()
        let folder = try end.addDirectory([
            random(1, 300_000), random(2, 400_000), random(3, 5000),
        ])
        _ = try end.pushAll([folder])
        let files = try end.read(folder)
        var blobs: [String: BlobID] = [:]
        guard case .directory(let tree) = folder else { throw BrokenRule(description: "a folder") }
        try end.store.tree(tree).forEachEntry { blobs[$0.path.description] = $0.blob }
        try evict(folder, of: end)
        #expect(!end.store.contains(folder))
        return Evicted(disk: disk, end: end, folder: folder, files: files, blobs: blobs)
    }

    private func evict(_ content: ContentID, of end: End) throws {
        let roots = CollectionRoots(
            all: { [LiveRoot(.mention(content.digest), group: "work tree", reason: "a pointer")] },
            ofCommit: { _ in [] })
        _ = try end.store.collect(
            CollectionOptions(), roots: roots,
            release: Release(
                of: [(End.path(of: content), content)], protecting: [], heldBy: end.context))
    }

    private func index(_ end: End) throws -> RemoteIndex {
        try RemoteCatalog(reading: end.context, usingCopies: false).index
    }

    /// Changes a byte in the middle of the frame in which an object stands.
    private func damage(_ key: ObjectKey, of evicted: Evicted) throws {
        let index = try index(evicted.end)
        let place = try #require(index.place(of: key))
        let pack = index.packs[Int(place.pack)]
        let range = pack.range(ofFrame: Int(place.frame))
        let file = try evicted.disk.openFile(
            DiskPath("/remote") / pack.name().description, .readWrite)
        let position = (range.lowerBound + range.upperBound) / 2
        let byte = try file.read(at: position, count: 1)
        try file.write([byte[0] ^ 1], at: position)
    }

    /// One chunk of a file.
    private func chunk(of blob: BlobID, _ end: End) throws -> ObjectKey {
        let objects = try RemoteObjects(reading: end.context)
        let key = try #require(objects.key(of: blob))
        guard key.kind == .recipe else { return key }
        let bytes = try objects.read([key])[0]
        for case .object(let part) in try references(of: .recipe, bytes) where part.kind == .chunk {
            return part
        }
        throw BrokenRule(description: "a recipe of chunks")
    }

    private func full() -> RemoteVerifyOptions {
        var options = RemoteVerifyOptions()
        options.level = .full
        return options
    }

    @Test
    func `of an evicted folder with a damaged file the rest stays, and the file can come back`()
        throws
    {
        let evicted = try evicted()
        let end = evicted.end
        let lost = try #require(evicted.blobs["file-1001"])
        try damage(try chunk(of: lost, end), of: evicted)
        let before = try index(end)
        let report = try repair(remote: end.context, full())
        #expect(report.forgotten > 0 && report.copied > 0 && report.incomplete >= 2)

        // The listing and the other files are there, and can be had one by one.
        let after = try index(end)
        #expect(after.contains(evicted.folder) && !after.isWhole(evicted.folder))
        #expect(after.key(of: lost) == nil && before.key(of: lost) != nil)
        for (name, blob) in evicted.blobs where blob != lost {
            let other = try End(7, end.context.remote)
            #expect(try other.fetchAll([.file(blob)]).absent.isEmpty, "\(name)")
            #expect(try other.read(.file(blob))[""] == evicted.files[name])
        }
        let whole = #expect(throws: StoreError.self) {
            try End(8, end.context.remote).fetchAll([evicted.folder])
        }
        #expect(whole?.kind == .notFound && whole?.message.contains("which it needs") == true)
        let found = try verify(remote: end.context, full())
        #expect(!found.isSound && found.problems.allSatisfy { $0.severity == .missing })

        // A collection waits for who may have the file.
        let roots = RemoteCollectionRoots(here: { [] })
        let refused = #expect(throws: StoreError.self) {
            try collect(remote: end.context, roots: roots)
        }
        #expect(refused?.message.contains("that a push may bring back") == true)

        // Somebody has it after all.
        _ = try end.pushAll([try end.add(try #require(evicted.files["file-1001"]))])
        let mended = try repair(remote: end.context, full())
        #expect(mended.forgotten == 0 && mended.incomplete == 0)
        #expect(try verify(remote: end.context, full()).isSound)
        _ = try collect(remote: end.context, roots: roots)
        let other = try End(9, end.context.remote)
        #expect(try other.fetchAll([evicted.folder]).absent.isEmpty)
        #expect(try other.read(evicted.folder) == evicted.files)
    }

    @Test func `a push of the folder itself sends the file that was lost, and nothing else`() throws
    {
        let (disk, remote) = try makeRemote()
        let end = try End(1, remote)
        let other = try End(2, remote)
        let contents = [random(1, 300_000), random(2, 400_000), random(3, 5000)]
        let folder = try end.addDirectory(contents)
        _ = try other.addDirectory(contents)
        _ = try end.snapshot(folder, "one")
        _ = try end.pushAll([folder])
        var blobs: [String: BlobID] = [:]
        guard case .directory(let tree) = folder else { throw BrokenRule(description: "a folder") }
        try end.store.tree(tree).forEachEntry { blobs[$0.path.description] = $0.blob }
        let evicted = Evicted(
            disk: disk, end: end, folder: folder, files: try end.read(folder), blobs: blobs)
        try damage(try chunk(of: try #require(blobs["file-1001"]), end), of: evicted)
        #expect(try repair(remote: end.context, full()).incomplete >= 3)
        let state = try RemoteCatalog(reading: end.context).state
        #expect(state.awaitsLost && state.incomplete.contains(folder.digest))
        // By another clone, whose refs do not name it.
        let sent = try other.pushAll([folder]).sentBytes
        #expect((1..<450_000).contains(sent), "\(sent) bytes")
        #expect(try index(end).isWhole(folder))
        // The records above are followed by who has them.
        _ = try end.pushAll([folder])
        let after = try RemoteCatalog(reading: end.context).state
        #expect(Set(after.refs.values.map(\.digest)).isDisjoint(with: after.incomplete))
        _ = try collect(remote: end.context, roots: RemoteCollectionRoots(here: { [] }))
        #expect(try verify(remote: end.context, full()).isSound)
        #expect(try RemoteCatalog(reading: end.context).state.incomplete.isEmpty)
        #expect(try End(9, remote).fetchAll([folder]).absent.isEmpty)
    }

    @Test func `when nobody sends it, a second repair lets collections go on, which keep the rest`()
        throws
    {
        let evicted = try evicted()
        let end = evicted.end
        let lost = try #require(evicted.blobs["file-1001"])
        try damage(try chunk(of: lost, end), of: evicted)
        _ = try repair(remote: end.context, full())
        let second = try repair(remote: end.context, full())
        #expect(second.forgotten == 0 && second.forgottenPushes == 0 && second.incomplete >= 2)
        _ = try collect(remote: end.context, roots: RemoteCollectionRoots(here: { [] }))
        let after = try index(end)
        #expect(after.contains(evicted.folder) && !after.isWhole(evicted.folder))
        for (name, blob) in evicted.blobs where blob != lost {
            let other = try End(7, end.context.remote)
            #expect(try other.fetchAll([.file(blob)]).absent.isEmpty, "\(name)")
        }
    }

    @Test func `a pack that is cut keeps what stands before the cut`() throws {
        let evicted = try evicted()
        let end = evicted.end
        let all = try index(end)
        let pack = try #require(all.packs.first { $0.keys[0].kind == .chunk && $0.frameCount > 2 })
        let cut = pack.range(ofFrame: 1).upperBound + 1
        let file = try evicted.disk.openFile(
            DiskPath("/remote") / pack.name().description, .readWrite)
        try file.truncate(to: cut)
        let report = try repair(remote: end.context)
        #expect(report.copied > 0 && report.forgotten > 0)
        let after = try index(end)
        for object in 0..<pack.objects(ofFrame: 1).upperBound {
            #expect(after.contains(pack.keys[object]))
        }
        #expect(!after.contains(pack.id) && after.contains(evicted.folder))
        #expect(try repair(remote: end.context, full()).forgotten == 0)
    }

    @Test func `a pack that is damaged where no object stands is copied, and nothing is lost`()
        throws
    {
        let evicted = try evicted()
        let end = evicted.end
        let pack = try #require(try index(end).packs.first { $0.keys[0].kind == .chunk })
        let file = try evicted.disk.openFile(
            DiskPath("/remote") / pack.name().description, .readWrite)
        let position = pack.sizeBytes - 1
        let byte = try file.read(at: position, count: 1)
        try file.write([byte[0] ^ 1], at: position)
        let report = try repair(remote: end.context, full())
        #expect(report.forgotten == 0 && report.copied == pack.keys.count && report.incomplete == 0)
        #expect(try verify(remote: end.context, full()).isSound)
        #expect(try End(9, end.context.remote).fetchAll([evicted.folder]).absent.isEmpty)
    }
}
