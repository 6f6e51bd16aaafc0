import Bytes
import Platform
import TestSupport
import Testing
import Vocabulary

@testable import Objects

@Suite struct IndexMergeTests {
    private let disk = LocalDisk()

    private func pack(_ random: inout SmallRandom, _ count: Int) -> (PackID, [PackEntry]) {
        let entries = (0..<count).map { index in
            PackEntry(
                key: ObjectKey(
                    ObjectKind.allCases[index % 5], Digest(bytes: random.bytes(32)) ?? .zero),
                frameOffset: 32 + index, ordinal: index % 7, length: index)
        }
        return (PackID(Digest(bytes: random.bytes(32)) ?? .zero), entries)
    }

    private func segment(_ packs: [(PackID, [PackEntry])]) throws -> IndexSegment {
        try IndexSegment(checking: MappedBytes(StoreLoader.encodeSegment(packs)))
    }

    @Test func `merged segments are the segment over all packs, byte for byte`() throws {
        try withTemporaryFolder { folder in
            var random = SmallRandom(seed: 3)
            // More entries than the buffer takes.
            let packs = [30_000, 0, 5, 9_000, 1].map { pack(&random, $0) }
            let segments = [
                try segment([packs[3], packs[0]]), try segment([packs[1]]),
                // The second of these is covered twice.
                try segment([packs[2], packs[3]]), try segment([packs[4]]),
            ]
            let name = try IndexMerge(segments).write(into: folder, on: disk)
            let bytes = try disk.readFile(folder / name, maximumBytes: 1 << 24)
            #expect(bytes == StoreLoader.encodeSegment(packs))
            #expect(name == sha256(bytes).hex + ".idx")
            let empty = try IndexMerge([]).write(into: folder, on: disk)
            #expect(
                try disk.readFile(folder / empty, maximumBytes: 1 << 16)
                    == StoreLoader.encodeSegment([]))
            #expect(try disk.entries(of: folder).count == 2)
        }
    }

    @Test func `a merge that cannot be written leaves nothing`() throws {
        try withTemporaryFolder { (folder: DiskPath) throws -> Void in
            let merge = IndexMerge([])
            #expect(throws: StoreError.self) {
                _ = try merge.write(into: folder / "missing", on: disk)
            }
            let left = try disk.entries(of: folder)
            #expect(left.isEmpty)
        }
    }

    @Test func `a session knows what it put, in memory or not, and indexes all of it`() throws {
        try withTemporaryFolder { folder in
            var random = SmallRandom(seed: 4)
            let put = PutObjects()
            var index = SessionIndex()
            #expect(put.isEmpty)
            // The first three fill what is kept in memory.
            let packs = [40_000, 25_000, 2_000, 10].map { pack(&random, $0) }
            for (id, entries) in packs {
                for entry in entries { #expect(put.insert(entry.key)) }
                let sealed = SealedPack(
                    id: id, packClass: .data, sizeBytes: 0, entries: entries, hasPlainFile: false)
                try index.add(sealed, put, in: folder, on: disk)
            }
            #expect(!put.isEmpty)
            for (_, entries) in packs {
                for entry in entries.prefix(100) {
                    #expect(put.contains(entry.key))
                    #expect(!put.insert(entry.key))
                }
            }
            #expect(!put.contains(ObjectKey(.chunk, .zero)))
            #expect(try disk.entries(of: folder).count == 1)
            index.publish(into: folder / "index", on: disk)
            let names = try disk.entries(of: folder / "index").map(\.name)
            let bytes = StoreLoader.encodeSegment(packs)
            #expect(names == [Array((sha256(bytes).hex + ".idx").utf8)])
            // What was published is not published again.
            index.publish(into: folder / "again", on: disk)
            #expect(try disk.entries(of: folder / "again").isEmpty)
        }
    }
}
