import Bytes
import Objects
import Platform
import TestSupport
import Testing
import Vocabulary

/// Recipes in a store that do not make the blob that they name.
@Suite struct LyingRecipeTests {
    private static let count = 2_500

    @Test func `no recipe that was changed at random is read as the blob that it names`() throws {
        let sample = try FormatVector.named("recipe", in: "recipe.md").bytes("recipe")
        var long = Array(sample.prefix(40)) + [1, 2, 0, 0, 0]
        for _ in 0..<2 { long += Array(sample[45..<77]) + [1, 0, 0, 0, 0, 0, 0, 0] }
        let store = try ObjectStore.create(
            at: DiskPath("/store"), on: SimulatedDisk(), entropy: .seeded(3),
            clock: .fixed(Timestamp(milliseconds: 1_795_425_633_125)), threads: 1)
        let session = try store.beginSession()
        for chunk in ["a", "b"] {
            try session.putObject(.chunk, sha256(Array(chunk.utf8)), Array(chunk.utf8))
        }
        var ids: [BlobID] = []
        var mutation = Mutation(seed: 4)
        for round in 0..<Self.count {
            let bytes = mutation.mutated([sample, long][round % 2], other: long)
            let id = BlobID(sha256(Array("recipe \(round)".utf8)))
            try session.putObject(.recipe, id.digest, id.digest.bytes + bytes.dropFirst(32))
            ids.append(id)
        }
        _ = try session.commit()
        for id in ids {
            #expect(throws: StoreError.self) { try store.readBlob(id, maximumBytes: 1 << 20) }
            _ = try? store.size(of: id)
            _ = try? store.chunkList(of: id)
        }
        print("fuzz: \(Self.count) changed recipes in a store, none read")
    }
}
