import Objects
import Vocabulary

/// All index segments of a remote, read: which object stands where.
struct RemoteIndex: Sendable {
    /// Where an object stands: the numbers of its pack here and of its frame there.
    struct Place: Hashable, Sendable {
        var pack: UInt32
        var frame: UInt32
    }

    private(set) var packs: [RemotePack] = []
    private(set) var segments: Set<Digest> = []
    private var places: [ObjectKey: Place] = [:]
    private var packIDs: Set<PackID> = []
    /// As `RemoteState.incomplete`.
    var incomplete: Set<Digest> = []

    var objectCount: Int { places.count }

    /// Adds the packs of a segment, or packs that are not in one yet; those known already are
    /// passed over.
    mutating func add(_ more: [RemotePack], segment: Digest? = nil) {
        if let segment { segments.insert(segment) }
        for pack in more where packIDs.insert(pack.id).inserted {
            let number = UInt32(packs.count)
            packs.append(pack)
            places.reserveCapacity(places.count + pack.keys.count)
            for frame in 0..<pack.frameCount {
                for object in pack.objects(ofFrame: frame) {
                    places[pack.keys[object]] = Place(pack: number, frame: UInt32(frame))
                }
            }
        }
    }

    func contains(_ key: ObjectKey) -> Bool { places[key] != nil }

    /// Whether the object is there with everything below it.
    func isWhole(_ key: ObjectKey) -> Bool {
        contains(key) && (incomplete.isEmpty || !incomplete.contains(key.digest))
    }

    func contains(_ pack: PackID) -> Bool { packIDs.contains(pack) }

    func place(of key: ObjectKey) -> Place? { places[key] }

    /// What the frame of the object builds on; nil where it needs nothing.
    func bases(of key: ObjectKey) -> FrameBases? {
        place(of: key).flatMap { packs[Int($0.pack)].frameBases[Int($0.frame)] }
    }

    /// The key under which the blob is there: its only chunk, or its recipe.
    func key(of blob: BlobID) -> ObjectKey? {
        for kind in [ObjectKind.chunk, .recipe] {
            let key = ObjectKey(kind, blob.digest)
            if contains(key) { return key }
        }
        return nil
    }

    /// Whether the file, or the root of the listing, is there.
    func contains(_ content: ContentID) -> Bool {
        switch content {
        case .file(let blob): key(of: blob) != nil
        case .directory(let tree): contains(ObjectKey(.treeNode, tree.digest))
        }
    }

    /// Whether the content is there with everything below it: a push sends nothing before what it needs,
    /// and what was lost since is known.
    func isWhole(_ content: ContentID) -> Bool {
        contains(content) && (incomplete.isEmpty || !incomplete.contains(content.digest))
    }
}
