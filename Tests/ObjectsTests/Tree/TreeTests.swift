import Bytes
import Objects
import Testing
import Vocabulary

@Suite struct TreeTests {
    @Test func `the empty tree is one node without items`() throws {
        let store = NodeStore()
        let tree = try store.build([])
        #expect(store.nodes[tree.id.digest] == [0, 0])
        #expect(try tree.entries().isEmpty)
        #expect(try tree.totals() == TreeTotals())
        #expect(try tree.entry(at: RepoPath("a")) == nil)
    }

    @Test func `entries of all kinds come back as they were`() throws {
        let store = NodeStore()
        let id = BlobID(sha256([1]))
        let entries: [TreeEntry] = [
            .file(try RepoPath("a/b"), id, size: 3),
            .file(try RepoPath("a!"), id, size: .max - 10, executable: true),
            .directory(try RepoPath("empty")),
            .symlink(try RepoPath("link"), target: id, size: 1),
            .tree(try RepoPath("sub"), TreeID(id.digest), size: 5),
            .file(try RepoPath(validating: [0xff, 0x0a]), id, size: 0),
        ]
        let tree = try store.build(entries)
        #expect(try tree.entries() == entries)
        #expect(try tree.totals() == TreeTotals(entries: 6, bytes: .max - 1))
        for entry in entries { #expect(try tree.entry(at: entry.path) == entry) }
    }

    @Test func `a tree of 100,000 files reads back, and finds each of them in few reads`() throws {
        let store = NodeStore()
        let entries = try manyFiles(100_000)
        let tree = try store.build(entries)
        let sizes = store.nodes.values.map(\.count)
        #expect(sizes.reduce(0, +) / sizes.count > 8_000)
        #expect(sizes.reduce(0, +) / sizes.count < 24_000)
        #expect(try tree.entries() == entries)
        #expect(try tree.totals().entries == 100_000)
        store.resetCounts()
        for index in stride(from: 0, to: entries.count, by: 9_973) {
            #expect(try tree.entry(at: entries[index].path) == entries[index])
        }
        #expect(store.reads <= 11 * 4)
        #expect(try tree.entry(at: RepoPath("images")) == nil)
        #expect(try tree.entry(at: RepoPath("zzz")) == nil)
    }

    @Test func `a directory's entries are found without reading the others`() throws {
        let store = NodeStore()
        let entries = try manyFiles(20_000)
        let tree = try store.build(entries)
        store.resetCounts()
        let directory = try RepoPath("images/1007")
        let found = try tree.entries(under: directory)
        #expect(found == entries.filter { $0.path.isInside(directory) })
        #expect(found.count == 1000)
        #expect(store.reads < 15)
        #expect(try tree.entries(under: RepoPath("images/100")).isEmpty)
        #expect(try tree.entries(under: found[5].path) == [found[5]])
    }

    @Test func `entries out of order, twice or below another are refused`() throws {
        for (first, second) in [("b", "a"), ("a", "a"), ("a", "a/b"), ("a!", "a/b")] {
            var builder = TreeBuilder { _, _ in }
            try builder.append(try file(first))
            #expect(throws: StoreError.self) { try builder.append(try file(second)) }
        }
    }

    @Test func `sizes that add up to too much are refused`() throws {
        var builder = TreeBuilder { _, _ in }
        try builder.append(try file("a", size: .max))
        #expect(throws: StoreError.self) { try builder.append(try file("b", size: 1)) }
        var negative = TreeBuilder { _, _ in }
        #expect(throws: StoreError.self) { try negative.append(try file("b", size: -1)) }
    }

    @Test func `keys made to have no boundary still give nodes of bounded size`() throws {
        let store = NodeStore()
        let long = String(repeating: "x", count: 60_000)
        let entries = try (0..<40).flatMap { number -> [TreeEntry] in
            // Distinct from the first byte on, so that no prefix is shared.
            let letter = String(UnicodeScalar(UInt8(48 + number)))
            return [try file(letter + long)]
        }
        let tree = try store.build(entries)
        #expect(try tree.entries() == entries)
        #expect(store.nodes.values.map(\.count).max() ?? 0 < 400_000)
        let edited = try store.apply([.put(try file("A" + long, version: 2))], to: tree)
        var expected = entries
        expected[17] = try file("A" + long, version: 2)
        #expect(try store.build(expected).id == edited.id)
    }

    @Test func `a node that is missing or not what its parent says is reported`() throws {
        let store = NodeStore()
        let tree = try store.build(try manyFiles(3_000))
        let root = tree.id.digest
        let leaf = try #require(store.nodes.keys.sorted().first { $0 != root })
        let missing = Tree(id: tree.id) { digest in
            guard digest != leaf, let bytes = store.nodes[digest] else {
                throw StoreError(.notInStore, "missing")
            }
            return bytes
        }
        #expect(throws: StoreError.self) { try missing.entries() }
        let swapped = Tree(id: tree.id) { digest in
            guard let bytes = store.nodes[digest == leaf ? root : digest] else {
                throw StoreError(.notInStore, "missing")
            }
            return bytes
        }
        let error = #expect(throws: StoreError.self) { try swapped.entries() }
        #expect(error?.kind == .corrupt)
    }
}
