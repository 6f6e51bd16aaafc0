import Objects
import Platform
import Remotes
import Vocabulary

/// A `BaseReader` that several threads may call at once.
typealias SharedBaseReader = @Sendable (_ base: ObjectKey, _ generation: Int) throws -> [UInt8]

extension RemoteContext {
    /// Calls `body` with the frames of each request for these objects, checked, in the order of the
    /// index, and with the bytes that were read for them. `downloads` requests are on their way
    /// at once; what an object's frame builds on must be here.
    func download(
        _ keys: [ObjectKey], in index: RemoteIndex,
        _ body: (_ frames: [EncodedFrame], _ receivedBytes: Int) throws -> Void
    ) throws {
        try download(keys, in: index, base: store.readBase, each: { $0 }, body)
    }

    /// Calls `body` with each of these objects that the index has, unpacked; returns the bytes that
    /// were read for them. `base` reads what their frames build on; nil: from the store.
    func downloadObjects(
        _ keys: [ObjectKey], in index: RemoteIndex, base: SharedBaseReader? = nil,
        _ body: (ObjectKey, [UInt8]) throws -> Void
    ) throws -> Int {
        let wanted = Set(keys)
        let base = base ?? store.readBase
        var receivedBytes = 0
        try download(
            keys, in: index, base: base,
            each: { frame in
                zip(frame.objects.map(\.key), try frame.plainObjects(base: base))
                    .filter { wanted.contains($0.0) }
            },
            { frames, bytes in
                receivedBytes += bytes
                for (key, bytes) in frames.joined() { try body(key, bytes) }
            })
        return receivedBytes
    }

    /// The same of frames with what `each` makes of them, by the threads that ask for them.
    private func download<Part: Sendable>(
        _ keys: [ObjectKey], in index: RemoteIndex, base: @escaping SharedBaseReader,
        each: @Sendable (EncodedFrame) throws -> Part,
        _ body: (_ parts: [Part], _ receivedBytes: Int) throws -> Void
    ) throws {
        let requests = FetchPlan.requests(for: keys, in: index)
        let pool = WorkerPool(threads: downloads)
        let step = 2 * pool.threads
        for start in stride(from: 0, to: requests.count, by: step) {
            try SignalWatch.check()
            let batch = Array(requests[start..<min(start + step, requests.count)])
            let parts = try pool.map(count: batch.count) {
                try batch[$0].run(on: remote, base: base).map(each)
            }
            for (request, found) in zip(batch, parts) { try body(found, request.range.count) }
        }
    }
}

extension FetchRequest {
    /// Asks for the range and checks every wanted frame in it; `base` reads what they build on.
    func run(on remote: any Remote, base: BaseReader) throws -> [EncodedFrame] {
        let name = try pack.name()
        let bytes = try remote.read(name, range: range)
        return try frames.map { frame in
            let part = pack.range(ofFrame: frame)
            let start = part.lowerBound - range.lowerBound
            let encoded = try EncodedFrame(
                verifying: Array(bytes[start..<(start + part.count)]), from: name.description,
                base: base)
            let promised = pack.objects(ofFrame: frame).map { pack.keys[$0] }
            guard encoded.objects.map(\.key) == promised else {
                throw StoreError.damagedRemote(
                    remote.description, name.description, "it does not hold what the index says")
            }
            return encoded
        }
    }
}
