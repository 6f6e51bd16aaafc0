import Objects
import Platform
import Remotes
import Vocabulary

extension RemoteContext {
    /// Calls `body` with the frames of each request for these objects, checked, in the order of the
    /// index, and with the bytes that were read for them. `downloads` requests are on their way
    /// at once; what an object's frame builds on must be here.
    func download(
        _ keys: [ObjectKey], in index: RemoteIndex,
        _ body: (_ frames: [EncodedFrame], _ receivedBytes: Int) throws -> Void
    ) throws {
        let requests = FetchPlan.requests(for: keys, in: index)
        let pool = WorkerPool(threads: downloads)
        let step = 2 * pool.threads
        for start in stride(from: 0, to: requests.count, by: step) {
            try SignalWatch.check()
            let batch = Array(requests[start..<min(start + step, requests.count)])
            let frames = try pool.map(count: batch.count) {
                try batch[$0].run(on: remote, base: store.readBase)
            }
            for (request, found) in zip(batch, frames) { try body(found, request.range.count) }
        }
    }

    /// Calls `body` with each of these objects that the index has, unpacked; returns the bytes that
    /// were read for them.
    func downloadObjects(
        _ keys: [ObjectKey], in index: RemoteIndex, _ body: (ObjectKey, [UInt8]) throws -> Void
    ) throws -> Int {
        let wanted = Set(keys)
        var receivedBytes = 0
        try download(keys, in: index) { frames, bytes in
            receivedBytes += bytes
            for frame in frames {
                let plain = try frame.plainObjects(base: store.readBase)
                for (object, bytes) in zip(frame.objects, plain) where wanted.contains(object.key) {
                    try body(object.key, bytes)
                }
            }
        }
        return receivedBytes
    }
}

extension FetchRequest {
    /// Asks for the range and checks every wanted frame in it; `base` reads what they build on.
    func run(on remote: any Remote, base: BaseReader) throws -> [EncodedFrame] {
        let name = try RemoteLayout.pack(pack.id, session: pack.session)
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
