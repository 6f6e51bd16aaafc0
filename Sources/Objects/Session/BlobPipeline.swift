import Bytes
import Platform
import Synchronization
import Vocabulary

/// Stores one big blob: read, cut, hash and compress, write, each window of some 8 MiB a round
/// behind the one before, all rounds on the session's threads.
///
/// A round is one fork and join over: writing the window before last, reading and cutting the next
/// one, the blob's own SHA-256 over the last one (these three in order, so a task each), and
/// encoding the last one's chunks (as many tasks as there are groups of them).
///
/// Invariants: three windows, whatever the blob's size; frames are written in the order of the
/// chunks, and only the first of equal chunks, so that the pack does not depend on threads.
final class BlobPipeline {
    private let session: StoreSession
    private let source: BlobInput
    private let pool: WorkerPool
    private let encoder: ChunkEncoder
    private let digest = RunningDigest()
    private var recipe = RecipeBuilder()
    private var chunker = Chunker.opaque
    private var offset = 0
    private var chunkCount = 0
    private var newPlain = 0
    private var newStored = 0

    init(_ session: StoreSession, _ source: BlobInput) {
        self.session = session
        self.source = source
        pool = WorkerPool(threads: session.store.threads)
        encoder = ChunkEncoder(session.store, session.put)
    }

    /// Runs to the end of the source.
    func run() throws -> BlobReceipt {
        var shelf = [session.windows.take(), session.windows.take(), session.windows.take()]
        defer { for window in shelf { session.windows.giveBack(window) } }
        try fill(shelf[0], after: nil)
        var current: BlobWindow? = shelf[0]
        var written: BlobWindow?
        var round = 0
        while current != nil || written != nil {
            round += 1
            let next = current.map { $0.isLast } ?? true ? nil : shelf[round % 3]
            try self.round(writing: written, encoding: current, filling: next)
            written = current
            current = next
        }
        shelf.reverse()  // the first is taken again first
        return try finish()
    }

    private func round(
        writing: BlobWindow?, encoding: BlobWindow?, filling: BlobWindow?
    ) throws {
        // Each in-order task touches members of its own; the join below orders the rounds.
        let this = Handed(value: self)
        let encoder = encoder
        let groups = encoding?.groups ?? []
        try pool.forEach(count: 3 + groups.count) { task in
            switch task {
            case 0: if let writing { try this.value.write(writing) }
            case 1: if let filling { try this.value.fill(filling, after: encoding) }
            case 2:
                if let encoding {
                    unsafe encoding.withCutBytes { unsafe this.value.digest.update($0) }
                }
            default:
                if let encoding { try encoder.encode(groups[task - 3], of: encoding) }
            }
        }
    }

    private func fill(_ window: BlobWindow, after previous: BlobWindow?) throws {
        offset += try window.fill(after: previous, from: source, at: offset)
        if previous == nil {
            chunker = unsafe window.withSample { unsafe Chunker.forContent(startingWith: $0) }
        }
        window.cut(with: chunker)
    }

    private func write(_ window: BlobWindow) throws {
        for index in window.chunks.indices {
            try unsafe window.withSlot(index) { slot, range, frame in
                let chunk = ChunkReference(id: ChunkID(slot.digest), length: range.count)
                try unsafe write(chunk, frame)
            }
        }
    }

    private func write(_ chunk: ChunkReference, _ frame: UnsafeRawBufferPointer) throws {
        chunkCount += 1
        try recipe.append(chunk) { try session.putObject(.recipeNode, $0, $1) }
        let key = ObjectKey(.chunk, chunk.id.digest)
        guard frame.count > 0, session.put.insert(key) else { return }
        newPlain += chunk.length
        newStored += frame.count
        try unsafe session.write(frame, [(key, chunk.length)])
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

/// Hashes chunks and encodes those that are new. Shared by the threads of a pipeline.
final class ChunkEncoder: Sendable {
    private let workers: FrameWorkers
    private let view: StoreView
    private let put: PutObjects
    /// Digests of runs of one byte value: a sparse file is hashed once.
    private let runs = Mutex<[Run: Digest]>([:])

    private struct Run: Hashable {
        let byte: UInt8
        let length: Int
    }

    init(_ store: ObjectStore, _ put: PutObjects) {
        workers = store.workers
        view = store.view
        self.put = put
    }

    func encode(_ group: Range<Int>, of window: BlobWindow) throws {
        try workers.withWorker { worker in
            for index in group {
                try unsafe window.withChunk(index) { plain, output in
                    try unsafe encode(plain, into: output, with: worker)
                }
            }
        }
    }

    private func encode(
        _ plain: UnsafeRawBufferPointer, into output: UnsafeMutableRawBufferPointer,
        with worker: FrameWorker
    ) throws -> BlobWindow.Slot {
        let digest = unsafe digest(of: plain)
        let key = ObjectKey(.chunk, digest)
        if put.contains(key) || put.isStored(key, in: view) { return .init(digest: digest) }
        let length = try unsafe worker.encode(
            .chunk, plain, lengths: [plain.count], first: digest, into: output)
        return .init(digest: digest, frameLength: length)
    }

    private func digest(of plain: UnsafeRawBufferPointer) -> Digest {
        guard unsafe isUniform(plain), let byte = unsafe plain.first else {
            return unsafe sha256(buffer: plain)
        }
        let run = Run(byte: byte, length: plain.count)
        if let known = runs.withLock({ $0[run] }) { return known }
        let digest = unsafe sha256(buffer: plain)
        runs.withLock { $0[run] = digest }
        return digest
    }
}
