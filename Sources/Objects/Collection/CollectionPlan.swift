import Vocabulary

/// What becomes of each pack.
///
/// - A pack without a live object goes.
/// - A metadata pack with any object that is not live is written anew without it, so that whatever
///   can be found in metadata has all that it refers to.
/// - A data pack is written anew when a quarter of it is garbage, when it is one of many small
///   ones, or when something in it that is not live builds on what is not: it could be found, and
///   not be read.
struct CollectionPlan {
    /// What one pack holds.
    struct Share {
        let id: PackID
        let sizeBytes: Int
        var packClass = PackClass.data
        var objects = 0
        var liveObjects = 0
        /// Bytes of frames, each counted by the part of its objects that is live.
        var liveBytes = 0
        /// Where frames with bases begin whose objects are not live.
        var deadDeltas: [Int] = []

        var deadObjects: Int { objects - liveObjects }
    }

    /// A pack is written anew when this part of it is garbage: one in so many.
    static let garbageDivisor = 4
    /// Packs smaller than this are small,
    static let smallBytes = PackFormat.targetBytes / 4
    /// and more than so many of a class are put together.
    static let manySmall = 8

    /// In the order of their ids.
    let shares: [Share]
    /// Packs without a live object.
    let dead: Set<PackID>
    /// Packs whose live objects are copied.
    let rewritten: Set<PackID>

    /// All that will be condemned.
    var condemned: Set<PackID> { dead.union(rewritten) }

    /// Plans. Throws `.corrupt` where it cannot be read what a frame builds on.
    init(_ live: LiveObjects, in store: ObjectStore) throws {
        shares = CollectionPlan.shares(of: live)
        dead = Set(shares.filter { $0.liveObjects == 0 }.map(\.id))
        var rewritten = Set<PackID>()
        for share in shares where share.liveObjects > 0 && CollectionPlan.isWorthIt(share) {
            rewritten.insert(share.id)
        }
        for packClass in PackClass.allCases {
            let small = shares.filter {
                $0.packClass == packClass && $0.sizeBytes < CollectionPlan.smallBytes
                    && $0.liveObjects > 0
                    && !rewritten.contains($0.id)
            }
            if small.count > CollectionPlan.manySmall { rewritten.formUnion(small.map(\.id)) }
        }
        for share in shares where share.liveObjects > 0 && !rewritten.contains(share.id) {
            if try CollectionPlan.buildsOnGarbage(share, live, store) { rewritten.insert(share.id) }
        }
        self.rewritten = rewritten
    }

    private static func isWorthIt(_ share: Share) -> Bool {
        guard share.deadObjects > 0 else { return false }
        if share.packClass == .metadata { return true }
        return (share.sizeBytes - share.liveBytes) * garbageDivisor >= share.sizeBytes
    }

    private static func buildsOnGarbage(
        _ share: Share, _ live: LiveObjects, _ store: ObjectStore
    ) throws -> Bool {
        for offset in share.deadDeltas {
            do {
                let pack = try store.packCache.pack(share.id)
                for base in try pack.frameBases(at: offset)?.digests ?? [] {
                    let number = live.number(of: ObjectKey(.chunk, base))
                    guard let number, live.isMarked(number) else { return true }
                }
            } catch let error as StoreError { throw StoreError.cannotCollect(error) }
        }
        return false
    }

    private static func shares(of live: LiveObjects) -> [Share] {
        var objects: [PackID: [UInt64]] = [:]
        var classes: [PackID: PackClass] = [:]
        var deltas: [PackID: Set<Int>] = [:]
        live.forEachStored { pack, entry, number in
            let bit: UInt64 = live.isMarked(number) ? 1 : 0
            objects[pack, default: []].append(UInt64(entry.frameOffset) << 1 | bit)
            classes[pack] = ObjectKind(rawValue: entry.kind)?.packClass
            if bit == 0, entry.flags & 1 != 0 {
                deltas[pack, default: []].insert(Int(entry.frameOffset))
            }
        }
        return live.view.journal.packs.sorted { $0.key < $1.key }.map { id, size in
            var share = Share(id: id, sizeBytes: size, packClass: classes[id] ?? .data)
            count(objects[id] ?? [], into: &share)
            share.deadDeltas = deltas[id]?.sorted() ?? []
            return share
        }
    }

    /// `objects`: of each the offset of its frame, and behind it a bit for whether it is live.
    private static func count(_ objects: [UInt64], into share: inout Share) {
        let sorted = objects.sorted()
        let end =
            share.sizeBytes - PackFormat.trailerBytes - PackFormat.entryBytes * sorted.count
        share.objects = sorted.count
        var index = 0
        while index < sorted.count {
            let offset = Int(sorted[index] >> 1)
            var total = 0
            var living = 0
            while index < sorted.count, Int(sorted[index] >> 1) == offset {
                total += 1
                living += Int(sorted[index] & 1)
                index += 1
            }
            let next = index < sorted.count ? Int(sorted[index] >> 1) : end
            share.liveObjects += living
            share.liveBytes += max(0, next - offset) * living / total
        }
    }
}
