import Bytes
import Platform
import Synchronization
import Vocabulary

/// The objects that a session has put, and those that it left out because the store has them:
/// shared with the threads that encode.
///
/// Those of finished packs are looked up in index segments, the others in a set: memory for the
/// objects of a pack or two, however many there are.
final class PutObjects: Sendable {
    private struct State {
        var keys: Set<ObjectKey> = []
        var segments: [IndexSegment] = []
    }

    private let state = Mutex(State())
    private let reliedOn = Mutex<[ObjectKey]>([])

    var isEmpty: Bool { state.withLock { $0.keys.isEmpty && $0.segments.isEmpty } }

    func contains(_ key: ObjectKey) -> Bool {
        let (isLoose, segments) = state.withLock { ($0.keys.contains(key), $0.segments) }
        return isLoose || segments.contains { $0.holds(key) }
    }

    /// Whether the object is new to the session.
    func insert(_ key: ObjectKey) -> Bool {
        state.withLock { state in
            if state.segments.contains(where: { $0.holds(key) }) { return false }
            return state.keys.insert(key).inserted
        }
    }

    /// Takes objects back that will not be put after all, of a pack that is not finished.
    func remove(_ taken: [ObjectKey]) { state.withLock { $0.keys.subtract(taken) } }

    /// Whether `view` has the object. Where it has, the session relies on it from now on: see
    /// `StoreSession.rescues`.
    func isStored(_ key: ObjectKey, in view: StoreView) -> Bool {
        guard view.place(of: key) != nil else { return false }
        reliedOn.withLock { if $0.last != key { $0.append(key) } }
        return true
    }

    /// What the session relies on; an object may be there several times.
    var relied: [ObjectKey] { reliedOn.withLock { $0 } }

    /// What was put is in the store now, which tells of it from here on.
    func committed() { state.withLock { $0 = State() } }

    /// From now on `segment` tells of these objects.
    func settle(_ packs: [(PackID, [PackEntry])], in segment: IndexSegment) {
        state.withLock { state in
            state.segments.append(segment)
            for (_, entries) in packs { for entry in entries { state.keys.remove(entry.key) } }
        }
    }
}

/// Where the objects of a session's finished packs stand, for the index segment of its commit.
struct SessionIndex {
    /// Packs whose entries are in memory.
    private var loose: [(PackID, [PackEntry])] = []
    private var looseCount = 0
    private var segments: [IndexSegment] = []
    private var files = 0

    /// Adds a finished pack; many entries go to a file in `folder`, and `put` looks there.
    mutating func add(
        _ pack: SealedPack, _ put: PutObjects, in folder: DiskPath, on disk: any Disk
    ) throws {
        loose.append((pack.id, pack.entries))
        looseCount += pack.entries.count
        guard looseCount >= IndexMerge.minimumObjects else { return }
        let place = folder / "index-\(files)"
        files += 1
        let file = try disk.openFile(place, .createNew(permissions: 0o444))
        try file.write(StoreLoader.encodeSegment(loose), at: 0)
        try file.close()
        let segment = try IndexSegment(checking: disk.map(place))
        segments.append(segment)
        put.settle(loose, in: segment)
        loose = []
        looseCount = 0
    }

    /// Writes one index segment over all packs so far into `folder`, and forgets them. It is
    /// derived: where it cannot be written, the next open reads the packs' directories.
    mutating func publish(into folder: DiskPath, on disk: any Disk) {
        defer { self = SessionIndex(files: files) }
        try? disk.makeDirectories(folder)
        let bytes = loose.isEmpty ? nil : StoreLoader.encodeSegment(loose)
        guard !segments.isEmpty else {
            guard let bytes else { return }
            try? writeAtomically(
                bytes, to: folder / (sha256(bytes).hex + ".idx"), on: disk, durable: false)
            return
        }
        let last = bytes.flatMap { try? IndexSegment(checking: MappedBytes($0)) }
        _ = try? IndexMerge(segments + (last.map { [$0] } ?? [])).write(into: folder, on: disk)
    }

    init() {}

    private init(files: Int) { self.files = files }
}
