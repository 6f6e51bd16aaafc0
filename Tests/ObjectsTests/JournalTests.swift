import Bytes
import Platform
import TestSupport
import Testing
import Vocabulary

@testable import Objects

@Suite struct JournalTests {
    /// A store of three commits, its journal, and where the records of that start.
    private func threeCommits() throws -> (StoreFixture, [UInt8], [Int]) {
        let fixture = try StoreFixture()
        var starts = [0]
        for index in 0..<3 {
            try fixture.store.add([UInt8(index)], ref: refName("tags/t\(index)"))
            starts.append(try journalBytes(fixture).count)
        }
        return (fixture, try journalBytes(fixture), starts)
    }

    private func journalBytes(_ fixture: StoreFixture) throws -> [UInt8] {
        try fixture.disk.readFile(fixture.root / "journal", maximumBytes: 1 << 20)
    }

    /// Puts `bytes` in the journal's place, without the head that would tell what it once was.
    private func replace(_ fixture: StoreFixture, _ bytes: [UInt8]) throws {
        try writeAtomically(bytes, to: fixture.root / "journal", on: fixture.disk, durable: true)
        try? fixture.disk.removeFile(fixture.root / JournalHead.fileName)
    }

    @Test func `a record cut off anywhere never happened, and the next commit takes its place`()
        throws
    {
        let (fixture, journal, starts) = try threeCommits()
        for length in starts[2]..<journal.count {
            try replace(fixture, Array(journal.prefix(length)))
            let store = try fixture.reopened()
            #expect(try store.journal().count == 2)
            #expect(try store.ref(refName("tags/t2")) == nil)
        }
        let session = try fixture.reopened(seed: 9).beginSession()
        let record = try session.putRecord(["new": 1])
        _ = try session.commit(refs: [RefChange(name: .head, expected: nil, new: record)])
        let store = try fixture.reopened()
        #expect(try store.journal().count == 3)
        #expect(try store.ref(.head) == record)
        #expect(try store.verify(.full).isSound)
    }

    @Test func `any flipped bit before the last record is reported, and nothing is cut off`() throws
    {
        let (fixture, journal, starts) = try threeCommits()
        for bit in stride(from: 0, to: starts[2] * 8, by: 5) {
            var flipped = journal
            flipped[bit / 8] ^= 1 << UInt8(bit % 8)
            try replace(fixture, flipped)
            let error = #expect(throws: StoreError.self) { try fixture.reopened() }
            #expect(error?.kind == .corrupt)
            #expect(error?.message.contains("'journal' is damaged") == true)
            #expect(try journalBytes(fixture) == flipped)
        }
    }

    @Test func `a flipped bit in the last record shows in verify, and its bytes are kept`() throws {
        let (fixture, journal, starts) = try threeCommits()
        var flipped = journal
        flipped[starts[2] + 60] ^= 1
        try replace(fixture, flipped)
        let store = try fixture.reopened()
        #expect(try store.verify(.structure).problems.contains { $0.file == "journal" })
        try store.add([9])
        let kept = try fixture.disk.readFile(
            fixture.root / "journal.torn-3", maximumBytes: 1 << 20)
        #expect(kept == Array(flipped[starts[2]...]))
    }

    @Test func `records in another order or left out break the chain`() throws {
        let (fixture, journal, starts) = try threeCommits()
        let records = (0..<3).map { Array(journal[starts[$0]..<starts[$0 + 1]]) }
        for order in [[1, 0, 2], [0, 2], [1, 2], [0, 0, 1, 2]] {
            try replace(fixture, order.flatMap { records[$0] })
            let error = #expect(throws: StoreError.self) { try fixture.reopened() }
            #expect(error?.message.contains("chain") == true)
        }
    }

    @Test func `a record of a newer version is refused by name`() throws {
        let (fixture, journal, _) = try threeCommits()
        var state = JournalState()
        try state.replay(journal)
        let payload: JSONValue = ["type": "commit", "version": 7]
        let record = JournalFormat.encode(
            sequence: 4, previous: state.lastDigest, payload: payload.canonical)
        try replace(fixture, journal + record)
        let error = #expect(throws: StoreError.self) { try fixture.reopened() }
        #expect(error?.kind == .newerFormat)
        #expect(error?.message.contains("version 7") == true)
    }

    @Test func `payloads of any shape are refused without a trap`() throws {
        for text in [
            "{}", "[]", "1", #"{"version":1}"#, #"{"version":1,"type":"commit"}"#,
            #"{"version":1,"type":"commit","time":"2026-01-01T00:00:00Z","packs":[1],"refs":[]}"#,
            #"{"version":1,"type":"commit","time":"2026-01-01T00:00:00Z","packs":[],"refs":[{"name":"../x"}]}"#,
            #"{"version":1,"type":"commit","time":"2026-01-01T00:00:00Z","packs":[],"refs":[{"name":"x","new":"zz"}]}"#,
        ] {
            let record = JournalFormat.encode(
                sequence: 1, previous: .zero, payload: Array(text.utf8))
            var state = JournalState()
            #expect(throws: StoreError.self) { try state.replay(record) }
        }
    }

    @Test func `what looks like records everywhere is damage, told without hashing all of it`()
        throws
    {
        let (fixture, journal, _) = try threeCommits()
        // Each claims as much payload as there is behind it: hashing all would be quadratic.
        let count = 40_000
        var hostile = journal
        for number in 0..<count {
            var writer = ByteWriter(capacity: 64)
            writer.append(JournalFormat.magic)
            writer.append(uint32: UInt32((count - number) * 64 - JournalFormat.headerBytes))
            hostile += writer.bytes + [UInt8](repeating: 0x7a, count: 56)
        }
        try replace(fixture, hostile)
        let error = #expect(throws: StoreError.self) { try fixture.reopened() }
        #expect(error?.kind == .corrupt)
        #expect(error?.message.contains("looks like records") == true)
        let read = try fixture.disk.readFile(fixture.root / "journal", maximumBytes: 1 << 24)
        #expect(read == hostile)
    }

    @Test func `a missing journal is damage, not an empty store`() throws {
        let (fixture, _, _) = try threeCommits()
        try fixture.disk.removeFile(fixture.root / "journal")
        let error = #expect(throws: StoreError.self) { try fixture.reopened() }
        #expect(error?.kind == .corrupt)
    }
}
