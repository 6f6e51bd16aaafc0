import Bytes
import Objects
import Platform
import Remotes
import Vocabulary

/// A collection of the remote came in between: what was planned must be planned anew.
struct Superseded: Error {}

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
    /// What says that the contents were pushed, under its name; nil where there are none.
    let note: PushNote?
    /// Objects of the remote that have everything below them again with the packs.
    let mended: Set<Digest>

    private(set) var moved: [RefName] = []
    private(set) var conflicts: [RefConflict] = []
    private(set) var isChanged = false
    /// Of the state that the packs were made against.
    private let collections: Int

    init(
        context: RemoteContext, catalog: RemoteCatalog, base: [RefName: RecordID],
        local: [RefName: RecordID], options: PushOptions,
        note: PushNote?, mended: Set<Digest> = []
    ) {
        self.note = note
        self.mended = mended
        collections = catalog.state.collections
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
    /// each round that is lost is one that another push has won. Throws `Superseded` when a
    /// collection took something away since `catalog` was read, on which the push may rely, or when it
    /// has ended the session of one of the packs.
    mutating func publish(_ packs: [RemotePack]) throws {
        try catalog.prepare()
        var segment: RemoteState.Segment?
        while true {
            try SignalWatch.check()
            guard catalog.state.collections == collections,
                !packs.contains(where: { catalog.state.fenced.contains($0.session) })
            else { throw Superseded() }
            var state = catalog.state
            try mergeRefs(into: &state)
            state.mend(mended)
            if let note {
                state.refs[note.name] = note.id
                state.lastPush = note.name
                // It names nothing that is lost, also where the same one did.
                state.mend([note.id.digest])
            }
            if !packs.isEmpty, !state.segments.contains(where: { $0.id == segment?.id }) {
                // For each root anew: what was put for one that came to nothing may be removed.
                let added = try catalog.send(packs)
                if !state.segments.contains(where: { $0.id == added.id }) {
                    state.segments.append(added)
                }
                segment = added
            }
            guard state != catalog.state else { return }
            try mergeSegments(of: &state)
            if try catalog.swap(to: state) {
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

    /// Puts the smallest segments together when there are many. The old ones stay on the remote
    /// for those who are reading by an older root.
    private func mergeSegments(of state: inout RemoteState) throws {
        guard state.segments.count > Publication.manySegments else { return }
        let smallest = state.segments.sorted { ($0.objects, $0.id) < ($1.objects, $1.id) }
            .prefix(Publication.mergedAtOnce)
        var merged = RemoteIndex()
        for segment in smallest { merged.add(try catalog.packs(of: segment)) }
        let added = try catalog.send(merged.packs)
        state.segments.removeAll { smallest.contains($0) }
        state.segments.append(added)
    }
}
