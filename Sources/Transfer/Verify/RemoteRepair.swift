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
    /// Objects that were copied out of packs which are damaged elsewhere.
    package var copied = 0
    /// Listings and records that stay, and lack something that is lost.
    package var incomplete = 0
    /// Notes of pushes that were given up, since what they say is lost: where nothing else was wrong
    /// any more.
    package var forgottenPushes = 0
}

/// Takes out of a remote's index what a check finds damaged or missing, so that pushes send it again:
/// with a piece of a file goes the file, and nothing else. What lists and names it stays, and is marked as
/// incomplete: a push that has what is lost looks below it. No file is removed, and refs stay; until what
/// is lost has been sent, `gc --remote` refuses. Where that is all that is left, a repair tells that nobody
/// will send it: collections go on without it, and notes of pushes that lead to nothing are given up.
///
/// The root counts one collection more, by which pushes that are under way compare again. Throws
/// `.conflict` where others publish all the time, `.corrupt` where the root, the state or an index itself is
/// damaged.
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
        let catalog = verifier.catalog
        if verifier.report.isSound, catalog.state.incomplete.isEmpty { return report }
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
        let uploads = try PackUploads(context, collections: catalog.state.collections)
        // Whether or not it was published: nobody goes on with what a repair sent.
        defer { uploads.finish() }
        let (index, copied) = try left.index(sending: uploads)
        report.copied = copied
        report.forgotten = catalog.index.objectCount - index.objectCount
        report.incomplete = left.incomplete.count
        var state = catalog.state
        state.incomplete = left.incomplete
        if !left.broken.isEmpty || !left.incomplete.isSubset(of: catalog.state.incomplete) {
            state.segments = index.packs.isEmpty ? [] : [try catalog.send(index.packs)]
            state.collections += 1
            // A push that died may have sent such a pack, and is not to be believed.
            state.fenced.formUnion(left.broken.map(\.session))
            state.awaitsLost = report.forgotten > 0 && !state.incomplete.isEmpty
        } else {
            let given = catalog.state.refs.filter { name, id in
                verifier.lostNotes.contains(name)
                    || name.isPushNote && verifier.emptyNotes.contains(id)
            }
            for name in given.keys { state.refs[name] = nil }
            report.forgottenPushes = given.count
            state.awaitsLost = false
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
