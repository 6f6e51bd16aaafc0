import Bytes
import Vocabulary

/// Encodes the nodes of one level, one after another. The caller has checked the order.
struct TreeNodeWriter {
    /// The level of the nodes.
    let level: Int
    private var body = ByteWriter()
    private var count = 0
    private var lastPath: RepoPath?
    private var totals = TreeTotals()

    init(level: Int) { self.level = level }

    /// Whether the next item starts a node.
    var isAtBoundary: Bool { count == 0 }

    /// Adds an item; true when it ends the node, which the caller then closes.
    mutating func append(_ item: TreeItem) throws(StoreError) -> Bool {
        let path = item.path
        appendKey(path.bytes, after: lastPath?.bytes ?? [])
        switch item {
        case .entry(let entry): appendValue(of: entry)
        case .child(let child): appendValue(of: child)
        }
        guard totals.add(entries: item.totals.entries, bytes: item.totals.bytes) else {
            throw StoreError(
                .malformed, "the sizes of the files up to '\(path)' add up to more than 2^63 bytes",
                subject: path.description)
        }
        count += 1
        lastPath = path
        return body.bytes.count >= TreeShape.fullNodeBytes
            || TreeShape.endsNode(key: path.bytes, level: level)
    }

    private mutating func appendKey(_ key: [UInt8], after previous: [UInt8]) {
        let limit = min(key.count, previous.count)
        var shared = 0
        while shared < limit, key[shared] == previous[shared] { shared += 1 }
        body.append(varint: UInt64(shared))
        body.append(varint: UInt64(key.count - shared))
        body.append(Array(key[shared...]))
    }

    private mutating func appendValue(of entry: TreeEntry) {
        body.append(uint8: entry.kind.rawValue)
        guard entry.kind != .directory else { return }
        body.append(varint: UInt64(entry.size))
        body.append(entry.id)
    }

    private mutating func appendValue(of child: TreeChild) {
        body.append(child.digest)
        body.append(varint: UInt64(child.totals.entries))
        body.append(varint: UInt64(child.totals.bytes))
    }

    /// Ends the node and starts the next: the bytes, and the item for the level above (nil for a
    /// node without items, the root of the empty tree).
    mutating func close() -> (bytes: [UInt8], digest: Digest, child: TreeChild?) {
        var node = ByteWriter()
        node.append(uint8: UInt8(level))
        node.append(varint: UInt64(count))
        node.append(body.bytes)
        let digest = TreeNode.digest(of: node.bytes)
        let child = lastPath.map { TreeChild(lastPath: $0, digest: digest, totals: totals) }
        body.bytes.removeAll(keepingCapacity: true)
        count = 0
        lastPath = nil
        totals = TreeTotals()
        return (node.bytes, digest, child)
    }
}
