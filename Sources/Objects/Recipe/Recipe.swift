import Bytes
package import Vocabulary

/// A chunk of a blob: which, and how long.
package struct ChunkReference: Hashable, Sendable {
    /// The chunk.
    package let id: ChunkID
    /// Its length in bytes; never 0.
    package let length: Int

    /// Makes the value.
    package init(id: ChunkID, length: Int) {
        self.id = id
        self.length = length
    }
}

/// A recipe says of which chunks a blob is made. A long one is a search tree with content-defined
/// nodes, so that an edit of a huge blob rewrites a few nodes.
///
/// A recipe object, little-endian:
///
///      0     32   blob id
///     32      8   size of the blob
///     40          the root node
///
/// A node (an object of its own, `recipeNode`, everywhere but at the root):
///
///      0      1   level: 0 for a leaf
///      1      4   count of items, at least 1
///      5          items: at level 0 a chunk id and its length of 4 bytes (36 together);
///                 above it the digest of a node and the size of 8 bytes of what it makes (40)
///
/// A node ends behind an item whose digest's last nine bits are zero, if it has at least two items;
/// at the latest behind item 2048. So a node boundary depends on the items' digests, not on their
/// places. A level with one node is the root.
///
/// Invariants: sizes add up at every node; the levels fall by one; no more than 8 levels.
enum RecipeFormat {
    static let headerBytes = 40
    static let nodeHeaderBytes = 5
    static let maximumItems = 2048
    static let minimumItems = 2
    static let maximumLevel = 8

    static func isBoundary(_ digest: Digest) -> Bool {
        digest.bytes[31] == 0 && digest.bytes[30] & 1 == 0
    }

    /// The item that stands at some level: a chunk, or a node.
    struct Item: Equatable, Sendable {
        var digest: Digest
        var size: Int
    }

    struct Node: Equatable, Sendable {
        var level: Int
        var items: [Item]
    }

    static func encode(_ node: Node) -> [UInt8] {
        var writer = ByteWriter(capacity: nodeHeaderBytes + node.items.count * 40)
        writer.append(uint8: UInt8(node.level))
        writer.append(uint32: UInt32(node.items.count))
        for item in node.items {
            writer.append(item.digest)
            if node.level == 0 {
                writer.append(uint32: UInt32(item.size))
            } else {
                writer.append(uint64: UInt64(item.size))
            }
        }
        return writer.bytes
    }

    /// Reads a node that must make exactly `size` bytes.
    static func decodeNode(
        _ bytes: Span<UInt8>, from offset: Int = 0, size: Int
    ) throws(DecodeError) -> Node {
        var cursor = ByteCursor(offset: offset)
        let level = Int(try cursor.uint8(bytes))
        let count = Int(try cursor.uint32(bytes))
        guard level <= maximumLevel else { throw DecodeError(at: offset, "recipe too deep") }
        let itemBytes = level == 0 ? 36 : 40
        guard (1...maximumItems).contains(count),
            cursor.remaining(in: bytes) == count * itemBytes
        else { throw DecodeError(at: offset + 1, "recipe node of another length") }
        var items: [Item] = []
        items.reserveCapacity(count)
        var rest = size
        for _ in 0..<count {
            let start = cursor.offset
            let digest = try cursor.digest(bytes)
            let length = level == 0 ? UInt64(try cursor.uint32(bytes)) : try cursor.uint64(bytes)
            guard length > 0, length <= UInt64(rest) else {
                throw DecodeError(at: start, "recipe lengths do not add up")
            }
            guard level > 0 || length <= UInt64(FramePrefix.maximumPlainLength) else {
                throw DecodeError(at: start, "chunk too long")
            }
            rest -= Int(length)
            items.append(Item(digest: digest, size: Int(length)))
        }
        guard rest == 0 else { throw DecodeError(at: offset, "recipe lengths do not add up") }
        return Node(level: level, items: items)
    }

    struct Recipe: Equatable, Sendable {
        var blob: BlobID
        var size: Int
        var root: Node
    }

    static func encode(_ recipe: Recipe) -> [UInt8] {
        var writer = ByteWriter(capacity: 64)
        writer.append(recipe.blob.digest)
        writer.append(uint64: UInt64(recipe.size))
        writer.append(encode(recipe.root))
        return writer.bytes
    }

    static func decode(_ bytes: Span<UInt8>) throws(DecodeError) -> Recipe {
        var cursor = ByteCursor()
        let blob = BlobID(try cursor.digest(bytes))
        let size = try cursor.uint64(bytes)
        guard size <= UInt64(Int.max) else { throw DecodeError(at: 32, "blob size out of bounds") }
        let root = try decodeNode(bytes, from: headerBytes, size: Int(size))
        return Recipe(blob: blob, size: Int(size), root: root)
    }
}

/// Gathers the chunks of a blob into a recipe, node by node: memory for one node a level.
struct RecipeBuilder {
    private var levels: [[RecipeFormat.Item]] = [[]]
    private var size = 0
    private var nodes = 0

    /// Appends a chunk; `put` stores each recipe node as it is finished.
    mutating func append(
        _ chunk: ChunkReference, put: (Digest, [UInt8]) throws -> Void
    ) throws {
        size += chunk.length
        try append(.init(digest: chunk.id.digest, size: chunk.length), level: 0, put: put)
    }

    private mutating func append(
        _ item: RecipeFormat.Item, level: Int, put: (Digest, [UInt8]) throws -> Void
    ) throws {
        if level == levels.count { levels.append([]) }
        // The full node is closed only when a further item comes, so that the last stays open
        // for the root.
        let last = levels[level].last
        let count = levels[level].count
        if let last,
            count >= RecipeFormat.maximumItems
                || (count >= RecipeFormat.minimumItems && RecipeFormat.isBoundary(last.digest))
        {
            try close(level, put: put)
        }
        levels[level].append(item)
    }

    private mutating func close(
        _ level: Int, put: (Digest, [UInt8]) throws -> Void
    ) throws {
        let node = RecipeFormat.Node(level: level, items: levels[level])
        levels[level] = []
        let bytes = RecipeFormat.encode(node)
        guard let digest = objectDigest(.recipeNode, bytes) else { return }
        try put(digest, bytes)
        let sum = node.items.reduce(0) { $0 + $1.size }
        try append(.init(digest: digest, size: sum), level: level + 1, put: put)
    }

    /// The recipe of the blob; `put` stores the nodes that are left.
    mutating func finish(
        _ blob: BlobID, put: (Digest, [UInt8]) throws -> Void
    ) throws -> [UInt8] {
        var level = 0
        while level + 1 < levels.count {
            try close(level, put: put)
            level += 1
        }
        let root = RecipeFormat.Node(level: level, items: levels[level])
        return RecipeFormat.encode(RecipeFormat.Recipe(blob: blob, size: size, root: root))
    }
}
