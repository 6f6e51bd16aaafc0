import Bytes
import Objects
import Platform
import Remotes
import Vocabulary

/// The last step of a push: makes packs and refs part of a remote, together with what others
/// publish meanwhile.
struct Publication {
    let context: RemoteContext
    var catalog: RemoteCatalog
    /// The refs as both ends had them at the last exchange.
    let base: [RefName: RecordID]
    /// The refs as they are here.
    let local: [RefName: RecordID]
    let options: PushOptions

    private(set) var moved: [RefName] = []
    private(set) var conflicts: [RefConflict] = []
    private(set) var isChanged = false

    init(
        context: RemoteContext, catalog: RemoteCatalog, base: [RefName: RecordID],
        local: [RefName: RecordID], options: PushOptions
    ) {
        self.context = context
        self.catalog = catalog
        self.base = base
        self.local = local
        self.options = options
    }

    /// Beyond this many segments, the small ones are put together.
    private static let manySegments = 24
    private static let mergedAtOnce = 16

    /// Publishes; `packs` have arrived already. Tried again for as long as others are faster:
    /// each round that is lost is one that another push has won.
    mutating func publish(_ packs: [RemotePack]) throws {
        try catalog.prepare()
        var segment: RemoteState.Segment?
        while true {
            try SignalWatch.check()
            var state = catalog.state
            try mergeRefs(into: &state)
            if !packs.isEmpty {
                let added = try segment ?? send(packs)
                segment = added
                if !state.segments.contains(added) { state.segments.append(added) }
            }
            guard state != catalog.state else { return }
            try mergeSegments(of: &state)
            if try swap(to: state) {
                isChanged = true
                return try catalog.refresh()
            }
            try catalog.refresh()
        }
    }

    private mutating func mergeRefs(into state: inout RemoteState) throws {
        moved = []
        conflicts = []
        let ancestry = SnapshotAncestry(store: context.store)
        for (name, id) in local.sorted(by: { $0.key < $1.key }) {
            let remote = state.refs[name]
            let decision = try RefMerge.decide(
                name, local: id, remote: remote, base: base[name], follows: ancestry.follows)
            switch decision {
            case .equal, .takeRemote: continue
            case .takeLocal: break
            case .conflict:
                guard let remote else { continue }
                guard options.replacesDiverged, let kept = RefName("replaced/" + remote.digest.hex)
                else {
                    conflicts.append(RefConflict(name: name, local: id, remote: remote))
                    continue
                }
                state.refs[kept] = remote
            }
            state.refs[name] = id
            moved.append(name)
        }
    }

    private func send(_ packs: [RemotePack]) throws -> RemoteState.Segment {
        let bytes = RemoteIndexFormat.encode(packs.sorted { $0.id < $1.id })
        let id = sha256(bytes)
        try put(RemoteLayout.index(id), bytes)
        RemoteCatalog.keep(bytes, id, context)
        return RemoteState.Segment(
            id: id, sizeBytes: bytes.count, objects: packs.reduce(0) { $0 + $1.keys.count })
    }

    /// Puts the smallest segments together when there are many. The old ones stay on the remote
    /// for those who are reading by an older root.
    private func mergeSegments(of state: inout RemoteState) throws {
        guard state.segments.count > Publication.manySegments else { return }
        let smallest = state.segments.sorted { ($0.objects, $0.id) < ($1.objects, $1.id) }
            .prefix(Publication.mergedAtOnce)
        var merged = RemoteIndex()
        for segment in smallest { merged.add(try catalog.packs(of: segment)) }
        let added = try send(merged.packs)
        state.segments.removeAll { smallest.contains($0) }
        state.segments.append(added)
    }

    private func swap(to state: RemoteState) throws -> Bool {
        let bytes = state.bytes
        let id = sha256(bytes)
        try put(RemoteLayout.state(id), bytes)
        return try context.remote.compareAndSwap(
            RemoteLayout.root(), expected: catalog.version, new: catalog.nextRoot(state: id))
    }

    /// Puts a file that is named by its content: when it is there, it is the same.
    private func put(_ name: RemoteFileName, _ bytes: [UInt8]) throws {
        do {
            try context.remote.put(name, .bytes(bytes))
        } catch let error as StoreError where error.kind == .alreadyExists {
            guard try context.remote.size(name) == bytes.count else {
                throw StoreError.damagedRemote(
                    context.remote.description, name.description, "it has another length")
            }
        }
    }
}
