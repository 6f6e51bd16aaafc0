import Bytes
import Objects
import Platform
import Remotes
import Vocabulary

/// What a remote holds as of one root.
struct RemoteCatalog: Sendable {
    /// The root; nil on a remote that nothing was pushed to.
    private(set) var root: RemoteRoot?
    /// The root's bytes' digest.
    private(set) var rootDigest: Digest?
    /// For the next compare-and-swap.
    private(set) var version: RemoteVersion?
    private(set) var state = RemoteState()
    var index = RemoteIndex()

    private let context: RemoteContext

    /// Reads root, `format`, state, and those index segments that are not kept here yet. Where the
    /// root is the one with the digest `known`, which was read here before, that is all: one
    /// request, since the state is kept here too.
    init(reading context: RemoteContext, known: Digest? = nil) throws {
        self.context = context
        let found = try context.remote.readVersioned(
            RemoteLayout.root(), maximumBytes: RemoteLayout.maximumRoot)
        if found == nil || known != sha256(found?.bytes ?? []),
            let format = try context.remote.readVersioned(
                RemoteLayout.format(), maximumBytes: RemoteLayout.maximumFormat)
        {
            try RemoteFormatFile.check(format.bytes, on: context.remote.description)
        }
        try take(found)
    }

    /// Whether the remote was never pushed to.
    var isEmpty: Bool { root == nil }

    /// Writes `format` where it is missing.
    func prepare() throws {
        guard root == nil else { return }
        let name = try RemoteLayout.format()
        guard try context.remote.size(name) == nil else { return }
        do {
            try context.remote.put(name, .bytes(RemoteFormatFile.current))
        } catch let error as StoreError where error.kind == .alreadyExists {
            return  // another push was faster
        }
    }

    /// Reads the root again, and what is new since.
    mutating func refresh() throws {
        try take(
            context.remote.readVersioned(
                RemoteLayout.root(), maximumBytes: RemoteLayout.maximumRoot))
    }

    private mutating func take(_ found: (bytes: [UInt8], version: RemoteVersion)?) throws {
        let remote = context.remote
        guard let found else {
            guard root == nil else {
                throw StoreError.damagedRemote(remote.description, "root", "it is gone")
            }
            return
        }
        guard found.version != version else { return }
        let root = try RemoteRoot(parsing: found.bytes, on: remote.description)
        state = try RemoteState(
            parsing: try stateBytes(root.state), named: root.state, on: remote.description)
        for segment in state.segments where !index.segments.contains(segment.id) {
            index.add(try packs(of: segment), segment: segment.id)
        }
        (self.root, version, rootDigest) = (root, found.version, sha256(found.bytes))
    }

    /// The bytes of a state: the copy of the last one that was read here, or from the remote,
    /// keeping a copy.
    private func stateBytes(_ id: Digest) throws -> [UInt8] {
        let copy = RemoteCatalog.copies(context) / "state-\(context.name)"
        if let bytes = try? context.disk.readFile(copy, maximumBytes: RemoteLayout.maximumState),
            sha256(bytes) == id
        {
            return bytes
        }
        let bytes = try context.remote.read(
            RemoteLayout.state(id), maximumBytes: RemoteLayout.maximumState)
        // Only spares a request later, so failures are of no consequence.
        try? context.disk.makeDirectories(copy.parent)
        try? writeAtomically(bytes, to: copy, on: context.disk, durable: false)
        return bytes
    }

    /// The packs of a segment: from the copy here, or from the remote, keeping a copy.
    func packs(of segment: RemoteState.Segment) throws -> [RemotePack] {
        let copy = RemoteCatalog.copies(context) / segment.id.hex
        if let bytes = try? context.disk.readFile(copy, maximumBytes: RemoteLayout.maximumIndex),
            sha256(bytes) == segment.id, let packs = try? RemoteIndexFormat.decode(bytes.span)
        {
            return packs
        }
        let bytes = try context.remote.read(
            RemoteLayout.index(segment.id), maximumBytes: RemoteLayout.maximumIndex)
        let file = "idx/" + segment.id.hex
        let place = context.remote.description
        guard sha256(bytes) == segment.id else {
            throw StoreError.damagedRemote(place, file, "its bytes have another digest")
        }
        if let version = RemoteIndexFormat.newerVersion(bytes.span) {
            throw StoreError.newerRemote(place, file, version)
        }
        let packs: [RemotePack]
        do {
            packs = try RemoteIndexFormat.decode(bytes.span)
        } catch { throw StoreError.damagedRemote(place, file, error.description, cause: error) }
        RemoteCatalog.keep(bytes, segment.id, context)
        return packs
    }

    /// Keeps a copy of a segment. Only spares a request later, so failures are of no consequence.
    static func keep(_ bytes: [UInt8], _ id: Digest, _ context: RemoteContext) {
        let directory = copies(context)
        try? context.disk.makeDirectories(directory)
        try? writeAtomically(bytes, to: directory / id.hex, on: context.disk, durable: false)
    }

    private static func copies(_ context: RemoteContext) -> DiskPath {
        context.stateDirectory / "remote-index"
    }

    /// The bytes of the root that follows this one.
    func nextRoot(state: Digest) -> [UInt8] {
        RemoteRoot(
            sequence: (root?.sequence ?? 0) + 1, previous: rootDigest, state: state,
            time: context.clock.now()
        ).bytes
    }
}
