package import Bytes
package import Vocabulary

// MARK: - Presence

extension ObjectStore {
    /// Whether the store holds the object. Cost: about a microsecond, no disk.
    package func contains(_ kind: ObjectKind, _ digest: Digest) -> Bool {
        view.place(of: ObjectKey(kind, digest)) != nil
    }

    /// Whether the store can give the blob, as one chunk or by a recipe. Not whether every chunk of
    /// the recipe is here: `verify` and Transfer look at those.
    package func contains(_ id: BlobID) -> Bool {
        contains(.chunk, id.digest) || contains(.recipe, id.digest)
    }

    /// Whether the store holds the file, or the root of the listing.
    package func contains(_ id: ContentID) -> Bool {
        switch id {
        case .file(let blob): contains(blob)
        case .directory(let tree): contains(.treeNode, tree.digest)
        }
    }

    /// The size of the blob in bytes; `.notInStore` when it is not here.
    package func size(of id: BlobID) throws -> Int {
        if let place = view.place(of: ObjectKey(.chunk, id.digest)) { return place.length }
        return try recipe(of: id).size
    }
}

// MARK: - Objects

extension ObjectStore {
    /// The bytes of an object, checked against its digest. Throws `.notInStore`, `.corrupt` (naming
    /// pack and offset), or `.malformed` when it is longer than `maximumBytes`.
    package func readObject(
        _ kind: ObjectKind, _ digest: Digest, maximumBytes: Int
    ) throws -> [UInt8] {
        let key = ObjectKey(kind, digest)
        return try fromAnyPlace(of: key) { place in
            guard place.length <= maximumBytes else {
                throw StoreError.objectTooLarge(key, place.length, limit: maximumBytes)
            }
            return try read(key, at: place)
        }
    }

    /// The result of `body` for the first place of the object with which it does not fail; if all
    /// fail, the first failure is thrown. Places are looked for again when those known are used
    /// up: a pack may have been collected meanwhile, and what lived in it stands elsewhere.
    func fromAnyPlace<Result>(
        of key: ObjectKey, _ body: (ObjectPlace) throws -> Result
    ) throws -> Result {
        var tried: [ObjectPlace] = []
        var firstFailure: (any Error)?
        while true {
            let places = try places(of: key).filter { !tried.contains($0) }
            for place in places {
                do { return try body(place) } catch { firstFailure = firstFailure ?? error }
            }
            tried += places
            let failure = firstFailure ?? StoreError.objectMissing(key)
            guard !places.isEmpty else {
                // That a pack is gone which counts no more is no damage.
                throw view.place(of: key) == nil ? StoreError.objectMissing(key) : failure
            }
            do { try refresh() } catch { throw failure }
        }
    }

    /// Where the object stands, after a look at what others committed if it is not known here.
    /// Several places when it was stored more than once; in packs that count no more only where
    /// there are no others; `.notInStore` when there are none.
    func places(of key: ObjectKey) throws -> [ObjectPlace] {
        var places = view.places(of: key)
        if places.isEmpty {
            try refresh()
            places = view.places(of: key)
        }
        if places.isEmpty { places = view.condemnedPlaces(of: key) }
        if places.isEmpty, let fault = view.unreadable.min(by: { $0.key < $1.key })?.value {
            // It may well be in the pack that cannot be read: say that rather than 'missing'.
            throw fault
        }
        guard !places.isEmpty else { throw StoreError.objectMissing(key) }
        return places
    }

    private func read(_ key: ObjectKey, at place: ObjectPlace) throws -> [UInt8] {
        let frame = try decodedFrame(at: place)
        guard frame.kind == key.kind, let bytes = frame.object(place.ordinal),
            bytes.count == place.length, frame.digest(place.ordinal) == key.digest
        else { throw wrongContent(key, place) }
        return bytes
    }

    /// The decoded frame at `place`; frames of several objects are kept, and others if `keeps`.
    func decodedFrame(
        at place: ObjectPlace, keeps: Bool = false, below generation: Int = .max
    ) throws -> DecodedFrame {
        let cacheKey = FrameCache.Key(pack: place.pack, offset: place.frameOffset)
        if let cached = frameCache.frame(cacheKey), (cached.bases?.generation ?? 0) < generation {
            return cached
        }
        let pack = try packCache.pack(place.pack)
        let frame = try workers.withWorker { worker in
            try pack.frame(
                at: place.frameOffset, guess: 16 << 10, with: worker, below: generation,
                base: readBase)
        }
        if keeps || frame.count > 1 || frame.kind != .chunk { frameCache.keep(frame, cacheKey) }
        return frame
    }

    /// The bytes of an object that a frame of `generation` builds on. That its frame says so must
    /// do, with the frame's checksum: what is built is checked against its own digest.
    package func readBase(_ key: ObjectKey, _ generation: Int) throws -> [UInt8] {
        try fromAnyPlace(of: key) { place in
            let frame = try decodedFrame(at: place, keeps: true, below: generation)
            let digest = frame.count == 1 ? frame.firstDigest : frame.digest(place.ordinal)
            guard frame.kind == key.kind, let bytes = frame.object(place.ordinal),
                digest == key.digest
            else { throw wrongContent(key, place) }
            return bytes
        }
    }

    /// What the object builds on: the objects without which it cannot be read; none for most. Reads
    /// at most the start of its frame.
    package func bases(of key: ObjectKey) throws -> [ObjectKey] {
        try frameBases(of: key)?.digests.map { ObjectKey(key.kind, $0) } ?? []
    }

    /// What the object's frame builds on, and how deep; nil where it needs nothing.
    func frameBases(of key: ObjectKey) throws -> FrameBases? {
        try fromAnyPlace(of: key) { place in
            guard place.hasBases else { return nil }
            return try packCache.pack(place.pack).frameBases(at: place.frameOffset)
        }
    }

    func wrongContent(_ key: ObjectKey, _ place: ObjectPlace) -> StoreError {
        .damaged(
            "packs/\(place.pack.digest.hex).pack", at: place.frameOffset,
            "what stands there is not what its id says", object: key)
    }

    /// A record; `.corrupt` when it is no canonical JSON.
    package func readRecord(_ id: RecordID) throws -> JSONValue {
        let bytes = try readObject(.record, id.digest, maximumBytes: ObjectStore.maximumRecordBytes)
        do {
            return try JSONValue(parsing: bytes)
        } catch {
            throw StoreError(
                .corrupt, "record '\(id.short)' is damaged: \(error.reason)",
                subject: id.description, cause: error)
        }
    }

    /// No record is longer than this.
    package static let maximumRecordBytes = 16 << 20

    /// No node of a tree or recipe is longer than this.
    package static let maximumNodeBytes = 16 << 20

    /// The bytes of one chunk, checked.
    package func readChunk(_ id: ChunkID) throws -> [UInt8] {
        try readObject(.chunk, id.digest, maximumBytes: FramePrefix.maximumPlainLength)
    }
}

// MARK: - Recipes

extension ObjectStore {
    func recipe(of id: BlobID) throws -> RecipeFormat.Recipe {
        let bytes = try readObject(
            .recipe, id.digest, maximumBytes: ObjectStore.maximumNodeBytes)
        do {
            let recipe = try RecipeFormat.decode(bytes.span)
            guard recipe.blob == id else { throw DecodeError(at: 0, "recipe of another blob") }
            return recipe
        } catch let fault as DecodeError { throw damagedRecipe(id, fault) }
    }

    private func damagedRecipe(_ id: BlobID, _ fault: DecodeError) -> StoreError {
        StoreError(
            .corrupt, "the recipe of '\(id.short)' is damaged: \(fault.reason)",
            subject: id.description,
            advice: "run 'mlstore fsck' to see what is affected, then 'mlstore pull'", cause: fault)
    }

    /// The chunks of the blob, in order. Their lengths add up to its size.
    package func chunkList(of id: BlobID) throws -> [ChunkReference] {
        if let place = view.place(of: ObjectKey(.chunk, id.digest)) {
            return [ChunkReference(id: ChunkID(id.digest), length: place.length)]
        }
        var chunks: [ChunkReference] = []
        let recipe = try recipe(of: id)
        try forEachChunk(of: recipe, nodes: { _ in }) { chunks.append($0) }
        return chunks
    }

    /// Calls `body` with the chunks below a recipe, in order, and `nodes` with the digest of
    /// each node on the way.
    func forEachChunk(
        of recipe: RecipeFormat.Recipe, nodes: (Digest) throws -> Void,
        _ body: (ChunkReference) throws -> Void
    ) throws {
        func visit(_ node: RecipeFormat.Node) throws {
            if node.level == 0 {
                for item in node.items {
                    try body(ChunkReference(id: ChunkID(item.digest), length: item.size))
                }
                return
            }
            for item in node.items {
                try nodes(item.digest)
                try visit(try recipeNode(item, level: node.level - 1, of: recipe.blob))
            }
        }
        try visit(recipe.root)
    }

    private func recipeNode(
        _ item: RecipeFormat.Item, level: Int, of blob: BlobID
    ) throws -> RecipeFormat.Node {
        let bytes = try readObject(
            .recipeNode, item.digest, maximumBytes: ObjectStore.maximumNodeBytes)
        do {
            let node = try RecipeFormat.decodeNode(bytes.span, size: item.size)
            guard node.level == level else { throw DecodeError(at: 0, "node at the wrong level") }
            return node
        } catch let fault as DecodeError { throw damagedRecipe(blob, fault) }
    }
}

// MARK: - Trees

extension ObjectStore {
    /// The listing with this id. Reads nothing yet.
    package func tree(_ id: TreeID) throws -> Tree {
        Tree(id: id) { digest in
            try self.readObject(.treeNode, digest, maximumBytes: ObjectStore.maximumNodeBytes)
        }
    }
}
