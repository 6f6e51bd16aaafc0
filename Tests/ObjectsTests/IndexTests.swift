import Bytes
import Platform
import TestSupport
import Testing
import Vocabulary

@testable import Objects

@Suite struct IndexTests {
    private func packs(_ sizes: [Int]) -> [(PackID, [PackEntry])] {
        var random = SmallRandom(seed: 1)
        return sizes.map { size in
            let entries = (0..<size).map { index in
                PackEntry(
                    key: ObjectKey(
                        ObjectKind.allCases[index % 5], Digest(bytes: random.bytes(32)) ?? .zero),
                    frameOffset: 32 + index, ordinal: index % 7, length: index)
            }
            return (PackID(Digest(bytes: random.bytes(32)) ?? .zero), entries)
        }
    }

    @Test(arguments: [[0], [1], [3, 0, 2], [1000, 500]])
    func `every object is found where it is, and no other`(sizes: [Int]) throws {
        let packs = packs(sizes)
        let bytes = StoreLoader.encodeSegment(packs)
        let segment = try IndexSegment(checking: MappedBytes(bytes))
        #expect(segment.packs == packs.map(\.0).sorted())
        #expect(segment.objectCount == sizes.reduce(0, +))
        for (id, entries) in packs {
            for entry in entries {
                var found: [PackEntry] = []
                segment.find(entry.key) { hit in
                    #expect(segment.packs[hit.pack] == id)
                    found.append(
                        PackEntry(
                            key: entry.key, frameOffset: hit.frameOffset, ordinal: hit.ordinal,
                            length: hit.length))
                    return false
                }
                #expect(found == [entry])
                let other = ObjectKey(entry.key.kind == .chunk ? .record : .chunk, entry.key.digest)
                segment.find(other) { _ in
                    Issue.record("found an object of another kind")
                    return true
                }
            }
        }
        var random = SmallRandom(seed: 2)
        for _ in 0..<100 {
            segment.find(ObjectKey(.chunk, Digest(bytes: random.bytes(32)) ?? .zero)) { _ in
                Issue.record("found what is not there")
                return true
            }
        }
    }

    @Test func `every flipped bit and every cut of a segment is rejected`() {
        let bytes = StoreLoader.encodeSegment(packs([2, 1]))
        for bit in 0..<(bytes.count * 8) {
            var flipped = bytes
            flipped[bit / 8] ^= 1 << UInt8(bit % 8)
            #expect(throws: DecodeError.self) { try IndexSegment(checking: MappedBytes(flipped)) }
        }
        for length in 0..<bytes.count {
            #expect(throws: DecodeError.self) {
                try IndexSegment(checking: MappedBytes(Array(bytes.prefix(length))))
            }
        }
    }

    @Test func `every flipped bit of a pack's trailer and directory is rejected`() throws {
        let entries = packs([3])[0].1
        let directory = PackDirectory.encode(entries)
        let trailer = PackTrailer(
            directoryOffset: 500, objectCount: 3, frameCount: 1, plainBytes: 9,
            directoryChecksum: xxh3(directory))
        let size = 500 + directory.count + PackFormat.trailerBytes
        #expect(try PackTrailer(parsing: trailer.encoded.span, fileSize: size) == trailer)
        let parsed = try PackDirectory.parse(directory.span, trailer: trailer)
        #expect(parsed == entries.sorted { $0.key < $1.key })
        for bit in 0..<(trailer.encoded.count * 8) {
            var flipped = trailer.encoded
            flipped[bit / 8] ^= 1 << UInt8(bit % 8)
            #expect(throws: DecodeError.self) {
                try PackTrailer(parsing: flipped.span, fileSize: size)
            }
        }
        for bit in 0..<(directory.count * 8) {
            var flipped = directory
            flipped[bit / 8] ^= 1 << UInt8(bit % 8)
            #expect(throws: DecodeError.self) {
                try PackDirectory.parse(flipped.span, trailer: trailer)
            }
        }
    }
}
