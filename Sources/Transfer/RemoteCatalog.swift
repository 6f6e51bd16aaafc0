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
    /// Whether copies that are kept here stand for what the remote has under the same digest.
    private let usesCopies: Bool

    /// A catalog of nothing.
    init(of context: RemoteContext) {
        self.context = context
        usesCopies = false
    }

    /// Reads root, `format`, state, and those index segments that are not kept here yet. Where the
    /// root is the one with the digest `known`, which was read here before, that is all: one
    /// request, since the state is kept here too.
    init(reading context: RemoteContext, known: Digest? = nil, usingCopies: Bool = true) throws {
        self.context = context
        usesCopies = usingCopies
        let found = try readRoot()
        let isKnown = known != nil && known == found.map { sha256($0.bytes) }
        if !isKnown,
            let format = try context.remote.readVersioned(
                RemoteLayout.format(), maximumBytes: RemoteLayout.maximumFormat)
        {
            try RemoteFormatFile.check(format.bytes, on: context.remote.description)
        }
        try settle(found)
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

    /// Reads the root again, and what is new since; `index` is made anew where a collection took
    /// something away or ended a session.
    mutating func refresh() throws {
        try settle(readRoot())
    }

    private func readRoot() throws -> (bytes: [UInt8], version: RemoteVersion)? {
        try context.remote.readVersioned(
            RemoteLayout.root(), maximumBytes: RemoteLayout.maximumRoot)
    }

    /// Takes the root and what it names. A collection removes what only older roots name: where
    /// something is missing, the newest root is taken instead.
    private mutating func settle(_ first: (bytes: [UInt8], version: RemoteVersion)?) throws {
        var found = first
        while true {
            do {
                return try take(found)
            } catch let error as StoreError where error.kind == .notFound {
                let newest = try readRoot()
                guard newest?.version != found?.version else { throw error }
                found = newest
            }
        }
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
        let newer = try RemoteState(
            parsing: try stateBytes(root), named: root.state, on: remote.description)
        // Packs that were sent and not published are in it too: those of ended sessions go.
        let nothingWent = newer.collections == state.collections && newer.fenced == state.fenced
        var index = nothingWent ? index : RemoteIndex()
        for segment in newer.segments where !index.segments.contains(segment.id) {
            index.add(try packs(of: segment), segment: segment.id)
        }
        index.incomplete = newer.incomplete
        (state, self.index) = (newer, index)
        (self.root, version, rootDigest) = (root, found.version, sha256(found.bytes))
    }

    /// The bytes of a state: the copy of the last one that was read here, or from the remote,
    /// keeping a copy.
    private func stateBytes(_ root: RemoteRoot) throws -> [UInt8] {
        let copy = RemoteCatalog.copies(context) / "state-\(context.name)"
        if usesCopies,
            let bytes = try? context.disk.readFile(copy, maximumBytes: RemoteLayout.maximumState),
            sha256(bytes) == root.state
        {
            return bytes
        }
        let bytes = try context.remote.read(
            root.stateName(), maximumBytes: RemoteLayout.maximumState)
        // Only spares a request later, so failures are of no consequence.
        try? context.disk.makeDirectories(copy.parent)
        try? writeAtomically(bytes, to: copy, on: context.disk, durable: false)
        return bytes
    }

    /// The packs of a segment: from the copy here, or from the remote, keeping a copy.
    func packs(of segment: RemoteState.Segment) throws -> [RemotePack] {
        let copy = RemoteCatalog.copies(context) / segment.id.hex
        if usesCopies,
            let bytes = try? context.disk.readFile(copy, maximumBytes: RemoteLayout.maximumIndex),
            sha256(bytes) == segment.id, let packs = try? RemoteIndexFormat.decode(bytes.span)
        {
            return packs
        }
        let bytes = try context.remote.read(
            segment.name(), maximumBytes: RemoteLayout.maximumIndex)
        let file = try segment.name().description
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

    /// The number of the root that follows this one.
    var nextSequence: Int { (root?.sequence ?? 0) + 1 }

    /// Puts a segment with these packs, for the next root.
    func send(_ packs: [RemotePack]) throws -> RemoteState.Segment {
        let bytes = RemoteIndexFormat.encode(packs.sorted { $0.id < $1.id })
        let segment = RemoteState.Segment(
            id: sha256(bytes), sizeBytes: bytes.count,
            objects: packs.reduce(0) { $0 + $1.keys.count }, sequence: nextSequence)
        try put(segment.name(), bytes)
        RemoteCatalog.keep(bytes, segment.id, context)
        return segment
    }

    /// Puts a root for this state in the place of this one; false where another one is there by now.
    func swap(to state: RemoteState) throws -> Bool {
        let bytes = state.bytes(sequence: nextSequence)
        let next = RemoteRoot(
            sequence: nextSequence, previous: rootDigest, state: sha256(bytes),
            time: context.clock.now())
        try put(next.stateName(), bytes)
        return try context.remote.compareAndSwap(
            RemoteLayout.root(), expected: version, new: next.bytes)
    }

    /// Puts a file that is named by its content: when it is there, it is the same.
    private func put(_ name: RemoteFileName, _ bytes: [UInt8]) throws {
        while true {
            do {
                return try context.remote.put(name, .bytes(bytes))
            } catch let error as StoreError where error.kind == .alreadyExists {
                // What was put for a root that came to nothing: a collection may remove it right now.
                guard let size = try context.remote.size(name) else {
                    try SignalWatch.check()
                    continue
                }
                guard size == bytes.count else {
                    throw StoreError.damagedRemote(
                        context.remote.description, name.description, "it has another length")
                }
                return
            }
        }
    }
}
