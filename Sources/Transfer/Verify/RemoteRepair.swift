import Objects
import Platform
import Remotes
import Vocabulary

/// What a repair of a remote did.
package struct RemoteRepairReport: Sendable {
    /// What was found before.
    package var found = RemoteVerifyReport()
    /// Objects that the index names no more: the next push of who has them sends them again.
    package var forgotten = 0
    /// Notes of pushes that were given up, since what they say is lost: where nothing else was wrong
    /// any more.
    package var forgottenPushes = 0
}

/// Takes out of a remote's index what a check finds damaged or missing, and whatever needs that, so
/// that pushes send it again. No file is removed, and refs stay; until what they stand for has been
/// sent, `gc --remote` refuses. Where that is all that is left, notes of pushes that nobody sent again
/// are given up.
///
/// A push takes all below what it finds in the index to be there: so with an object goes
/// everything that names it. The root counts one collection more, by which pushes that are under way
/// compare again. Throws `.conflict` where others publish all the time, `.corrupt` where the root, the
/// state or an index itself is damaged.
package func repair(
    remote context: RemoteContext, _ options: RemoteVerifyOptions = RemoteVerifyOptions(),
    progress: (_ what: String, _ done: Int, _ total: Int) -> Void = { _, _, _ in }
) throws -> RemoteRepairReport {
    var options = options
    options.level = max(options.level, .connectivity)
    for _ in 0..<16 {
        let verifier = try RemoteVerifier.settled(
            context, options, keepingReferences: true, progress)
        var report = RemoteRepairReport(found: verifier.report)
        if verifier.report.isSound { return report }
        let catalog = verifier.catalog
        guard catalog.root != nil else {
            throw StoreError(
                .corrupt,
                "cannot mend remote \(context.title): "
                    + (verifier.report.problems.first?.description ?? "it cannot be read"),
                subject: context.name.description,
                advice: "restore the file from a backup of the remote, or push to a new remote",
                safety: "nothing was changed")
        }
        let left = RemoteRemains(of: verifier)
        report.forgotten = catalog.index.objectCount - left.index.objectCount
        var state = catalog.state
        if report.forgotten > 0 {
            state.segments = left.index.packs.isEmpty ? [] : [try catalog.send(left.index.packs)]
            state.collections += 1
            // A push that died may have sent such a pack, and is not to be believed.
            state.fenced.formUnion(left.broken.map(\.session))
        } else {
            for name in verifier.lostNotes { state.refs[name] = nil }
            report.forgottenPushes = verifier.lostNotes.count
        }
        // What is wrong with other refs only a push mends.
        guard state != catalog.state else { return report }
        if try catalog.swap(to: state) { return report }
    }
    throw StoreError(
        .conflict, "cannot mend remote \(context.title): others publish all the time",
        subject: context.name.description, advice: "try again when it is quieter",
        safety: "nothing was changed")
}

/// What of a remote's index can be relied on.
private struct RemoteRemains {
    private(set) var index = RemoteIndex()
    /// Packs of which something is left out.
    private(set) var broken: [RemotePack] = []

    init(of verifier: RemoteVerifier) {
        let all = verifier.catalog.index
        var bad = verifier.badFrames
        while true {
            index = RemoteIndex()
            index.add(
                all.packs.enumerated().compactMap { number, pack in
                    pack.without(bad[number] ?? [])
                })
            var further = RemoteRemains.needing(verifier, all, index)
            further = further.filter { !(bad[$0.pack]?.contains($0.frame) ?? false) }
            if further.isEmpty { break }
            for place in further { bad[place.pack, default: []].insert(place.frame) }
        }
        broken = bad.keys.sorted().map { all.packs[$0] }
    }

    /// The frames of `all` that need what is not left.
    private static func needing(
        _ verifier: RemoteVerifier, _ all: RemoteIndex, _ left: RemoteIndex
    ) -> [RemoteVerifier.FramePlace] {
        var places: [RemoteVerifier.FramePlace] = []
        for (number, pack) in all.packs.enumerated() {
            for (frame, bases) in pack.frameBases
            where !bases.digests.allSatisfy({ left.contains(ObjectKey(.chunk, $0)) }) {
                places.append(.init(pack: number, frame: frame))
            }
        }
        for item in verifier.references
        where !item.references.allSatisfy({ isThere($0, all, left) }) {
            places.append(item.frame)
        }
        return places
    }

    private static func isThere(
        _ reference: ObjectReference, _ all: RemoteIndex, _ left: RemoteIndex
    ) -> Bool {
        switch reference {
        case .object(let key): left.contains(key)
        case .blob(let blob): left.key(of: blob) != nil
        // What was never pushed is not missed.
        case .mention(let digest):
            [ObjectKind.record, .treeNode, .recipe, .chunk].allSatisfy {
                let key = ObjectKey($0, digest)
                return left.contains(key) || !all.contains(key)
            }
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
                objects: objects(ofFrame: frame).map { (keys[$0], Int(lengths[$0])) },
                bases: frameBases[frame])
        }
        return rest.frameCount == 0 ? nil : rest
    }
}
