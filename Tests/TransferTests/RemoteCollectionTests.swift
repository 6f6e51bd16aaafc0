import Bytes
import Objects
import Platform
import Remotes
import TestSupport
import Testing
import TransferSupport
import Vocabulary

@testable import Transfer

@Suite struct RemoteCollectionTests {
    private let clock = WallClock.stepping()

    /// A new end; all of a test look at one clock.
    private func makeEnd(_ seed: UInt64, _ remote: any Remote) throws -> End {
        var end = try End(seed, remote)
        end.context.clock = clock
        return end
    }

    private func random(_ seed: UInt64, _ count: Int = 3000) -> [UInt8] {
        var random = SmallRandom(seed: seed)
        return random.bytes(count)
    }

    /// Collects, keeping the last pushes.
    @discardableResult
    private func collect(
        _ end: End, keep: Int = .max, through remote: (any Remote)? = nil, isDryRun: Bool = false
    ) throws -> RemoteCollectionReport {
        try Transfer.collect(
            remote: end.through(remote ?? end.context.remote),
            roots: RemoteCollectionRoots(
                here: { [] }, keepsAll: keep == .max, keepsPush: { number, _ in number < keep }),
            isDryRun: isDryRun)
    }

    private func fileCount(_ disk: SimulatedDisk) -> Int {
        disk.allFiles().keys.count { $0.hasPrefix("/remote/") && !$0.hasSuffix("/.lock") }
    }

    private func packs(_ remote: any Remote) throws -> Int {
        try remote.list(RemoteFileName(validating: "packs")).count
    }

    /// The index names only files that are there, with their lengths, and all that each object needs.
    private func check(_ remote: any Remote) throws {
        let end = try makeEnd(99, remote)
        let catalog = try RemoteCatalog(reading: end.context)
        for pack in catalog.index.packs {
            let name = try pack.name()
            #expect(try remote.size(name) == pack.sizeBytes, "\(name)")
        }
        var mark = RemoteMark(end.context)
        try mark.mark(catalog.index.packs, in: catalog.index)
        for note in catalog.state.refs where note.key.isPushNote {
            var contents: [ContentID] = []
            let key = ObjectKey(.record, note.value.digest)
            _ = try end.context.downloadObjects([key], in: catalog.index) { _, bytes in
                contents = PushNote.contents(of: try JSONValue(parsing: bytes))
            }
            #expect(!contents.isEmpty, "\(note.key)")
            for id in contents {
                let report = try end.fetchAll([id])
                #expect(report.absent.isEmpty, "\(id) of \(note.key)")
                _ = try end.read(id)
            }
        }
    }

    @Test func `what was named by an old push goes, and the rest can be fetched`() throws {
        let (disk, remote) = try makeRemote()
        let end = try makeEnd(1, remote)
        let old = try end.addDirectory([random(1), random(2), random(3, 200_000)])
        let new = try end.addDirectory([random(1), random(4)])
        _ = try end.pushAll([old])
        _ = try end.pushAll([new])
        let before = fileCount(disk)
        let dry = try collect(end, keep: 1, isDryRun: true)
        #expect(dry.condemnedPacks == 2 && dry.liveObjects < dry.objects)
        #expect(dry.writtenBytes > 0)
        #expect(fileCount(disk) == before)

        let report = try collect(end, keep: 1)
        #expect(report.condemnedPacks == 2 && report.rewrittenPacks > 0)
        #expect(report.writtenBytes > 0 && report.receivedBytes > 0)
        #expect(report.removedBytes > 200_000)
        // format, root, one state, one segment; the last push's packs, and what was copied.
        #expect(fileCount(disk) <= 8)
        try check(remote)
        let other = try makeEnd(2, remote)
        #expect(try other.fetchAll([new]).absent.isEmpty)
        #expect(try other.read(new) == end.read(new))
        #expect(try other.fetchAll([old]).absent.count == 1)
        let again = try collect(end, keep: 1)
        #expect(again.condemnedPacks == 0 && again.removedFiles == 0)
        // What is gone is sent again, and nothing else.
        #expect(try end.pushAll([old]).sentBytes > 200_000)
        let third = try makeEnd(3, remote)
        #expect(try third.fetchAll([old]).absent.isEmpty)
        #expect(try third.read(old) == end.read(old))
        try check(remote)
    }

    @Test func `without a rule everything that was pushed stays`() throws {
        let (_, remote) = try makeRemote()
        let end = try makeEnd(1, remote)
        let first = try end.addDirectory([random(1), random(2)])
        let run = try end.run([try end.add(random(5))])
        _ = try end.snapshot(first, "first")
        _ = try end.pushAll([first])
        _ = try end.pushAll([try end.add(random(3))])
        let report = try collect(try makeEnd(7, remote))
        #expect(report.condemnedPacks == 0 || report.liveObjects >= report.objects - 1)
        let other = try makeEnd(2, remote)
        #expect(try other.fetchAll([first]).refs.contains(.run(RunID(run.digest))))
        try check(remote)
    }

    @Test func `the last push is kept though what it names was named before`() throws {
        let (_, remote) = try makeRemote()
        let end = try makeEnd(1, remote)
        let (a, b) = (try end.add(random(1)), try end.add(random(2)))
        _ = try end.pushAll([a])
        _ = try end.pushAll([b])
        #expect(try !end.pushAll([a]).wasUpToDate)
        #expect(try end.pushAll([a]).wasUpToDate)
        try collect(end, keep: 1)
        let other = try makeEnd(2, remote)
        #expect(try other.fetchAll([a]).absent.isEmpty)
    }

    @Test func `a push that died is ended by the second collection, and can begin again`() throws {
        let (_, remote) = try makeRemote()
        let end = try makeEnd(1, remote)
        _ = try end.pushAll([try end.add(random(9))])
        let published = try packs(remote)
        let content = try end.addDirectory([random(1), random(2)])
        let faulty = FaultyRemote(remote)
        faulty.beforeNextSwap {
            throw StoreError(.remoteUnreachable, "cannot reach remote: it went away")
        }
        #expect(throws: StoreError.self) { try end.pushAll([content], through: faulty) }
        #expect(try packs(remote) > published)
        let cleaner = try makeEnd(3, remote)
        #expect(try collect(cleaner).unfinishedPushes == 1)
        #expect(try packs(remote) > published)
        #expect(try collect(cleaner).endedPushes == 1)
        #expect(try packs(remote) == published)
        let report = try end.pushAll([content])
        #expect(report.resumedPacks == 0 && report.packs > 0)
        #expect(try makeEnd(2, remote).fetchAll([content]).absent.isEmpty)
        try check(remote)
    }

    @Test func `a push that goes on meanwhile is not ended`() throws {
        let (_, remote) = try makeRemote()
        let end = try makeEnd(1, remote)
        let content = try end.addDirectory([random(1), random(2)])
        let cleaner = try makeEnd(3, remote)
        _ = try cleaner.pushAll([try cleaner.add([1])])
        let faulty = FaultyRemote(remote)
        faulty.beforeNextSwap { [self] in
            let report = try collect(cleaner)
            #expect(report.unfinishedPushes == 1)
        }
        #expect(try end.pushAll([content], through: faulty).resumedPacks == 0)
        #expect(try collect(cleaner).endedPushes == 0)
        #expect(try makeEnd(2, remote).fetchAll([content]).absent.isEmpty)
    }

    @Test func `a push whose session is ended before it publishes sends all again`() throws {
        let (_, remote) = try makeRemote()
        let end = try makeEnd(1, remote)
        let content = try end.addDirectory([random(1), random(2)])
        let cleaner = try makeEnd(3, remote)
        _ = try cleaner.pushAll([try cleaner.add([1])])
        let faulty = FaultyRemote(remote)
        faulty.beforeNextSwap { [self] in
            try collect(cleaner)
            let report = try collect(cleaner)
            #expect(report.endedPushes == 1)
        }
        _ = try end.pushAll([content], through: faulty)
        let other = try makeEnd(2, remote)
        #expect(try other.fetchAll([content]).absent.isEmpty)
        #expect(try other.read(content) == end.read(content))
        try check(remote)
    }

    @Test func `a push that took over what a collection ends meanwhile sends it again`() throws {
        let (_, remote) = try makeRemote()
        let end = try makeEnd(1, remote)
        let content = try end.addDirectory([random(1), random(2)])
        let cleaner = try makeEnd(3, remote)
        _ = try cleaner.pushAll([try cleaner.add([1])])
        let faulty = FaultyRemote(remote)
        faulty.beforeNextSwap {
            throw StoreError(.remoteUnreachable, "cannot reach remote: it went away")
        }
        #expect(throws: StoreError.self) { try end.pushAll([content], through: faulty) }
        faulty.beforeNextSwap { [self] in
            try collect(cleaner)
            // The session that died, and that of the push's note.
            #expect(try collect(cleaner).endedPushes == 2)
        }
        _ = try end.pushAll([content], through: faulty)
        let other = try makeEnd(2, remote)
        #expect(try other.fetchAll([content]).absent.isEmpty)
        #expect(try other.read(content) == end.read(content))
        try check(remote)
    }

    @Test func `a push that relies on what goes meanwhile sends it again`() throws {
        let (_, remote) = try makeRemote()
        let end = try makeEnd(1, remote)
        let shared = random(1, 50_000)
        _ = try end.pushAll([try end.addDirectory([shared, random(2)])])
        _ = try end.pushAll([try end.add(random(3))])
        let cleaner = try makeEnd(3, remote)
        let content = try end.addDirectory([shared, random(4)])
        let faulty = FaultyRemote(remote)
        faulty.beforeNextSwap { [self] in
            let report = try collect(cleaner, keep: 1)
            #expect(report.condemnedPacks > 0)
        }
        let report = try end.pushAll([content], through: faulty)
        #expect(report.sentBytes > 50_000)
        let other = try makeEnd(2, remote)
        #expect(try other.fetchAll([content]).absent.isEmpty)
        #expect(try other.read(content) == end.read(content))
        try check(remote)
    }

    @Test func `a pack that comes out the same when it is made anew counts as sent`() throws {
        let (_, remote) = try makeRemote()
        // Whose clock stands still, so that the note of the push is the same again.
        let end = try End(1, remote)
        let cleaner = try makeEnd(3, remote)
        _ = try cleaner.pushAll([try cleaner.add(random(5))])
        _ = try cleaner.pushAll([try cleaner.add(random(6))])
        let content = try end.addDirectory([random(1), random(2)])
        let faulty = FaultyRemote(remote)
        faulty.beforeNextSwap { [self] in
            let report = try collect(cleaner, keep: 1)
            #expect(report.condemnedPacks > 0)
        }
        _ = try end.pushAll([content], through: faulty)
        let other = try makeEnd(2, remote)
        #expect(try other.fetchAll([content]).absent.isEmpty)
        #expect(try other.read(content) == end.read(content))
        try check(remote)
    }

    @Test func `what a dead push had sent is not trusted after a collection`() throws {
        let (_, remote) = try makeRemote()
        let end = try makeEnd(1, remote)
        let shared = random(1, 50_000)
        _ = try end.pushAll([try end.addDirectory([shared, random(2)])])
        _ = try end.pushAll([try end.add(random(3))])
        let content = try end.addDirectory([shared, random(4)])
        let faulty = FaultyRemote(remote)
        faulty.beforeNextSwap {
            throw StoreError(.remoteUnreachable, "cannot reach remote: it went away")
        }
        #expect(throws: StoreError.self) { try end.pushAll([content], through: faulty) }
        try collect(try makeEnd(3, remote), keep: 1)
        // Its tree had arrived, and names a file that is gone.
        #expect(try end.pushAll([content]).sentBytes > 50_000)
        let other = try makeEnd(2, remote)
        #expect(try other.fetchAll([content]).absent.isEmpty)
        #expect(try other.read(content) == end.read(content))
        try check(remote)
    }

    @Test func `a collection leaves what a push came to need before it`() throws {
        let (_, remote) = try makeRemote()
        let end = try makeEnd(1, remote)
        let shared = random(1, 50_000)
        _ = try end.pushAll([try end.addDirectory([shared, random(2)])])
        _ = try end.pushAll([try end.add(random(3))])
        let content = try end.addDirectory([shared, random(4)])
        let faulty = FaultyRemote(remote)
        faulty.beforeNextSwap {
            let report = try end.pushAll([content])
            #expect(report.sentBytes < 50_000)
        }
        try collect(try makeEnd(3, remote), keep: 1, through: faulty)
        let other = try makeEnd(2, remote)
        #expect(try other.fetchAll([content]).absent.isEmpty)
        #expect(try other.read(content) == end.read(content))
        try check(remote)
    }

    @Test func `of two collections at once neither breaks the other`() throws {
        let (_, remote) = try makeRemote()
        let end = try makeEnd(1, remote)
        _ = try end.pushAll([try end.addDirectory([random(1), random(2)])])
        let kept = try end.addDirectory([random(1), random(5)])
        _ = try end.pushAll([kept])
        let (a, b) = (try makeEnd(3, remote), try makeEnd(4, remote))
        let faulty = FaultyRemote(remote)
        faulty.beforeNextSwap { [self] in try collect(b, keep: 1) }
        try collect(a, keep: 1, through: faulty)
        try check(remote)
        #expect(try makeEnd(2, remote).fetchAll([kept]).absent.isEmpty)
    }

    @Test func `a collection begins again when another one moves what it reads`() throws {
        let undisturbed = FaultyRemote(try RemoteCollectionTests.copy().remote)
        try collect(try makeEnd(4, undisturbed), keep: 1)
        for number in 1...undisturbed.requestCount {
            let copy = try RemoteCollectionTests.copy()
            let moving = HookedRemote(copy.remote, before: number) { [self] in
                try collect(copy.end, keep: 1)
            }
            try collect(try makeEnd(4, copy.remote), keep: 1, through: moving)
            try check(copy.remote)
        }
    }

    @Test func `a fetch goes on when a collection moves what it wants`() throws {
        let (_, remote) = try makeRemote()
        let end = try makeEnd(1, remote)
        _ = try end.pushAll([try end.addDirectory((1...4).map { random($0, 40_000) })])
        let kept = try end.addDirectory([random(1, 40_000), random(9)])
        _ = try end.pushAll([kept])
        let requests = FaultyRemote(remote)
        _ = try makeEnd(5, remote).fetchAll([kept], through: requests)
        for number in 1...requests.requestCount {
            let copy = try RemoteCollectionTests.copy()
            let reader = try makeEnd(2, copy.remote)
            let moving = HookedRemote(copy.remote, before: number) { [self] in
                try collect(copy.end, keep: 1)
            }
            #expect(try reader.fetchAll([kept], through: moving).absent.isEmpty, "\(number)")
            #expect(try reader.read(kept) == end.read(kept), "\(number)")
        }
    }

    /// A remote of its own with two pushes of an end, of which the first is garbage.
    private static func copy() throws -> (remote: FileRemote, end: End) {
        let (_, remote) = try makeRemote()
        var other = try End(1, remote)
        other.context.clock = .stepping()
        var random = (1...4).map { SmallRandom(seed: $0) }
        let first = try other.addDirectory(random.indices.map { random[$0].bytes(40_000) })
        _ = try other.pushAll([first])
        var (one, nine) = (SmallRandom(seed: 1), SmallRandom(seed: 9))
        _ = try other.pushAll([try other.addDirectory([one.bytes(40_000), nine.bytes(3000)])])
        return (remote, other)
    }

    @Test func `a collection that fails at any request leaves everything that is needed`() throws {
        let counting = FaultyRemote(
            try RemoteCollectionTests.copy().remote)
        let end = try makeEnd(4, counting)
        try collect(end, keep: 1)
        let total = counting.requestCount
        let left = try packs(counting)
        var faults = 0
        for number in 1...total {
            for moment in [FaultyRemote.Moment.before, .after] {
                let copy = try RemoteCollectionTests.copy()
                let faulty = FaultyRemote(copy.remote)
                faulty.failRequest(number, moment, persistently: true)
                _ = try? collect(try makeEnd(4, copy.remote), keep: 1, through: faulty)
                try check(copy.remote)
                for seed in [UInt64(5), 6, 7] {
                    try collect(try makeEnd(seed, copy.remote), keep: 1)
                }
                try check(copy.remote)
                #expect(try packs(copy.remote) == left, "\(number) \(moment)")
                faults += 1
            }
        }
        print("failing requests tried in a collection of a remote: \(faults)")
    }
}

/// Does something before the request with a number.
private final class HookedRemote: Remote {
    private let inner: any Remote
    private let number: Int
    private let hook: @Sendable () throws -> Void
    private let counter: FaultyRemote

    init(_ inner: any Remote, before number: Int, _ hook: @escaping @Sendable () throws -> Void) {
        self.inner = inner
        self.number = number
        self.hook = hook
        counter = FaultyRemote(inner)
    }

    private func next() throws {
        if counter.requestCount + 1 == number { try hook() }
    }

    var description: String { inner.description }
    func read(_ name: RemoteFileName, maximumBytes: Int) throws -> [UInt8] {
        try next()
        return try counter.read(name, maximumBytes: maximumBytes)
    }
    func read(_ name: RemoteFileName, range: Range<Int>) throws -> [UInt8] {
        try next()
        return try counter.read(name, range: range)
    }
    func readVersioned(
        _ name: RemoteFileName, maximumBytes: Int
    ) throws -> (bytes: [UInt8], version: RemoteVersion)? {
        try next()
        return try counter.readVersioned(name, maximumBytes: maximumBytes)
    }
    func put(_ name: RemoteFileName, _ content: RemoteContent) throws {
        try next()
        try counter.put(name, content)
    }
    func compareAndSwap(
        _ name: RemoteFileName, expected: RemoteVersion?, new: [UInt8]
    ) throws -> Bool {
        try next()
        return try counter.compareAndSwap(name, expected: expected, new: new)
    }
    func list(_ prefix: RemoteFileName?) throws -> [(name: RemoteFileName, size: Int)] {
        try next()
        return try counter.list(prefix)
    }
    func size(_ name: RemoteFileName) throws -> Int? {
        try next()
        return try counter.size(name)
    }
    func remove(_ name: RemoteFileName) throws {
        try next()
        try counter.remove(name)
    }
}
