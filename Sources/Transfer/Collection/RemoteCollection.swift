import Bytes
package import Objects
import Platform
import Remotes
package import Vocabulary

/// What a collection of a remote did, or would do.
package struct RemoteCollectionReport: Hashable, Sendable {
    /// Objects on the remote before.
    package var objects = 0
    /// Objects that are needed.
    package var liveObjects = 0
    /// Bytes of all packs before.
    package var storedBytes = 0
    /// Packs that count no more.
    package var condemnedPacks = 0
    /// Bytes of these.
    package var condemnedBytes = 0
    /// Of these the packs whose live objects were copied.
    package var rewrittenPacks = 0
    /// Bytes of the packs that were written (in a dry run: about).
    package var writtenBytes = 0
    /// Files that were removed.
    package var removedFiles = 0
    /// Bytes of these.
    package var removedBytes = 0
    /// Pushes that sent something and have not published it: if they have not sent more by then, the
    /// next collection ends them.
    package var unfinishedPushes = 0
    /// Pushes that seemed dead and were ended: should one come back, it sends again what is gone.
    package var endedPushes = 0
    /// Bytes that were read of the remote.
    package var receivedBytes = 0
}

/// What a collection of a remote must leave.
package struct RemoteCollectionRoots {
    /// What is named at this end.
    let here: () throws -> [LiveRoot]
    /// Whether each version that the remote's refs and notes of pushes name stays.
    let keepsAll: Bool
    /// Which notes of pushes stay otherwise, of their times, the newest first.
    let keepsPush: (_ number: Int, _ time: Timestamp) -> Bool

    /// Makes the value.
    package init(
        here: @escaping () throws -> [LiveRoot], keepsAll: Bool = true,
        keepsPush: @escaping (_ number: Int, _ time: Timestamp) -> Bool = { _, _ in true }
    ) {
        self.here = here
        self.keepsAll = keepsAll
        self.keepsPush = keepsPush
    }
}

/// Removes from a remote what nothing needs, beside pushes, fetches and other collections.
///
/// 1. What is needed is marked; packs with garbage are copied without it to new packs, in a session as
///    that of any push.
/// 2. By one compare-and-swap of the root the index names the new packs in the place of the old, counts
///    one collection more, and *fences* the sessions of the old. When others were faster, what they
///    published is marked too, and the step is tried again; if it needs something that was to go, all
///    is planned anew.
/// 3. Only then are files removed: packs of fenced sessions that the index does not name, and states
///    and segments that were made for this root or one before and are not in it.
///
/// Why nothing that is needed goes: a push publishes by a compare-and-swap of the root too. One that
/// comes after sees that the count has changed, or that its session is fenced, and compares again what
/// is there before it tries again; one that comes before is seen here. A reader that misses a file
/// reads the root again. No clock is asked.
package func collect(
    remote context: RemoteContext, roots: RemoteCollectionRoots, isDryRun: Bool = false,
    progress: (_ what: String, _ objects: Int) -> Void = { _, _ in }
) throws -> RemoteCollectionReport {
    for _ in 0..<RemoteCollection.attempts {
        var collection = try RemoteCollection(context, roots)
        do {
            guard try collection.run(isDryRun: isDryRun, progress) else { continue }
            return collection.report
        } catch let error as StoreError where error.kind == .notFound {
            // Another collection may have moved what was to be read.
            guard try collection.isOvertaken() else { throw error }
        }
    }
    throw StoreError(
        .conflict, "cannot collect remote \(context.title): others publish all the time",
        subject: context.name.description, advice: "run 'mlstore gc --remote' when it is quieter",
        safety: "nothing was removed")
}

/// One attempt.
private struct RemoteCollection {
    static let attempts = 16

    private let context: RemoteContext
    private let roots: RemoteCollectionRoots
    private var catalog: RemoteCatalog
    private var mark: RemoteMark
    private(set) var report = RemoteCollectionReport()

    init(_ context: RemoteContext, _ roots: RemoteCollectionRoots) throws {
        self.context = context
        self.roots = roots
        try context.store.refresh()
        catalog = try RemoteCatalog(reading: context)
        mark = RemoteMark(context)
    }

    /// Whether another collection took something away since the catalog was read.
    func isOvertaken() throws -> Bool {
        var later = catalog
        try later.refresh()
        return later.state.collections != catalog.state.collections
    }

    /// False where others made it necessary to begin again.
    mutating func run(isDryRun: Bool, _ progress: (String, Int) -> Void) throws -> Bool {
        guard !catalog.isEmpty else { return true }
        defer { report.receivedBytes += mark.receivedBytes }
        let packs = try context.remote.list(RemoteFileName(validating: "packs"))
        let dropped = try markAll { progress("marking", $0) }
        let plan = RemoteCollectionPlan(catalog.index, mark)
        count(plan)
        guard !isDryRun else {
            report.unfinishedPushes = litter(packs).count
            report.writtenBytes = plan.rewritten.reduce(0) { sum, item in
                item.frames.reduce(sum) { $0 + item.pack.range(ofFrame: $1).count }
            }
            return true
        }
        let uploads = try PackUploads(context, collections: catalog.state.collections)
        // Whether or not it was published: nobody goes on with what a collection sent.
        defer { uploads.finish() }
        try uploads.whileSending { try copy(plan, uploads) { progress("copying", $0) } }
        report.writtenBytes = uploads.sentBytes
        guard try publish(plan, uploads, packs, dropped) else { return false }
        try remove(packs, plan.condemned, progress)
        return true
    }

    // MARK: - Marking

    /// Marks what is needed; returns the notes of pushes that go.
    private mutating func markAll(_ progress: (Int) -> Void = { _ in }) throws -> Set<RefName> {
        let notes = catalog.state.refs.filter { $0.key.isPushNote }
        let kept = roots.keepsAll ? Set(notes.keys) : try keptNotes(notes)
        let depth: LiveRoot.Depth = roots.keepsAll ? .everything : .records
        var all = try roots.here()
        for (name, id) in catalog.state.refs.sorted(by: { $0.key < $1.key }) {
            // What it stands for cannot be told without it.
            let key = ObjectKey(.record, id.digest)
            guard catalog.index.contains(key) else { throw StoreError.lostRef(name, context) }
            if name.isPushNote {
                guard kept.contains(name) else { continue }
                all.append(LiveRoot(.record(id), group: "pushes", reason: "a push"))
            } else {
                all.append(LiveRoot(.record(id), depth, group: "refs", reason: "ref '\(name)'"))
            }
        }
        try mark.mark(all, in: catalog.index, progress: progress)
        if catalog.state.awaitsLost, catalog.state.incomplete.contains(where: isMarked) {
            throw StoreError.awaitsLost(context)
        }
        return Set(notes.keys).subtracting(kept)
    }

    /// Whether a listing or record is needed.
    private func isMarked(_ digest: Digest) -> Bool {
        mark.contains(ObjectKey(.treeNode, digest)) || mark.contains(ObjectKey(.record, digest))
    }

    /// Which notes the roots' rule keeps.
    private mutating func keptNotes(_ notes: [RefName: RecordID]) throws -> Set<RefName> {
        // What cannot be understood stays.
        var found: [RecordID: Timestamp] = [:]
        let keys = notes.values.map { ObjectKey(.record, $0.digest) }.sorted()
        report.receivedBytes += try context.downloadObjects(keys, in: catalog.index) { key, bytes in
            found[RecordID(key.digest)] = try PushNote.time(of: JSONValue(parsing: bytes))
        }
        var times = notes.compactMap { name, id in found[id].map { (time: $0, name: name) } }
        times.sort { ($1.time, $0.name) < ($0.time, $1.name) }
        // Times are those at which pushes began: the one that was published last always stays.
        let dropped = times.enumerated().filter {
            !roots.keepsPush($0.offset, $0.element.time)
                && $0.element.name != catalog.state.lastPush
        }
        return Set(notes.keys).subtracting(dropped.map(\.element.name))
    }

    private mutating func count(_ plan: RemoteCollectionPlan) {
        report.objects = catalog.index.objectCount
        report.liveObjects = mark.depths.count
        report.storedBytes = catalog.index.packs.reduce(0) { $0 + $1.sizeBytes }
        report.condemnedPacks = plan.condemned.count
        report.condemnedBytes = plan.condemned.reduce(0) { $0 + $1.sizeBytes }
        report.rewrittenPacks = plan.rewritten.count
    }

    // MARK: - Copying

    private mutating func copy(
        _ plan: RemoteCollectionPlan, _ uploads: PackUploads, _ progress: (Int) -> Void
    ) throws {
        var frameCount = 0
        for packClass in [PackClass.data, .metadata] {
            for (pack, frames) in plan.rewritten where pack.keys[0].kind.packClass == packClass {
                let keys = frames.flatMap { pack.objects(ofFrame: $0).map { pack.keys[$0] } }
                var own = RemoteIndex()
                own.add([pack])
                for request in FetchPlan.requests(for: keys, in: own) {
                    let name = try pack.name()
                    let bytes = try context.remote.read(name, range: request.range)
                    report.receivedBytes += bytes.count
                    for frame in request.frames {
                        let range = pack.range(ofFrame: frame)
                        let start = range.lowerBound - request.range.lowerBound
                        try uploads.append(
                            try context.copied(
                                Array(bytes[start..<(start + range.count)]), frame, of: pack,
                                keeping: mark.contains))
                        frameCount += 1
                        progress(frameCount)
                    }
                }
            }
        }
    }

    // MARK: - Publishing

    /// Step 2; false where all must be planned anew.
    private mutating func publish(
        _ plan: RemoteCollectionPlan, _ uploads: PackUploads,
        _ packs: [(name: RemoteFileName, size: Int)], _ dropped: Set<RefName>
    ) throws -> Bool {
        let collections = catalog.state.collections
        var dropped = dropped
        while true {
            try SignalWatch.check()
            let fenced = catalog.state.fenced
            guard catalog.state.collections == collections,
                !uploads.packs.contains(where: { fenced.contains($0.session) })
            else { return false }
            let state = try next(plan, uploads.packs, packs, dropped)
            guard state != catalog.state else { break }
            if try catalog.swap(to: state) {
                try catalog.refresh()
                break
            }
            let before = Set(catalog.index.packs.map(\.id))
            try catalog.refresh()
            guard catalog.state.collections == collections else { return false }
            dropped = try markAll()
            try mark.mark(
                catalog.index.packs.filter { !before.contains($0.id) }, in: catalog.index)
            guard plan.stillHolds(for: mark, in: catalog.index, copies: uploads.packs) else {
                return false
            }
        }
        return true
    }

    /// The state after this one.
    private mutating func next(
        _ plan: RemoteCollectionPlan, _ copies: [RemotePack],
        _ packs: [(name: RemoteFileName, size: Int)], _ dropped: Set<RefName>
    ) throws -> RemoteState {
        var state = catalog.state
        let condemned = Set(plan.condemned.map(\.id))
        if !condemned.isEmpty {
            var left = RemoteIndex()
            state.segments = []
            for segment in catalog.state.segments {
                let packs = try catalog.packs(of: segment)
                if packs.contains(where: { condemned.contains($0.id) }) {
                    left.add(packs.filter { !condemned.contains($0.id) })
                } else {
                    state.segments.append(segment)
                }
            }
            left.add(copies)
            if !left.packs.isEmpty { state.segments.append(try catalog.send(left.packs)) }
            state.collections += 1
            state.fenced.formUnion(plan.condemned.map(\.session))
            state.mend(state.incomplete.filter { !isMarked($0) })
        }
        for name in dropped { state.refs[name] = nil }
        let open = litter(packs).filter { session, _ in
            !copies.contains { $0.session == session }
        }
        let stale = open.filter { catalog.state.unfinished[$0.key] == $0.value }
        state.fenced.formUnion(stale.keys)
        state.unfinished = open.filter { stale[$0.key] == nil }
        report.endedPushes = stale.count
        report.unfinishedPushes = state.unfinished.count
        return state
    }

    /// Sessions that are not ended with packs that no segment names, and how many.
    private func litter(_ packs: [(name: RemoteFileName, size: Int)]) -> [[UInt8]: Int] {
        var counts: [[UInt8]: Int] = [:]
        for item in packs {
            guard let (session, id) = RemoteLayout.pack(item.name),
                !catalog.state.fenced.contains(session), !catalog.index.contains(id)
            else { continue }
            counts[session, default: 0] += 1
        }
        return counts
    }

    // MARK: - Removing

    /// Step 3.
    private mutating func remove(
        _ packs: [(name: RemoteFileName, size: Int)], _ condemned: [RemotePack],
        _ progress: (String, Int) -> Void
    ) throws {
        var sizes: [RemoteFileName: Int] = [:]
        for item in packs {
            guard let (session, id) = RemoteLayout.pack(item.name),
                catalog.state.fenced.contains(session), !catalog.index.contains(id)
            else { continue }
            sizes[item.name] = item.size
        }
        for pack in condemned where !catalog.index.contains(pack.id) {
            sizes[try pack.name()] = pack.sizeBytes
        }
        guard let root = catalog.root else { return }
        let used = Set(try catalog.state.segments.map { try $0.name() } + [root.stateName()])
        for folder in ["state", "idx"] {
            for item in try context.remote.list(RemoteFileName(validating: folder)) {
                guard let sequence = RemoteLayout.sequence(of: item.name),
                    sequence <= root.sequence, !used.contains(item.name)
                else { continue }
                sizes[item.name] = item.size
            }
        }
        for (name, size) in sizes.sorted(by: { $0.key < $1.key }) {
            try SignalWatch.check()
            try context.remote.remove(name)
            report.removedFiles += 1
            report.removedBytes += size
            progress("removing", report.removedFiles)
        }
    }
}

extension StoreError {
    /// A ref of which nobody can tell what it keeps.
    static func lostRef(_ name: RefName, _ context: RemoteContext) -> StoreError {
        StoreError(
            .notFound,
            "cannot collect remote \(context.title): what '\(name)' stands for is not there",
            subject: name.description,
            advice: "run 'mlstore push \(context.name)' in every clone, or 'mlstore fsck --remote "
                + "\(context.name)' to see what is wrong",
            safety: "nothing was removed")
    }

    /// Something is lost that somebody may have, and nobody can tell what it keeps.
    static func awaitsLost(_ context: RemoteContext) -> StoreError {
        StoreError(
            .notFound,
            "cannot collect remote \(context.title): something is lost that a push may bring back",
            subject: context.name.description,
            advice: "run 'mlstore push \(context.name)' in every clone; when none has it, a second "
                + "'mlstore fsck --remote \(context.name) --repair' goes on without it",
            safety: "nothing was removed")
    }

    /// An object that the remote should have.
    static func notOnRemote(_ key: ObjectKey, _ context: RemoteContext) -> StoreError {
        StoreError(
            .notFound, "cannot read \(key) of remote \(context.title): it is not there",
            subject: key.digest.hex, safety: "nothing was changed")
    }
}
