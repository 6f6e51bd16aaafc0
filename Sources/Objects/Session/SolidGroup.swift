import Vocabulary

/// Small objects of one kind that will share a frame.
struct SolidGroup: Sendable {
    /// A group is closed when its objects have this many bytes together.
    static let targetBytes = 64 << 10

    let kind: ObjectKind
    /// The chunks that a group of one chunk was made of; empty for others.
    var prior: [ChunkReference] = []
    private(set) var plain: [UInt8] = []
    private(set) var objects: [(key: ObjectKey, length: Int)] = []

    init(_ kind: ObjectKind) { self.kind = kind }

    var isFull: Bool {
        plain.count >= SolidGroup.targetBytes || objects.count >= FramePrefix.maximumCount
    }

    mutating func append(_ key: ObjectKey, _ bytes: [UInt8]) {
        if plain.isEmpty { plain.reserveCapacity(SolidGroup.targetBytes + bytes.count) }
        plain += bytes
        objects.append((key, bytes.count))
    }

    /// The group as a verified frame, built on `bases` where that pays.
    func encoded(
        with worker: FrameWorker, after bases: (bases: FrameBases, bytes: [UInt8])? = nil
    ) throws -> EncodedFrame {
        let bound = FrameWorker.frameBound(plainLength: plain.count, count: objects.count)
        var frame = [UInt8](repeating: 0, count: bound)
        let prefix = try unsafe frame.withUnsafeMutableBytes { output in
            try unsafe plain.withUnsafeBytes { input in
                try unsafe (bases?.bytes ?? []).withUnsafeBytes { old in
                    // Unsafe: the buffers outlive the call, which stays within their counts.
                    let prior = bases.map { unsafe PriorBytes(bases: $0.bases, bytes: old) }
                    return try unsafe worker.encode(
                        kind, input, lengths: objects.map(\.length), first: objects[0].key.digest,
                        after: prior, into: output)
                }
            }
        }
        frame.removeLast(bound - prefix.frameLength)
        return EncodedFrame(
            trusted: frame, objects, bases: prefix.codec.hasBases ? bases?.bases : nil)
    }
}
