import Bytes
package import Objects
import Platform
import Remotes
package import Vocabulary

/// What was looked at on a remote before something was evicted.
package struct EvictionFindings: Hashable, Sendable {
    /// Packs of the remote that hold it.
    package var packs = 0
    /// Of these, how many have the digest that the remote keeps.
    package var comparedPacks = 0
    /// Of these, how many were read.
    package var readPacks = 0
}

extension Release {
    /// Contents, each with its path, to be let go once it is proved that a remote holds them; see
    /// `EvictionProof`. `found` is told of what was looked at.
    package init(
        of contents: [(path: String, id: ContentID)],
        protecting others: [(path: String, id: ContentID)], heldBy context: RemoteContext,
        options: EvictOptions = EvictOptions(),
        progress: @escaping (TransferProgress) -> Void = { _ in },
        found: @escaping (EvictionFindings) -> Void = { _ in }
    ) {
        let proof = EvictionProof(
            context: context, readsPacks: options.readsPacks,
            names: Dictionary(contents.map { ($0.id, $0.path) }) { first, _ in first },
            tracked: others)
        self.init(
            contents: Set(contents.map(\.id)).sorted { $0.digest < $1.digest },
            protected: others.map(\.id)
        ) {
            found(try proof.run($0, publishes: !options.isDryRun, progress: progress))
        }
    }
}

/// Sees to it that a remote holds contents that are here whole, and will keep them.
///
/// 1. Root, state and index are read from the remote itself, no copies. Everything that the contents here
///    are made of must be in the index, and every recipe there must be the same as the one here.
/// 2. The packs that hold it, and those that these build on, must be there with their lengths, and
///    with their digests where the remote keeps them, or where they are read.
/// 3. A note that names the contents is published by compare-and-swap of the root, as by a push. If a
///    collection or a repair came in between, all is looked at again.
///
/// From then on the contents are what a push of just now sent: any collection of the remote leaves them
/// until somebody tells one to keep no more than the last pushes.
struct EvictionProof {
    let context: RemoteContext
    /// Whether the packs are read.
    let readsPacks: Bool
    /// What the contents are called.
    let names: [ContentID: String]
    /// What else is tracked, for the note: so that it may stand for a push of everything.
    let tracked: [(path: String, id: ContentID)]

    /// Steps 1 to 3, or only 1 and 2.
    func run(
        _ contents: [ContentID], publishes: Bool, progress: (TransferProgress) -> Void
    ) throws -> EvictionFindings {
        while true {
            let catalog = try RemoteCatalog(reading: context, usingCopies: false)
            progress(TransferProgress(phase: .comparing))
            do {
                let findings = try check(contents, on: catalog, progress)
                guard publishes else { return findings }
                if try publish(contents, on: catalog) { return findings }
            } catch let error as StoreError where RemoteVerifier.isAboutData(error) {
                // A collection may have moved what was looked for.
                var later = catalog
                try later.refresh()
                guard later.root != catalog.root else { throw error }
            }
        }
    }

    // MARK: - 1 and 2

    private func check(
        _ contents: [ContentID], on catalog: RemoteCatalog, _ progress: (TransferProgress) -> Void
    ) throws -> EvictionFindings {
        var walk = EvictionWalk(context, catalog.index)
        for content in contents {
            guard let lacking = try walk.lacking(of: content) else { continue }
            throw StoreError.notProved(
                names[content], context, "\(lacking) of it is not there")
        }
        try compareRecipes(walk.recipes, in: catalog.index)
        let packs = walk.packs.sorted().map { catalog.index.packs[Int($0)] }
        let check = RemotePackCheck(context: context)
        let listed = try check.listed()
        for pack in packs {
            guard let fault = try check.fault(ofLengthOf: pack, listed) else { continue }
            throw unsound(pack, fault.message)
        }
        var findings = EvictionFindings(packs: packs.count)
        try check.forEachStoredDigest(of: packs) { number, digest in
            guard let digest else { return }
            findings.comparedPacks += 1
            if digest != packs[number].id.digest {
                throw unsound(packs[number], "the remote keeps another digest of it")
            }
        }
        guard readsPacks else { return findings }
        var bytes = 0
        try check.forEachWhole(of: packs) { number, fault in
            if let fault { throw unsound(packs[number], fault) }
            findings.readPacks += 1
            bytes += packs[number].sizeBytes
            progress(
                TransferProgress(
                    phase: .checking, objects: number + 1, totalObjects: packs.count, bytes: bytes))
        }
        return findings
    }

    /// A recipe says which chunks make a blob, and has the blob's id: that the one on the remote is right
    /// is known only where it is the one that was checked here.
    private func compareRecipes(_ keys: [ObjectKey], in index: RemoteIndex) throws {
        _ = try context.downloadObjects(keys, in: index) { key, bytes in
            let own = try context.store.readObject(
                key.kind, key.digest, maximumBytes: ObjectStore.maximumNodeBytes)
            guard own == bytes else {
                throw StoreError.notProved(
                    names[.file(BlobID(key.digest))], context,
                    "blob '\(BlobID(key.digest).short)' is cut into other chunks there")
            }
        }
    }

    private func unsound(_ pack: RemotePack, _ why: String) -> StoreError {
        StoreError(
            .corrupt, "cannot evict: '\(pack.path)' of remote \(context.title) is unsound: \(why)",
            subject: pack.path,
            advice: "run 'mlstore fsck --remote \(context.name) --repair', then 'mlstore push'",
            safety: "nothing was freed")
    }

    // MARK: - 3

    /// False where a collection came in between.
    private func publish(_ contents: [ContentID], on catalog: RemoteCatalog) throws -> Bool {
        let own = contents.map { (path: names[$0] ?? "(evicted)", id: $0) }
        let others = tracked.filter { catalog.index.contains($0.id) }
        guard let note = try PushNote(own + others, at: context.clock.now()) else { return true }
        let known = catalog.state.lastPush == note.name ? catalog.state.refs[note.name] : nil
        // The last push said the same, and is kept by every collection.
        if let known, catalog.index.isWhole(ObjectKey(.record, known.digest)) { return true }
        let uploads = try PackUploads(context, collections: catalog.state.collections)
        try uploads.whileSending { try uploads.append(note.frame(context.store)) }
        var publication = Publication(
            context: context, catalog: catalog, base: [:], local: [:], options: PushOptions(),
            note: note)
        do {
            try publication.publish(uploads.packs)
        } catch is Superseded {
            uploads.finish()
            return false
        }
        uploads.finish()
        return true
    }
}

/// Walks contents of the store, looking for all of it on a remote.
private struct EvictionWalk {
    private let store: ObjectStore
    private let index: RemoteIndex
    private var seen: Set<ObjectKey> = []
    /// The packs that hold what was seen, or what that builds on there.
    private(set) var packs: Set<UInt32> = []
    private(set) var recipes: [ObjectKey] = []

    init(_ context: RemoteContext, _ index: RemoteIndex) {
        store = context.store
        self.index = index
    }

    /// What the remote lacks of the content; nil where it has all of it. Throws where something of it
    /// is not here or cannot be read.
    mutating func lacking(of content: ContentID) throws -> ObjectKey? {
        var pending: [ObjectKey] = []
        switch content {
        case .file(let blob): pending.append(key(of: blob))
        case .directory(let tree): pending.append(ObjectKey(.treeNode, tree.digest))
        }
        while let key = pending.popLast() {
            guard seen.insert(key).inserted else { continue }
            guard let place = index.place(of: key) else { return key }
            packs.insert(place.pack)
            if let lacking = lackingBase(of: key) { return lacking }
            guard key.kind != .chunk else { continue }
            try SignalWatch.check()
            if key.kind == .recipe { recipes.append(key) }
            for reference in try store.references(of: key) {
                switch reference {
                case .object(let key): pending.append(key)
                case .blob(let blob): pending.append(self.key(of: blob))
                case .mention: continue
                }
            }
        }
        return nil
    }

    private func key(of blob: BlobID) -> ObjectKey {
        ObjectKey(store.contains(.chunk, blob.digest) ? .chunk : .recipe, blob.digest)
    }

    private mutating func lackingBase(of key: ObjectKey) -> ObjectKey? {
        var pending = index.bases(of: key)?.digests ?? []
        while let digest = pending.popLast() {
            let base = ObjectKey(.chunk, digest)
            guard seen.insert(base).inserted else { continue }
            guard let place = index.place(of: base) else { return base }
            packs.insert(place.pack)
            pending += index.bases(of: base)?.digests ?? []
        }
        return nil
    }
}

extension StoreError {
    /// A content that the remote does not hold whole; `name` is its path, nil for a listing that
    /// holds what is to go.
    static func notProved(_ name: String?, _ context: RemoteContext, _ why: String) -> StoreError {
        StoreError(
            .notFound,
            "cannot evict \(name.map { "'\($0)'" } ?? "what a snapshot or another version holds"):"
                + " remote \(context.title) does not hold it whole: \(why)",
            subject: name, advice: "run 'mlstore push --remote \(context.name)', then try again",
            safety: "nothing was freed")
    }
}
