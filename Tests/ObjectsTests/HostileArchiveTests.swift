import Bytes
import TestSupport
import Testing
import Vocabulary

@testable import Objects

/// Archives that say what is not so: they have no map, and are cut as any other content.
@Suite struct HostileArchiveTests {
    /// A member as its two headers describe it.
    private struct Member {
        var method: UInt16 = 0
        var data: [UInt8]
        /// What the directory says, where that is not what is there.
        var storedBytes: UInt32?
        var header: UInt32?
    }

    private func zip(
        _ members: [Member], entries: UInt16? = nil, directoryOffset: UInt32? = nil,
        directoryBytes: UInt32? = nil, comment: [UInt8] = []
    ) -> [UInt8] {
        var file = ByteWriter()
        var directory = ByteWriter()
        for member in members {
            let header = member.header ?? UInt32(file.bytes.count)
            let stored = member.storedBytes ?? UInt32(member.data.count)
            for isLocal in [true, false] {
                var writer = ByteWriter()
                writer.append(text: isLocal ? "PK\u{3}\u{4}" : "PK\u{1}\u{2}")
                if !isLocal { writer.append(uint16: 20) }
                for value in [20, 0, member.method, 0, 0] { writer.append(uint16: value) }
                writer.append(uint32: 0)
                writer.append(uint32: stored)
                writer.append(uint32: stored)
                writer.append(uint16: 1)
                writer.append(uint16: 0)
                if !isLocal {
                    for value: UInt16 in [0, 0, 0] { writer.append(uint16: value) }
                    writer.append(uint32: 0)
                    writer.append(uint32: header)
                }
                writer.append(text: "a")
                if isLocal {
                    file.append(writer.bytes)
                    file.append(member.data)
                } else {
                    directory.append(writer.bytes)
                }
            }
        }
        let start = UInt32(file.bytes.count)
        file.append(directory.bytes)
        file.append(text: "PK\u{5}\u{6}")
        file.append(uint32: 0)
        for _ in 0..<2 { file.append(uint16: entries ?? UInt16(members.count)) }
        file.append(uint32: directoryBytes ?? UInt32(directory.bytes.count))
        file.append(uint32: directoryOffset ?? start)
        file.append(uint16: UInt16(comment.count))
        file.append(comment)
        return file.bytes
    }

    @Test func `a sound archive has a map, with a comment too`() throws {
        var random = SmallRandom(seed: 1)
        let members = [Member(data: random.bytes(100_000)), Member(data: random.bytes(70_000))]
        let map = try #require(try ContentMapTests.map(zip(members)))
        #expect(map.segments.map(\.offset).contains(31))
        let comment = Array("PK\u{5}\u{6} is no end of any archive at all".utf8)
        #expect(try ContentMapTests.map(zip(members, comment: comment)) == nil)
        #expect(try ContentMapTests.map(zip(members, comment: [1, 2, 3])) != nil)
    }

    @Test func `a zip that lies has none`() throws {
        var random = SmallRandom(seed: 2)
        let good = Member(data: random.bytes(100_000))
        let large = Member(data: random.bytes(70_000))
        var overlapping = large
        overlapping.header = 0
        var inside = large
        inside.header = 50_000
        var beyond = large
        beyond.header = 170_000
        var huge = large
        huge.storedBytes = 0xffff_fffe
        var wide = large
        wide.storedBytes = 0xffff_ffff
        for lie in [overlapping, inside, beyond, huge, wide] {
            #expect(try ContentMapTests.map(zip([good, lie])) == nil)
        }
        let members = [good, large]
        #expect(try ContentMapTests.map(zip(members, entries: 1)) == nil)
        #expect(try ContentMapTests.map(zip(members, entries: 3)) == nil)
        #expect(try ContentMapTests.map(zip(members, entries: 0xffff)) == nil)
        #expect(try ContentMapTests.map(zip(members, directoryOffset: 7)) == nil)
        #expect(try ContentMapTests.map(zip(members, directoryOffset: .max)) == nil)
        #expect(try ContentMapTests.map(zip(members, directoryBytes: 1 << 30)) == nil)
        #expect(try ContentMapTests.map(zip(members, directoryBytes: .max)) == nil)
    }

    @Test func `a bomb costs what is read of its headers`() throws {
        // Each member claims to become four gigabytes; nobody asks it to.
        let bomb = Member(method: 8, data: [UInt8](repeating: 0x41, count: 66_000))
        let bytes = zip([Member](repeating: bomb, count: 40))
        var readBytes = 0
        var source = ContentSource(sizeBytes: bytes.count) { offset, count in
            readBytes += count
            return Array(bytes[offset..<(offset + count)])
        }
        let map = try #require(try ZipArchive.map(&source))
        #expect(map.segments.count > 40 && readBytes < 100_000)
    }

    @Test(arguments: ["plain.parquet", "version2.parquet", "snappy.parquet"])
    func `a Parquet footer that lies has no map`(name: String) throws {
        let bytes = try ContentFixture.named(name).bytes
        let count = bytes.count
        let footer =
            Int(bytes[count - 8]) | Int(bytes[count - 7]) << 8 | Int(bytes[count - 6]) << 16
        func changed(_ length: Int) throws -> ContentMap? {
            var lie = bytes
            for index in 0..<4 {
                lie[count - 8 + index] = UInt8(truncatingIfNeeded: length >> (8 * index))
            }
            return try ContentMapTests.map(lie)
        }
        #expect(try changed(footer) != nil)
        for length in [0, 1, footer - 1, footer + 1, count - 8, count - 7, count, 0xffff_ffff] {
            #expect(try changed(length) == nil, "\(length)")
        }
        // A page that is longer than its column.
        let column = try #require(
            try ContentFixture.named(name).parts.max { $0.length < $1.length })
        var page = bytes
        for index in 0..<8 { page[column.offset + index] = 0xff }
        #expect(try ContentMapTests.map(page) == nil)
    }

    @Test func `a tar with a wrong sum, or a member that is not all there, has no map`() throws {
        let bytes = try ContentFixture.named("ustar.tar").bytes
        for place in [0, 100, 130, 148, 257] {
            var lie = bytes
            lie[place] ^= 1
            #expect(try ContentMapTests.map(lie) == nil, "\(place)")
        }
        #expect(try ContentMapTests.map(Array(bytes.prefix(200_000))) == nil)
    }
}
