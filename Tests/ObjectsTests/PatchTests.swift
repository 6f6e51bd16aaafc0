import Bytes
import Platform
import TestSupport
import Testing
import Vocabulary

@testable import Objects

@Suite struct PatchTests {
    private static let old = DiskPath("/old")
    private static let new = DiskPath("/new")

    /// Rows of a table; a number in them differs for the rows `changed`.
    private func rows(_ count: Int, changed: Range<Int> = 0..<0, extra: Int? = nil) -> [UInt8] {
        var out: [UInt8] = []
        for row in 0..<count {
            if row == extra { out += Array("one row more\n".utf8) }
            let value = (row &* 2_654_435_761 &+ (changed.contains(row) ? 1 : 0)) % 1_000_000
            out += Array("\(1_000_000 + row),\(1_000_000 + value),some words of a row\n".utf8)
        }
        return out
    }

    /// What came of a patch: whether it was made, what stands in the new file, bytes written.
    private struct Outcome {
        var isMade: Bool
        var content: [UInt8]
        var written: Int
    }

    private func patch(
        from old: [UInt8], to new: [UInt8], onDisk: [UInt8]? = nil,
        _ prepare: (SimulatedDisk) -> Void = { _ in }
    ) throws -> Outcome {
        let disk = SimulatedDisk()
        let store = try StoreFixture(on: disk).store
        let known = try store.add(old).id
        let id = try store.add(new).id
        try writeAtomically(onDisk ?? old, to: PatchTests.old, on: disk, durable: true)
        let file = try disk.openFile(PatchTests.new, .createNew(permissions: 0o644))
        let source = try disk.openFile(PatchTests.old, .read)
        prepare(disk)
        let before = disk.writtenBytes
        let isMade = try store.patch(file, to: id, from: source, holding: known)
        return Outcome(
            isMade: isMade, content: try file.read(at: 0, count: new.count + 1),
            written: disk.writtenBytes - before)
    }

    @Test func `rows that change in place are written, and the rest is shared`() throws {
        let new = rows(60_000, changed: 20_000..<20_060)
        let outcome = try patch(from: rows(60_000), to: new)
        #expect(outcome.isMade)
        #expect(outcome.content == new)
        // 60 rows of 36 bytes, and the units that they begin and end in.
        #expect(outcome.written < 3 * 4096 + 8192)
    }

    @Test func `a file that grew, shrank, or lost its start comes out right`() throws {
        let whole = rows(60_000)
        for new in [rows(70_000), rows(50_000), Array(whole.dropLast(3)), whole + [0x31]] {
            let outcome = try patch(from: whole, to: new)
            #expect(outcome.isMade)
            #expect(outcome.content == new)
            #expect(outcome.written < 1 << 20)
        }
    }

    @Test func `what moved by less than a unit is not shared`() throws {
        let new = rows(60_000, extra: 50_000)
        let outcome = try patch(from: rows(60_000), to: new)
        #expect(outcome.isMade)
        #expect(outcome.content == new)
        #expect(outcome.written > new.count / 8)
        // Early in the file there is too little left to share.
        #expect(try !patch(from: rows(60_000), to: rows(60_000, extra: 10)).isMade)
    }

    @Test func `what moved by whole units is shared`() throws {
        var random = SmallRandom(seed: 4)
        let rest = (0..<3 << 20).map { _ in UInt8(truncatingIfNeeded: random.next()) }
        let start = (0..<(16 * 4096)).map { _ in UInt8(truncatingIfNeeded: random.next()) }
        let outcome = try patch(from: rest, to: start + rest)
        #expect(outcome.isMade)
        #expect(outcome.content == start + rest)
        #expect(outcome.written < 2 << 20)
    }

    @Test func `any edits give the right bytes or no patch`() throws {
        var random = SmallRandom(seed: 11)
        var made = 0
        for round in 0..<60 {
            let old = rows(random.integer(in: 20_000..<50_000))
            var new = old
            for _ in 0..<random.integer(in: 1..<6) {
                let at = random.integer(in: 0..<new.count)
                let length = random.integer(in: 0..<min(3 * 4096, new.count - at + 1))
                let bytes = [UInt8](repeating: UInt8(0x30 + round % 10), count: length)
                switch random.integer(in: 0..<4) {
                case 0: new.replaceSubrange(at..<(at + length), with: bytes)
                case 1: new.insert(contentsOf: bytes.prefix(length / 4096 * 4096), at: at)
                case 2: new.removeSubrange(at..<(at + length / 4096 * 4096))
                default: new.insert(contentsOf: bytes, at: at)
                }
            }
            let outcome = try patch(from: old, to: new)
            guard outcome.isMade else { continue }
            made += 1
            #expect(outcome.content == new, "round \(round)")
        }
        #expect(made > 20)
        print("patches of random edits: \(made) of 60")
    }

    @Test func `an old file that is not what was said is not built upon`() throws {
        let old = rows(60_000)
        let new = rows(60_000, changed: 20_000..<20_060)
        // All before the change, so that the border is met; and a file that is shorter.
        var other = old
        for index in (20_000 * 36 - 300_000)..<(20_000 * 36) { other[index] ^= 1 }
        #expect(try !patch(from: old, to: new, onDisk: other).isMade)
        #expect(try !patch(from: old, to: new, onDisk: Array(old.prefix(1 << 20))).isMade)
    }

    @Test func `where files cannot share there is no patch, and nothing is written`() throws {
        let outcome = try patch(
            from: rows(60_000), to: rows(60_000, changed: 7..<9), { $0.refuseClones() })
        #expect(!outcome.isMade)
        #expect(outcome.written == 0)
    }

    @Test func `an old version that the store does not know gives no patch`() throws {
        let disk = SimulatedDisk()
        let store = try StoreFixture(on: disk).store
        let id = try store.add(rows(60_000)).id
        try writeAtomically(rows(60_000), to: PatchTests.old, on: disk, durable: true)
        let file = try disk.openFile(PatchTests.new, .createNew(permissions: 0o644))
        let source = try disk.openFile(PatchTests.old, .read)
        let known = BlobID(sha256(Array("elsewhere".utf8)))
        #expect(try !store.patch(file, to: id, from: source, holding: known))
    }

    @Test func `a damaged chunk is told, not patched over`() throws {
        let disk = SimulatedDisk()
        let fixture = try StoreFixture(on: disk)
        let known = try fixture.store.add(rows(60_000)).id
        let new = rows(60_000, changed: 20_000..<20_060)
        let packs = Set(try disk.entries(of: DiskPath("/store/packs")).map(\.name))
        let id = try fixture.store.add(new).id
        for entry in try disk.entries(of: DiskPath("/store/packs"))
        where !packs.contains(entry.name) {
            let path = DiskPath("/store/packs").appending(entry.name)
            let pack = try disk.openFile(path, .readWrite)
            let size = try pack.status().size
            try pack.write([UInt8](repeating: 0xff, count: 200), at: min(400, size / 2))
        }
        try writeAtomically(rows(60_000), to: PatchTests.old, on: disk, durable: true)
        let file = try disk.openFile(PatchTests.new, .createNew(permissions: 0o644))
        let source = try disk.openFile(PatchTests.old, .read)
        let store = try fixture.reopened()
        let error = #expect(throws: StoreError.self) {
            _ = try store.patch(file, to: id, from: source, holding: known)
        }
        #expect(error?.kind == .corrupt)
    }
}
