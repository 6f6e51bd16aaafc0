import Bytes
package import Platform
package import Vocabulary

/// A value that only one thread uses at a time, handed to a thread of a pool.
///
/// `@unchecked Sendable`: the pool's rounds order the uses, and its joins make them visible.
struct Handed<Value>: @unchecked Sendable {
    let value: Value
}

extension ObjectStore {
    /// The whole blob, checked; `.malformed` when it is larger than `maximumBytes`.
    package func readBlob(_ id: BlobID, maximumBytes: Int) throws -> [UInt8] {
        let size = try size(of: id)
        guard size <= maximumBytes else {
            throw StoreError.objectTooLarge(
                ObjectKey(.recipe, id.digest), size, limit: maximumBytes)
        }
        if contains(.chunk, id.digest) { return try readChunk(ChunkID(id.digest)) }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(size)
        try unsafe streamBlob(id) { piece in unsafe bytes.append(contentsOf: piece) }
        return bytes
    }

    /// Calls `body` with the blob's bytes, piece by piece, in order (on any thread, but never two
    /// at once).
    ///
    /// Frames are checked as they are read and the SHA-256 of the whole at the end, so a caller
    /// that writes a file must not give it its name before this returns. Pieces are decoded ahead
    /// on `threads` threads within some 40 MiB. Throws `.corrupt` naming the damaged chunk's pack.
    package func streamBlob(
        _ id: BlobID, _ body: (UnsafeRawBufferPointer) throws -> Void
    ) throws {
        let chunks = try chunkList(of: id)
        if chunks.count == 1, chunks[0].id.digest == id.digest {
            let bytes = try readChunk(chunks[0].id)
            return try unsafe bytes.withUnsafeBytes { try unsafe body($0) }
        }
        let digest = try unsafe withoutActuallyEscaping(body) { escapable in
            // Unsafe: the pieces are parts of a window that outlives the call.
            let sink = unsafe Handed(value: escapable)
            return try unsafe stream(chunks) { piece in try unsafe sink.value(piece) }
        }
        guard digest == id.digest else {
            // Some chunk is not what its id says: read them one by one to name it.
            for chunk in chunks { _ = try readChunk(chunk.id) }
            throw StoreError(
                .corrupt, "the recipe of '\(id.short)' is damaged: its chunks make another blob",
                subject: id.description, advice: "run 'mlstore fsck', then 'mlstore pull'")
        }
    }

    /// Writes the blob to an empty file, checked as `streamBlob` says; blocks of zeros become holes.
    /// Does not make anything last.
    package func write(_ id: BlobID, to file: any DiskFile) throws {
        var output = SparseOutput(to: file)
        // The piece lives for the call, and is written before it ends.
        try unsafe streamBlob(id) { piece in try unsafe output.append(piece) }
        try output.finish()
    }

    /// Decodes the chunks window by window, handing each to `sink` while the next is decoded.
    /// Returns the SHA-256 of all, behind what is in `digest` already.
    func stream(
        _ chunks: [ChunkReference], after digest: RunningDigest = RunningDigest(),
        _ sink: @Sendable (UnsafeRawBufferPointer) throws -> Void
    ) throws -> Digest {
        let plan = StreamWindow.plan(chunks)
        let pool = WorkerPool(threads: threads)
        let tally = Handed(value: digest)
        var windows = [StreamWindow(), StreamWindow()]
        for round in 0...plan.count {
            let filled = round > 0 ? windows[(round - 1) & 1] : nil
            let empty = windows[round & 1]
            if round < plan.count { empty.prepare(plan[round]) } else { empty.prepare([]) }
            let groups = empty.groups
            // Hashing takes about as long as writing: each is a task of its own.
            let first = filled == nil ? 0 : 2
            try pool.forEach(count: groups.count + first) { task in
                switch (task, filled) {
                case (0, let filled?):
                    unsafe filled.withFilled { unsafe tally.value.update($0) }
                case (1, let filled?):
                    try unsafe filled.withFilled { try unsafe sink($0) }
                default:
                    try self.decode(groups[task - first], of: empty)
                }
            }
        }
        windows = []
        return tally.value.finish()
    }

    private func decode(_ group: Range<Int>, of window: StreamWindow) throws {
        try workers.withWorker { worker in
            for index in group {
                let (chunk, offset) = window.chunks[index]
                try unsafe window.withRoom(offset, chunk.length) { room in
                    try unsafe decode(chunk, into: room, with: worker)
                }
            }
        }
    }

    /// Decodes one chunk straight into `room`, checked by its frame only.
    private func decode(
        _ chunk: ChunkReference, into room: UnsafeMutableRawBufferPointer, with worker: FrameWorker
    ) throws {
        let key = ObjectKey(.chunk, chunk.id.digest)
        let place = try view.place(of: key) ?? places(of: key)[0]
        do {
            try unsafe decode(key, at: place, into: room, with: worker)
        } catch {
            // Another copy of the chunk may be intact.
            let bytes = try readChunk(chunk.id)
            guard bytes.count == room.count else { throw error }
            unsafe room.copyBytes(from: bytes)
        }
    }

    private func decode(
        _ key: ObjectKey, at place: ObjectPlace, into room: UnsafeMutableRawBufferPointer,
        with worker: FrameWorker
    ) throws {
        guard place.length == room.count else { throw wrongContent(key, place) }
        let pack = try packCache.pack(place.pack)
        let bytes = try pack.frameBytes(
            at: place.frameOffset, guess: FramePrefix.sizeBytes + place.length / 2)
        do {
            let prefix = try FramePrefix(checking: bytes.span)
            guard prefix.count == 1 else {
                let object = try decodedFrame(at: place).object(place.ordinal)
                guard let object, object.count == room.count else { throw wrongContent(key, place) }
                return unsafe room.copyBytes(from: object)
            }
            guard prefix.kind == .chunk, prefix.plainLength == room.count,
                prefix.firstDigest == key.digest
            else { throw wrongContent(key, place) }
            let bases = try prefix.bases(in: bytes.span)
            let prior = try prefix.plainBases(bases, readBase)
            try unsafe bytes.withUnsafeBytes {
                try unsafe worker.decode($0, prefix, bases, after: prior, into: room)
            }
        } catch let fault as FrameFault {
            throw fault.error(in: pack.name, at: place.frameOffset, object: key)
        }
    }
}

/// A SHA-256 that is built up in order, by one task at a time.
///
/// `@unchecked Sendable`: see `Handed`.
final class RunningDigest: @unchecked Sendable {
    private var digester = Digester()

    func update(_ bytes: UnsafeRawBufferPointer) { unsafe digester.update(buffer: bytes) }
    func finish() -> Digest { digester.finish() }
}

/// A part of a blob being decoded: a buffer, and which chunks go where in it.
///
/// `@unchecked Sendable`: in a round, tasks write disjoint parts; the next round only reads.
@safe final class StreamWindow: @unchecked Sendable {
    static let sizeBytes = 8 << 20
    static let groupBytes = 512 << 10

    private var buffer = unsafe UnsafeMutableRawBufferPointer(start: nil, count: 0)
    private(set) var chunks: [(chunk: ChunkReference, offset: Int)] = []
    private(set) var groups: [Range<Int>] = []
    private var filledBytes = 0

    deinit { unsafe buffer.deallocate() }

    /// Cuts a blob into windows of about 8 MiB, each at least one chunk.
    static func plan(_ chunks: [ChunkReference]) -> [ArraySlice<ChunkReference>] {
        var plan: [ArraySlice<ChunkReference>] = []
        var start = 0
        var bytes = 0
        for (index, chunk) in chunks.enumerated() {
            if bytes > 0, bytes + chunk.length > sizeBytes {
                plan.append(chunks[start..<index])
                start = index
                bytes = 0
            }
            bytes += chunk.length
        }
        if start < chunks.count { plan.append(chunks[start...]) }
        return plan
    }

    func prepare(_ part: ArraySlice<ChunkReference>) {
        chunks = []
        groups = []
        filledBytes = 0
        var groupStart = 0
        var groupBytes = 0
        for chunk in part {
            chunks.append((chunk, filledBytes))
            filledBytes += chunk.length
            groupBytes += chunk.length
            if groupBytes >= StreamWindow.groupBytes {
                groups.append(groupStart..<chunks.count)
                groupStart = chunks.count
                groupBytes = 0
            }
        }
        if groupStart < chunks.count { groups.append(groupStart..<chunks.count) }
        let room = unsafe buffer.count
        if filledBytes > room {
            unsafe buffer.deallocate()
            unsafe buffer = .allocate(byteCount: filledBytes, alignment: 64)
        }
    }

    func withRoom(
        _ offset: Int, _ length: Int, _ body: (UnsafeMutableRawBufferPointer) throws -> Void
    ) rethrows {
        try unsafe body(UnsafeMutableRawBufferPointer(rebasing: buffer[offset..<(offset + length)]))
    }

    func withFilled(_ body: (UnsafeRawBufferPointer) throws -> Void) rethrows {
        try unsafe body(UnsafeRawBufferPointer(rebasing: buffer[0..<filledBytes]))
    }
}
