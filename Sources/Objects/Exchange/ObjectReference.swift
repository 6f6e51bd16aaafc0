import Bytes
package import Vocabulary

/// What an object says about another: the edges that push, fetch and collection follow.
package enum ObjectReference: Hashable, Sendable {
    /// That object is needed.
    case object(ObjectKey)
    /// That blob is needed: as one chunk, or as a recipe with all that is below it.
    case blob(BlobID)
    /// A record names the digest, of whatever kind and wherever it may be.
    case mention(Digest)
}

/// The references of an object, in its own order, from its bytes. The bytes need not be trusted:
/// they are read with the checks of their format.
package func references(
    of kind: ObjectKind, _ bytes: [UInt8]
) throws(DecodeError) -> [ObjectReference] {
    switch kind {
    case .chunk: []
    case .recipe:
        references(of: try RecipeFormat.decode(bytes.span).root)
    case .recipeNode:
        try RecipeFormat.nodeReferences(bytes.span)
    case .treeNode:
        references(of: try TreeNode(decoding: bytes))
    case .record:
        mentions(in: try JSONValue(parsing: bytes))
    }
}

extension ObjectStore {
    /// The references of an object that is here. Throws `.notInStore`, and `.corrupt` where its bytes are
    /// not of its kind.
    package func references(of key: ObjectKey) throws -> [ObjectReference] {
        let bytes = try readObject(
            key.kind, key.digest, maximumBytes: ObjectStore.maximumNodeBytes)
        do {
            return try Objects.references(of: key.kind, bytes)
        } catch {
            throw StoreError(
                .corrupt, "\(key) is damaged: \(error.reason)", subject: key.digest.hex,
                advice: "run 'mlstore fsck' to see what is affected", cause: error)
        }
    }
}

private func references(of node: RecipeFormat.Node) -> [ObjectReference] {
    let kind: ObjectKind = node.level == 0 ? .chunk : .recipeNode
    return node.items.map { .object(ObjectKey(kind, $0.digest)) }
}

private func references(of node: TreeNode) -> [ObjectReference] {
    if node.level > 0 {
        return node.children.map { .object(ObjectKey(.treeNode, $0.digest)) }
    }
    return node.entries.compactMap { entry in
        if let tree = entry.subtree { return .object(ObjectKey(.treeNode, tree.digest)) }
        return entry.blob.map { .blob($0) }
    }
}

/// Every text of a record that is an id, `tree:` before it or not; each once, in the order of the
/// canonical form.
private func mentions(in record: JSONValue) -> [ObjectReference] {
    var found: [ObjectReference] = []
    var seen = Set<Digest>()
    func visit(_ value: JSONValue) {
        switch value {
        case .string(let text):
            let id = text.hasPrefix("tree:") ? text.dropFirst(5) : text[...]
            guard id.utf8.count == 71, let digest = RecordID(text: id)?.digest,
                seen.insert(digest).inserted
            else { return }
            found.append(.mention(digest))
        case .array(let items): items.forEach(visit)
        case .object(let fields): fields.sorted { $0.key < $1.key }.forEach { visit($0.value) }
        case .null, .bool, .integer, .number: return
        }
    }
    visit(record)
    return found
}

extension RecipeFormat {
    /// The references of a node whose size is not known yet; whoever reads the blob checks that.
    fileprivate static func nodeReferences(
        _ bytes: Span<UInt8>
    ) throws(DecodeError) -> [ObjectReference] {
        var cursor = ByteCursor()
        let level = Int(try cursor.uint8(bytes))
        let count = Int(try cursor.uint32(bytes))
        let sizeBytes = level == 0 ? 4 : 8
        guard level <= maximumLevel, (1...maximumItems).contains(count),
            cursor.remaining(in: bytes) == count * (Digest.sizeBytes + sizeBytes)
        else { throw DecodeError(at: 0, "recipe node of another length") }
        var found: [ObjectReference] = []
        for _ in 0..<count {
            let kind: ObjectKind = level == 0 ? .chunk : .recipeNode
            found.append(.object(ObjectKey(kind, try cursor.digest(bytes))))
            try cursor.skip(sizeBytes, bytes)
        }
        return found
    }
}
