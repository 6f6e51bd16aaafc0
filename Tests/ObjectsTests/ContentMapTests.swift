import Bytes
import Platform
import TestSupport
import Testing
import Vocabulary

@testable import Objects

@Suite struct ContentMapTests {
    static func map(_ bytes: [UInt8]) throws -> ContentMap? {
        let source = ContentSource(sizeBytes: bytes.count) { offset, count in
            Array(bytes[min(offset, bytes.count)..<min(offset + count, bytes.count)])
        }
        return try unsafe bytes.withUnsafeBytes {
            try unsafe ContentMap(recognising: source, head: $0)
        }
    }

    /// The map that a header gives to the first `count` bytes, if any does.
    private func declared(_ bytes: [UInt8], count: Int) throws -> ContentMap? {
        let head = Array(bytes.prefix(min(512, count)))
        guard head.count == 512 else { return nil }
        for format in ContentFormat.all.dropLast() where format.begins(head) {
            var source = ContentSource(sizeBytes: count) { offset, length in
                Array(bytes[min(offset, count)..<min(offset + length, count)])
            }
            if let map = try format.map(&source) { return map }
        }
        return nil
    }

    /// What holds of every map, whatever the content says.
    static func checkInvariants(_ map: ContentMap, of count: Int) {
        var end = 0
        var lastIsSmall = false
        for segment in map.segments {
            #expect(segment.offset == end && segment.length > 0)
            #expect([0, 2, 4, 8].contains(segment.width))
            let isSmall = segment.length < ContentMap.smallBytes
            #expect(!isSmall || !lastIsSmall, "two small ones together at \(segment.offset)")
            lastIsSmall = isSmall && segment.length < ContentMap.smallBytes
            end = segment.end
        }
        #expect(end == count && map.segments.count <= ContentMap.maximumSegments)
    }

    @Test(arguments: try ContentFixture.all())
    func `files as the libraries write them are cut where their parts are`(
        fixture: ContentFixture
    ) throws {
        let map = try #require(try ContentMapTests.map(fixture.bytes))
        ContentMapTests.checkInvariants(map, of: fixture.bytes.count)
        for part in fixture.parts where part.length >= ContentMap.smallBytes {
            let within = map.segments.filter {
                $0.offset >= part.offset && $0.end <= part.offset + part.length
            }
            #expect(within.first?.offset == part.offset, "\(part)")
            // A small rest, such as a column's last page, goes with what follows.
            let rest = part.offset + part.length - (within.last?.end ?? 0)
            let isWhole = part.width > 0 && !fixture.name.hasSuffix(".parquet")
            #expect(rest < (isWhole ? 1 : ContentMap.smallBytes), "\(part)")
            #expect(within.allSatisfy { $0.width == part.width }, "\(part)")
            if isWhole { #expect(within.count == 1) }
        }
    }

    @Test func `pages of a column are segments`() throws {
        let fixture = try ContentFixture.named("snappy.parquet")
        let map = try #require(try ContentMapTests.map(fixture.bytes))
        let column = try #require(fixture.parts.max { $0.length < $1.length })
        let pages = map.segments.filter {
            $0.offset >= column.offset && $0.end <= column.offset + column.length
        }
        // The sixth is small and goes with its neighbours.
        #expect(pages.count == 5)
    }

    @Test func `numbers without a header are recognised, text and noise are not`() throws {
        var random = SmallRandom(seed: 1)
        for width in [2, 4] {
            let map = try #require(try ContentMapTests.map(random.weights(100_000, width: width)))
            #expect(map.segments.map(\.width) == [width])
        }
        var integers = ByteWriter()
        for _ in 0..<40_000 { integers.append(uint64: random.next() % 100_000) }
        #expect(try ContentMapTests.map(integers.bytes)?.segments.map(\.width) == [8])
        #expect(try ContentMapTests.map(random.bytes(300_000)) == nil)
        #expect(try ContentMapTests.map(random.text(300_000)) == nil)
        #expect(try ContentMapTests.map([0, 1] + random.text(300_000)) == nil)
        #expect(try ContentMapTests.map(random.weights(30_000, width: 2)) == nil, "too small")
    }

    @Test func `a blob that cannot be read throws what reading threw`() throws {
        var bytes = try ContentFixture.named("array.npy").bytes
        let source = ContentSource(sizeBytes: bytes.count) { _, _ in
            throw StoreError(.notInStore, "gone")
        }
        #expect(throws: StoreError.self) {
            try unsafe bytes.withUnsafeMutableBytes {
                try unsafe ContentMap(recognising: source, head: UnsafeRawBufferPointer($0))
            }
        }
    }

    // MARK: - Lies

    private func safetensors(_ header: String, data: Int = 400_000) -> [UInt8] {
        var writer = ByteWriter()
        writer.append(uint64: UInt64(header.utf8.count))
        writer.append(text: header)
        return writer.bytes + [UInt8](repeating: 1, count: data)
    }

    @Test func `a safetensors header that lies is no header`() throws {
        func tensor(_ name: String, _ type: String, _ shape: String, _ offsets: String) -> String {
            "\"\(name)\":{\"dtype\":\"\(type)\",\"shape\":[\(shape)],\"data_offsets\":[\(offsets)]}"
        }
        let good = tensor("a", "F32", "50000", "0,200000")
        let rest = tensor("b", "F32", "100,500", "200000,400000")
        #expect(try ContentMapTests.map(safetensors("{\(good),\(rest)}"))?.segments.count == 3)
        let lies = [
            tensor("b", "F32", "100,500", "199996,399996"),  // overlaps
            tensor("b", "F32", "100,500", "200004,400004"),  // beyond the end
            tensor("b", "F32", "100,400", "200000,400000"),  // another shape
            tensor("b", "F32", "100,400", "200000,360000"),  // a rest without a tensor
            tensor("b", "F32", "-100,-500", "200000,400000"),
            tensor("b", "F32", "4294967296,4294967296", "200000,400000"),
            tensor("b", "F32", "0,50000", "200000,400000"),
            tensor("b", "F32", "1.5", "200000,400000"),
            tensor("b", "F32", "50000", "400000,200000"),
            tensor("b", "F32", "50000", "200000,400000,1"),
            tensor("b", "F32", "50000", "200000,9007199254740993"),
            tensor("a", "F32", "50000", "200000,400000"),  // the same name again
            "\"b\":7", "\"b\":{}", "\"b\":{\"data_offsets\":[200000,400000]}", "", "]",
        ]
        for lie in lies {
            #expect(try ContentMapTests.map(safetensors("{\(good),\(lie)}")) == nil, "\(lie)")
        }
        for length: UInt64 in [0, 1, 1 << 23, 1 << 60, .max] {
            var writer = ByteWriter()
            writer.append(uint64: length)
            writer.append(text: "{\(good),\(rest)}")
            let bytes = writer.bytes + [UInt8](repeating: 1, count: 400_000)
            #expect(try ContentMapTests.map(bytes) == nil, "\(length)")
        }
        let deep = String(repeating: "{\"a\":", count: 100_000)
        #expect(try ContentMapTests.map(safetensors(deep)) == nil)
    }

    /// Lengths worth a cut: all where headers and footers are, some between.
    private func cuts(_ count: Int) -> [Int] {
        Array(0..<1200) + Array(stride(from: 1200, to: count - 300, by: 9999))
            + Array((count - 300)..<count)
    }

    @Test(arguments: try ContentFixture.all())
    func `a file cut at any length has a sound map or none`(fixture: ContentFixture) throws {
        for cut in cuts(fixture.bytes.count) {
            if let map = try declared(fixture.bytes, count: cut) {
                ContentMapTests.checkInvariants(map, of: cut)
            }
        }
    }

    @Test(arguments: try ContentFixture.all())
    func `a file with changed bytes has a sound map or none`(fixture: ContentFixture) throws {
        var random = SmallRandom(seed: UInt64(fixture.bytes.count))
        let count = fixture.bytes.count
        let edges: [UInt8] = [0, 1, 0x7f, 0x80, 0xff]
        for _ in 0..<100 {
            var bytes = fixture.bytes
            for _ in 0...random.integer(in: 0..<4) {
                let near = random.integer(in: 0..<600)
                let place = random.once(in: 2) ? near : count - 1 - near
                bytes[place] =
                    random.once(in: 2)
                    ? edges[random.integer(in: 0..<edges.count)] : UInt8(random.next() & 0xff)
            }
            if let map = try declared(bytes, count: count) {
                ContentMapTests.checkInvariants(map, of: count)
            }
        }
    }

    @Test func `reads are bounded whatever an archive says`() throws {
        // A tar of a million empty members.
        var header = try Array(ContentFixture.named("ustar.tar").bytes.prefix(512))
        header[124..<136] = Array("00000000000\0".utf8)[...]
        header[148..<156] = Array("        ".utf8)[...]
        let sum = header.reduce(0) { $0 + Int($1) }
        let digits = String(sum, radix: 8)
        let octal = String(repeating: "0", count: 6 - digits.count) + digits
        header[148..<156] = Array("\(octal)\0 ".utf8)[...]
        var reads = 0
        let source = ContentSource(sizeBytes: 512_000_000) { offset, count in
            reads += 1
            return (0..<count).map { header[(offset + $0) % 512] }
        }
        let map = try unsafe header.withUnsafeBytes {
            try unsafe ContentMap(recognising: source, head: $0)
        }
        #expect(map == nil && reads <= 2 * ContentSource.maximumReads)
    }
}
