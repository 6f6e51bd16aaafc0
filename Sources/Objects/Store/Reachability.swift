import Bytes
package import Vocabulary

/// Where a walk over the store starts.
package enum StoreRoot: Hashable, Sendable {
    /// A file or a listing that someone points to.
    case content(ContentID)
    /// A record, such as a ref names.
    case record(RecordID)
}

/// Walks everything that can be reached from some roots, each object once, an object before those
/// that it names.
///
/// A tree names its nodes, blobs and subtrees, a recipe its nodes and chunks; an object whose frame
/// has bases needs these. A record names each id
/// that is a whole text somewhere in it; since a run may name what was never stored, such an id
/// counts only if it is here, but for the `tree` and `parents` of a snapshot.
struct ReachableWalk {
    let store: ObjectStore
    /// Whether to pass over an object and what only it reaches.
    var isKnown: (ObjectKey) throws -> Bool = { _ in false }
    /// Told of an object that should be here and is not, and what names it.
    var missing: (ObjectKey, _ by: ObjectKey?) throws -> Void
    /// Told of an object that cannot be read.
    var failed: (ObjectKey, any Error) throws -> Void
    /// Told of each object.
    var body: (ObjectKey) throws -> Void

    private var visited: ObjectSet
    private var stack: [ObjectKey] = []

    init(
        _ store: ObjectStore, missing: @escaping (ObjectKey, ObjectKey?) throws -> Void,
        failed: @escaping (ObjectKey, any Error) throws -> Void,
        body: @escaping (ObjectKey) throws -> Void
    ) {
        self.store = store
        visited = ObjectSet(store.view)
        self.missing = missing
        self.failed = failed
        self.body = body
    }

    mutating func run(from roots: [StoreRoot]) throws {
        for root in roots {
            switch root {
            case .record(let id): try push(.record, id.digest, by: nil)
            case .content(.file(let id)): try pushBlob(id.digest, by: nil)
            case .content(.directory(let id)): try push(.treeNode, id.digest, by: nil)
            }
            while let key = stack.popLast() {
                try body(key)
                do {
                    try expand(key)
                } catch let error as StoreError where error.kind == .corrupt {
                    try failed(key, error)
                } catch let error as StoreError where error.kind == .notInStore {
                    try failed(key, error)
                }
            }
        }
    }

    private mutating func push(_ kind: ObjectKind, _ digest: Digest, by: ObjectKey?) throws {
        let key = ObjectKey(kind, digest)
        guard visited.insert(key), try !isKnown(key) else { return }
        guard store.contains(kind, digest) else { return try missing(key, by) }
        stack.append(key)
    }

    private mutating func pushBlob(_ digest: Digest, by: ObjectKey?) throws {
        let isRecipe = !store.contains(.chunk, digest) && store.contains(.recipe, digest)
        try push(isRecipe ? .recipe : .chunk, digest, by: by)
    }

    private mutating func expand(_ key: ObjectKey) throws {
        for base in try store.bases(of: key) { try push(base.kind, base.digest, by: key) }
        switch key.kind {
        case .chunk, .recipeNode: break
        case .recipe: try expandRecipe(key)
        case .treeNode: try expandTreeNode(key)
        case .record: try expandRecord(key)
        }
    }

    private mutating func expandRecipe(_ key: ObjectKey) throws {
        let recipe = try store.recipe(of: BlobID(key.digest))
        var found: [ObjectKey] = []
        // What was found before a damaged node still counts.
        let result = Result {
            try store.forEachChunk(
                of: recipe, nodes: { found.append(ObjectKey(.recipeNode, $0)) },
                { found.append(ObjectKey(.chunk, $0.id.digest)) })
        }
        for item in found { try push(item.kind, item.digest, by: key) }
        try result.get()
    }

    private mutating func expandTreeNode(_ key: ObjectKey) throws {
        let bytes = try store.readObject(
            .treeNode, key.digest, maximumBytes: ObjectStore.maximumNodeBytes)
        let node: TreeNode
        do {
            node = try TreeNode(decoding: bytes)
        } catch {
            throw StoreError(
                .corrupt, "\(key) is damaged: \(error.reason)", subject: key.digest.hex)
        }
        for child in node.children { try push(.treeNode, child.digest, by: key) }
        for entry in node.entries {
            switch entry.kind {
            case .file, .executable, .symlink: try pushBlob(entry.id, by: key)
            case .tree: try push(.treeNode, entry.id, by: key)
            case .directory: break
            }
        }
    }

    private mutating func expandRecord(_ key: ObjectKey) throws {
        let record = try store.readRecord(RecordID(key.digest))
        if record["type"]?.stringValue == "snapshot" { try expandSnapshot(record, key) }
        var ids = Set<Digest>()
        ReachableWalk.collectIDs(record, &ids)
        for digest in ids.sorted() {
            for kind in [ObjectKind.record, .treeNode, .recipe, .chunk]
            where store.contains(kind, digest) {
                try push(kind, digest, by: key)
            }
        }
    }

    private mutating func expandSnapshot(_ record: JSONValue, _ key: ObjectKey) throws {
        if let tree = record["tree"]?.stringValue.flatMap({ TreeID(text: $0) }) {
            try push(.treeNode, tree.digest, by: key)
        }
        for parent in record["parents"]?.arrayValue ?? [] {
            if let id = parent.stringValue.flatMap({ RecordID(text: $0) }) {
                try push(.record, id.digest, by: key)
            }
        }
    }

    /// The ids that are whole texts in `value`: `sha256:…` or `tree:sha256:…`.
    private static func collectIDs(_ value: JSONValue, _ ids: inout Set<Digest>) {
        switch value {
        case .string(let text):
            let bare = text.hasPrefix("tree:") ? text.dropFirst(5) : text[...]
            if bare.hasPrefix("sha256:"), let digest = Digest(hex: bare.dropFirst(7)) {
                ids.insert(digest)
            }
        case .array(let items): for item in items { collectIDs(item, &ids) }
        case .object(let members): for item in members.values { collectIDs(item, &ids) }
        default: break
        }
    }
}

extension ObjectStore {
    /// Calls `body` with each object that can be reached from `roots`, once, an object before those
    /// that it names. An object for which `isKnown` is true is passed over with what only it
    /// reaches. Objects are walked with the bases of their frames. `missing` is told of objects that are named and not here (a blob by its chunk
    /// key). Throws `.corrupt` at a damaged object.
    package func forEachReachable(
        from roots: [StoreRoot], isKnown: (ObjectKey) throws -> Bool = { _ in false },
        missing: (ObjectKey) throws -> Void, _ body: (ObjectKey) throws -> Void
    ) throws {
        try withoutActuallyEscaping(isKnown) { isKnown in
            try withoutActuallyEscaping(missing) { missing in
                try withoutActuallyEscaping(body) { body in
                    var walk = ReachableWalk(
                        self, missing: { key, _ in try missing(key) },
                        failed: { _, error in throw error }, body: body)
                    walk.isKnown = isKnown
                    try walk.run(from: roots)
                }
            }
        }
    }

    /// The frame that holds the object, as it stands in a pack, with all its mates: completely
    /// checked. `.notInStore`, `.corrupt`. `length` bytes of it are in memory.
    package func encodedFrame(containing kind: ObjectKind, _ digest: Digest) throws -> EncodedFrame
    {
        let key = ObjectKey(kind, digest)
        return try fromAnyPlace(of: key) { place in
            let pack = try packCache.pack(place.pack)
            let bytes = try pack.frameBytes(at: place.frameOffset, guess: 32 << 10)
            let frame = try EncodedFrame(verifying: bytes, from: pack.name, base: readBase)
            guard frame.objects.contains(where: { $0.key == key }) else {
                throw wrongContent(key, place)
            }
            return frame
        }
    }
}
