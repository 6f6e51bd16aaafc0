import Bytes
import Objects
import Platform
import Remotes
import Vocabulary

/// A fetch under way.
///
/// First the metadata, level by level from the wanted roots down, kept in memory; then the chunks
/// that it names, in the order in which they stand in the packs, those that build on others after
/// these; then, from the bottom up, the metadata is put.
final class FetchExchange {
    let context: RemoteContext
    let index: RemoteIndex
    private let options: FetchOptions
    private let progress: (TransferProgress) -> Void
    private var seen: Set<ObjectKey> = []
    private var frontier: [ObjectKey] = []
    /// The wanted chunks by the generation of their frames on the remote.
    private var chunks: [Int: [ObjectKey]] = [:]
    private var metadata: [(key: ObjectKey, bytes: [UInt8])] = []
    private var courses: RecipeCourses
    private var changes: [RefChange] = []
    /// What is wanted of directories that are not wanted as a whole.
    var parts: [WantedPart] = []
    /// Directories that are wanted as a whole.
    private(set) var wholes: [TreeID] = []
    private var session: StoreSession?

    private var objects = 0
    var receivedBytes = 0
    private var files: Set<BlobID> = []
    private var packs: Set<PackID> = []
    /// Requests that a dry run leaves out.
    private var plannedRequests = 0

    init(
        _ context: RemoteContext, _ index: RemoteIndex, _ options: FetchOptions,
        _ progress: @escaping (TransferProgress) -> Void
    ) {
        self.context = context
        self.index = index
        self.options = options
        self.progress = progress
        courses = RecipeCourses(files: options.files)
    }

    var store: ObjectStore { context.store }

    // MARK: - What is wanted

    /// Wants a content; false when it is neither here nor on the remote.
    func want(_ content: ContentID) throws -> Bool {
        switch content {
        case .file(let blob): return try want(blob)
        case .directory(let tree):
            let isKnown = try want(ObjectKey(.treeNode, tree.digest))
            if isKnown { wholes.append(tree) }
            return isKnown
        }
    }

    func want(_ blob: BlobID) throws -> Bool {
        for kind in [ObjectKind.chunk, .recipe] {
            let key = ObjectKey(kind, blob.digest)
            if try isHere(key) { return try want(key) }
        }
        guard let key = index.key(of: blob) else { return false }
        files.insert(blob)
        return try want(key)
    }

    private func want(_ key: ObjectKey) throws -> Bool {
        if seen.contains(key) { return true }
        if try isHere(key) {
            guard options.isThorough, key.kind != .chunk else { return true }
            seen.insert(key)
            let bytes = try store.readObject(
                key.kind, key.digest, maximumBytes: ObjectStore.maximumNodeBytes)
            try follow(key, bytes)
            return true
        }
        guard index.contains(key) else { return false }
        seen.insert(key)
        guard key.kind == .chunk else {
            frontier.append(key)
            return true
        }
        let bases = index.bases(of: key)
        for base in bases?.digests ?? [] where try !want(ObjectKey(.chunk, base)) {
            throw lacking("chunk '\(base.hex.prefix(12))'", key)
        }
        chunks[bases?.generation ?? 0, default: []].append(key)
        return true
    }

    /// Asked of the session, so that no collection takes away what is not fetched for it.
    private func isHere(_ key: ObjectKey) throws -> Bool {
        options.isDryRun
            ? store.contains(key.kind, key.digest)
            : try currentSession().contains(key.kind, key.digest)
    }

    /// Wants the tree of a snapshot of the remote, where it is not here: for a dry run, which would
    /// not know the snapshot otherwise.
    func wantTree(of snapshot: RecordID) throws {
        let key = ObjectKey(.record, snapshot.digest)
        guard try !isHere(key) else { return }
        receivedBytes += try context.downloadObjects([key], in: index) { _, bytes in
            let record = try SnapshotRecord(try JSONValue(parsing: bytes))
            _ = try want(.directory(record.tree))
        }
    }

    /// Wants records that the remote has; what they name is fetched when it is a record too.
    func wantRecords(_ ids: [RecordID]) throws {
        for id in ids { _ = try want(ObjectKey(.record, id.digest)) }
    }

    private func follow(_ key: ObjectKey, _ bytes: [UInt8]) throws {
        let found: [ObjectReference]
        do {
            found = try references(of: key.kind, bytes)
        } catch {
            throw StoreError.damagedRemote(
                context.remote.description, key.description, error.description, cause: error)
        }
        for reference in found {
            switch reference {
            case .object(let needed):
                guard try want(needed) else { throw lacking(needed.description, key) }
            case .blob(let blob):
                if options.listsOnly { continue }
                guard try want(blob) else { throw lacking("blob '\(blob.short)'", key) }
            case .mention(let digest):
                _ = try want(ObjectKey(.record, digest))
            }
        }
    }

    func lacking(_ what: String, _ key: ObjectKey) -> StoreError {
        StoreError(
            .notFound,
            "cannot fetch \(key) from remote '\(context.name)': \(what), which it needs, is not there",
            subject: key.digest.hex,
            advice: "run 'mlstore push' where that data was made, then try again",
            safety: "what had arrived is kept; nothing else was changed")
    }

    // MARK: - Fetching

    /// Fetches everything wanted, and puts the chunks.
    func fetchAll() throws {
        while !frontier.isEmpty {
            let wanted = frontier
            frontier = []
            var arrived: [ObjectKey: [UInt8]] = [:]
            try download(wanted) { frame in
                let plain = try frame.plainObjects(base: store.readBase)
                for (object, bytes) in zip(frame.objects, plain) where seen.contains(object.key) {
                    arrived[object.key] = bytes
                }
            }
            // In the order in which they were named, which is that of their files.
            for key in wanted {
                guard let bytes = arrived.removeValue(forKey: key) else { continue }
                metadata.append((key, bytes))
                try follow(key, bytes)
            }
        }
        if options.isDryRun { return plan() }
        followRecipes()
        for generation in chunks.keys.sorted() {
            // What the next frames build on must be read to check them.
            if generation > 0 { try commitPart() }
            try download(chunks[generation] ?? []) { frame in
                courses.take(frame)
                _ = try currentSession().putEncoded(frame)
                if try currentSession().storedBytes >= options.commitBytes { try commitPart() }
            }
        }
        try putMetadata()
    }

    /// Hashes the blobs of the recipes that came while their chunks come.
    private func followRecipes() {
        var nodes: [Digest: [UInt8]] = [:]
        for item in metadata where item.key.kind == .recipeNode {
            nodes[item.key.digest] = item.bytes
        }
        for item in metadata where item.key.kind == .recipe {
            courses.follow(item.bytes) { nodes[$0] }
        }
    }

    /// Counts what fetching the chunks would take.
    private func plan() {
        for generation in chunks.keys.sorted() {
            let requests = FetchPlan.requests(for: chunks[generation] ?? [], in: index)
            plannedRequests += requests.count
            for request in requests {
                packs.insert(request.pack.id)
                receivedBytes += request.range.count
                objects += request.frames.reduce(0) {
                    $0 + request.pack.objects(ofFrame: $1).count
                }
            }
        }
        metadata = []
    }

    /// What all of it came to.
    func count(into report: inout FetchReport) {
        report.objects = objects
        report.files = files.count
        report.receivedBytes = receivedBytes
        report.packs = packs.count
        report.requests = plannedRequests
    }

    /// Counts what arrives, and says so.
    private func download(
        _ keys: [ObjectKey], _ body: (EncodedFrame) throws -> Void
    ) throws {
        for key in keys {
            guard let place = index.place(of: key) else { continue }
            packs.insert(index.packs[Int(place.pack)].id)
        }
        try context.download(keys, in: index) { frames, bytes in
            receivedBytes += bytes
            objects += frames.reduce(0) { $0 + $1.objects.count }
            try frames.forEach(body)
            progress(
                TransferProgress(
                    phase: .fetching, objects: objects, totalObjects: seen.count,
                    bytes: receivedBytes))
        }
    }

    // MARK: - Putting

    func currentSession() throws -> StoreSession {
        if let session { return session }
        let new = try store.beginSession()
        session = new
        return new
    }

    /// Commits what was put so far: chunks and recipe nodes claim nothing but themselves.
    private func commitPart() throws {
        try session?.commitPart()
    }

    /// Recipe nodes first, so that recipes can be checked against their chunks before they are
    /// put; then everything else, to be seen all at once.
    private func putMetadata() throws {
        for item in metadata where item.key.kind == .recipeNode {
            try currentSession().putObject(.recipeNode, item.key.digest, item.bytes)
        }
        let recipes = metadata.filter { $0.key.kind == .recipe }
        if !recipes.isEmpty { try commitPart() }
        for (number, recipe) in recipes.enumerated() {
            try SignalWatch.check()
            progress(
                TransferProgress(
                    phase: .checking, objects: number, totalObjects: recipes.count,
                    bytes: receivedBytes))
            try store.checkRecipe(recipe.bytes, courses: courses) {
                seen.contains(ObjectKey(.chunk, $0.digest))
            }
            try currentSession().putObject(.recipe, recipe.key.digest, recipe.bytes)
        }
        for item in metadata where item.key.kind == .treeNode || item.key.kind == .record {
            try currentSession().putObject(item.key.kind, item.key.digest, item.bytes)
        }
        metadata = []
    }

    /// Decides about the remote's refs; `commit` carries it out. Records are committed first where
    /// they are needed to tell which came later.
    func takeRefs(
        _ remote: [RefName: RecordID], base: [RefName: RecordID], _ report: inout FetchReport
    ) throws {
        let local = try store.refs()
        let ancestry = SnapshotAncestry(store: store)
        let both = remote.contains { local[$0.key] != nil && local[$0.key] != $0.value }
        if both { try commitPart() }
        for (name, id) in remote.sorted(by: { $0.key < $1.key }) where !name.isLocal {
            let mine = local[name]
            switch try RefMerge.decide(
                name, local: mine, remote: id, base: base[name], follows: ancestry.follows)
            {
            case .equal, .takeLocal: continue
            case .takeRemote:
                if mine != nil, name.isImmutable { continue }
                changes.append(RefChange(name: name, expected: mine, new: id))
                report.refs.append(name)
            case .conflict:
                guard let mine, let kept = RefName("remotes/\(context.name)/\(name)") else {
                    continue
                }
                report.diverged.append(RefConflict(name: name, local: mine, remote: id))
                guard local[kept] != id else { continue }
                changes.append(RefChange(name: kept, expected: local[kept], new: id))
            }
        }
    }

    /// Commits what is left, and the refs, all at once.
    func commit() throws {
        while true {
            let parts = options.isDryRun ? [] : try partChanges()
            guard session != nil || !changes.isEmpty || !parts.isEmpty else { return }
            do {
                _ = try currentSession().commit(refs: changes + parts)
                session = nil
                return
            } catch let error as StoreError where error.kind == .conflict {
                // Another fetch may have brought another part: both are put together then.
                try store.refresh()
                let isBehind = try parts.contains { try store.ref($0.name) != $0.expected }
                guard isBehind else { throw error }
            }
        }
    }
}
