import Bytes
import Objects
import Platform
import Vocabulary

/// Finds what is here, is wanted, and is not on the remote.
///
/// Invariant, on which whole subtrees are passed over: an object that the remote has came with
/// everything below it, and with what its frame builds on. It is kept by leaving out every object below which something is neither
/// here nor there. Where a part was lost there, what is above it is known to be incomplete, and looked
/// below. Records are different: what they name may be anywhere, so they are followed as far as this
/// store goes.
struct MissingObjects {
    private let store: ObjectStore
    private let index: RemoteIndex
    /// What is to be sent.
    private(set) var keys: [ObjectKey] = []
    /// What is there already, and will have everything below it again with `keys`.
    private(set) var mended: Set<Digest> = []
    private var visited: [ObjectKey: Bool] = [:]

    init(in store: ObjectStore, against index: RemoteIndex) {
        self.store = store
        self.index = index
    }

    /// Adds a file or directory; false when a part of it is neither here nor on the remote.
    mutating func add(_ content: ContentID) throws -> Bool {
        switch content {
        case .file(let blob): try add(blob)
        case .directory(let tree): try add(ObjectKey(.treeNode, tree.digest))
        }
    }

    private mutating func add(_ blob: BlobID) throws -> Bool {
        if let key = index.key(of: blob), index.isWhole(key) { return true }
        let chunk = ObjectKey(.chunk, blob.digest)
        if store.contains(.chunk, blob.digest) { return try add(chunk) }
        return try add(ObjectKey(.recipe, blob.digest))
    }

    private mutating func add(_ key: ObjectKey) throws -> Bool {
        if index.isWhole(key) { return true }
        if let known = visited[key] { return known }
        guard store.contains(key.kind, key.digest) else {
            visited[key] = false
            return false
        }
        var isComplete = true
        for base in try store.bases(of: key) where try !add(base) { isComplete = false }
        if key.kind != .chunk {
            for reference in try store.references(of: key) {
                // Also after a failure: the parts that are here are worth sending.
                if try !add(reference) { isComplete = false }
            }
        }
        visited[key] = isComplete
        if isComplete {
            if index.contains(key) { mended.insert(key.digest) } else { keys.append(key) }
        }
        return isComplete
    }

    private mutating func add(_ reference: ObjectReference) throws -> Bool {
        switch reference {
        case .object(let key): try add(key)
        case .blob(let blob): try add(blob)
        case .mention: true
        }
    }

    /// Adds records, the records they name, and of the contents they name what is here and not
    /// `withheld`.
    mutating func add(records: [RecordID], without withheld: Set<ContentID> = []) throws {
        let skipped = Set(withheld.map(\.digest))
        var pending = records.reversed().map(\.digest)
        var followed: [(record: Digest, names: [Digest])] = []
        while let digest = pending.popLast() {
            try SignalWatch.check()
            let key = ObjectKey(.record, digest)
            guard visited[key] == nil, !index.isWhole(key),
                store.contains(.record, digest)
            else { continue }
            visited[key] = true
            for base in try store.bases(of: key) { _ = try add(base) }
            let names = try store.references(of: key).compactMap { reference in
                if case .mention(let named) = reference { named } else { nil }
            }
            if index.contains(key) { followed.append((digest, names)) } else { keys.append(key) }
            for named in names where !skipped.contains(named) {
                if store.contains(.record, named) {
                    pending.append(named)
                } else if store.contains(.treeNode, named) {
                    _ = try add(ObjectKey(.treeNode, named))
                } else if store.contains(BlobID(named)) {
                    _ = try add(BlobID(named))
                }
            }
        }
        mend(followed)
    }

    /// Records of which nothing is lacking any more. What is neither here nor there may be what was lost.
    private mutating func mend(_ followed: [(record: Digest, names: [Digest])]) {
        // Parents come after their children: from the end, once through is enough.
        for item in followed.reversed() where item.names.allSatisfy(isThere) {
            mended.insert(item.record)
        }
    }

    private func isThere(_ digest: Digest) -> Bool {
        mended.contains(digest)
            || [ObjectKind.record, .treeNode, .recipe, .chunk].contains { kind in
                let key = ObjectKey(kind, digest)
                return index.isWhole(key) || visited[key] == true && !index.contains(key)
            }
    }
}
