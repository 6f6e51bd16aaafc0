import Bytes
import Objects
import Platform
import Remotes
package import Vocabulary

/// How to fetch.
package struct FetchOptions {
    /// Look also below what is here already, for parts that are missing: repairs a store that lost
    /// something.
    package var isThorough: Bool
    /// Take the remote's refs, with all their records.
    package var takesRefs: Bool
    /// How the link is used.
    package var link: LinkOptions
    /// Only find out what would be fetched. Listings and recipes are read for it, and are not kept;
    /// of the remote's index copies are.
    package var isDryRun = false
    /// In a dry run, count also what the snapshot needs that is the remote's head and not ours.
    var wantsHead = false
    /// Of directories take only the listings: for a store that is thrown away, since others must
    /// hold what their listings name.
    var listsOnly = false
    /// Where the files of large blobs are made on the way; nil: nowhere.
    var files: ArrivingFiles?
    /// Chunks are committed whenever they have come to this much: no more is fetched twice after
    /// an interruption. About a pack, so that committing often makes no small packs.
    var commitBytes = 64 << 20

    /// The defaults.
    package init(
        isThorough: Bool = false, takesRefs: Bool = true, link: LinkOptions = LinkOptions()
    ) {
        self.isThorough = isThorough
        self.takesRefs = takesRefs
        self.link = link
    }
}

/// What a fetch did.
package struct FetchReport: Hashable, Sendable {
    /// Objects that were fetched (in a dry run, here and below: would be).
    package var objects = 0
    /// Contents of files that were fetched, each once.
    package var files = 0
    /// Bytes of packs that came over the wire.
    package var receivedBytes = 0
    /// Packs that they are from.
    package var packs = 0
    /// Requests that were made.
    package var requests = 0
    /// Refs that were made or moved here.
    package var refs: [RefName] = []
    /// Refs that went different ways here and there: theirs is `remotes/<remote>/<ref>` here.
    package var diverged: [RefConflict] = []
    /// Paths whose content the remote does not have.
    package var absent: [String] = []
    /// Which push of the remote was seen.
    package var sequence = 0
    /// What the user should know.
    package var warnings: [String] = []
}

/// Fetches what the selection needs and the store lacks, and takes the remote's refs.
///
/// The remote is not trusted: lengths are checked before anything is reserved, every frame is
/// decoded and every object hashed, a recipe is put only after its chunks were seen to make the
/// blob. What has arrived is committed every 64 MiB, chunks before what refers to them, so
/// an interrupted fetch goes on where it ended and the store never claims what it does not hold.
package func fetch(
    _ selection: TransferSelection, from context: RemoteContext,
    options: FetchOptions = FetchOptions(),
    progress: @escaping (TransferProgress) -> Void = { _ in }
) throws -> FetchReport {
    try context.counting(in: \.requests) { context in
        try fetchAgainst(collectionsOf: context, selection, options, progress)
    }
}

private func fetchAgainst(
    collectionsOf context: RemoteContext, _ selection: TransferSelection, _ options: FetchOptions,
    _ progress: @escaping (TransferProgress) -> Void
) throws -> FetchReport {
    while true {
        progress(TransferProgress(phase: .reading))
        try context.store.refresh()
        let memory = RemoteMemory.load(context)
        let newest = try RemoteCatalog(reading: context, known: memory.root)
        do {
            return try fetch(selection, from: context, newest, memory, options, progress)
        } catch let error as StoreError where error.kind == .notFound {
            // A collection of the remote may have moved what was to be fetched.
            var later = newest
            try later.refresh()
            guard later.state.collections != newest.state.collections else { throw error }
        }
    }
}

private func fetch(
    _ selection: TransferSelection, from context: RemoteContext, _ catalog: RemoteCatalog,
    _ memory: RemoteMemory, _ options: FetchOptions,
    _ progress: @escaping (TransferProgress) -> Void
) throws -> FetchReport {
    guard let root = catalog.root else {
        return FetchReport(
            absent: selection.contents.filter { !context.store.contains($0.id) }.map(\.path)
                + selection.parts.map(\.path.description),
            warnings: ["remote '\(context.name)' is empty: nothing was pushed to it yet"])
    }
    var report = FetchReport(
        sequence: root.sequence, warnings: memory.warnings(about: catalog, context))
    let exchange = FetchExchange(context, catalog.index, options, progress)
    for item in selection.contents where try !exchange.want(item.id) {
        report.absent.append(item.path)
    }
    for part in selection.parts where try !exchange.want(part) {
        report.absent.append(part.path.description)
    }
    let refs = catalog.state.refs.filter { !$0.key.isPushNote }
    if options.takesRefs {
        try exchange.wantRecords(refs.sorted { $0.key < $1.key }.map(\.value))
    }
    if options.wantsHead, let head = refs[.head] { try exchange.wantTree(of: head) }
    try exchange.fetchAll()
    if options.takesRefs, !options.isDryRun {
        try exchange.takeRefs(refs, base: memory.refs, &report)
    }
    try exchange.commit()
    exchange.count(into: &report)
    if options.isDryRun { return report }
    memory.save(catalog, local: try context.store.refs(), context)
    return report
}
