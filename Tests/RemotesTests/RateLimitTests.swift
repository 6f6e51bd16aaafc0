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

    @Test func `an interrupted wait in the middle of a file ends the request, and leaves nothing`()
        throws
    {
        let disk = SimulatedDisk()
        try writeAtomically(
            [UInt8](repeating: 1, count: 5000), to: DiskPath("/f"), on: disk, durable: false)
        let remote = try FileRemote(directory: DiskPath("/r"), on: disk)
        remote.slow(
            to: RateLimit(bytesPerSecond: 10, now: { 0 }) { _ in
                throw StoreError(.interrupted, "a signal")
            })
        let error = #expect(throws: StoreError.self) {
            try remote.put(try remoteName("a"), .file(DiskPath("/f"), on: disk))
        }
        #expect(error?.kind == .interrupted)
        #expect(disk.allFiles().keys.filter { $0.hasPrefix("/r/") } == [])
    }

    @Test func `a file goes in pieces of a sixteenth of a second, both ways`() throws {
        let disk = SimulatedDisk()
        let bytes = [UInt8](repeating: 1, count: 40_960)
        try writeAtomically(bytes, to: DiskPath("/f"), on: disk, durable: false)
        let clock = HandClock()
        let remote = try FileRemote(directory: DiskPath("/r"), on: disk)
        remote.slow(to: clock.limit(16_384))
        let name = try remoteName("a")
        try remote.put(name, .file(DiskPath("/f"), on: disk))
        // The last of 40 pieces went when those before it were paid for.
        #expect(clock.now() >= 39 * 62_500_000)
        #expect(try remote.read(name, maximumBytes: 50_000) == bytes)
        #expect(clock.now() >= 79 * 62_500_000)
        #expect(try remote.read(name, range: 5..<25_000) == Array(bytes[5..<25_000]))
        #expect(clock.now() >= 103 * 62_500_000 && clock.now() < 110 * 62_500_000)
        #expect(clock.pauses.allSatisfy { $0 <= 63 })
    }

    @Test func `parts of files in a bucket go by it too, both ways`() throws {
        // A clock that goes on by being looked at, since libcurl waits by its own.
        let time = Atomic<UInt64>(0)
        let limit = RateLimit(
            bytesPerSecond: 16 << 20,
            now: { time.add(250_000, ordering: .relaxed).newValue }, pause: { _ in })
        let remote = try BucketServer.seaweed().remote(BucketServer.bucket, prefix: "slow")
        remote.slow(to: limit)
        var random = SmallRandom(seed: 3)
        let bytes = random.bytes(4 << 20)
        let name = try remoteName("packs/a/1.pack")
        try withTemporaryFolder { folder in
            let path = folder / "f"
            try writeAtomically(bytes, to: path, on: LocalDisk(), durable: false)
            try remote.put(name, .file(path, on: LocalDisk()))
        }
        // All but the last piece, of at most 1 MiB, is paid for.
        #expect(time.load(ordering: .relaxed) >= 187_000_000)
        #expect(try remote.read(name, maximumBytes: 5 << 20) == bytes)
        #expect(time.load(ordering: .relaxed) >= 437_000_000)
    }

    @Test(.enabled(if: SSHServer.isInstalled))
    func `what goes over ssh goes by it too, both ways`() throws {
        try withTemporaryFolder { folder in
            let url = try RemoteURL(
                parsing: "ssh://host\(folder / "remote")", relativeTo: DiskPath("/"))
            let remote = try openSSHRemote(
                url, with: SSHProgram(shellLine: "exec \(SSHServer.sftpProgram) #"))
            let clock = HandClock()
            remote.slow(to: clock.limit(1 << 20))
            let bytes = [UInt8](repeating: 7, count: 1 << 20)
            let name = try remoteName("a")
            try remote.put(name, .bytes(bytes))
            #expect(clock.now() >= 960_000_000)
            #expect(try remote.read(name, maximumBytes: 1 << 20) == bytes)
            #expect(clock.now() >= 1_900_000_000)
        }
    }
}
