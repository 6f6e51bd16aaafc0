import Bytes
import Platform
import TestSupport
import Testing
import Vocabulary

@testable import Objects

/// Large files that do not compress, of which a pack shares the extents.
@Suite struct PlainFileTests {
    private static let size = 600_001

    private func random(_ seed: UInt64, _ count: Int = size) -> [UInt8] {
        var random = SmallRandom(seed: seed)
        return random.bytes(count)
    }

    /// Stores the bytes from a file, with a ref of that name.
    @discardableResult
    private func add(
        _ bytes: [UInt8], _ name: String, to fixture: StoreFixture, minimum: Int = 256 << 10
    ) throws -> BlobReceipt {
        let path = DiskPath("/file-\(name)")
        try writeAtomically(bytes, to: path, on: fixture.disk, durable: true)
        let file = try fixture.disk.openFile(path, .read)
        let session = try fixture.store.beginSession()
        session.plainFileMinimumBytes = minimum
        let receipt = try session.putBlob(file: file, expected: file.status(), name: name)
        let record = try session.putRecord(["blob": .string(receipt.id.description)])
        _ = try session.commit(refs: [
            RefChange(
                name: refName(name), expected: try fixture.store.ref(refName(name)), new: record)
        ])
        return receipt
    }

    private func plainFiles(_ fixture: StoreFixture, _ folder: String = "packs") throws
        -> [DiskPath]
    {
        try fixture.disk.entries(of: fixture.root / folder).map(\.name)
            .filter { StoreLayout.plainFileID(named: $0) != nil }
            .sorted { $0.precedes($1) }.map { (fixture.root / folder).appending($0) }
    }

    private func change(_ path: DiskPath, at offset: Int, on disk: any Disk) throws {
        try disk.setPermissions(path, 0o644)
        let file = try disk.openFile(path, .readWrite)
        let byte = try file.read(at: offset, count: 1)[0]
        try file.write([byte ^ 0x40], at: offset)
        try file.close()
    }

    @Test func `the file is shared, and read back from a store that was opened anew`() throws {
        let disk = SimulatedDisk()
        let fixture = try StoreFixture(on: disk)
        let written = disk.writtenBytes
        let receipt = try add(random(1), "a", to: fixture)
        #expect(receipt.newBytesPlain == PlainFileTests.size)
        #expect(receipt.newBytesStored < 2000)
        // The user's own file, twice in small parts, and metadata.
        #expect(disk.writtenBytes - written < PlainFileTests.size + 20_000)
        let plain = try #require(try plainFiles(fixture).first)
        #expect(try disk.readFile(plain, maximumBytes: 1 << 20) == random(1))
        for store in [fixture.store, try fixture.reopened()] {
            #expect(try store.readBlob(receipt.id, maximumBytes: 1 << 20) == random(1))
            #expect(try store.verify(.full).problems.isEmpty)
            #expect(try store.verify(.checksums).problems.isEmpty)
        }
    }

    @Test func `a checkout shares it again`() throws {
        let disk = SimulatedDisk()
        let fixture = try StoreFixture(on: disk)
        let id = try add(random(1), "a", to: fixture).id
        let written = disk.writtenBytes
        let file = try disk.openFile(DiskPath("/out"), .createNew(permissions: 0o644))
        #expect(try fixture.store.share(id, with: file))
        #expect(disk.writtenBytes - written < 4096)
        #expect(try file.read(at: 0, count: 1 << 20) == random(1))
        // What is no plain file, or no longer itself, is decoded.
        let other = try fixture.store.add(random(2)).id
        let second = try disk.openFile(DiskPath("/out2"), .createNew(permissions: 0o644))
        #expect(try !fixture.store.share(other, with: second))
        try change(try plainFiles(fixture)[0], at: 5, on: disk)
        #expect(try !fixture.store.share(id, with: second))
        #expect(try second.status().size == 0)
        disk.refuseClones()
        #expect(try !fixture.store.share(id, with: second))
    }

    @Test func `what compresses, is small, or cannot be shared goes into packs as ever`() throws {
        var text = SmallRandom(seed: 3)
        let half = random(4, 300_000) + text.text(300_000)
        for (number, bytes) in [text.text(PlainFileTests.size), half].enumerated() {
            let fixture = try StoreFixture()
            let id = try add(bytes, "a", to: fixture).id
            #expect(try plainFiles(fixture).isEmpty, "\(number)")
            #expect(try fixture.store.readBlob(id, maximumBytes: 1 << 20) == bytes)
        }
        let small = try StoreFixture()
        try add(random(1), "a", to: small, minimum: 1 << 20)
        #expect(try plainFiles(small).isEmpty)
        let disk = SimulatedDisk()
        disk.refuseClones()
        let without = try StoreFixture(on: disk)
        let id = try add(random(1), "a", to: without).id
        #expect(try plainFiles(without).isEmpty)
        #expect(try without.store.readBlob(id, maximumBytes: 1 << 20) == random(1))
    }

    @Test func `a version that shares much with the store costs only what is new`() throws {
        let fixture = try StoreFixture()
        try add(random(1), "a", to: fixture)
        var next = random(1)
        next.replaceSubrange(300_000..<300_100, with: random(9, 100))
        let receipt = try add(next, "b", to: fixture)
        #expect(try plainFiles(fixture).count == 1)
        #expect(receipt.newBytesPlain < 300_000)
        #expect(try fixture.store.readBlob(receipt.id, maximumBytes: 1 << 20) == next)
        // The same once more costs nothing, and leaves nothing behind.
        #expect(try add(random(1), "c", to: fixture).newBytesPlain == 0)
        #expect(try plainFiles(fixture).count == 1)
        #expect(try fixture.reopened().verify(.full).problems.isEmpty)
    }

    @Test func `frames that leave the store hold their bytes`() throws {
        let fixture = try StoreFixture()
        let id = try add(random(1), "a", to: fixture).id
        let keys = try fixture.store.chunkList(of: id).map { ObjectKey(.chunk, $0.id.digest) }
        var bytes: [UInt8] = []
        try fixture.store.forEachFrame(holding: keys) { frame in
            let own = try EncodedFrame(verifying: frame.bytes, from: "a test")
            bytes += try own.plainObjects { key, _ in throw StoreError.objectMissing(key) }
                .flatMap { $0 }
        }
        #expect(bytes.count == PlainFileTests.size)
    }

    @Test func `damage in it is found, named, and moved aside with its pack`() throws {
        for (number, damage) in ["flip", "cut", "remove"].enumerated() {
            let fixture = try StoreFixture()
            let id = try add(random(1), "a", to: fixture).id
            let plain = try plainFiles(fixture)[0]
            switch damage {
            case "flip": try change(plain, at: 400_000, on: fixture.disk)
            case "cut":
                try fixture.disk.setPermissions(plain, 0o644)
                try fixture.disk.openFile(plain, .readWrite).truncate(to: 400_000)
            default: try fixture.disk.removeFile(plain)
            }
            let store = try fixture.reopened(seed: 10 + UInt64(number))
            let error = #expect(throws: StoreError.self) {
                try store.readBlob(id, maximumBytes: 1 << 20)
            }
            #expect(error?.kind == .corrupt, "\(damage)")
            if damage == "remove" { #expect(try !store.verify(.structure).isSound) }
            for level in [VerifyLevel.checksums, .full] {
                let report = try store.verify(level)
                #expect(!report.isSound && report.damagedPacks.count == 1, "\(damage), \(level)")
            }
            let moved = try store.quarantine(try store.verify(.full))
            #expect(moved.packs.count == 1)
            // What is intact in a plain file that was cut or flipped is saved.
            #expect(moved.lost.contains { $0.kind == .chunk })
            #expect(damage == "remove" || moved.rescued > 0)
            #expect(try plainFiles(fixture).isEmpty)
            #expect(try plainFiles(fixture, "quarantine").count == (damage == "remove" ? 0 : 1))
            // Added again, it is whole again.
            try fixture.store.refresh()
            try add(random(1), "b", to: fixture)
            try store.refresh()
            #expect(try store.readBlob(id, maximumBytes: 1 << 20) == random(1))
        }
    }

    @Test func `a collection removes it with its pack, and keeps what others share`() throws {
        let fixture = try StoreFixture()
        let gone = try add(random(1), "a", to: fixture).id
        var next = random(1)
        next.replaceSubrange(300_000..<300_100, with: random(9, 100))
        let kept = try add(next, "b", to: fixture).id
        let session = try fixture.store.beginSession()
        let old = try fixture.store.ref(refName("a"))
        _ = try session.commit(refs: [RefChange(name: refName("a"), expected: old, new: nil)])
        let report = try fixture.store.collect(roots: .refs(of: fixture.store))
        #expect(report.removedBytes > PlainFileTests.size)
        #expect(try plainFiles(fixture).isEmpty)
        let store = try fixture.reopened()
        #expect(!store.contains(gone))
        #expect(try store.readBlob(kept, maximumBytes: 1 << 20) == next)
        #expect(try store.verify(.full).problems.isEmpty)
    }

    @Test func `one that no pack counts for is litter`() throws {
        let fixture = try StoreFixture()
        let litter = fixture.root / "packs/\(Digest.zero.hex).plain"
        try writeAtomically(random(1), to: litter, on: fixture.disk, durable: true)
        let report = try fixture.store.verify(.full)
        #expect(report.isSound && report.problems.contains { $0.severity == .garbage })
        _ = try fixture.store.collect(roots: .refs(of: fixture.store))
        _ = try fixture.store.collect(roots: .refs(of: fixture.store))
        #expect(try plainFiles(fixture).isEmpty)
    }

    @Test func `the directory of its pack is rebuilt from its frames`() throws {
        let fixture = try StoreFixture()
        let id = try add(random(1), "a", to: fixture).id
        for entry in try fixture.disk.entries(of: fixture.root / "index") {
            try fixture.disk.removeFile((fixture.root / "index").appending(entry.name))
        }
        let plain = try plainFiles(fixture)[0]
        let pack = plain.parent.appending(
            Array(plain.lastComponent.dropLast(5)) + Array("pack".utf8))
        let size = try #require(try fixture.disk.status(of: pack, followingLinks: false)?.size)
        try change(pack, at: size - 80, on: fixture.disk)
        let store = try fixture.reopened()
        #expect(try store.readBlob(id, maximumBytes: 1 << 20) == random(1))
    }

    @Test func `a lying frame is refused`() throws {
        let plain = random(1, 1000)
        let place = unsafe plain.withUnsafeBytes {
            unsafe PlainPlace(offset: 77, $0, digest: sha256(plain))
        }
        var frame = [UInt8](repeating: 0, count: FramePrefix.sizeBytes + PlainPlace.bytes)
        _ = unsafe frame.withUnsafeMutableBytes { unsafe place.write(to: $0) }
        let isNeeded = PlainPlace.isNeeded(for: frame.span)
        #expect(isNeeded)
        let raw = try PlainPlace(checking: frame.span).rawFrame { offset, count in
            #expect(offset == 77 && count == 1000)
            return plain
        }
        #expect(raw.suffix(1000) == plain[...])
        // Another pack's place means nothing here.
        #expect(throws: StoreError.self) { try EncodedFrame(verifying: frame, from: "a pack") }
        for index in frame.indices {
            for bit in 0..<8 {
                var bad = frame
                bad[index] ^= 1 << bit
                #expect(throws: (any Error).self) {
                    _ = try PlainPlace(checking: bad.span).rawFrame { _, _ in plain }
                }
            }
        }
        #expect(throws: (any Error).self) {
            try PlainPlace(checking: frame.span).rawFrame { _, _ in Array(plain.dropLast()) }
        }
    }
}
