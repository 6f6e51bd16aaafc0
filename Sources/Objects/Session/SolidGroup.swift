import Vocabulary

/// Small objects of one kind that will share a frame.
struct SolidGroup: Sendable {
    /// A group is closed when its objects have this many bytes together.
    static let targetBytes = 64 << 10

    let kind: ObjectKind
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

    /// The group as a verified frame.
    func encoded(with worker: FrameWorker) throws -> EncodedFrame {
        let bound = FrameWorker.frameBound(plainLength: plain.count, count: objects.count)
        var frame = [UInt8](repeating: 0, count: bound)
        let prefix = try unsafe frame.withUnsafeMutableBytes { output in
            try unsafe plain.withUnsafeBytes { input in
                // Unsafe: both buffers outlive the call, which stays within their counts.
                try unsafe worker.encode(
                    kind, input, lengths: objects.map(\.length), first: objects[0].key.digest,
                    into: output)
            }
        }
        frame.removeLast(bound - prefix.frameLength)
        return EncodedFrame(trusted: frame, objects)
    }
}
