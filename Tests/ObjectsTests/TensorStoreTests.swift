import Bytes
import Platform
import TestSupport
import Testing
import Vocabulary

@testable import Objects

@Suite struct TensorStoreTests {
    private static func tensors(_ random: inout SmallRandom) -> [[UInt8]] {
        (0..<6).map { random.weights(150_000 + 10_000 * $0, width: 2) }
    }

    private func codecs(_ blob: BlobID, in fixture: StoreFixture) throws -> [FrameCodec] {
        let store = fixture.store
        return try store.chunkList(of: blob).map { chunk in
            let key = ObjectKey(.chunk, chunk.id.digest)
            let place = try #require(store.view.place(of: key))
            let pack = try fixture.disk.readFile(
                store.layout.pack(place.pack), maximumBytes: 100 << 20)
            return try #require(FrameCodec(rawValue: pack[place.frameOffset + 17]))
        }
    }

    @Test func `a model takes two thirds, its next version what changed`() throws {
        var random = SmallRandom(seed: 1)
        let fixture = try StoreFixture()
        var tensors = Self.tensors(&random)
        let first = safetensors(tensors)
        let old = try fixture.store.add(first, replacing: nil)
        #expect(old.newBytesStored < first.count * 67 / 100)
        #expect(try codecs(old.id, in: fixture).dropFirst().allSatisfy { $0 == .planes })

        for index in [1, 4] { tensors[index] = nudged(tensors[index], &random) }
        let second = safetensors(tensors, note: "tuned, with a longer header")
        let new = try fixture.store.add(second, replacing: old.id)
        let changed = tensors[1].count + tensors[4].count
        #expect(new.newBytesPlain < changed + 5000, "the other tensors are there")
        #expect(new.newBytesStored < changed / 5)
        let found = try codecs(new.id, in: fixture)
        #expect(found.contains(.differences) && found.contains(.planes))

        let store = try fixture.reopened()
        #expect(try store.readBlob(old.id, maximumBytes: 1 << 22) == first)
        #expect(try store.readBlob(new.id, maximumBytes: 1 << 22) == second)
        #expect(try store.verify(.full).isSound)
    }

    @Test func `a row of versions is read back, each`() throws {
        var random = SmallRandom(seed: 2)
        let fixture = try StoreFixture()
        var tensor = random.weights(140_000, width: 2)
        var versions: [(id: BlobID, bytes: [UInt8])] = []
        for _ in 0..<12 {
            let bytes = safetensors([tensor])
            let id = try fixture.store.add(bytes, replacing: versions.last?.id).id
            versions.append((id, bytes))
            tensor = nudged(tensor, &random)
        }
        let store = try fixture.reopened()
        for version in versions {
            #expect(try store.readBlob(version.id, maximumBytes: 1 << 20) == version.bytes)
        }
    }

    @Test func `an equal tensor is stored once, in whatever file it stands`() throws {
        var random = SmallRandom(seed: 3)
        let fixture = try StoreFixture()
        let tensors = Self.tensors(&random)
        try fixture.store.add(safetensors(tensors))
        let other = safetensors([random.weights(77_777, width: 2), tensors[5], tensors[2]])
        let receipt = try fixture.store.add(other)
        #expect(receipt.newBytesPlain < 2 * 77_777 + 1000)
    }

    @Test func `packs of a model do not depend on threads`() throws {
        var random = SmallRandom(seed: 4)
        var tensors = Self.tensors(&random)
        let first = safetensors(tensors)
        tensors[3] = nudged(tensors[3], &random)
        let second = safetensors(tensors)
        let packs = try [1, 2, 5].map { threads in
            let fixture = try StoreFixture(threads: threads)
            let old = try fixture.store.add(first, replacing: nil).id
            _ = try fixture.store.add(second, replacing: old)
            return try fixture.store.journal().flatMap { $0.packs.map(\.id) }
        }
        #expect(packs[0].count > 2 && packs[0] == packs[1] && packs[0] == packs[2])
    }

    @Test(arguments: try ContentFixture.all())
    func `files of known formats come out as they went in, twice`(
        fixture: ContentFixture
    ) throws {
        let store = try StoreFixture()
        let old = try store.store.add(fixture.bytes, replacing: nil).id
        var changed = fixture.bytes
        var random = SmallRandom(seed: 5)
        for _ in 0..<50 { changed[random.integer(in: 0..<changed.count)] ^= 1 }
        let new = try store.store.add(changed, replacing: old).id
        let reopened = try store.reopened()
        #expect(try reopened.readBlob(old, maximumBytes: 1 << 22) == fixture.bytes)
        #expect(try reopened.readBlob(new, maximumBytes: 1 << 22) == changed)
    }

    @Test func `a pack with changed planes is damaged, never other bytes`() throws {
        var random = SmallRandom(seed: 6)
        let disk = SimulatedDisk()
        let fixture = try StoreFixture(on: disk)
        let tensor = random.weights(100_000, width: 2)
        let first = safetensors([tensor])
        let second = safetensors([nudged(tensor, &random)])
        let old = try fixture.store.add(first, replacing: nil).id
        let new = try fixture.store.add(second, replacing: old).id
        for pack in try fixture.store.journal().flatMap({ $0.packs.map(\.id) }) {
            let path = fixture.store.layout.pack(pack)
            let sound = try disk.readFile(path, maximumBytes: 100 << 20)
            for _ in 0..<20 {
                var bytes = sound
                bytes[random.integer(in: 0..<bytes.count)] ^= 1 << UInt8(random.integer(in: 0..<8))
                try writeAtomically(bytes, to: path, on: disk, durable: false)
                for (id, plain) in [(old, first), (new, second)] {
                    do {
                        let read = try fixture.reopened().readBlob(id, maximumBytes: 1 << 20)
                        #expect(read == plain)
                    } catch is StoreError {}
                }
            }
            try writeAtomically(sound, to: path, on: disk, durable: false)
        }
    }
}
