import Bytes
import Objects
import Platform
import Remotes
import Synchronization
import Vocabulary

/// Reads objects straight from a remote, without a store to put them in: for looking at little of
/// much. Every frame is decoded and every object hashed before it is handed out.
///
/// Not for several threads at once; within a call `downloads` requests are on their way.
final class RemoteObjects {
    private let context: RemoteContext
    private var catalog: RemoteCatalog
    private let bases = BaseCache()
    /// Bytes that came as parts of packs.
    private(set) var receivedBytes = 0

    /// Reads root, state and those index segments of the remote that are not kept here.
    init(reading context: RemoteContext) throws {
        self.context = context
        catalog = try RemoteCatalog(reading: context, known: RemoteMemory.load(context).root)
        guard !catalog.isEmpty else {
            throw StoreError(
                .notFound, "remote '\(context.remote.description)' is empty",
                subject: context.name.description,
                advice: "run 'mlstore push' where the data is")
        }
    }

    /// What the remote's names lead to.
    var refs: [RefName: RecordID] { catalog.state.refs }

    /// Which object is the blob; nil where it is not on the remote.
    func key(of blob: BlobID) -> ObjectKey? { catalog.index.key(of: blob) }

    /// The listing with this id.
    func tree(_ id: TreeID) -> Tree {
        let handed = Alone(objects: self)
        return Tree(id: id) { digest in
            try handed.objects.read([ObjectKey(.treeNode, digest)])[0]
        }
    }

    /// The bytes of each object, in the order of the keys; all in memory. Throws `.notFound` when
    /// the remote lacks one.
    func read(_ keys: [ObjectKey]) throws -> [[UInt8]] {
        do {
            return try read(keys, in: catalog.index)
        } catch let error as StoreError where error.kind == .notFound {
            // A collection of the remote may have moved them.
            let before = catalog.state.collections
            try catalog.refresh()
            guard catalog.state.collections != before else { throw error }
            return try read(keys, in: catalog.index)
        }
    }

    private func read(_ keys: [ObjectKey], in index: RemoteIndex) throws -> [[UInt8]] {
        let source = Source(context: context, index: index, bases: bases)
        let wanted = Set(keys)
        for key in wanted.sorted() where !index.contains(key) { throw source.lacking(key) }
        try readBases(of: wanted, from: source)
        let found = try source.objects(wanted.sorted())
        receivedBytes += source.received.load(ordering: .relaxed)
        return try keys.map { key in
            guard let bytes = found[key] else { throw source.lacking(key) }
            return bytes
        }
    }

    /// Brings what the frames of these objects build on, in few requests instead of one for each.
    private func readBases(of keys: Set<ObjectKey>, from source: Source) throws {
        var byGeneration: [Int: Set<ObjectKey>] = [:]
        var pending = Array(keys)
        while let key = pending.popLast() {
            for digest in source.index.bases(of: key)?.digests ?? [] {
                let base = ObjectKey(key.kind, digest)
                guard bases[base] == nil else { continue }
                let generation = source.index.bases(of: base)?.generation ?? 0
                if byGeneration[generation, default: []].insert(base).inserted {
                    pending.append(base)
                }
            }
        }
        for generation in byGeneration.keys.sorted() where !bases.isFull {
            _ = try source.objects(
                (byGeneration[generation] ?? []).filter { source.index.contains($0) }.sorted(),
                keepsAll: true)
        }
    }
}

/// What threads share while they read.
private final class Source: Sendable {
    let context: RemoteContext
    let index: RemoteIndex
    let bases: BaseCache
    let received = Atomic<Int>(0)

    init(context: RemoteContext, index: RemoteIndex, bases: BaseCache) {
        self.context = context
        self.index = index
        self.bases = bases
    }

    func objects(_ keys: [ObjectKey], keepsAll: Bool = false) throws -> [ObjectKey: [UInt8]] {
        var found: [ObjectKey: [UInt8]] = [:]
        let bytes = try context.downloadObjects(keys, in: index, base: base) { key, bytes in
            if keepsAll { bases.keep(bytes, key) }
            found[key] = bytes
        }
        received.add(bytes, ordering: .relaxed)
        return found
    }

    /// What a frame of `generation` is decoded against, from the cache or the remote.
    private func base(_ key: ObjectKey, _ generation: Int) throws -> [UInt8] {
        if let kept = bases[key] { return kept }
        guard index.contains(key) else { throw lacking(key) }
        // A frame that builds on what builds on it would be read for ever.
        guard (index.bases(of: key)?.generation ?? 0) < generation else {
            throw StoreError.damagedRemote(
                context.remote.description, key.description, "it builds on what builds on it")
        }
        guard let bytes = try objects([key], keepsAll: true)[key] else { throw lacking(key) }
        return bytes
    }

    func lacking(_ key: ObjectKey) -> StoreError {
        StoreError(
            .notFound, "\(key) is not on remote '\(context.name)'", subject: key.digest.hex,
            advice: "run 'mlstore push' where that data was made, then try again")
    }
}

/// Objects that others build on, while they are of use. Forgets all of them when they get many:
/// then they are read again.
private final class BaseCache: Sendable {
    private struct State {
        var objects: [ObjectKey: [UInt8]] = [:]
        var sizeBytes = 0
    }

    private static let maximumBytes = 64 << 20
    private let state = Mutex(State())

    subscript(key: ObjectKey) -> [UInt8]? { state.withLock { $0.objects[key] } }

    var isFull: Bool { state.withLock { $0.sizeBytes > BaseCache.maximumBytes / 2 } }

    func keep(_ bytes: [UInt8], _ key: ObjectKey) {
        state.withLock { state in
            if state.sizeBytes > BaseCache.maximumBytes { state = State() }
            guard state.objects.updateValue(bytes, forKey: key) == nil else { return }
            state.sizeBytes += bytes.count
        }
    }
}

/// `@unchecked Sendable`: a tree's walk calls its reader on the thread that walks, and the trees
/// made here do not leave the call that made them.
private struct Alone: @unchecked Sendable {
    let objects: RemoteObjects
}
