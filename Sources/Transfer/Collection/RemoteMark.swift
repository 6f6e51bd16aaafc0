import Objects
import Platform
import Remotes
import Vocabulary

/// Which objects of a remote are needed: found by following everything from the roots, each
/// object once. What is in the store here and has its own bytes' id is read here, all else from the remote.
///
/// Invariant: an object that is marked has everything marked that it refers to, or that its frame
/// builds on, and that was on the remote when it was marked, but for what records of less than full
/// depth name.
struct RemoteMark {
    private let context: RemoteContext
    private var index = RemoteIndex()
    /// What is needed; of records, how far they were followed.
    private(set) var depths: [ObjectKey: LiveRoot.Depth] = [:]
    private var frontier: [(key: ObjectKey, depth: LiveRoot.Depth)] = []
    /// Bytes of what was read of the remote.
    private(set) var receivedBytes = 0

    init(_ context: RemoteContext) { self.context = context }

    func contains(_ key: ObjectKey) -> Bool { depths[key] != nil }

    /// Marks everything on the remote with this index that the roots need. Throws where something
    /// on the way cannot be read: what it refers to is not known then.
    mutating func mark(
        _ roots: [LiveRoot], in index: RemoteIndex, progress: (Int) -> Void = { _ in }
    ) throws {
        self.index = index
        for root in roots { root.forEachTarget { reach($0) } }
        try drain(progress)
    }

    /// Marks all objects of these packs, with everything that they refer to.
    mutating func mark(_ packs: [RemotePack], in index: RemoteIndex) throws {
        self.index = index
        for pack in packs {
            for key in pack.keys { reach(key, key.kind == .record ? .everything : .content) }
        }
        try drain { _ in }
    }

    // MARK: - Following

    private mutating func drain(_ progress: (Int) -> Void) throws {
        while !frontier.isEmpty {
            let level = frontier
            frontier = []
            try SignalWatch.check()
            var depth: [ObjectKey: LiveRoot.Depth] = [:]
            for item in level { depth[item.key] = max(item.depth, depth[item.key] ?? .records) }
            let keys = depth.keys.sorted()
            // The id of a recipe is that of its blob: the one here may name other chunks.
            let here = keys.filter {
                $0.kind != .recipe && context.store.contains($0.kind, $0.digest)
            }
            let store = context.store
            let found = try parallelMap(count: here.count, threads: context.threads) { index in
                try RemoteMark.references(
                    of: here[index],
                    try store.readObject(
                        here[index].kind, here[index].digest,
                        maximumBytes: ObjectStore.maximumNodeBytes))
            }
            for (key, references) in zip(here, found) { follow(references, depth[key]) }
            let known = Set(here)
            var there: [(ObjectKey, [ObjectReference])] = []
            receivedBytes += try context.downloadObjects(
                keys.filter { !known.contains($0) }, in: index
            ) { key, bytes in
                there.append((key, try RemoteMark.references(of: key, bytes)))
            }
            for (key, references) in there { follow(references, depth[key]) }
            progress(depths.count)
        }
    }

    private static func references(
        of key: ObjectKey, _ bytes: [UInt8]
    ) throws -> [ObjectReference] {
        do {
            return try Objects.references(of: key.kind, bytes)
        } catch {
            throw StoreError(
                .corrupt, "cannot tell what is needed: \(key) is damaged: \(error.reason)",
                subject: key.digest.hex, advice: "run 'mlstore fsck --remote'",
                safety: "nothing was changed", cause: error)
        }
    }

    private mutating func follow(_ references: [ObjectReference], _ depth: LiveRoot.Depth?) {
        for reference in references {
            reference.forEachTarget(from: depth ?? .records) { reach($0) }
        }
    }

    // MARK: - Marking

    private mutating func reach(_ target: LiveTarget) {
        switch target {
        case .object(let key, let depth): reach(key, depth)
        case .blob(let blob):
            for kind in [ObjectKind.chunk, .recipe] {
                reach(ObjectKey(kind, blob.digest), .content)
            }
        }
    }

    private mutating func reach(_ key: ObjectKey, _ depth: LiveRoot.Depth) {
        guard index.contains(key) else { return }
        if let known = depths[key], key.kind != .record || known >= depth { return }
        depths[key] = depth
        guard key.kind != .chunk else {
            for base in index.bases(of: key)?.digests ?? [] {
                reach(ObjectKey(.chunk, base), .content)
            }
            return
        }
        frontier.append((key, depth))
    }
}
