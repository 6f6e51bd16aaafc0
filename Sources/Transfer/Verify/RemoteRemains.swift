import Objects
import Platform
import Remotes
import Vocabulary

/// What of a remote's index can be relied on.
///
/// Frames that are damaged or gone are out of it, those that build on them, and recipes that name
/// a chunk which is: of such a file nothing can be read. What else stands in a frame with such recipes, or
/// in a pack that is damaged elsewhere, is copied to new packs.
struct RemoteRemains {
    private typealias Place = RemoteVerifier.FramePlace

    /// Packs of which something is left out.
    private(set) var broken: [RemotePack] = []
    /// Listings and records that stay, and below which something is lost.
    private(set) var incomplete: Set<Digest> = []
    private let all: RemoteIndex
    private let badPacks: Set<Int>
    private var badFrames: [Int: Set<Int>]
    /// Recipes that go out of frames that can be read.
    private var useless: [Place: Set<ObjectKey>] = [:]
    /// What stays.
    private var left: Set<ObjectKey> = []

    init(of verifier: RemoteVerifier) {
        all = verifier.catalog.index
        badPacks = verifier.badPacks
        badFrames = verifier.badFrames
        repeat { findLeft() } while condemnFurther(verifier.references)
        broken = badPacks.union(badFrames.keys).union(useless.keys.map(\.pack)).sorted()
            .map { all.packs[$0] }
        findIncomplete(verifier.references, before: verifier.catalog.state.incomplete)
    }

    // MARK: - The new index

    /// The index of what is left, and how many objects were copied for it.
    func index(sending uploads: PackUploads) throws -> (index: RemoteIndex, copied: Int) {
        let places = copiedFrames()
        let context = uploads.context
        try uploads.whileSending {
            for place in places {
                let pack = all.packs[place.pack]
                let lost = useless[place] ?? []
                let bytes = try context.remote.read(
                    pack.name(), range: pack.range(ofFrame: place.frame))
                try uploads.append(
                    try context.copied(bytes, place.frame, of: pack) { !lost.contains($0) })
            }
        }
        var gone = badFrames
        for place in places + useless.keys {
            gone[place.pack, default: []].insert(place.frame)
        }
        var index = RemoteIndex()
        index.add(
            all.packs.enumerated().compactMap { number, pack in pack.without(gone[number] ?? []) })
        index.add(uploads.packs)
        return (index, uploads.packs.reduce(0) { $0 + $1.keys.count })
    }

    /// Frames of which at least a part is copied: data first, as in every push.
    private func copiedFrames() -> [Place] {
        var places: [Place] = []
        for number in badPacks.union(useless.keys.map(\.pack)).sorted() {
            let pack = all.packs[number]
            for frame in 0..<pack.frameCount where badFrames[number]?.contains(frame) != true {
                let place = Place(pack: number, frame: frame)
                let lost = useless[place]
                guard badPacks.contains(number) || lost != nil else { continue }
                let keeps = pack.objects(ofFrame: frame).contains { object in
                    lost?.contains(pack.keys[object]) != true
                }
                if keeps { places.append(place) }
            }
        }
        let isData = { (place: Place) in
            all.packs[place.pack].keys.first?.kind.packClass == .data
        }
        return places.filter(isData) + places.filter { !isData($0) }
    }

    // MARK: - What goes

    private mutating func findLeft() {
        left = []
        for (number, pack) in all.packs.enumerated() {
            for frame in 0..<pack.frameCount where badFrames[number]?.contains(frame) != true {
                let lost = useless[Place(pack: number, frame: frame)]
                for object in pack.objects(ofFrame: frame)
                where lost?.contains(pack.keys[object]) != true {
                    left.insert(pack.keys[object])
                }
            }
        }
    }

    /// Whether anything more goes since what it needs is not left.
    private mutating func condemnFurther(_ references: [RemoteVerifier.Referrer]) -> Bool {
        var isMore = false
        for (number, pack) in all.packs.enumerated() {
            for (frame, bases) in pack.frameBases
            where !bases.digests.allSatisfy({ left.contains(ObjectKey(.chunk, $0)) }) {
                if badFrames[number, default: []].insert(frame).inserted { isMore = true }
            }
        }
        for item in references where item.key.kind == .recipe || item.key.kind == .recipeNode {
            guard badFrames[item.frame.pack]?.contains(item.frame.frame) != true,
                item.references.contains(where: { isLost($0, wasIncomplete: false) })
            else { continue }
            if useless[item.frame, default: []].insert(item.key).inserted { isMore = true }
        }
        return isMore
    }

    private func isLost(_ reference: ObjectReference, wasIncomplete: Bool) -> Bool {
        switch reference {
        case .object(let key): return !left.contains(key)
        case .blob(let blob):
            return ![ObjectKind.chunk, .recipe].contains {
                left.contains(ObjectKey($0, blob.digest))
            }
        case .mention(let digest):
            let keys = [ObjectKind.record, .treeNode, .recipe, .chunk].map {
                ObjectKey($0, digest)
            }
            // What was never pushed is not missed; what a repair took out before is.
            return !keys.contains(where: left.contains)
                && (wasIncomplete || keys.contains(where: all.contains))
        }
    }

    // MARK: - What stays all the same

    private mutating func findIncomplete(
        _ references: [RemoteVerifier.Referrer], before: Set<Digest>
    ) {
        let upper = references.filter {
            ($0.key.kind == .treeNode || $0.key.kind == .record) && left.contains($0.key)
        }
        var pending = upper.filter { item in
            let was = before.contains(item.key.digest)
            return item.references.contains { isLost($0, wasIncomplete: was) }
        }.map(\.key.digest)
        guard !pending.isEmpty else { return }
        var above: [Digest: [Digest]] = [:]
        for item in upper {
            for reference in item.references {
                guard let digest = reference.digest else { continue }
                above[digest, default: []].append(item.key.digest)
            }
        }
        while let digest = pending.popLast() {
            guard incomplete.insert(digest).inserted else { continue }
            pending += above[digest] ?? []
        }
    }
}

extension ObjectReference {
    /// The digest of a listing or record that may be meant; nil for the bytes of a file.
    fileprivate var digest: Digest? {
        switch self {
        case .object(let key): key.digest
        case .blob: nil
        case .mention(let digest): digest
        }
    }
}

extension RemotePack {
    /// The pack as if those frames were not in it; nil where no other is.
    fileprivate func without(_ frames: Set<Int>) -> RemotePack? {
        guard !frames.isEmpty else { return self }
        var rest = RemotePack(id: id, session: session, sizeBytes: sizeBytes)
        for frame in 0..<frameCount where !frames.contains(frame) {
            rest.append(
                offset: range(ofFrame: frame).lowerBound, length: range(ofFrame: frame).count,
                objects: contents(ofFrame: frame),
                bases: frameBases[frame])
        }
        return rest.frameCount == 0 ? nil : rest
    }
}
