import Bytes
import Platform
import TestSupport
import Testing
import Vocabulary

@testable import Objects

@Suite struct ScrubTests {
    private func fixture(_ commits: Int) throws -> StoreFixture {
        let fixture = try StoreFixture(threads: 1)
        for number in 0..<commits {
            var random = SmallRandom(seed: UInt64(number))
            try fixture.store.add(random.bytes(2000), ref: refName("r/\(number)"))
        }
        return fixture
    }

    /// The store with a clock that goes on by a second at every look.
    private func open(_ fixture: StoreFixture, _ clock: WallClock) throws -> ObjectStore {
        try ObjectStore.open(
            at: fixture.root, on: fixture.disk, entropy: .seeded(4), clock: clock, threads: 1)
    }

    @Test func `short scrubs get around, and begin with what was not looked at for longest`()
        throws
    {
        let fixture = try fixture(3)
        let store = try open(fixture, .stepping())
        var options = ScrubOptions()
        options.maximumMilliseconds = 1
        for round in 1...6 {
            let report = try store.scrub(options)
            #expect(report.packs == 1 && report.remaining == 5, "\(round)")
            #expect((report.oldest == nil) == (round < 6))
        }
        // Another process goes on: with the pack that was first.
        let times = ScrubLog(fixture.store.layout, fixture.disk).times
        let first = try #require(times.min { $0.value < $1.value }?.key)
        let later = Timestamp(milliseconds: 4_000_000_000_000)
        _ = try open(fixture, .stepping(from: later)).scrub(options)
        let after = ScrubLog(fixture.store.layout, fixture.disk).times
        #expect(after.filter { $0.value > later }.map(\.key) == [first])
    }

    @Test func `a flipped byte is found, and the pack stays first in line`() throws {
        let fixture = try fixture(2)
        let (path, bytes) = try #require(try fixture.allPacks().first)
        for position in [40, 70, bytes.count / 2, bytes.count - 30] {
            var damaged = bytes
            damaged[position] ^= 4
            try writeAtomically(damaged, to: path, on: fixture.disk, durable: true)
            let report = try fixture.reopened().scrub()
            #expect(report.packs == 4 && report.remaining == 0)
            #expect(!report.problems.isEmpty, "byte \(position)")
            #expect(report.oldest == nil)
        }
    }

    @Test func `a damaged log of scrubs is none`() throws {
        let fixture = try fixture(1)
        for text in ["", "{", #"{"version":2}"#, #"{"packs":{"x":1},"version":1}"#] {
            try writeAtomically(
                Array(text.utf8), to: fixture.root / "scrub", on: fixture.disk, durable: true)
            let report = try fixture.store.scrub()
            #expect(report.packs == 2 && report.problems.isEmpty && report.oldest != nil)
        }
    }
}

@Suite struct QuarantineTests {
    private func random(_ seed: UInt64, _ count: Int = 80_000) -> [UInt8] {
        var random = SmallRandom(seed: seed)
        return random.bytes(count)
    }

    @Test func `what is intact in a damaged pack is kept, and the pack is moved aside`() throws {
        let fixture = try StoreFixture()
        let session = try fixture.store.beginSession()
        let blobs = try (1...3).map { try session.putBlob(random(UInt64($0))).id }
        let record = try session.putRecord([
            "blobs": .array(blobs.map { .string($0.description) })
        ])
        _ = try session.commit(refs: [RefChange(name: refName("r"), expected: nil, new: record)])
        let (path, bytes) = try #require(try fixture.allPacks().max { $0.1.count < $1.1.count })
        var damaged = bytes
        damaged[bytes.count / 2] ^= 1
        try writeAtomically(damaged, to: path, on: fixture.disk, durable: true)

        let store = try fixture.reopened()
        let found = try store.verify(.full)
        let report = try store.quarantine(found)
        #expect(report.packs.count == 1 && report.rescued == 2 && report.lost.count == 1)
        let reopened = try fixture.reopened(seed: 3)
        #expect(blobs.count { reopened.contains($0) } == 2)
        #expect(blobs.filter { !reopened.contains($0) }.map(\.digest) == report.lost.map(\.digest))
        let aside = try fixture.disk.entries(of: fixture.root / "quarantine")
        #expect(aside.count == 1)
        #expect(
            try fixture.disk.readFile(
                (fixture.root / "quarantine").appending(aside[0].name), maximumBytes: 1 << 24)
                == damaged)
        #expect(try reopened.verify(.full).problems.allSatisfy { $0.severity != .damaged })
        // Stored again, all is well.
        for number in 1...3 { try reopened.add(random(UInt64(number))) }
        #expect(try fixture.reopened(seed: 4).verify(.full).isSound)
    }

    @Test func `a sound store is left alone, and nothing is moved beside a writer`() throws {
        let fixture = try StoreFixture()
        try fixture.store.add(random(1), ref: refName("r"))
        let sound = try fixture.store.quarantine(try fixture.store.verify(.full))
        #expect(sound.packs.isEmpty)
        #expect(try fixture.store.journal().count == 1)
        let (path, bytes) = try #require(try fixture.allPacks().first)
        try writeAtomically(
            Array(bytes.dropLast()), to: path, on: fixture.disk, durable: true)
        let store = try fixture.reopened()
        let found = try store.verify(.full)
        let writer = try fixture.reopened(seed: 8).beginSession()
        let error = #expect(throws: StoreError.self) { try store.quarantine(found) }
        #expect(error?.kind == .locked)
        writer.abandon()
        #expect(try store.quarantine(found).packs.count == 1)
        #expect(try fixture.allPacks().count >= 1)
    }
}
