import Platform
import Vocabulary

/// Copies the live objects of some packs into the packs of a session.
///
/// Frames are copied as they stand where that is right, in the order in which their objects were
/// found: that of the paths of the newest version. A frame of metadata that has anything that is
/// not live, and one of data of which less than half is, is taken apart and its live objects
/// are encoded anew.
///
/// Invariant: every frame was decoded, and every object hashed, before it is written; what was
/// written is read back and compared with the names of the packs before this returns.
struct Repacking {
    private let store: ObjectStore
    private let live: LiveObjects
    private let session: StoreSession
    private var solids: [ObjectKind: SolidGroup] = [:]
    /// Objects that were copied.
    private(set) var objects = 0

    private static let framesAhead = 32

    private struct Frame: Hashable {
        let pack: PackID
        let offset: Int
    }

    init(_ live: LiveObjects, in session: StoreSession) {
        store = session.store
        self.live = live
        self.session = session
    }

    /// Copies what is live in `packs`. `progress` is told of objects.
    mutating func run(_ packs: Set<PackID>, progress: (Int) -> Void) throws {
        let frames = frames(in: packs)
        let store = store
        let pool = WorkerPool(threads: store.threads)
        for start in stride(from: 0, to: frames.count, by: Repacking.framesAhead) {
            try SignalWatch.check()
            let batch = frames[start..<min(start + Repacking.framesAhead, frames.count)]
            let encoded = try pool.map(count: batch.count) { index in
                try Repacking.read(batch[start + index], from: store)
            }
            for (frame, bytes) in zip(batch, encoded) { try take(bytes, from: frame) }
            progress(objects)
        }
        for kind in ObjectKind.allCases { try flush(kind) }
        try session.sealAll()
        try session.checkSealed()
    }

    /// The frames with live objects, in the order in which these were found.
    private func frames(in packs: Set<PackID>) -> [Frame] {
        var seen = Set<Frame>()
        var frames: [Frame] = []
        for number in live.order {
            let (entry, pack) = live.entry(Int(number))
            guard packs.contains(pack) else { continue }
            let frame = Frame(pack: pack, offset: Int(entry.frameOffset))
            if seen.insert(frame).inserted { frames.append(frame) }
        }
        return frames
    }

    private static func read(_ frame: Frame, from store: ObjectStore) throws -> EncodedFrame {
        do {
            let pack = try store.packCache.pack(frame.pack)
            let bytes = try pack.frameBytes(at: frame.offset, guess: 64 << 10)
            return try EncodedFrame(verifying: bytes, from: pack.name, base: store.readBase)
        } catch let error as StoreError { throw StoreError.cannotCollect(error) }
    }

    private mutating func take(_ encoded: EncodedFrame, from frame: Frame) throws {
        let isLive = encoded.objects.map { object in
            guard let number = live.number(of: object.key), live.isMarked(number) else {
                return false
            }
            let (entry, pack) = live.entry(number)
            return pack == frame.pack && Int(entry.frameOffset) == frame.offset
        }
        let count = isLive.count { $0 }
        objects += count
        let isData = encoded.objects[0].key.kind == .chunk
        if count == isLive.count || isData && count * 2 >= isLive.count {
            return try session.copy(encoded)
        }
        let plain = try encoded.plainObjects(base: session.store.readBase)
        for (position, object) in encoded.objects.enumerated() where isLive[position] {
            let kind = object.key.kind
            var group = solids.removeValue(forKey: kind) ?? SolidGroup(kind)
            group.append(object.key, plain[position])
            solids[kind] = group
            if group.isFull { try flush(kind) }
        }
    }

    private mutating func flush(_ kind: ObjectKind) throws {
        guard let group = solids.removeValue(forKey: kind) else { return }
        try session.copy(store.workers.withWorker { try group.encoded(with: $0) })
    }
}

extension StoreSession {
    /// Writes a verified frame though the store has its objects: for packs that are to replace
    /// others.
    func copy(_ frame: EncodedFrame) throws {
        for object in frame.objects { _ = put.insert(object.key) }
        try write(frame)
    }

    /// Reads the sealed packs back: what is on the disk is what their names say, and so what was
    /// verified when it was written.
    func checkSealed() throws {
        try guarded {
            for item in sealed {
                let file = try PackFile(item.id, at: item.path, on: store.disk)
                guard try file.fileDigest() == item.id.digest else {
                    throw StoreError(
                        .io, "cannot write '\(item.path)': what was read back is different",
                        subject: item.path.description, advice: "check this machine's disk",
                        safety: "nothing was freed")
                }
            }
        }
    }
}
