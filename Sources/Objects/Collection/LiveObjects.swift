import Bytes
import Platform
import Vocabulary

/// Which objects of a store are needed: found by following everything from the roots, each
/// object once.
///
/// An object is its number (see `ObjectNumbers`). So the set is a bit an object, and the order in which
/// objects were found four bytes; no digest is kept. Of an object that stands in several packs the copy
/// that readers take is needed, and the others are not.
///
/// Invariant: an object that is marked has everything marked that it refers to, or that its frame
/// builds on, and that is in the store, but for what records of less than full depth name.
struct LiveObjects {
    let view: StoreView
    private let store: ObjectStore
    private let numbers: ObjectNumbers
    private var marks: [UInt64]
    /// How deep each record was followed.
    private var depths: [Int: LiveRoot.Depth] = [:]
    private var frontier: [Pending] = []
    /// What was marked, in the order in which it was found: that of the roots, and below a
    /// directory that of the paths.
    private(set) var order: [UInt32] = []
    /// For each object what it was found through: an object's number, or -2 and below a root's; -1
    /// where it was not. Empty unless traced.
    private(set) var finders: [Int32] = []
    private(set) var liveCount = 0
    /// Bytes of what was marked, decoded.
    private var plainBytes = 0
    /// What was marked for each group of roots.
    private(set) var kept: [KeptGroup] = []
    /// Which contents are not followed where a root or a record names them.
    var barrier = ReleaseBarrier()

    private struct Pending {
        let key: ObjectKey
        let number: Int
        let depth: LiveRoot.Depth
    }

    private static let batch = 512

    init(of store: ObjectStore, tracing: Bool = false) throws {
        self.store = store
        view = store.view
        if let fault = view.unreadable.min(by: { $0.key < $1.key })?.value {
            throw StoreError.cannotCollect(fault)
        }
        numbers = ObjectNumbers(view)
        let count = numbers.count
        guard count < Int(Int32.max) else {
            throw StoreError(.internalFault, "cannot collect: there are more than 2^31 objects")
        }
        marks = [UInt64](repeating: 0, count: (count + 63) / 64)
        if tracing { finders = [Int32](repeating: -1, count: count) }
    }

    // MARK: - Numbers

    /// The number of the copy of the object that readers take; nil where the store lacks it.
    func number(of key: ObjectKey) -> Int? { numbers.number(of: key) }

    func isMarked(_ number: Int) -> Bool { marks[number >> 6] & (1 << UInt64(number & 63)) != 0 }

    /// The index entry of an object, with its pack.
    func entry(_ number: Int) -> (entry: IndexEntry, pack: PackID) {
        let starts = numbers.starts
        var segment = 0
        while starts[segment + 1] <= number { segment += 1 }
        let index = view.segments[segment].segment
        let entry = index.entry(at: number - starts[segment])
        return (entry, index.packs[Int(entry.pack)])
    }

    /// Calls `body` with every object in packs that count, pack by pack of each segment's list; a
    /// pack that several segments cover is taken from the one that readers take.
    func forEachStored(_ body: (_ pack: PackID, _ entry: IndexEntry, _ number: Int) -> Void) {
        var taken = Set<PackID>()
        for segment in view.segments.indices.reversed() {
            let loaded = view.segments[segment]
            let isOwn = loaded.segment.packs.indices.map {
                loaded.live[$0] && !taken.contains(loaded.segment.packs[$0])
            }
            var number = numbers.starts[segment]
            loaded.segment.forEachEntry { entry in
                if Int(entry.pack) < isOwn.count, isOwn[Int(entry.pack)] {
                    body(loaded.segment.packs[Int(entry.pack)], entry, number)
                }
                number += 1
            }
            taken.formUnion(loaded.segment.packs)
        }
    }

    // MARK: - Marking

    /// Marks everything that the roots need. Throws `.corrupt` where something on the way cannot be
    /// read: what it refers to is not known then.
    mutating func mark(_ roots: [LiveRoot], progress: (Int) -> Void = { _ in }) throws {
        for (index, root) in roots.enumerated() {
            let before = (liveCount, plainBytes)
            let finder = Int32(clamping: -2 - index)
            try root.forEachTarget { try reachNamed($0, finder) }
            try drain()
            if kept.last?.group != root.group { kept.append(KeptGroup(group: root.group)) }
            kept[kept.count - 1].roots += 1
            guard liveCount != before.0 else { continue }
            kept[kept.count - 1].objects += liveCount - before.0
            kept[kept.count - 1].plainBytes += plainBytes - before.1
            progress(liveCount)
        }
    }

    /// Follows what was found, a level of the graph at a time, so that directories' leaves come in
    /// the order of their paths.
    private mutating func drain() throws {
        while !frontier.isEmpty {
            let level = frontier
            frontier = []
            let store = store
            for start in stride(from: 0, to: level.count, by: LiveObjects.batch) {
                try SignalWatch.check()
                let part = level[start..<min(start + LiveObjects.batch, level.count)]
                let found = try parallelMap(count: part.count, threads: store.threads) { index in
                    try LiveObjects.read(part[start + index].key, from: store)
                }
                for (pending, references) in zip(part, found) {
                    try follow(references, of: pending)
                }
            }
        }
    }

    private static func read(_ key: ObjectKey, from store: ObjectStore) throws -> [ObjectReference]
    {
        do {
            if key.kind == .chunk { return try store.bases(of: key).map { .object($0) } }
            return try store.references(of: key)
        } catch let error as StoreError { throw StoreError.cannotCollect(error) }
    }

    private mutating func follow(_ references: [ObjectReference], of pending: Pending) throws {
        let finder = Int32(pending.number)
        for reference in references {
            try reference.forEachTarget(from: pending.depth) {
                if pending.key.kind == .record {
                    try reachNamed($0, finder)
                } else {
                    reach($0, finder)
                }
            }
        }
    }

    /// Reaches what a root or a record names, unless that is let go.
    private mutating func reachNamed(_ target: LiveTarget, _ finder: Int32) throws {
        var taken = ReleaseBarrier()
        swap(&taken, &barrier)
        defer { swap(&taken, &barrier) }
        let stops = try taken.stops(target) { digest in
            let key = ObjectKey(.treeNode, digest)
            // Nothing that is marked holds what is let go.
            guard let number = number(of: key), !isMarked(number) else { return nil }
            return try LiveObjects.read(key, from: store)
        }
        if !stops { reach(target, finder) }
    }

    /// Whether the content is in the store, and what it is as a whole was marked.
    func isMarked(_ content: ContentID) -> Bool {
        keys(of: content).contains { number(of: $0).map(isMarked) ?? false }
    }

    private func keys(of content: ContentID) -> [ObjectKey] {
        switch content {
        case .file(let blob):
            [ObjectKey(.chunk, blob.digest), ObjectKey(.recipe, blob.digest)]
        case .directory(let tree): [ObjectKey(.treeNode, tree.digest)]
        }
    }

    /// The names that were not followed, of contents that are here; sorted.
    func stopped() -> [ContentID] {
        barrier.stopped.sorted().compactMap { digest in
            [.directory(TreeID(digest)), .file(BlobID(digest))].first { content in
                keys(of: content).contains { number(of: $0) != nil }
            }
        }
    }

    private mutating func reach(_ target: LiveTarget, _ finder: Int32) {
        switch target {
        case .object(let key, let depth): reach(key, depth, finder)
        case .blob(let blob):
            if !reach(ObjectKey(.chunk, blob.digest), .content, finder) {
                reach(ObjectKey(.recipe, blob.digest), .content, finder)
            }
        }
    }

    /// Marks the object, to be followed later; whether it is in the store.
    @discardableResult
    private mutating func reach(
        _ key: ObjectKey, _ depth: LiveRoot.Depth, _ finder: Int32
    ) -> Bool {
        guard let (segment, hit) = view.entry(of: key) else { return false }
        let number = numbers.starts[segment] + hit.position
        let isNew = !isMarked(number)
        if isNew {
            marks[number >> 6] |= 1 << UInt64(number & 63)
            order.append(UInt32(number))
            liveCount += 1
            plainBytes += hit.length
            if !finders.isEmpty { finders[number] = finder }
        }
        if key.kind == .record {
            if !isNew, let known = depths[number], known >= depth { return true }
            depths[number] = depth
        } else if !isNew || (key.kind == .chunk && !hit.hasBases) {
            return true
        }
        frontier.append(Pending(key: key, number: number, depth: depth))
        return true
    }
}

extension StoreError {
    /// What is damaged may refer to anything: nothing can be called unneeded.
    static func cannotCollect(_ cause: StoreError) -> StoreError {
        StoreError(
            cause.kind, "cannot tell what is needed: \(cause.message)", subject: cause.subject,
            advice: "run 'mlstore fsck' to see what is damaged", safety: "nothing was freed",
            cause: cause)
    }
}
