package import Bytes
import Platform
package import Vocabulary

/// What storing a blob came to.
package struct BlobReceipt: Hashable, Sendable {
    /// The blob.
    package let id: BlobID
    /// Its size.
    package let sizeBytes: Int
    /// Bytes of its chunks that the store did not have yet.
    package let newBytesPlain: Int
    /// What those took in the pack; for a small blob, which shares a frame that is compressed
    /// later, its plain size.
    package let newBytesStored: Int

    /// Makes the value.
    package init(id: BlobID, sizeBytes: Int, newBytesPlain: Int, newBytesStored: Int) {
        self.id = id
        self.sizeBytes = sizeBytes
        self.newBytesPlain = newBytesPlain
        self.newBytesStored = newBytesStored
    }
}

/// A pack that a session has finished.
struct FinishedPack {
    let id: PackID
    let sizeBytes: Int
    let objectCount: Int
    /// Where it stands in the session's directory.
    let path: DiskPath
    let hasPlainFile: Bool
}

/// Everything that one writer adds to the store before it commits.
///
/// Invariants:
/// - Nothing is visible to any reader before `commit` returned, and then all of it is.
/// - The packs' contents depend on what is put and in which order, never on threads.
/// - After a failed write or sync the session is over: every further call throws, and its files
///   are abandoned and removed.
///
/// For one thread at a time. Sessions of one store, in any number of processes, run in parallel.
package final class StoreSession {
    /// The store.
    package let store: ObjectStore
    let directory: SessionDirectory
    let put = PutObjects()
    private var writers: [PackClass: PackWriter] = [:]
    private var paths: [PackClass: DiskPath] = [:]
    private var solids: [ObjectKind: SolidGroup] = [:]
    private var packCount = 0
    /// Packs that are finished and not committed.
    var sealed: [FinishedPack] = []
    /// Packs that `commitPart` committed: the session relies on all that it put there.
    var parts: [PackID] = []
    /// Where the objects stand of those that are not published yet.
    var index = SessionIndex()
    private(set) var failed = false
    var isOver = false
    /// Packs of this session that stand in `packs/` already, after a commit met a conflict.
    var renamed = Set<PackID>()
    let windows = WindowShelf()
    /// Files from this size on may become the plain file of a pack: each makes a pack of its own.
    package var plainFileMinimumBytes = PackFormat.targetBytes

    init(_ store: ObjectStore) throws {
        self.store = store
        directory = try SessionDirectory(
            in: store.layout, on: store.disk, entropy: store.entropy
        ) {
            try store.refresh()
            return store.view.journal.entries.count
        }
    }

    deinit { if !isOver { release() } }

    /// Bytes of the packs so far.
    package var storedBytes: Int {
        sealed.reduce(0) { $0 + $1.sizeBytes }
            + writers.values.reduce(0) { $0 + $1.sizeBytes }
    }

    /// Whether nothing was put that the store did not have. (What was may still wait for its frame
    /// to be full.)
    package var isEmpty: Bool { put.isEmpty }

    /// Whether the object is in the store, or was put in this session. If it is, it will be there
    /// when this session has committed, whatever is collected meanwhile: what must be true of a
    /// commit is asked here, not of the store.
    package func contains(_ kind: ObjectKind, _ digest: Digest) -> Bool {
        let key = ObjectKey(kind, digest)
        return put.contains(key) || put.isStored(key, in: store.view)
    }

    /// Whether the blob is in the store, or was put in this session; as `contains(_:_:)`.
    package func contains(_ id: BlobID) -> Bool {
        contains(.chunk, id.digest) || contains(.recipe, id.digest)
    }

    /// Whether the file, or the root of the listing, is in the store, or was put in this session; as
    /// `contains(_:_:)`.
    package func contains(_ id: ContentID) -> Bool {
        switch id {
        case .file(let blob): contains(blob)
        case .directory(let tree): contains(.treeNode, tree.digest)
        }
    }

    /// Puts an object, unless it is there already. `digest` must be that of `plain`.
    package func putObject(_ kind: ObjectKind, _ digest: Digest, _ plain: [UInt8]) throws {
        try check()
        guard !contains(kind, digest) else { return }
        guard objectDigest(kind, plain) == digest else {
            throw StoreError(
                .internalFault, "cannot store a \(kind.name): its bytes have another digest")
        }
        try append(ObjectKey(kind, digest), plain)
    }

    /// Puts a record; the same JSON always has the same id.
    package func putRecord(_ value: JSONValue) throws -> RecordID {
        let bytes = value.canonical
        guard bytes.count <= ObjectStore.maximumRecordBytes else {
            throw StoreError(
                .malformed,
                "cannot store a record of \(ByteCount(bytes.count)): the limit is"
                    + " \(ByteCount(ObjectStore.maximumRecordBytes))")
        }
        guard let digest = objectDigest(.record, bytes) else { throw StoreError.sessionOver }
        try putObject(.record, digest, bytes)
        return RecordID(digest)
    }

    /// Puts a listing; `entries` are in the order of their paths.
    package func putTree(_ entries: [TreeEntry]) throws -> TreeID {
        var builder = treeBuilder()
        for entry in entries { try builder.append(entry) }
        return try builder.finish()
    }

    /// Builds a listing entry by entry, putting its nodes in this session.
    package func treeBuilder() -> TreeBuilder {
        TreeBuilder { digest, bytes in try self.putObject(.treeNode, digest, bytes) }
    }

    /// Copies a verified frame with all its objects, unless all are there already. Returns the
    /// number of bytes that were added.
    package func putEncoded(_ frame: EncodedFrame) throws -> Int {
        try check()
        guard frame.objects.contains(where: { !contains($0.key.kind, $0.key.digest) }) else {
            return 0
        }
        for object in frame.objects { _ = put.insert(object.key) }
        try write(frame)
        return frame.bytes.count
    }

    /// Gives up: nothing of the session stays. Again, or after a commit, does nothing.
    package func abandon() {
        guard !isOver else { return }
        release()
    }
}

// MARK: - Frames and packs

extension StoreSession {
    func check() throws {
        guard !failed, !isOver else { throw StoreError.sessionOver }
    }

    /// Adds a new object to the frame that its kind is gathered in; a large one gets its own.
    func append(_ key: ObjectKey, _ plain: [UInt8]) throws {
        guard put.insert(key) else { return }
        if plain.count >= SolidGroup.targetBytes {
            var alone = SolidGroup(key.kind)
            alone.append(key, plain)
            return try write(alone)
        }
        var group = solids[key.kind] ?? SolidGroup(key.kind)
        solids[key.kind] = nil  // so that appending copies nothing
        group.append(key, plain)
        if group.isFull { try write(group) } else { solids[key.kind] = group }
    }

    /// Takes the unfinished frame of a kind out, to go on with it elsewhere.
    func takeSolid(_ kind: ObjectKind) -> SolidGroup {
        solids.removeValue(forKey: kind) ?? SolidGroup(kind)
    }

    /// Puts an unfinished frame back.
    func returnSolid(_ group: SolidGroup) {
        if !group.objects.isEmpty { solids[group.kind] = group }
    }

    private func write(_ group: SolidGroup) throws {
        try guarded {
            let frame = try store.workers.withWorker { try group.encoded(with: $0) }
            try write(frame)
        }
    }

    func write(_ frame: EncodedFrame) throws {
        try unsafe frame.bytes.withUnsafeBytes {
            try unsafe write($0, frame.objects, hasBases: frame.bases != nil)
        }
    }

    /// Appends a frame to the pack of its class, which is closed when it is full.
    func write(
        _ frame: UnsafeRawBufferPointer, _ objects: [(key: ObjectKey, length: Int)],
        hasBases: Bool = false
    ) throws {
        try guarded {
            guard let packClass = objects.first?.key.kind.packClass else { return }
            let writer = try writers[packClass] ?? start(packClass)
            try unsafe writer.append(frame, objects, hasBases: hasBases)
            if writer.isFull { try seal(packClass) }
        }
    }

    /// The path of the next pack.
    func nextPath(_ packClass: PackClass) -> DiskPath {
        defer { packCount += 1 }
        return directory.path / "\(packClass)-\(packCount)"
    }

    private func start(_ packClass: PackClass) throws -> PackWriter {
        let path = nextPath(packClass)
        let file = try store.disk.openFile(path, .createNew(permissions: 0o444))
        let writer = PackWriter(packClass, nonce: directory.nonce, file: file)
        writers[packClass] = writer
        paths[packClass] = path
        return writer
    }

    private func seal(_ packClass: PackClass) throws {
        guard let writer = writers.removeValue(forKey: packClass),
            let path = paths.removeValue(forKey: packClass)
        else { return }
        try add(try writer.seal(), at: path)
    }

    /// A finished pack of the session's directory goes with the next commit.
    func add(_ pack: SealedPack, at path: DiskPath) throws {
        try index.add(pack, put, in: directory.path, on: store.disk)
        sealed.append(
            FinishedPack(
                id: pack.id, sizeBytes: pack.sizeBytes, objectCount: pack.entries.count,
                path: path, hasPlainFile: pack.hasPlainFile))
    }

    /// Finishes every frame and pack: after this all that was put is synced, under no name yet.
    func sealAll() throws {
        try guarded {
            for kind in ObjectKind.allCases {
                if let group = solids.removeValue(forKey: kind) { try write(group) }
            }
            for packClass in PackClass.allCases { try seal(packClass) }
        }
    }

    /// Runs `body`; a failure ends the session.
    func guarded<Result>(_ body: () throws -> Result) throws -> Result {
        try check()
        do { return try body() } catch {
            failed = true
            throw error
        }
    }

    private func release() {
        isOver = true
        for packClass in PackClass.allCases { writers[packClass]?.abandon() }
        // Renamed but never committed: no journal record names them.
        for id in renamed.sorted() {
            try? store.disk.removeFile(store.layout.pack(id))
            try? store.disk.removeFile(store.layout.plainFile(id))
        }
        directory.remove()
    }
}

extension ObjectStore {
    /// Starts to write. Leftovers of dead sessions are removed. Throws `.readOnly` or
    /// `.permission` when the store cannot be written to.
    package func beginSession() throws -> StoreSession { try StoreSession(self) }
}
