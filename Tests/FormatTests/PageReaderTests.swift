import Bytes
import Objects
import Testing
import Vocabulary

/// Reads the packs and index segments of a fixture field by field, as the tables of
/// frames-and-packs.md and index.md say, and makes the derived parts anew to compare them.
@Suite struct PageReaderTests {
    private struct Entry {
        var digest: Digest
        var kind: UInt8
        var offset: UInt32
        var ordinal: UInt16
        var length: UInt32
    }

    private func xxh3(_ bytes: ArraySlice<UInt8>) -> UInt64 { Bytes.xxh3(Array(bytes)) }

    /// The entries of a frame that starts at `offset`, and where the frame ends.
    private func frame(_ pack: [UInt8], at offset: Int) throws -> ([Entry], end: Int) {
        let span = pack.span
        var cursor = ByteCursor(offset: offset)
        #expect(try cursor.bytes(4, span) == Array("mlf1".utf8))
        let payload = Int(try cursor.uint32(span))
        let end = offset + 64 + payload
        #expect(try cursor.uint64(span) == xxh3(pack[(offset + 16)..<end]))
        let kind = try cursor.uint8(span)
        let codec = try cursor.uint8(span)
        #expect(try cursor.uint16(span) == 0)
        let plainLength = Int(try cursor.uint32(span))
        let count = Int(try cursor.uint32(span))
        #expect(try cursor.uint32(span) == 0)
        let first = try cursor.digest(span)
        var lengths = [plainLength]
        if count > 1 { lengths = try (0..<count).map { _ in Int(try cursor.uint32(span)) } }
        let encoded = Array(pack[cursor.offset..<end])
        var plain = encoded
        if codec == 1 { plain = try Zstd.decompress(encoded, plainLength: plainLength) }
        #expect(codec <= 1 && plain.count == plainLength && lengths.reduce(0, +) == plainLength)
        var entries: [Entry] = []
        for (ordinal, length) in lengths.enumerated() {
            let object = Array(plain.prefix(length))
            plain.removeFirst(length)
            let digest = try #require(idOf(kind, object))
            entries.append(
                Entry(
                    digest: digest, kind: kind, offset: UInt32(offset), ordinal: UInt16(ordinal),
                    length: UInt32(length)))
        }
        #expect(entries.first?.digest == first)
        return (entries, end)
    }

    /// The digests of ids.md.
    private func idOf(_ kind: UInt8, _ object: [UInt8]) -> Digest? {
        switch kind {
        case 1: sha256(object)
        case 2: Digest(bytes: object.prefix(32))
        case 3: taggedDigest("mlstore recipe node 1", object)
        case 4: taggedDigest("mlstore tree 1", object)
        case 5: taggedDigest("mlstore record 1", object)
        default: nil
        }
    }

    private func order(_ left: Entry, _ right: Entry) -> Bool {
        left.digest != right.digest ? left.digest < right.digest : left.kind < right.kind
    }

    private func readPack(_ pack: [UInt8]) throws -> (entries: [Entry], frames: Int) {
        #expect(Array(pack[0..<8]) == Array("mlspack1".utf8))
        #expect(Array(pack[8..<12]) == [1, 0, 0, 0])
        #expect([1, 2].contains(pack[12]) && Array(pack[13..<16]) == [0, 0, 0])
        let span = pack.span
        var trailer = ByteCursor(offset: pack.count - 64)
        let directory = Int(try trailer.uint64(span))
        var entries: [Entry] = []
        var offset = 32
        var frames = 0
        while offset < directory {
            let (found, end) = try frame(pack, at: offset)
            #expect(found.allSatisfy { ($0.kind == 1) == (pack[12] == 1) })
            entries += found
            offset = end
            frames += 1
        }
        #expect(offset == directory)
        #expect(Int(try trailer.uint64(span)) == entries.count)
        #expect(Int(try trailer.uint64(span)) == frames)
        #expect(try trailer.uint64(span) == entries.reduce(0) { $0 + UInt64($1.length) })
        entries.sort(by: order)
        var writer = ByteWriter()
        for entry in entries {
            writer.append(entry.digest)
            writer.append(uint32: entry.offset)
            writer.append(uint8: entry.kind)
            writer.append(uint8: 0)
            writer.append(uint16: entry.ordinal)
            writer.append(uint32: entry.length)
        }
        #expect(Array(pack[directory..<(pack.count - 64)]) == writer.bytes)
        #expect(try trailer.uint64(span) == Bytes.xxh3(writer.bytes))
        #expect(try trailer.uint64(span) == 0)
        #expect(try trailer.uint64(span) == xxh3(pack[(pack.count - 64)..<(pack.count - 16)]))
        #expect(Array(pack.suffix(8)) == Array("mlsptrlr".utf8))
        return (entries, frames)
    }

    private func files(_ ending: String, _ fixture: StoreFixture) throws -> [Digest: [UInt8]] {
        var found: [Digest: [UInt8]] = [:]
        for (path, bytes) in try fixture.files() where path.hasSuffix(ending) {
            let name = path.split(separator: "/").last?.dropLast(ending.count) ?? ""
            let digest = try #require(Digest(hex: name))
            #expect(sha256(bytes) == digest)
            found[digest] = bytes
        }
        return found
    }

    @Test(arguments: StoreFixture.all)
    func `packs are what their page says, byte by byte`(fixture: StoreFixture) throws {
        var kinds: Set<UInt8> = []
        var shared = 0
        for pack in try files(".pack", fixture).values {
            let (entries, frames) = try readPack(pack)
            kinds.formUnion(entries.map(\.kind))
            shared += entries.count - frames
        }
        // All kinds but nodes of recipes that no small store has, and frames of several objects.
        #expect(kinds == [1, 2, 4, 5])
        #expect(shared > 5)
    }

    @Test(arguments: StoreFixture.all)
    func `index segments are what their page says, byte by byte`(fixture: StoreFixture) throws {
        let packs = try files(".pack", fixture)
        let segments = try files(".idx", fixture)
        var covered = 0
        for segment in segments.values {
            let span = segment.span
            var cursor = ByteCursor(offset: 12)
            #expect(Array(segment[0..<12]) == Array("mlsindx1".utf8) + [1, 0, 0, 0])
            let packCount = Int(try cursor.uint32(span))
            let objectCount = Int(try cursor.uint64(span))
            let filterBytes = Int(try cursor.uint64(span))
            #expect(try cursor.uint64(span) == xxh3(segment[64...]))
            #expect(Array(segment[40..<56]) == [UInt8](repeating: 0, count: 16))
            cursor.offset = 56
            #expect(try cursor.uint64(span) == xxh3(segment[0..<56]))
            let ids = try (0..<packCount).map { _ in try cursor.digest(span) }
            covered += packCount
            var entries: [(entry: Entry, pack: Int)] = []
            for (number, id) in ids.enumerated() {
                let pack = try #require(packs[id])
                entries += try readPack(pack).entries.map { ($0, number) }
            }
            #expect(entries.count == objectCount)
            let body = Array(segment[cursor.offset...])
            #expect(body == indexBody(entries, filterBytes: filterBytes))
        }
        #expect(covered == packs.count)
    }

    /// Filter and objects, made from packs.
    private func indexBody(_ entries: [(entry: Entry, pack: Int)], filterBytes: Int) -> [UInt8] {
        var filter = [UInt8](repeating: 0, count: filterBytes)
        var writer = ByteWriter()
        let sorted = entries.sorted { left, right in
            order(left.entry, right.entry)
        }
        for (entry, pack) in sorted {
            let bytes = entry.digest.bytes
            let a = bytes[0..<8].reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
            let b = bytes[8..<16].reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
            for step in 0..<3 as Range<UInt64> {
                let bit = (b &+ step &* (a | 1)) % UInt64(8 * filterBytes)
                filter[Int(bit / 8)] |= 1 << UInt8(bit % 8)
            }
            writer.append(Array(bytes[0..<16]))
            writer.append(uint32: UInt32(pack))
            writer.append(uint32: entry.offset)
            writer.append(uint16: entry.ordinal)
            writer.append(uint8: entry.kind)
            writer.append(uint8: 0)
            writer.append(uint32: entry.length)
        }
        return filter + writer.bytes
    }
}
