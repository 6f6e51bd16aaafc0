import Bytes
import Objects
import Testing
import Vocabulary

/// What a decoder must survive: any bytes at all.
@Suite struct TreeNodeTests {
    /// Reads `bytes` as the root of a tree; its digest is made to fit, so that the decoder and
    /// not the digest has to find what is wrong.
    private func read(_ bytes: [UInt8]) throws -> [TreeEntry] {
        let digest = taggedDigest("mlstore tree 1", bytes)
        let tree = Tree(id: TreeID(digest)) { asked in
            guard asked == digest else { throw StoreError(.notInStore, "no such node") }
            return bytes
        }
        return try tree.entries()
    }

    private func expectRefused(_ bytes: [UInt8], _ why: String) {
        let error = #expect(throws: StoreError.self) { try read(bytes) }
        #expect(error?.kind == .corrupt)
        #expect(error?.message.contains(why) == true, "\(error?.message ?? "nothing thrown")")
    }

    private func key(_ shared: UInt8, _ rest: String) -> [UInt8] {
        [shared, UInt8(rest.utf8.count)] + Array(rest.utf8)
    }

    /// Leaves of all kinds of entries, and an inner node.
    private func samples() throws -> [[UInt8]] {
        let store = NodeStore()
        let id = BlobID(sha256([1]))
        _ = try store.build([
            .file(try RepoPath("a/b"), id, size: 300),
            .file(try RepoPath("a/bc"), id, size: 3, executable: true),
            .directory(try RepoPath("a/d")),
            .symlink(try RepoPath("link"), target: id, size: 1),
            .tree(try RepoPath("sub"), TreeID(id.digest), size: 70_000),
        ])
        let leaf = try #require(store.nodes.values.first)
        let large = try store.build(try manyFiles(2_000))
        return [leaf, try #require(store.nodes[large.id.digest])]
    }

    @Test func `every truncation of a node is refused`() throws {
        for sample in try samples() {
            for length in 0..<sample.count {
                #expect(throws: StoreError.self) { try read(Array(sample[..<length])) }
            }
            #expect(throws: StoreError.self) { try read(sample + [0]) }
        }
    }

    @Test func `every flipped bit of a node is refused or read as something else`() throws {
        for sample in try samples() {
            let whole = try? read(sample)
            for index in sample.indices {
                for bit in 0..<8 {
                    var bytes = sample
                    bytes[index] ^= 1 << UInt8(bit)
                    guard let entries = try? read(bytes) else { continue }
                    #expect(entries != whole)
                    // What decodes is written in one way only.
                    let store = NodeStore()
                    let built = try store.build(entries)
                    #expect(store.nodes[built.id.digest] == bytes)
                }
            }
        }
    }

    @Test(arguments: ["", "/a", "a/", "a//b", ".", "..", "a/../b", "a/.", "a\0b", "../x"])
    func `a path that leads elsewhere is refused`(path: String) {
        expectRefused([0, 1] + key(0, path) + [3], "")
    }

    @Test func `keys out of order, twice, or below one another are refused`() {
        expectRefused([0, 2] + key(0, "b") + [3] + key(0, "a") + [3], "out of order")
        expectRefused([0, 2] + key(0, "a!") + [3] + key(1, "/b") + [3], "out of order")
        expectRefused([0, 2] + key(0, "b") + [3] + key(1, "") + [3], "repeated")
        expectRefused([0, 2] + key(0, "a") + [3] + key(1, "/b") + [3], "below another")
        expectRefused([0, 2] + key(0, "ab") + [3] + key(0, "ac") + [3], "shares more")
        expectRefused([0, 2] + key(0, "ab") + [3] + key(9, "c") + [3], "length")
    }

    @Test func `counts and lengths that lie are refused`() {
        expectRefused([0, 200, 1], "more items than bytes")
        expectRefused([0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1], "more items")
        expectRefused([0, 1, 0, 50, 0x61], "")
        expectRefused([0, 1] + key(0, "a") + [5], "kind")
        expectRefused([16, 0], "level")
        expectRefused([1, 0], "without children")
        expectRefused([0, 0, 0], "behind the last")
        expectRefused([0, 0x80, 0], "varint")
        let tooLarge: [UInt8] = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1]
        let zeros = [UInt8](repeating: 0, count: 32)
        expectRefused([0, 1] + key(0, "a") + [0] + tooLarge + zeros, "too large")
        let large: [UInt8] = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f]
        expectRefused(
            [0, 2] + key(0, "a") + [0] + large + zeros + key(0, "b") + [0, 1] + zeros, "totals")
    }

    @Test func `a root with one child, and a child without entries, are refused`() {
        let zeros = [UInt8](repeating: 0, count: 32)
        expectRefused([1, 1] + key(0, "a") + zeros + [1, 0], "one child")
        expectRefused([1, 1] + key(0, "a") + zeros + [0, 0], "without entries")
    }

    @Test func `a node of more than the largest size is refused unread`() {
        expectRefused([UInt8](repeating: 0, count: 400_000), "too long")
    }
}
