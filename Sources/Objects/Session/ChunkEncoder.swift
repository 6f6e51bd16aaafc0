import Bytes
import Synchronization
import Vocabulary

/// Hashes chunks and encodes those that are new. Shared by the threads of a pipeline.
final class ChunkEncoder: Sendable {
    private let store: ObjectStore
    private let view: StoreView
    private let put: PutObjects
    private let beside: Bool
    /// Digests of runs of one byte value: a sparse file is hashed once.
    private let runs = Mutex<[Run: Digest]>([:])

    private struct Run: Hashable {
        let byte: UInt8
        let length: Int
    }

    /// Where the bytes are `beside` the pack, frames only say where.
    init(_ store: ObjectStore, _ put: PutObjects, beside: Bool = false) {
        self.beside = beside
        self.store = store
        self.put = put
        view = store.view
    }

    // MARK: - Hashing

    func hash(_ group: Range<Int>, of window: BlobWindow) {
        for index in group {
            unsafe window.withChunk(index) { plain, _, slot in
                let digest = unsafe digest(of: plain)
                slot = .init(
                    digest: digest, isNew: !put.isStored(ObjectKey(.chunk, digest), in: view))
            }
        }
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

    // MARK: - Encoding

    func encode(_ group: Range<Int>, of window: BlobWindow, prior: PriorChunks?) throws {
        try store.workers.withWorker { worker in
            for index in group {
                try unsafe window.withChunk(index) { plain, output, slot in
                    guard slot.isNew else { return }
                    let start = window.start + window.chunks[index].lowerBound
                    if beside {
                        let place = unsafe PlainPlace(offset: start, plain, digest: slot.digest)
                        slot.frameLength = unsafe place.write(to: output).frameLength
                        return
                    }
                    let width = window.widths[index]
                    if let prior, index < window.candidates.count {
                        for candidate in window.candidates[index] {
                            let found = unsafe match(plain, at: start, candidate, prior)
                            slot.finding = found?.finding ?? .init()
                            guard let found else { continue }
                            return try unsafe encode(
                                plain, width, after: found, &slot, output, worker)
                        }
                    }
                    try unsafe encode(plain, width, after: nil, &slot, output, worker)
                }
            }
        }
    }

    private func encode(
        _ plain: UnsafeRawBufferPointer, _ width: Int, after match: Match?,
        _ slot: inout BlobWindow.Slot, _ output: UnsafeMutableRawBufferPointer,
        _ worker: FrameWorker
    ) throws {
        func encode(after prior: PriorBytes?) throws -> FramePrefix {
            try unsafe worker.encode(
                .chunk, plain, lengths: [plain.count], first: slot.digest, width: width,
                after: prior, into: output)
        }
        let prefix =
            if let match {
                try unsafe match.bytes.withUnsafeBytes {
                    try encode(after: unsafe PriorBytes(bases: match.bases, bytes: $0))
                }
            } else { try encode(after: nil) }
        slot.frameLength = prefix.frameLength
        slot.hasBases = prefix.codec.hasBases
        slot.finding?.served = slot.hasBases
    }

    /// What a chunk will be built on.
    private struct Match {
        var bases: FrameBases
        var bytes: [UInt8]
        var finding = PriorVersion.Finding()
    }

    /// The bytes of a candidate that the chunk has something in common with; nil where it has not, or
    /// where these cannot be read.
    private func match(
        _ plain: UnsafeRawBufferPointer, at start: Int, _ candidate: PriorChunks.Candidate,
        _ prior: PriorChunks
    ) -> Match? {
        guard let (bases, bytes) = ChunkBases.read(candidate.chunks, from: store, for: put) else {
            return nil
        }
        if candidate.isAligned { return Match(bases: bases, bytes: bytes) }
        let place = unsafe bytes.withUnsafeBytes { old in
            unsafe Likeness.commonPlace(plain, old)
        }
        guard let place else { return nil }
        let old = candidate.range.lowerBound + place.old
        let finding = PriorVersion.Finding(place: .init(new: start + place.new, old: old))
        let found = Match(bases: bases, bytes: bytes, finding: finding)
        // Now that it is known where the chunk stood: all of it, if that was not it.
        let exact = prior.candidate(forLength: plain.count, at: old - place.new, rate: 1)
        guard let exact, !candidate.range.contains(exact.range),
            let (bases, bytes) = ChunkBases.read(exact.chunks, from: store, for: put)
        else { return found }
        return Match(bases: bases, bytes: bytes, finding: finding)
    }
}

/// Finds what a new frame is best built on.
enum ChunkBases {
    /// The bases for what was made of `chunks`, with their bytes; nil where they cannot be read, or
    /// are too deep or too long.
    ///
    /// They are the chunks themselves, or, so that chains stay short, what these were built on
    /// (`FrameBases.preferredBase`). The session that will put the frame relies on them from now on.
    static func read(
        _ chunks: [ChunkReference], from store: ObjectStore, for put: PutObjects
    ) -> (bases: FrameBases, bytes: [UInt8])? {
        guard !chunks.isEmpty else { return nil }
        do {
            var links = try chunks.map { try Link($0.id.digest, store) }
            let generation = 1 + (links.map(\.generation).max() ?? 0)
            let limit = FrameBases.preferredBase(ofGeneration: generation)
            while let index = links.firstIndex(where: { $0.generation > limit }) {
                let below = try links[index].bases.map { try Link($0, store) }
                links.replaceSubrange(index...index, with: below)
                guard links.count <= FrameBases.maximumCount else { return nil }
            }
            var digests: [Digest] = []
            var bytes: [UInt8] = []
            for link in links where !digests.contains(link.digest) {
                let key = ObjectKey(.chunk, link.digest)
                guard put.isStored(key, in: store.view) else { return nil }
                let plain = try store.readBase(key, FrameBases.maximumGeneration + 1)
                digests.append(link.digest)
                if bytes.isEmpty { bytes = plain } else { bytes += plain }
                guard bytes.count <= FrameBases.maximumPlainLength else { return nil }
            }
            guard generation <= FrameBases.maximumGeneration, digests.count <= 8 else { return nil }
            return (FrameBases(generation: generation, digests: digests), bytes)
        } catch { return nil }  // what cannot be read is not built on; whoever needs it says so
    }

    private struct Link {
        let digest: Digest
        let generation: Int
        let bases: [Digest]

        init(_ digest: Digest, _ store: ObjectStore) throws {
            self.digest = digest
            let found = try store.frameBases(of: ObjectKey(.chunk, digest))
            generation = found?.generation ?? 0
            bases = found?.digests ?? []
        }
    }
}
