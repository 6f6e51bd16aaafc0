import Bytes
import Platform
import TestSupport
import Testing
import Vocabulary

@testable import Objects

/// A base reader for frames that build on nothing.
func noBase(_ key: ObjectKey, _ generation: Int) throws -> [UInt8] {
    throw StoreError.objectMissing(key)
}

/// A table of `count` rows of some 90 bytes that compress to about half.
func tableRows(_ count: Int, seed: UInt64) -> [[UInt8]] {
    var random = SmallRandom(seed: seed)
    return (0..<count).map { row in
        Array(
            "\(row),\(["JFK", "LGA", "EWR"][random.integer(in: 0..<3)]),\(random.next()),\(random.next()),\(random.next()),late,\(random.integer(in: 0..<100_000))\n"
                .utf8)
    }
}

extension ObjectStore {
    /// Stores a version that replaces another, in a commit of its own.
    func add(_ bytes: [UInt8], replacing prior: BlobID?) throws -> BlobReceipt {
        let session = try beginSession()
        let receipt = try session.putBlob(bytes, prior: prior)
        _ = try session.commit()
        return receipt
    }

    fileprivate func generations(of blob: BlobID) throws -> [Int] {
        try chunkList(of: blob).map {
            try frameBases(of: ObjectKey(.chunk, $0.id.digest))?.generation ?? 0
        }
    }
}

@Suite struct DeltaTests {
    enum Edit: String, CaseIterable {
        case inPlace, append, prepend, insert, delete, column, everything
    }

    private func edited(_ rows: [[UInt8]], _ edit: Edit) -> [[UInt8]] {
        var random = SmallRandom(seed: 77)
        var rows = rows
        switch edit {
        case .inPlace:
            for _ in 0..<(rows.count / 200) {
                let row = random.integer(in: 0..<rows.count)
                rows[row].replaceSubrange(
                    0..<2, with: Array("\(random.integer(in: 0..<9999))".utf8))
            }
        case .append: rows += tableRows(200, seed: 5)
        case .prepend: rows = tableRows(200, seed: 5) + rows
        case .insert: rows.insert(contentsOf: tableRows(200, seed: 5), at: rows.count / 3)
        case .delete: rows.removeSubrange((rows.count / 3)..<(rows.count / 3 + 500))
        case .column:
            for row in rows.indices {
                rows[row].insert(contentsOf: Array(",1".utf8), at: rows[row].count - 1)
            }
        case .everything: rows = tableRows(rows.count, seed: 9)
        }
        return rows
    }

    @Test(arguments: Edit.allCases)
    func `a new version costs its change, whatever was changed`(edit: Edit) throws {
        let fixture = try StoreFixture()
        let rows = tableRows(30_000, seed: 1)
        let old = Array(rows.joined())
        let new = Array(edited(rows, edit).joined())
        let first = try fixture.store.add(old, replacing: nil)
        let second = try fixture.store.add(new, replacing: first.id)
        let share = Double(second.newBytesStored) / Double(first.newBytesStored)
        switch edit {
        case .everything: #expect(share > 0.9)
        case .column: #expect(share < 0.25)
        case .inPlace: #expect(share < 0.03)
        case .append, .prepend, .insert, .delete: #expect(share < 0.05)
        }
        let store = try fixture.reopened()
        #expect(try store.readBlob(second.id, maximumBytes: 10 << 20) == new)
        #expect(try store.readBlob(first.id, maximumBytes: 10 << 20) == old)
        let report = try store.verify(.full)
        #expect(report.problems.isEmpty, "\(report.problems)")
    }

    @Test(arguments: [17_000, 60_000, 130_000])
    func `a small file costs its change too`(size: Int) throws {
        let fixture = try StoreFixture()
        let disk = fixture.disk
        let old = Array(tableRows(2000, seed: 1).joined().prefix(size))
        func put(_ bytes: [UInt8], _ prior: BlobID?) throws -> (BlobID, grown: Int) {
            let path = DiskPath("/file")
            try writeAtomically(bytes, to: path, on: disk, durable: false)
            let status = try #require(try disk.status(of: path, followingLinks: true))
            let session = try fixture.store.beginSession()
            let file = FileToStore(path: path, status: status, prior: prior)
            let receipt = try #require(try session.putBlobs([file]).first)
            return (receipt.id, try session.commit().storedBytes)
        }
        let (first, _) = try put(old, nil)
        var new = old
        new.replaceSubrange(5000..<5004, with: Array("edit".utf8))
        let (second, grown) = try put(new, first)
        #expect(grown < 800)
        let store = try fixture.reopened()
        #expect(try store.readBlob(second, maximumBytes: 1 << 20) == new)
        #expect(try store.verify(.full).problems.isEmpty)
    }

    @Test func `rows in another order are stored, as they are`() throws {
        let fixture = try StoreFixture()
        var random = SmallRandom(seed: 3)
        let rows = tableRows(20_000, seed: 1)
        let first = try fixture.store.add(Array(rows.joined()), replacing: nil)
        let shuffled = Array(rows.shuffled(using: &random).joined())
        let second = try fixture.store.add(shuffled, replacing: first.id)
        #expect(try fixture.reopened().readBlob(second.id, maximumBytes: 10 << 20) == shuffled)
    }

    @Test func `a long history stays cheap to store and short to read`() throws {
        let fixture = try StoreFixture()
        var random = SmallRandom(seed: 4)
        var rows = tableRows(8000, seed: 1)
        var versions: [(id: BlobID, bytes: [UInt8])] = []
        var deepest = 0
        var stored = 0
        for version in 0..<70 {
            for _ in 0..<40 where version > 0 {
                let row = random.integer(in: 0..<rows.count)
                rows[row] = Array("\(row),changed,\(random.next())\n".utf8)
            }
            let bytes = Array(rows.joined())
            let receipt = try fixture.store.add(bytes, replacing: versions.last?.id)
            if version > 0 { stored += receipt.newBytesStored }
            versions.append((receipt.id, bytes))
            deepest = max(deepest, try fixture.store.generations(of: receipt.id).max() ?? 0)
        }
        #expect(stored < 70 * 8000 * 90 / 25)
        // Versions, each a generation: as deep as a chain of steps of 64, 8 and 1 can be.
        #expect(deepest > 8)
        let store = try fixture.reopened()
        for version in versions {
            #expect(try store.readBlob(version.id, maximumBytes: 10 << 20) == version.bytes)
        }
        for version in [8, 63, 64, 69] {
            #expect(try chainLength(versions[version].id, store) <= 16)
        }
        #expect(try store.verify(.full).problems.isEmpty)
    }

    /// How many frames are decoded, one after the other, for the deepest chunk of a blob.
    private func chainLength(_ blob: BlobID, _ store: ObjectStore) throws -> Int {
        func depth(_ digest: Digest) throws -> Int {
            let bases = try store.frameBases(of: ObjectKey(.chunk, digest))?.digests ?? []
            return try 1 + (bases.map { try depth($0) }.max() ?? 0)
        }
        return try store.chunkList(of: blob).map { try depth($0.id.digest) }.max() ?? 0
    }

    @Test func `a chain steps back by its lowest octal digit`() {
        let expected = [
            1: 0, 2: 1, 7: 6, 8: 0, 9: 8, 15: 14, 16: 8, 56: 48, 63: 62, 64: 0, 65: 64, 72: 64,
        ]
        for (generation, base) in expected {
            #expect(FrameBases.preferredBase(ofGeneration: generation) == base)
        }
        for generation in 1...512 {
            var steps = 0
            var current = generation
            while current > 0 {
                current = FrameBases.preferredBase(ofGeneration: current)
                steps += 1
            }
            #expect(steps <= 21)
        }
    }

    @Test func `packs with deltas do not depend on the number of threads`() throws {
        let rows = tableRows(30_000, seed: 1)
        let old = Array(rows.joined())
        let new = Array(edited(edited(rows, .inPlace), .prepend).joined())
        var packs: Set<[PackID]> = []
        for threads in [1, 2, 7] {
            let fixture = try StoreFixture(threads: threads)
            let first = try fixture.store.add(old, replacing: nil)
            _ = try fixture.store.add(new, replacing: first.id)
            packs.insert(try fixture.store.journal().flatMap { $0.packs.map(\.id) })
        }
        #expect(packs.count == 1)
    }

    @Test func `a prior version that is not here changes nothing`() throws {
        let fixture = try StoreFixture()
        let bytes = Array(tableRows(5000, seed: 1).joined())
        let receipt = try fixture.store.add(bytes, replacing: BlobID(sha256([1])))
        #expect(try fixture.store.readBlob(receipt.id, maximumBytes: 1 << 20) == bytes)
        #expect(try fixture.store.generations(of: receipt.id).allSatisfy { $0 == 0 })
    }

    @Test func `equal chunks within a version and a delta against itself are read back`() throws {
        let fixture = try StoreFixture()
        let rows = tableRows(10_000, seed: 1)
        let half = Array(rows.joined())
        let first = try fixture.store.add(half, replacing: nil)
        let twice = Array(edited(rows, .inPlace).joined())
        let second = try fixture.store.add(twice + twice + twice, replacing: first.id)
        let third = try fixture.store.add(half + twice, replacing: second.id)
        #expect(
            try fixture.reopened().readBlob(second.id, maximumBytes: 10 << 20)
                == twice + twice + twice)
        #expect(try fixture.reopened().readBlob(third.id, maximumBytes: 10 << 20) == half + twice)
    }
}
