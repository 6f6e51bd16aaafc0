import Bytes
import Vocabulary

/// What an inner node says about a child.
struct TreeChild: Hashable, Sendable {
    /// The last key below the child: what ends it.
    let lastPath: RepoPath
    /// The digest of the child's bytes.
    let digest: Digest
    /// Everything below the child.
    let totals: TreeTotals
}

/// One item of a node: an entry in a leaf, a child in an inner node.
enum TreeItem: Hashable, Sendable {
    case entry(TreeEntry)
    case child(TreeChild)

    /// The key.
    var path: RepoPath {
        switch self {
        case .entry(let entry): entry.path
        case .child(let child): child.lastPath
        }
    }

    /// What the item adds to the totals of its node.
    var totals: TreeTotals {
        switch self {
        case .entry(let entry): TreeTotals(entries: 1, bytes: entry.size)
        case .child(let child): child.totals
        }
    }
}

/// A decoded node. Leaves (level 0) hold entries, the others children; never both.
struct TreeNode: Hashable, Sendable {
    /// 0 for a leaf, one more than its children otherwise.
    let level: Int
    /// In key order; empty in inner nodes.
    var entries: [TreeEntry] = []
    /// In key order; empty in leaves.
    var children: [TreeChild] = []
    /// Sums over the node.
    var totals = TreeTotals()

    /// The last key of the node, nil in the root of an empty tree.
    var lastPath: RepoPath? { level == 0 ? entries.last?.path : children.last?.lastPath }

    /// The number of entries or children.
    var count: Int { level == 0 ? entries.count : children.count }

    /// Entries or children, alike.
    var items: [TreeItem] {
        level == 0 ? entries.map { .entry($0) } : children.map { .child($0) }
    }

    /// The digest of a node's bytes: for a root, the tree id.
    static func digest(of bytes: [UInt8]) -> Digest { taggedDigest(TreeShape.tag, bytes) }
}

// MARK: - Decoding

extension TreeNode {
    /// Reads a node, checking everything that one node can tell: lengths, order, valid paths, one
    /// way to write each thing, and that no entry lies below another.
    init(decoding bytes: [UInt8]) throws(DecodeError) {
        guard bytes.count <= TreeShape.maximumNodeBytes else {
            throw DecodeError(at: TreeShape.maximumNodeBytes, "tree node too long")
        }
        let span = bytes.span
        var cursor = ByteCursor()
        let level = Int(try cursor.uint8(span))
        guard level <= TreeShape.maximumLevel else {
            throw DecodeError(at: 0, "tree node of level \(level)")
        }
        self.init(level: level)
        let count = try cursor.varint(span)
        // Every item takes four bytes at least, so a lying count cannot reserve much.
        guard count <= UInt64(bytes.count / 4) else {
            throw DecodeError(at: 1, "tree node with more items than bytes")
        }
        guard level == 0 || count > 0 else {
            throw DecodeError(at: 1, "inner tree node without children")
        }
        try decodeItems(Int(count), span, &cursor)
        guard cursor.offset == bytes.count else {
            throw DecodeError(at: cursor.offset, "bytes behind the last item of a tree node")
        }
    }

    private mutating func decodeItems(
        _ count: Int, _ span: Span<UInt8>, _ cursor: inout ByteCursor
    ) throws(DecodeError) {
        if level == 0 { entries.reserveCapacity(count) } else { children.reserveCapacity(count) }
        var key: [UInt8] = []
        for index in 0..<count {
            let start = cursor.offset
            let path = try TreeNode.decodeKey(isFirst: index == 0, &key, span, &cursor)
            let item =
                try level == 0
                ? decodeEntry(path, span, &cursor) : decodeChild(path, span, &cursor)
            guard totals.add(entries: item.entries, bytes: item.bytes) else {
                throw DecodeError(at: start, "tree totals too large")
            }
        }
    }

    /// Reads `shared`, `length` and the rest of a key, and replaces `key`, the one before it.
    private static func decodeKey(
        isFirst: Bool, _ key: inout [UInt8], _ span: Span<UInt8>, _ cursor: inout ByteCursor
    ) throws(DecodeError) -> RepoPath {
        let start = cursor.offset
        let shared = try cursor.varint(span)
        let length = try cursor.varint(span)
        guard shared <= UInt64(key.count), length <= UInt64(RepoPath.maximumBytes) else {
            throw DecodeError(at: start, "key length out of range")
        }
        let rest = try cursor.bytes(Int(length), span)
        let kept = Int(shared)
        guard let first = rest.first else {
            throw DecodeError(at: start, "repeated key")
        }
        if !isFirst {
            if kept == key.count {
                if first == 0x2f { throw DecodeError(at: start, "an entry below another entry") }
            } else if first == key[kept] {
                throw DecodeError(at: start, "key shares more than it says")
            } else if key[kept] != 0x2f, first == 0x2f || first < key[kept] {
                throw DecodeError(at: start, "keys out of order")
            }
        }
        key.removeLast(key.count - kept)
        key.append(contentsOf: rest)
        do {
            return try RepoPath(validating: key)
        } catch {
            throw DecodeError(at: start, error.reason)
        }
    }

    private mutating func decodeEntry(
        _ path: RepoPath, _ span: Span<UInt8>, _ cursor: inout ByteCursor
    ) throws(DecodeError) -> TreeTotals {
        let start = cursor.offset
        guard let kind = TreeEntryKind(rawValue: try cursor.uint8(span)) else {
            throw DecodeError(at: start, "unknown kind of entry")
        }
        var size = 0
        var id = Digest.zero
        if kind != .directory {
            size = try TreeNode.decodeCount(span, &cursor)
            id = try cursor.digest(span)
        }
        entries.append(TreeEntry(path: path, kind: kind, size: size, id: id))
        return TreeTotals(entries: 1, bytes: size)
    }

    private mutating func decodeChild(
        _ path: RepoPath, _ span: Span<UInt8>, _ cursor: inout ByteCursor
    ) throws(DecodeError) -> TreeTotals {
        let digest = try cursor.digest(span)
        let start = cursor.offset
        let below = TreeTotals(
            entries: try TreeNode.decodeCount(span, &cursor),
            bytes: try TreeNode.decodeCount(span, &cursor))
        guard below.entries > 0 else { throw DecodeError(at: start, "child without entries") }
        children.append(TreeChild(lastPath: path, digest: digest, totals: below))
        return below
    }

    private static func decodeCount(
        _ span: Span<UInt8>, _ cursor: inout ByteCursor
    ) throws(DecodeError) -> Int {
        let start = cursor.offset
        guard let value = Int(exactly: try cursor.varint(span)) else {
            throw DecodeError(at: start, "number too large")
        }
        return value
    }
}
