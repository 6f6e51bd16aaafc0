import Bytes
import Objects
import Platform
import Remotes
package import Vocabulary

/// How to push.
package struct PushOptions: Hashable, Sendable {
    /// Put local refs in the place of remote ones that have gone another way. What they replace
    /// stays on the remote under `replaced/<id>`.
    package var replacesDiverged: Bool
    /// How the link is used.
    package var link: LinkOptions

    /// The defaults.
    package init(replacesDiverged: Bool = false, link: LinkOptions = LinkOptions()) {
        self.replacesDiverged = replacesDiverged
        self.link = link
    }
}

/// What a push did.
package struct PushReport: Hashable, Sendable {
    /// Objects that were sent.
    package var objects = 0
    /// Bytes of packs that were sent.
    package var sentBytes = 0
    /// Requests that were made.
    package var requests = 0
    /// Packs that became part of the remote, those of an interrupted push among them.
    package var packs = 0
    /// Packs that an interrupted push had sent before.
    package var resumedPacks = 0
    /// Refs that were made or moved on the remote.
    package var refs: [RefName] = []
    /// Paths whose content is, in whole or part, neither here nor on the remote.
    package var absent: [String] = []
    /// Which push of the remote this was; the one before when nothing had to be done.
    package var sequence = 0
    /// Whether the remote had everything already.
    package var wasUpToDate = false
    /// What the user should know.
    package var warnings: [String] = []
}

/// Sends everything that the selection needs and the remote lacks, and publishes the refs.
///
/// The remote changes in one step, by compare-and-swap of its root, after everything that the new
/// root stands for has arrived; a push that fails or dies before leaves it as it was, and the
/// next one does not send again what had arrived. When another push came first, the two are put
/// together and the step is tried again, so that none loses anything.
///
/// Throws `.conflict` for a ref that went different ways here and there, after everything else
/// was published.
package func push(
    _ selection: TransferSelection, to context: RemoteContext, options: PushOptions = PushOptions(),
    progress: (TransferProgress) -> Void = { _ in }
) throws -> PushReport {
    progress(TransferProgress(phase: .reading))
    try context.store.refresh()
    let memory = RemoteMemory.load(context)
    var catalog = try RemoteCatalog(reading: context, known: memory.root)
    var report = PushReport(warnings: memory.warnings(about: catalog, context))
    let uploads = try PackUploads(context, collections: catalog.state.collections)
    try uploads.takeOver(&catalog)
    let refs = selection.refs.filter { !$0.key.isLocal }
    var publication: Publication
    while true {
        progress(TransferProgress(phase: .comparing))
        let (absent, note, mended) = try uploads.whileSending {
            try send(selection, refs, to: catalog, uploads, progress)
        }
        report.absent = absent
        publication = Publication(
            context: context, catalog: catalog, base: memory.refs, local: refs, options: options,
            note: note, mended: mended)
        do {
            try publication.publish(uploads.packs)
            break
        } catch is Superseded {
            // What was thought to be there may be gone: all is compared again, and nothing that has
            // arrived is sent twice.
            catalog = publication.catalog
            uploads.goOn(&catalog)
        }
    }
    report.objects = uploads.sentObjects
    report.sentBytes = uploads.sentBytes
    report.packs = uploads.packs.count
    report.resumedPacks = uploads.resumedPacks
    report.refs = publication.moved.sorted()
    report.sequence = publication.catalog.root?.sequence ?? 0
    report.wasUpToDate = !publication.isChanged
    uploads.finish()
    memory.save(publication.catalog, local: refs, context)
    if let conflict = publication.conflicts.first { throw StoreError.diverged(conflict, context) }
    return report
}

/// Sends what the remote lacks of the contents and refs, and what notes the push; returns the paths of
/// which a part is neither here nor there, the note, unless the last push said the same, and below which
/// objects of the remote nothing is missing any more.
private func send(
    _ selection: TransferSelection, _ refs: [RefName: RecordID],
    to catalog: RemoteCatalog, _ uploads: PackUploads, _ progress: (TransferProgress) -> Void
) throws -> (absent: [String], note: PushNote?, mended: Set<Digest>) {
    var missing = MissingObjects(in: uploads.context.store, against: catalog.index)
    let contents = selection.contents
    let absent = try contents.filter { try !missing.add($0.id) }.map(\.path)
    try missing.add(
        records: refs.sorted { $0.key < $1.key }.map(\.value), without: selection.withheld)
    try uploads.send(missing.keys, progress: progress)
    let unknown = Set(absent)
    let note = try PushNote(
        contents.filter { !unknown.contains($0.path) }, at: uploads.context.clock.now())
    guard let note else { return (absent, nil, missing.mended) }
    let known = catalog.state.lastPush == note.name ? catalog.state.refs[note.name] : nil
    // After a repair the remote may have lost its record.
    if let known, catalog.index.isWhole(ObjectKey(.record, known.digest)) {
        return (absent, nil, missing.mended)
    }
    try uploads.append(note.frame(uploads.context.store))
    return (absent, note, missing.mended)
}

extension StoreError {
    /// A ref that went different ways here and on the remote.
    static func diverged(_ conflict: RefConflict, _ context: RemoteContext) -> StoreError {
        StoreError(
            .conflict,
            "cannot move '\(conflict.name)' on remote '\(context.name)': it has gone another way"
                + " there (\(conflict.remote.short)) than here (\(conflict.local.short))",
            subject: conflict.name.description,
            advice: "run 'mlstore pull' and look at both with 'mlstore log'; 'mlstore push --force'"
                + " puts yours in its place and keeps theirs as"
                + " 'replaced/\(conflict.remote.short)'",
            safety: "everything else was sent and published; nothing was lost at either end")
    }
}
