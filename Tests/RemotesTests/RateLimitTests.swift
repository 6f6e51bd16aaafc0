import Platform
import Remotes
import Synchronization
import TestSupport
import Testing
import Vocabulary

@Suite struct RateLimitTests {
    /// A clock that goes on only by pauses and by hand.
    private final class HandClock: Sendable {
        private let state = Mutex<(now: UInt64, pauses: [Int])>((5, []))

        var pauses: [Int] { state.withLock { $0.pauses } }
        func now() -> UInt64 { state.withLock { $0.now } }
        func goOn(milliseconds: Int) {
            state.withLock { $0.now += UInt64(milliseconds) * 1_000_000 }
        }
        func pause(_ milliseconds: Int) {
            state.withLock { $0.pauses.append(milliseconds) }
            goOn(milliseconds: milliseconds)
        }

        func limit(_ bytesPerSecond: Int) -> RateLimit {
            RateLimit(bytesPerSecond: bytesPerSecond, now: now, pause: pause)
        }
    }

    @Test func `the first passes at once, and each waits for those before it`() throws {
        let clock = HandClock()
        let limit = clock.limit(1000)
        try limit.pass(500)
        #expect(clock.pauses == [])
        try limit.pass(1000)
        #expect(clock.pauses == [500])
        try limit.pass(1)
        #expect(clock.pauses == [500, 1000])
    }

    @Test func `time in which nothing passes is not saved up`() throws {
        let clock = HandClock()
        let limit = clock.limit(1000)
        try limit.pass(100)
        clock.goOn(milliseconds: 60_000)
        try limit.pass(2000)
        try limit.pass(0)
        #expect(clock.pauses == [2000])
    }

    @Test func `threads together stay below the limit`() throws {
        let clock = HandClock()
        let limit = clock.limit(1_000_000)
        try parallelForEach(count: 100, threads: 8) { _ in try limit.pass(10_000) }
        // 99 of them are paid for when the last begins.
        #expect(clock.now() >= 5 + 990_000_000)
    }

    @Test func `no number of bytes and no rate is too much`() throws {
        let clock = HandClock()
        let limit = clock.limit(0)
        try limit.pass(Int.max)
        try limit.pass(Int.max)
        #expect(clock.pauses.count == 1)
        let fast = clock.limit(Int.max)
        try fast.pass(Int.max)
        try fast.pass(1)
        #expect(clock.pauses.last == 1000)
    }

    @Test func `an interrupted wait ends the request before it is made`() throws {
        let disk = SimulatedDisk()
        let inner = CountingRemote(try FileRemote(directory: DiskPath("/r"), on: disk))
        let limit = RateLimit(bytesPerSecond: 10, now: { 0 }) { _ in
            throw StoreError(.interrupted, "a signal")
        }
        let remote = LimitedRemote(inner, limit)
        try remote.put(try RemoteFileName(validating: "a"), .bytes([1, 2, 3]))
        #expect(throws: StoreError.self) {
            try remote.put(try RemoteFileName(validating: "b"), .bytes([1, 2, 3]))
        }
        #expect(inner.requestCount == 1 && inner.sentBytes == 3)
    }

    @Test func `files are paid for by their size, ranges by theirs`() throws {
        let disk = SimulatedDisk()
        try writeAtomically(
            [UInt8](repeating: 1, count: 3000), to: DiskPath("/f"), on: disk, durable: false)
        let clock = HandClock()
        let inner = try FileRemote(directory: DiskPath("/r"), on: disk)
        let remote = LimitedRemote(inner, clock.limit(1000))
        let name = try RemoteFileName(validating: "a")
        try remote.put(name, .file(DiskPath("/f"), on: disk))
        #expect(try remote.read(name, range: 0..<10).count == 10)
        #expect(try remote.read(name, maximumBytes: 5000).count == 3000)
        #expect(clock.pauses == [3000, 10])
        #expect(try remote.read(name, range: 0..<1).count == 1)
        #expect(clock.pauses == [3000, 10, 3000])
        #expect(remote.description == inner.description && remote.sentRequests == nil)
    }
}
