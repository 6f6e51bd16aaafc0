import Bytes
package import Vocabulary

/// Why an object stays, or that nothing keeps it.
package struct Explanation: Hashable, Sendable {
    /// One object on the way from a root.
    package struct Step: Hashable, Sendable {
        /// The object.
        package let key: ObjectKey
        /// What the object before calls it: a path in a directory, the field of a record; empty
        /// where it has no name.
        package let name: String
    }

    /// The object.
    package let key: ObjectKey
    /// What names the first object of `steps`; nil where nothing keeps it.
    package let root: LiveRoot?
    /// A way from the root's object to this one; empty where nothing keeps it.
    package let steps: [Step]
}

extension ObjectStore {
    /// Why each object with this digest would be kept by a collection with these roots. Throws
    /// `.notInStore` where there is none. Costs a whole marking.
    package func explain(_ digest: Digest, roots: CollectionRoots) throws -> [Explanation] {
        try refresh()
        var live = try LiveObjects(of: self, tracing: true)
        let all = try roots.all()
        let ledger = ledgerRoots(of: live.view)
        try live.mark(all + ledger)
        let found = ObjectKind.allCases.compactMap { kind -> (ObjectKey, Int)? in
            let key = ObjectKey(kind, digest)
            return live.number(of: key).map { (key, $0) }
        }
        guard !found.isEmpty else { throw StoreError.objectMissing(ObjectKey(.chunk, digest)) }
        return try found.map { key, number in
            guard live.isMarked(number) else {
                return Explanation(key: key, root: nil, steps: [])
            }
            var keys = [key]
            var finder = live.finders[number]
            while finder >= 0 {
                keys.append(try self.key(of: Int(finder), in: live))
                finder = live.finders[Int(finder)]
            }
            keys.reverse()
            let root = (all + ledger)[-2 - Int(finder)]
            return Explanation(key: key, root: root, steps: try steps(keys))
        }
    }

    /// The whole key of an object: its entry in the index has only half of its digest.
    private func key(of number: Int, in live: LiveObjects) throws -> ObjectKey {
        let (entry, pack) = live.entry(number)
        let place = ObjectPlace(
            pack: pack, frameOffset: Int(entry.frameOffset), ordinal: Int(entry.ordinal),
            length: Int(entry.length), hasBases: entry.flags & 1 != 0)
        let frame = try decodedFrame(at: place)
        guard let digest = frame.digest(place.ordinal) else {
            throw StoreError.damaged(
                "packs/\(pack.digest.hex).pack", at: place.frameOffset, "an object is missing")
        }
        return ObjectKey(frame.kind, digest)
    }

    private func steps(_ keys: [ObjectKey]) throws -> [Explanation.Step] {
        try keys.indices.map { index in
            let name = index == 0 ? "" : try self.name(of: keys[index], in: keys[index - 1])
            return Explanation.Step(key: keys[index], name: name)
        }
    }

    private func name(of key: ObjectKey, in parent: ObjectKey) throws -> String {
        switch parent.kind {
        case .chunk, .recipe, .recipeNode: return ""
        case .treeNode:
            let bytes = try readObject(
                .treeNode, parent.digest, maximumBytes: ObjectStore.maximumNodeBytes)
            let node = try TreeNode(decoding: bytes)
            return node.entries.first { $0.id == key.digest }?.path.description ?? ""
        case .record:
            let record = try readRecord(RecordID(parent.digest))
            let fields = record.objectValue ?? [:]
            return fields.keys.sorted().first { field in
                fields[field]?.canonical.contains(Array(key.digest.hex.utf8)) ?? false
            } ?? ""
        }
    }
}
