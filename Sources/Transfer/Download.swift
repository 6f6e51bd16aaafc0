import Objects
import Platform
import Remotes
import Vocabulary

/// A `BaseReader` that several threads may call at once.
typealias SharedBaseReader = @Sendable (_ base: ObjectKey, _ generation: Int) throws -> [UInt8]

extension RemoteContext {
    /// Calls `body` with the frames of each request for these objects, checked, in the order of
    /// `FetchPlan`, and with the bytes that were read for them. `downloads` requests are on their way
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
        let (jobs, remote) = (min(downloads, requests.count), remote)
        guard jobs > 1 else {
            for request in requests {
                try SignalWatch.check()
                try body(try request.run(on: remote, base: base).map(each), request.range.count)
            }
            return
        }
        let window = FetchWindow<Part>(requests)
        _ = try withoutActuallyEscaping(each) { each in
            try concurrently(
                {
                    defer { window.stop() }
                    for (number, request) in requests.enumerated() {
                        try body(try window.parts(of: number), request.range.count)
                        window.release(number)
                    }
                },
                and: {
                    try parallelForEach(count: jobs, threads: jobs) { _ in
                        while let number = try window.next() {
                            window.finish(
                                number,
                                Result {
                                    try requests[number].run(on: remote, base: base).map(each)
                                })
                        }
                    }
                })
        }
    }
}

/// Requests between being sent and their answers being used, in order: so that the next come while one is
/// written.
///
/// Invariants: the ranges that were asked for and are not used yet come to no more than `maximumBytes`, or
/// are one; after a failure no further is begun, and all before it are used.
private final class FetchWindow<Part: Sendable>: Sendable {
    private struct State {
        var next = 0
        var bytes = 0
        var answers: [Int: Result<[Part], any Error>] = [:]
        var isOver = false
    }

    /// Of ranges; what is made of one takes about as much again while it is checked.
    private static var maximumBytes: Int { 96 << 20 }

    private let requests: [FetchRequest]
    private let state = Monitor(State())

    init(_ requests: [FetchRequest]) { self.requests = requests }

    /// The number of the next request to send, once there is room for its answer; nil when there will be none.
    func next() throws -> Int? {
        try state.wait { state -> Int?? in
            guard !state.isOver, state.next < requests.count else { return .some(nil) }
            let size = requests[state.next].range.count
            guard state.bytes == 0 || state.bytes + size <= FetchWindow.maximumBytes else {
                return nil
            }
            state.bytes += size
            state.next += 1
            return state.next - 1
        }
    }

    func finish(_ number: Int, _ answer: Result<[Part], any Error>) {
        state.withLock { state in
            state.answers[number] = answer
            if case .failure = answer { state.isOver = true }
        }
    }

    /// Waits for what came of a request. Throws what it threw.
    func parts(of number: Int) throws -> [Part] {
        try state.wait { $0.answers.removeValue(forKey: number) }.get()
    }

    /// The answer was used.
    func release(_ number: Int) { state.withLock { $0.bytes -= requests[number].range.count } }

    /// No further request is sent.
    func stop() { state.withLock { $0.isOver = true } }
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
