import Bytes
import Objects
import Platform
import TestSupport
import Testing
import Vocabulary

/// A journal that lost commits must not look like one that never had them.
@Suite struct JournalHeadTests {
    private let root = DiskPath("/store")

    private func store(commits: Int) throws -> SimulatedDisk {
        let disk = SimulatedDisk()
        let store = try ObjectStore.create(at: root, on: disk, entropy: .seeded(1))
        for number in 0..<commits {
            let session = try store.beginSession()
            _ = try session.putBlob([UInt8(number)])
            _ = try session.commit(note: ["command": "add"])
        }
        return disk
    }

    private func open(_ disk: SimulatedDisk) throws -> ObjectStore {
        try ObjectStore.open(at: root, on: disk, entropy: .seeded(2))
    }

    private func journal(_ disk: SimulatedDisk) throws -> [UInt8] {
        try disk.readFile(root / "journal", maximumBytes: 1 << 20)
    }

    @Test func `every truncation of the journal is refused, records cut off whole too`() throws {
        let disk = try store(commits: 3)
        let bytes = try journal(disk)
        for length in 0..<bytes.count {
            try writeAtomically(
                Array(bytes[..<length]), to: root / "journal", on: disk, durable: true)
            let error = #expect(throws: StoreError.self) { try open(disk) }
            #expect(error?.kind == .corrupt)
        }
        try writeAtomically(bytes, to: root / "journal", on: disk, durable: true)
        #expect(try open(disk).journal().count == 3)
    }

    @Test func `a damaged last record is refused and not cut off`() throws {
        let disk = try store(commits: 2)
        var bytes = try journal(disk)
        bytes[bytes.count - 3] ^= 4
        try writeAtomically(bytes, to: root / "journal", on: disk, durable: true)
        let error = #expect(throws: StoreError.self) { try open(disk) }
        #expect(error?.kind == .corrupt)
        #expect(error?.advice?.contains("journal.head") == true)
        // What the advice says: without the head, the commits that are left are read.
        try disk.removeFile(root / "journal.head")
        #expect(try open(disk).journal().count == 1)
    }

    @Test func `a record cut off by a crash behind the head is passed over`() throws {
        let disk = try store(commits: 2)
        let torn = Array(try journal(disk).prefix(100))
        try writeAtomically(
            try journal(disk) + torn.prefix(90), to: root / "journal", on: disk, durable: true)
        #expect(try open(disk).journal().count == 2)
    }

    @Test func `a head that is old, missing or damaged is no obstacle`() throws {
        let disk = try store(commits: 1)
        let old = try disk.readFile(root / "journal.head", maximumBytes: 100)
        let store = try open(disk)
        let session = try store.beginSession()
        _ = try session.putBlob([9])
        _ = try session.commit(note: ["command": "add"])
        for content in [old, [], Array(old.dropLast()), old.map { $0 ^ 1 }] {
            try writeAtomically(content, to: root / "journal.head", on: disk, durable: true)
            #expect(try open(disk).journal().count == 2)
        }
        try disk.removeFile(root / "journal.head")
        #expect(try open(disk).journal().count == 2)
    }

    @Test func `a store without its format file is neither opened nor made anew`() throws {
        let disk = try store(commits: 1)
        let before = try journal(disk)
        let format = try disk.readFile(root / "format", maximumBytes: 1000)
        try disk.removeFile(root / "format")
        let opened = #expect(throws: StoreError.self) { try open(disk) }
        #expect(opened?.kind == .corrupt)
        let made = #expect(throws: StoreError.self) {
            try ObjectStore.create(at: root, on: disk, entropy: .seeded(3))
        }
        #expect(made?.kind == .corrupt)
        #expect(try journal(disk) == before)
        try writeAtomically(format, to: root / "format", on: disk, durable: true)
        #expect(try open(disk).journal().count == 1)
    }
}
