import Objects
import Testing
import Vocabulary

@Suite struct TreeLevelsTests {
    private let store = NodeStore()

    /// The tree read by levels, and how many nodes that were in how many rounds.
    private func read(
        _ id: TreeID, _ paths: [RepoPath], without lost: Set<Digest> = []
    ) throws -> (tree: Tree, nodes: Int, rounds: Int) {
        var nodes = 0
        var rounds = 0
        let tree = try Tree(id: id, leadingTo: paths) { digests in
            rounds += 1
            nodes += digests.count
            #expect(Set(digests).count == digests.count)
            return store.nodes.filter { digests.contains($0.key) && !lost.contains($0.key) }
        }
        return (tree, nodes, rounds)
    }

    @Test func `all that is at or below the paths is there, and few nodes are read`() throws {
        let whole = try store.build(manyFiles(20_000))
        let all = store.nodes.count
        for text in [
            "images/1000/image-1000000.jpg", "images/1019/image-1019999.jpg", "images/1007",
            "images/1019", "images", "images/1003/image-1003500.jpg",
        ] {
            let path = try RepoPath(text)
            let found = try read(whole.id, [path])
            #expect(try found.tree.entries(under: path) == whole.entries(under: path), "\(text)")
            #expect(found.rounds <= 4)
            if text.hasSuffix("jpg") { #expect(found.nodes <= 6 && found.nodes < all / 10) }
        }
        let paths = try ["images/1001", "images/1002/image-1002001.jpg", "images/1017"]
            .map { try RepoPath($0) }
        let several = try read(whole.id, paths)
        for path in paths {
            #expect(try several.tree.entries(under: path) == whole.entries(under: path))
        }
        #expect(several.nodes < all / 3)
    }

    @Test func `each entry is found by its path, and nothing where nothing stands`() throws {
        let entries = try manyFiles(3000)
        let whole = try store.build(entries)
        for entry in entries.filter({ $0.size % 37 == 0 }) {
            let found = try read(whole.id, [entry.path]).tree.entries(under: entry.path)
            #expect(found == [entry])
        }
        for text in ["a", "images/1001/image-1001500", "images/2", "z", "images/1001/x/y"] {
            let path = try RepoPath(text)
            #expect(try read(whole.id, [path]).tree.entries(under: path).isEmpty, "\(text)")
        }
        let empty = try store.build([])
        #expect(try read(empty.id, [RepoPath("a")]).tree.entries(under: RepoPath("a")).isEmpty)
    }

    @Test func `a node that is not found, or is another, is an error`() throws {
        let whole = try store.build(manyFiles(3000))
        let path = try RepoPath("images/1001")
        let missing = #expect(throws: StoreError.self) {
            try read(whole.id, [path], without: [whole.id.digest])
        }
        #expect(missing?.kind == .notInStore)
        let bad = #expect(throws: StoreError.self) {
            try Tree(id: whole.id, leadingTo: [path]) { digests in
                var found = store.nodes.filter { digests.contains($0.key) }
                // From the second level on a byte is another.
                for digest in digests where digest != whole.id.digest { found[digest]?[9] ^= 1 }
                return found
            }
        }
        #expect(bad?.kind == .corrupt)
    }
}
