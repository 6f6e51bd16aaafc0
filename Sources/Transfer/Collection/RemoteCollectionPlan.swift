import Objects
import Vocabulary

/// What becomes of each pack of a remote: the rules are those of `CollectionPlan`.
///
/// - A pack without a live object goes.
/// - A metadata pack with any object that is not live is written anew without it: whatever metadata a
///   push finds there, it takes all below it to be there too.
/// - A data pack is written anew when a quarter of it is garbage, or when something in it that is not
///   live builds on what is not.
struct RemoteCollectionPlan {
    /// Packs that stay as they are.
    private(set) var kept: [RemotePack] = []
    /// Packs without a live object.
    private(set) var dead: [RemotePack] = []
    /// Packs whose live objects are copied, with the numbers of the frames that have some.
    private(set) var rewritten: [(pack: RemotePack, frames: [Int])] = []

    private static let garbageDivisor = 4

    init(_ index: RemoteIndex, _ live: RemoteMark) {
        for (number, pack) in index.packs.enumerated() {
            var frames: [Int] = []
            var liveBytes = 0
            var isAllLive = true
            var buildsOnGarbage = false
            for frame in 0..<pack.frameCount {
                let objects = pack.objects(ofFrame: frame)
                let living = objects.count { object in
                    // Of several copies readers take one.
                    let place = index.place(of: pack.keys[object])
                    return live.contains(pack.keys[object])
                        && place == .init(pack: UInt32(number), frame: UInt32(frame))
                }
                if living > 0 { frames.append(frame) }
                liveBytes += pack.range(ofFrame: frame).count * living / objects.count
                guard living < objects.count else { continue }
                isAllLive = false
                let bases = pack.frameBases[frame]?.digests ?? []
                if bases.contains(where: { !live.contains(ObjectKey(.chunk, $0)) }) {
                    buildsOnGarbage = true
                }
            }
            let isMetadata = pack.keys.first?.kind.packClass == .metadata
            let garbage = pack.sizeBytes - liveBytes
            if frames.isEmpty {
                dead.append(pack)
            } else if !isAllLive,
                isMetadata || buildsOnGarbage
                    || garbage * RemoteCollectionPlan.garbageDivisor >= pack.sizeBytes
            {
                rewritten.append((pack, frames))
            } else {
                kept.append(pack)
            }
        }
    }

    /// All that will not count any more.
    var condemned: [RemotePack] { dead + rewritten.map(\.pack) }

    /// Whether each needed object stands in a pack that is not condemned, or in one of `copies`.
    func stillHolds(
        for live: RemoteMark, in index: RemoteIndex, copies: [RemotePack]
    ) -> Bool {
        let condemned = Set(condemned.map(\.id))
        let copied = Set(copies.flatMap(\.keys))
        return live.depths.keys.allSatisfy { key in
            guard let place = index.place(of: key) else { return true }
            return !condemned.contains(index.packs[Int(place.pack)].id) || copied.contains(key)
        }
    }
}
