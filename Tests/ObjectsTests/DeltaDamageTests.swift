import Bytes
import Platform
import TestSupport
import Testing
import Vocabulary

@testable import Objects

/// Frames that build on what is damaged, missing, or a lie.
@Suite struct DeltaDamageTests {
    private struct TwoVersions {
        let fixture: StoreFixture
        let disk = SimulatedDisk()
        let old: (id: BlobID, bytes: [UInt8])
        let new: (id: BlobID, bytes: [UInt8])

        init() throws {
            fixture = try StoreFixture(on: disk)
            var rows = tableRows(20_000, seed: 1)
            let first = Array(rows.joined())
            rows[1000] = Array("1000,changed\n".utf8)
            let second = Array(rows.joined())
            let oldID = try fixture.store.add(first, replacing: nil).id
            let newID = try fixture.store.add(second, replacing: oldID).id
            old = (oldID, first)
            new = (newID, second)
        }

        func dataPacks() throws -> [PackID] {
            try fixture.store.journal().flatMap { $0.packs.map(\.id) }.filter {
                try PackFile($0, at: fixture.store.layout.pack($0), on: disk).packClass() == .data
            }
        }

        func change(_ pack: PackID, _ body: (inout [UInt8]) -> Void) throws {
            let path = fixture.store.layout.pack(pack)
            var bytes = try disk.readFile(path, maximumBytes: 100 << 20)
            body(&bytes)
            try writeAtomically(bytes, to: path, on: disk, durable: true)
        }
    }

    @Test func `the version has a delta`() throws {
        let two = try TwoVersions()
        let store = two.fixture.store
        let chunks = try store.chunkList(of: two.new.id)
        #expect(
            try chunks.contains { try !store.bases(of: ObjectKey(.chunk, $0.id.digest)).isEmpty })
    }

    @Test func `a damaged base is an error for both versions, never other bytes`() throws {
        let two = try TwoVersions()
        let pack = try #require(try two.dataPacks().first)
        try two.change(pack) { $0[20_000] ^= 1 }
        let store = try two.fixture.reopened()
        for version in [two.old, two.new] {
            let error = #expect(throws: StoreError.self) {
                try store.readBlob(version.id, maximumBytes: 1 << 21).count
            }
            #expect(error?.kind == .corrupt)
        }
        let affected = try store.verify(.full).problems.flatMap(\.affected).map(\.digest)
        #expect(affected.contains(two.new.id.digest))
    }

    @Test func `a missing base is an error that names it`() throws {
        let two = try TwoVersions()
        let pack = try #require(try two.dataPacks().first)
        try two.disk.removeFile(two.fixture.store.layout.pack(pack))
        let store = try two.fixture.reopened()
        #expect(throws: StoreError.self) {
            try store.readBlob(two.new.id, maximumBytes: 1 << 21).count
        }
        #expect(try !store.verify(.connectivity).isSound)
    }

    @Test func `a lost directory is rebuilt with the frames that build on others`() throws {
        let two = try TwoVersions()
        let packs = try two.dataPacks()
        for pack in packs {
            try two.change(pack) { bytes in bytes[bytes.count - 70] ^= 1 }
        }
        for name in try two.disk.entries(of: two.fixture.store.layout.index) {
            try two.disk.removeFile(two.fixture.store.layout.index.appending(name.name))
        }
        let store = try two.fixture.reopened()
        #expect(try store.readBlob(two.new.id, maximumBytes: 1 << 21) == two.new.bytes)
        #expect(try store.readBlob(two.old.id, maximumBytes: 1 << 21) == two.old.bytes)
    }

    // MARK: - Lies

    private func frame(
        _ plain: [UInt8], after prior: [UInt8], _ bases: FrameBases
    ) throws -> [UInt8] {
        var frame = [UInt8](repeating: 0, count: plain.count + 4096)
        let prefix = try frame.withUnsafeMutableBytes { output in
            try plain.withUnsafeBytes { plain in
                try prior.withUnsafeBytes { prior in
                    try FrameWorker().encode(
                        .chunk, plain, lengths: [plain.count],
                        first: try #require(objectDigest(.chunk, plain)),
                        after: PriorBytes(bases: bases, bytes: prior), into: output)
                }
            }
        }
        #expect(prefix.codec == .delta)
        return Array(frame.prefix(prefix.frameLength))
    }

    @Test func `a delta decodes against its bases only, and every cut and flip is refused`() throws
    {
        var random = SmallRandom(seed: 1)
        let prior = random.bytes(20_000)
        var plain = prior
        plain[10_000] ^= 1
        let digest = sha256(prior)
        let bytes = try frame(plain, after: prior, FrameBases(generation: 1, digests: [digest]))
        let verified = try EncodedFrame(verifying: bytes, from: "test") { key, generation in
            #expect(key == ObjectKey(.chunk, digest))
            #expect(generation == 1)
            return prior
        }
        #expect(verified.bases?.digests == [digest])
        #expect(try verified.plainObjects { _, _ in prior } == [plain])
        #expect(throws: StoreError.self) {
            try EncodedFrame(verifying: bytes, from: "test") { _, _ in prior.reversed() }
        }
        #expect(throws: StoreError.self) { try EncodedFrame(verifying: bytes, from: "test") }
        for index in bytes.indices {
            var flipped = bytes
            flipped[index] ^= 0x10
            #expect(throws: StoreError.self) {
                try EncodedFrame(verifying: flipped, from: "test") { _, _ in prior }
            }
            #expect(throws: StoreError.self) {
                try EncodedFrame(verifying: Array(bytes.prefix(index)), from: "test") { _, _ in
                    prior
                }
            }
        }
    }

    @Test func `bases that are too many, too deep or too long are refused`() throws {
        var random = SmallRandom(seed: 1)
        let prior = random.bytes(20_000)
        let digest = sha256(prior)
        let good = try frame(
            prior + [1], after: prior, FrameBases(generation: 1, digests: [digest]))
        for (offset, value) in [(64, UInt8(0)), (65, 2), (66, 0), (66, 65), (67, 1)] {
            var forged = good
            forged[offset] = value
            let sum = xxh3(Array(forged[16...]))
            for index in 0..<8 {
                forged[8 + index] = UInt8(truncatingIfNeeded: sum >> UInt64(8 * index))
            }
            #expect(throws: StoreError.self) {
                try EncodedFrame(verifying: forged, from: "test") { _, _ in prior }
            }
        }
        #expect(throws: StoreError.self) {
            try EncodedFrame(verifying: good, from: "test") { _, _ in
                [UInt8](repeating: 0, count: FrameBases.maximumPlainLength + 1)
            }
        }
    }

    @Test func `a frame that builds on itself is refused, and reading ends`() throws {
        let fixture = try StoreFixture()
        var random = SmallRandom(seed: 1)
        let plain = random.bytes(20_000)
        let digest = sha256(plain)
        let bytes = try frame(
            plain, after: plain.map { $0 }, FrameBases(generation: 3, digests: [digest]))
        let session = try fixture.store.beginSession()
        let key = ObjectKey(.chunk, digest)
        _ = try session.putEncoded(
            EncodedFrame(
                trusted: bytes, [(key, plain.count)],
                bases: FrameBases(generation: 3, digests: [digest])))
        _ = try session.commit()
        let error = #expect(throws: StoreError.self) {
            try fixture.store.readChunk(ChunkID(digest))
        }
        #expect(error?.kind == .corrupt)
        #expect(try !fixture.store.verify(.full).isSound)
    }
}
