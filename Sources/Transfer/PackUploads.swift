import Bytes
import Objects
import Platform
import Remotes
import Vocabulary

/// Sends objects as packs, and remembers each pack that has arrived, so that a push that died is
/// taken up where it ended.
///
/// A session has a directory `push/<session>/` in the state directory, held by a kernel lock as
/// long as its process lives, with a description of each pack that was sent or was about to be.
/// A later push to the same place takes over the sessions of the dead: a pack that is on the
/// remote under its name with its length is not sent again. (That it has the right bytes is
/// checked by whoever fetches from it, as always.)
final class PackUploads {
    let context: RemoteContext
    private let collections: Int
    private var held: [(directory: DiskPath, lock: any DiskLock)] = []
    private let queue: PackQueue
    /// How many packs were begun, for the names of their files.
    private var begun = 0
    private var open: (packClass: PackClass, pack: OpenPack)?
    private var own: (directory: DiskPath, session: [UInt8])?
    /// Packs that are in no index segment of the remote; outside of `whileSending` all are there.
    private(set) var packs: [RemotePack] = []
    /// How many of them an earlier push had sent.
    private(set) var resumedPacks = 0
    /// What this push sent.
    var sentBytes: Int { queue.arrivedBytes }
    private(set) var sentObjects = 0

    /// `collections`: of the state against which is compared.
    init(_ context: RemoteContext, collections: Int) throws {
        self.context = context
        self.collections = collections
        queue = PackQueue(context)
        try context.disk.makeDirectories(directory)
    }

    /// Takes over the sessions of pushes that died, adding their packs to the catalog's index.
    func takeOver(_ catalog: inout RemoteCatalog) throws {
        var found: [Candidate] = []
        try withSessionsLock {
            for entry in try context.disk.entries(of: directory) where entry.kind != .file {
                found += try takeOver(directory.appending(entry.name), catalog)
            }
        }
        // Data packs arrive in any order, so that one may be there whose bases are not.
        while let next = found.firstIndex(where: { $0.isUsable(on: catalog.index) }) {
            let pack = found.remove(at: next).pack
            guard !catalog.index.contains(pack.id) else { continue }
            catalog.index.add([pack])
            packs.append(pack)
        }
        resumedPacks = packs.count
    }

    /// A pack that an earlier push sent.
    private struct Candidate {
        let pack: RemotePack
        /// Whether no collection has taken away anything since, and all that it relies on was sent
        /// with it or published.
        let isCurrent: Bool

        /// Metadata was sent when everything before it had arrived.
        func isUsable(on index: RemoteIndex) -> Bool {
            pack.keys.first?.kind.packClass == .metadata
                ? isCurrent : PackUploads.standsAlone(pack, on: index)
        }
    }

    /// Adds the packs that have arrived to the index of a catalog that was read anew after a
    /// collection. That may have ended sessions, or taken away what packs were made to rely on: such
    /// packs are given up.
    func goOn(_ catalog: inout RemoteCatalog) {
        let fenced = catalog.state.fenced
        let index = catalog.index
        packs.removeAll { fenced.contains($0.session) || !PackUploads.standsAlone($0, on: index) }
        if let session = own?.session, fenced.contains(session) { own = nil }
        for index in held.indices.reversed() where isFenced(held[index].directory, fenced) {
            try? context.disk.removeTree(held[index].directory)
            held.remove(at: index).lock.unlock()
        }
        catalog.index.add(packs)
    }

    /// Whether a pack needs nothing of the remote but what is in its index. Metadata may: that it has
    /// all that it names was seen before the collection.
    private static func standsAlone(_ pack: RemotePack, on index: RemoteIndex) -> Bool {
        guard pack.keys.first?.kind.packClass == .data else { return false }
        let own = Set(pack.frameBases.isEmpty ? [] : pack.keys)
        return pack.frameBases.values.allSatisfy { bases in
            bases.digests.allSatisfy {
                let key = ObjectKey(.chunk, $0)
                return own.contains(key) || index.contains(key)
            }
        }
    }

    private func isFenced(_ directory: DiskPath, _ fenced: Set<[UInt8]>) -> Bool {
        Hex.decode(String(decoding: directory.lastComponent, as: UTF8.self))
            .map { fenced.contains($0) } ?? false
    }

    deinit { for item in held { item.lock.unlock() } }

    private var directory: DiskPath { context.stateDirectory / "push" }

    /// Held while a session's directory is made or looked at, so that none looks dead that is
    /// only young.
    private func withSessionsLock(_ body: () throws -> Void) throws {
        let lock = try context.disk.lock(directory / "lock", .exclusive, wait: .forever)
        defer { lock?.unlock() }
        try body()
    }

    private func takeOver(_ session: DiskPath, _ catalog: RemoteCatalog) throws -> [Candidate] {
        let disk = context.disk
        guard let lock = try disk.lock(session / "lock", .exclusive, wait: .never) else {
            return []
        }
        var isHeld = false
        defer { if !isHeld { lock.unlock() } }
        guard let bytes = try? disk.readFile(session / "session", maximumBytes: 1 << 16),
            let about = try? JSONValue(parsing: bytes), let place = about["place"]?.stringValue
        else {
            // It died before it sent anything.
            try? disk.removeTree(session)
            return []
        }
        guard place == context.remote.description else { return [] }
        guard !isFenced(session, catalog.state.fenced) else {
            try? disk.removeTree(session)
            return []
        }
        isHeld = true
        held.append((session, lock))
        let isCurrent =
            about["collections"]?.integerValue.map { Int($0) } == catalog.state.collections
            && about["alone"]?.boolValue == true
        var found: [Candidate] = []
        for entry in try disk.entries(of: session).sorted(by: { $0.name.precedes($1.name) }) {
            guard String(decoding: entry.name, as: UTF8.self).hasSuffix(".idx"),
                let bytes = try? disk.readFile(
                    session.appending(entry.name), maximumBytes: RemoteLayout.maximumIndex),
                let pack = try? RemoteIndexFormat.decode(bytes.span).first,
                !catalog.index.contains(pack.id),
                try context.remote.size(
                    pack.name()) == pack.sizeBytes
            else { continue }
            found.append(Candidate(pack: pack, isCurrent: isCurrent))
        }
        return found
    }

    /// Forgets the sessions: their packs are in the remote's index now.
    func finish() {
        for item in held {
            try? context.disk.removeTree(item.directory)
            item.lock.unlock()
        }
        held = []
        own = nil
        packs = []
    }

    // MARK: - Sending

    /// Runs `body`, which calls the methods below; when it returns, everything it gave has arrived.
    /// Data packs go out in any order; metadata only when all before it is there, so that whoever
    /// takes over a pack of it need not look for what it names.
    func whileSending<Result: Sendable>(_ body: () throws -> Result) throws -> Result {
        try queue.whileSending {
            let result = try body()
            try flush()
            return result
        }
    }

    /// Sends the objects: data first, then what refers to it.
    func send(_ keys: [ObjectKey], progress: (TransferProgress) -> Void) throws {
        for packClass in [PackClass.data, .metadata] {
            let chosen = keys.filter { $0.kind.packClass == packClass }
            try context.store.forEachFrame(holding: chosen) { frame in
                try append(frame)
                sentObjects += frame.objects.count
                progress(
                    TransferProgress(
                        phase: .sending, objects: sentObjects, totalObjects: keys.count,
                        bytes: sentBytes))
            }
        }
    }

    /// Adds a frame to the pack of its class, which is sent when it is full.
    func append(_ frame: EncodedFrame) throws {
        try SignalWatch.check()
        guard let packClass = frame.objects.first?.key.kind.packClass else { return }
        let pack: OpenPack
        if let open, open.packClass == packClass {
            pack = open.pack
        } else {
            try flush()
            pack = try start(packClass)
        }
        try pack.append(frame)
        open = (packClass, pack)
        if pack.writer.isFull { try flush() }
    }

    /// Gives the pack that is not full yet to those who send.
    private func flush() throws {
        guard let last = open else { return }
        open = nil
        try upload(last.pack)
    }

    /// A pack being written beside the store before it is sent.
    private final class OpenPack {
        let path: DiskPath
        let writer: PackWriter
        /// Of the frames what the index says: their bytes are in the file.
        private(set) var frames: [Frame] = []

        struct Frame {
            let offset: Int
            let length: Int
            let objects: [(key: ObjectKey, length: Int)]
            let bases: FrameBases?
        }

        init(path: DiskPath, writer: PackWriter) {
            self.path = path
            self.writer = writer
        }

        func append(_ frame: EncodedFrame) throws {
            frames.append(
                Frame(
                    offset: writer.sizeBytes, length: frame.bytes.count, objects: frame.objects,
                    bases: frame.bases))
            try writer.append(frame)
        }
    }

    private func ownSession() throws -> (directory: DiskPath, session: [UInt8]) {
        if let own { return own }
        let session = context.entropy.bytes(PackFormat.nonceBytes)
        let path = directory / Hex.encode(session)
        // What it sends may then name what others sent, which a collection ends without a trace here.
        let isAlone = held.isEmpty
        try withSessionsLock {
            try context.disk.makeDirectory(path)
            let lock = try context.disk.lock(path / "lock", .exclusive, wait: .forever)
            if let lock { held.append((path, lock)) }
        }
        let place: JSONValue = [
            "place": .string(context.remote.description), "collections": JSONValue(collections),
            "alone": .bool(isAlone),
        ]
        try writeAtomically(
            place.canonical, to: path / "session", on: context.disk, durable: false)
        own = (path, session)
        return (path, session)
    }

    private func start(_ packClass: PackClass) throws -> OpenPack {
        let (directory, session) = try ownSession()
        begun += 1
        let path = directory / "pack-\(begun)"
        let file = try context.disk.openFile(path, .createNew(permissions: 0o644))
        // The remote makes it last; here it is gone once it has arrived.
        let writer = PackWriter(packClass, nonce: session, file: file, durable: false)
        return OpenPack(path: path, writer: writer)
    }

    private func upload(_ open: OpenPack) throws {
        let (directory, session) = try ownSession()
        let sealed = try open.writer.seal()
        var pack = RemotePack(id: sealed.id, session: session, sizeBytes: sealed.sizeBytes)
        for frame in open.frames {
            pack.append(
                offset: frame.offset, length: frame.length, objects: frame.objects,
                bases: frame.bases)
        }
        // Before the pack, and so that it lasts: of what a later pack builds on, none may be unknown
        // to who takes the session over.
        try writeAtomically(
            RemoteIndexFormat.encode([pack]), to: directory / "\(sealed.id.digest.hex).idx",
            on: context.disk, durable: true)
        if sealed.packClass == .metadata { try queue.drain() }
        try queue.add(PackQueue.Parcel(pack: pack, path: open.path))
        packs.append(pack)
    }
}
