import Platform
import Vocabulary

/// Finds which of some packs must stay, because something that stays needs an object that stands
/// only in them.
///
/// The packs in question, the candidates, are those that a collection is about to condemn, or
/// those that were condemned since a session began: their files are there in either case.
///
/// Invariant that it keeps: what an object of a pack that counts refers to or builds on stands in a pack
/// that counts, if it stands anywhere. (But for what records only mention.) So only packs that stay
/// although they were to go need to be looked through, and what these need in turn. A pack that
/// cannot be read for this keeps all candidates: nothing is lost because of damage.
struct PackClosure {
    private let store: ObjectStore
    private let view: StoreView
    private let candidates: Set<PackID>
    private let isElsewhere: (ObjectKey) -> Bool
    /// Objects of candidates that no index segment covers.
    private var unindexed: [ObjectKey: PackID] = [:]
    private var pending: [PackID] = []
    private var kept: Set<PackID> = []
    /// How deep each record was followed.
    private var followed: [ObjectKey: LiveRoot.Depth] = [:]
    /// Contents that nothing needs, though a root or a record names them.
    var released: Set<Digest> = []

    /// `view` is a state with its index loaded; `isElsewhere` tells of objects that stand in packs
    /// which are not in it yet.
    init(
        _ store: ObjectStore, _ view: StoreView, candidates: Set<PackID>,
        isElsewhere: @escaping (ObjectKey) -> Bool
    ) {
        self.store = store
        self.view = view
        self.candidates = candidates
        self.isElsewhere = isElsewhere
        let covered = Set(view.segments.flatMap(\.segment.packs))
        for id in candidates.subtracting(covered).sorted() {
            do {
                for entry in try pack(id).directory() { unindexed[entry.key] = id }
            } catch { keepAll() }
        }
    }

    /// Something that stays needs that object.
    mutating func require(_ key: ObjectKey) {
        guard !isSafe(key) else { return }
        keepHolder(of: key)
    }

    /// Something that stays has that reference.
    mutating func require(_ reference: ObjectReference) {
        switch reference {
        case .object(let key): require(key)
        case .blob(let blob):
            let keys = [ObjectKey(.chunk, blob.digest), ObjectKey(.recipe, blob.digest)]
            guard !keys.contains(where: isSafe) else { return }
            for key in keys where keepHolder(of: key) { return }
        case .mention(let digest):
            require(ObjectKey(.record, digest))
            guard !released.contains(digest) else { return }
            for kind in [ObjectKind.treeNode, .recipe, .chunk] {
                require(ObjectKey(kind, digest))
            }
        }
    }

    /// That stays, as far as `depth` says.
    mutating func require(_ subject: LiveRoot.Subject, _ depth: LiveRoot.Depth) {
        switch subject {
        case .record(let id): require(record: id, depth)
        case .content(let content) where released.contains(content.digest): return
        case .content(.file(let blob)): require(.blob(blob))
        case .content(.directory(let tree)): require(ObjectKey(.treeNode, tree.digest))
        case .mention(let digest):
            require(ObjectReference.mention(digest))
            require(record: RecordID(digest), depth)
        }
    }

    /// A record is followed though it is safe itself: it may have been left as history, without what
    /// it names.
    mutating func require(record id: RecordID, _ depth: LiveRoot.Depth) {
        let key = ObjectKey(.record, id.digest)
        require(key)
        guard depth > .records, isAnywhere(key), followed[key].map({ $0 < depth }) ?? true else {
            return
        }
        followed[key] = depth
        do {
            let bytes = try store.readObject(
                .record, key.digest, maximumBytes: ObjectStore.maximumRecordBytes)
            for reference in try references(of: .record, bytes) {
                require(reference)
                if depth == .everything, case .mention(let digest) = reference {
                    require(record: RecordID(digest), .everything)
                }
            }
        } catch { keepAll() }
    }

    /// A session relies on that object, and where it is a record on what it names.
    mutating func requireContent(of key: ObjectKey) {
        if key.kind == .record {
            require(record: RecordID(key.digest), .content)
        } else {
            require(key)
        }
    }

    /// A session relies on every object of this pack, which it committed; they may stand elsewhere
    /// by now.
    mutating func requireObjects(of id: PackID) {
        do {
            for entry in try pack(id).directory() { requireContent(of: entry.key) }
        } catch { keepAll() }
    }

    private func isAnywhere(_ key: ObjectKey) -> Bool {
        view.place(of: key) != nil || !view.condemnedPlaces(of: key).isEmpty
    }

    /// Everything that the objects of this pack refer to or build on is needed.
    mutating func requireAll(in id: PackID) {
        do {
            let file = try pack(id)
            var offset = -1
            for entry in try file.directory().sorted(by: { $0.frameOffset < $1.frameOffset })
            where entry.frameOffset != offset && (entry.key.kind != .chunk || entry.hasBases) {
                offset = entry.frameOffset
                if entry.hasBases {
                    for base in try file.frameBases(at: offset)?.digests ?? [] {
                        require(ObjectKey(.chunk, base))
                    }
                    continue
                }
                let frame = try store.workers.withWorker {
                    try file.frame(at: offset, guess: 64 << 10, with: $0, base: store.readBase)
                }
                for ordinal in 0..<frame.count {
                    for reference in try references(of: frame.kind, frame.object(ordinal) ?? []) {
                        require(reference)
                    }
                }
            }
        } catch { keepAll() }
    }

    /// The candidates that must stay, once all that stays is known.
    mutating func finish() -> Set<PackID> {
        while let id = pending.popLast() { requireAll(in: id) }
        return kept
    }

    private func pack(_ id: PackID) throws -> PackFile {
        try PackFile(id, at: store.layout.pack(id), on: store.disk)
    }

    private func isSafe(_ key: ObjectKey) -> Bool {
        isElsewhere(key)
            || view.places(of: key).contains {
                !candidates.contains($0.pack) || kept.contains($0.pack)
            }
    }

    /// Whether the object stands in a candidate, one of which is kept for it.
    @discardableResult
    private mutating func keepHolder(of key: ObjectKey) -> Bool {
        var holders = (view.places(of: key) + view.condemnedPlaces(of: key)).map(\.pack)
            .filter { candidates.contains($0) }
        if let id = unindexed[key] { holders.append(id) }
        guard let first = holders.min() else { return false }
        if !holders.contains(where: kept.contains) {
            kept.insert(first)
            pending.append(first)
        }
        return true
    }

    private mutating func keepAll() {
        pending += candidates.subtracting(kept).sorted()
        kept = candidates
    }
}
