import Bytes
import Platform
import Synchronization
import Vocabulary

/// Stores one big blob: read and cut, hash, compress, write, each window of some 8 MiB a round
/// behind the one before, all rounds on the session's threads.
///
/// A round is one fork and join over the four: writing the oldest window, reading and cutting the
/// newest, the blob's own SHA-256 (these three in order, so a task each), hashing the chunks of the
/// second and encoding those of the third (as many tasks as there are groups of them).
///
/// Invariants: four windows, whatever the blob's size; frames are written in the order of the
/// chunks, and only the first of equal chunks, and what a chunk builds on is settled between rounds,
/// so that the pack does not depend on threads.
final class BlobPipeline {
    private let session: StoreSession
    private let source: BlobInput
    private let pool: WorkerPool
    private let encoder: ChunkEncoder
    private let prior: PriorVersion?
    private let beside: PlainPack?
    private let digest = RunningDigest()
    private var recipe = RecipeBuilder()
    private var cutter = SegmentCutter(nil)
    private var offset = 0
    private var chunkCount = 0
    private var newPlain = 0
    private var newStored = 0

    /// Stores what `source` has, which for `beside` is its plain file.
    init(
        _ session: StoreSession, _ source: BlobInput, prior: PriorVersion? = nil,
        beside: PlainPack? = nil
    ) {
        self.session = session
        self.source = source
        self.prior = prior
        self.beside = beside
        pool = WorkerPool(threads: session.store.threads)
        encoder = ChunkEncoder(session.store, session.put, beside: beside != nil)
    }

    /// The windows at work in a round.
    private struct Stages {
        var filling: BlobWindow?
        var hashing: BlobWindow?
        var encoding: BlobWindow?
        var writing: BlobWindow?

        var isIdle: Bool { hashing == nil && encoding == nil && writing == nil }
    }

    /// Runs to the end of the source.
    func run() throws -> BlobReceipt {
        let shelf = (0..<4).map { _ in session.windows.take() }
        // The first is taken again first.
        defer { for window in shelf.reversed() { session.windows.giveBack(window) } }
        try fill(shelf[0], after: nil)
        var stages = Stages(hashing: shelf[0])
        var count = 1
        while !stages.isIdle {
            if let newest = stages.hashing, !newest.isLast {
                stages.filling = shelf[count % shelf.count]
                count += 1
            }
            try round(stages)
            stages = Stages(
                hashing: stages.filling, encoding: stages.hashing, writing: stages.encoding)
        }
        return try finish()
    }

    private func round(_ stages: Stages) throws {
        if let window = stages.encoding {
            // Between rounds, so that it depends on no thread which of equal chunks is encoded.
            window.forgetWhere { session.put.contains(ObjectKey(.chunk, $0)) }
            window.candidates = prior?.plan(window.pieces) ?? []
        }
        // Each in-order task touches members of its own; the join below orders the rounds.
        let this = Handed(value: self)
        let encoder = encoder
        let priorChunks = prior?.chunks
        let toHash = stages.hashing?.groups ?? []
        let toEncode = stages.encoding?.groups ?? []
        try pool.forEach(count: 3 + toHash.count + toEncode.count) { task in
            switch task {
            case 0: if let window = stages.writing { try this.value.write(window) }
            case 1:
                if let window = stages.filling {
                    try this.value.fill(window, after: stages.hashing)
                }
            case 2:
                if let window = stages.hashing {
                    unsafe window.withCutBytes { unsafe this.value.digest.update($0) }
                }
            case 3..<(3 + toEncode.count):
                if let window = stages.encoding {
                    try encoder.encode(toEncode[task - 3], of: window, prior: priorChunks)
                }
            default:
                if let window = stages.hashing {
                    encoder.hash(toHash[task - 3 - toEncode.count], of: window)
                }
            }
        }
        if let window = stages.encoding { prior?.learn(window.findings) }
    }

    private func fill(_ window: BlobWindow, after previous: BlobWindow?) throws {
        offset += try window.fill(after: previous, from: source, at: offset)
        if previous == nil {
            let map = try unsafe window.withSample {
                try unsafe ContentMap(recognising: source.content, head: $0)
            }
            cutter = SegmentCutter(map)
        }
        window.cut(with: &cutter)
    }

    private func write(_ window: BlobWindow) throws {
        for index in window.chunks.indices {
            try unsafe window.withSlot(index) { slot, range, frame in
                let chunk = ChunkReference(id: ChunkID(slot.digest), length: range.count)
                try unsafe write(chunk, frame, hasBases: slot.hasBases)
            }
        }
    }

    private func write(
        _ chunk: ChunkReference, _ frame: UnsafeRawBufferPointer, hasBases: Bool
    ) throws {
        chunkCount += 1
        try recipe.append(chunk) { try session.putObject(.recipeNode, $0, $1) }
        let key = ObjectKey(.chunk, chunk.id.digest)
        guard frame.count > 0, session.put.insert(key) else { return }
        newPlain += chunk.length
        newStored += frame.count
        if let beside { return try unsafe beside.append(frame, key, chunk.length) }
        try unsafe session.write(frame, [(key, chunk.length)], hasBases: hasBases)
    }

    private func finish() throws -> BlobReceipt {
        let id = BlobID(digest.finish())
        if chunkCount > 1, !session.contains(.recipe, id.digest) {
            let bytes = try recipe.finish(id) { try session.putObject(.recipeNode, $0, $1) }
            try session.putObject(.recipe, id.digest, bytes)
        }
        return BlobReceipt(
            id: id, sizeBytes: offset, newBytesPlain: newPlain, newBytesStored: newStored)
    }
}
