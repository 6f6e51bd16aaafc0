import Bytes
import TestSupport
import Testing
import Vocabulary

@testable import Objects

@Suite struct RecipeTests {
    private func chunks(_ count: Int, seed: UInt64) -> [ChunkReference] {
        var random = SmallRandom(seed: seed)
        return (0..<count).map { _ in
            let digest = Digest(bytes: random.bytes(32)) ?? .zero
            return ChunkReference(id: ChunkID(digest), length: random.integer(in: 1..<100_000))
        }
    }

    private func build(
        _ chunks: [ChunkReference]
    ) throws -> (recipe: [UInt8], nodes: [Digest: [UInt8]]) {
        var nodes: [Digest: [UInt8]] = [:]
        var builder = RecipeBuilder()
        for chunk in chunks { try builder.append(chunk) { nodes[$0] = $1 } }
        let recipe = try builder.finish(BlobID(.zero)) { nodes[$0] = $1 }
        return (recipe, nodes)
    }

    private func flatten(
        _ node: RecipeFormat.Node, _ nodes: [Digest: [UInt8]]
    ) throws -> [ChunkReference] {
        if node.level == 0 {
            return node.items.map { ChunkReference(id: ChunkID($0.digest), length: $0.size) }
        }
        return try node.items.flatMap { item in
            let bytes = try #require(nodes[item.digest])
            let child = try RecipeFormat.decodeNode(bytes.span, size: item.size)
            #expect(child.level == node.level - 1)
            return try flatten(child, nodes)
        }
    }

    @Test(arguments: [1, 2, 3, 500, 2048, 2049, 20_000])
    func `a recipe gives back its chunks`(count: Int) throws {
        let chunks = chunks(count, seed: UInt64(count))
        let built = try build(chunks)
        let recipe = try RecipeFormat.decode(built.recipe.span)
        #expect(recipe.size == chunks.reduce(0) { $0 + $1.length })
        #expect(try flatten(recipe.root, built.nodes) == chunks)
    }

    @Test func `a run of one chunk makes few nodes, boundary or not`() throws {
        for tail in [UInt8(0), 1] {
            let digest = Digest(bytes: [UInt8](repeating: 0, count: 31) + [tail]) ?? .zero
            let run = [ChunkReference](
                repeating: ChunkReference(id: ChunkID(digest), length: 1 << 20), count: 10_000)
            let built = try build(run)
            #expect(built.nodes.count < 20)
            let recipe = try RecipeFormat.decode(built.recipe.span)
            #expect(try flatten(recipe.root, built.nodes) == run)
        }
    }

    @Test func `an edit rewrites a few nodes`() throws {
        let before = chunks(50_000, seed: 7)
        var after = before
        after.replaceSubrange(25_000..<25_001, with: chunks(3, seed: 8))
        let old = try build(before)
        let new = try build(after)
        #expect(Set(new.nodes.keys).subtracting(old.nodes.keys).count <= 3)
    }

    @Test func `flips and cuts of a recipe never trap`() throws {
        let recipe = try build(chunks(3, seed: 9)).recipe
        for length in 0..<recipe.count {
            #expect(throws: DecodeError.self) {
                try RecipeFormat.decode(Array(recipe.prefix(length)).span)
            }
        }
        for index in 32..<recipe.count {
            for value in [UInt8(0), 0x7f, 0x80, 0xff] {
                var changed = recipe
                changed[index] = value
                // A changed chunk id is for the digests above to find; nothing may trap.
                _ = try? RecipeFormat.decode(changed.span)
            }
        }
    }
}
