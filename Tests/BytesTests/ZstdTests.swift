import Bytes
import Testing
import Vocabulary

@Suite struct ZstdTests {
    @Test(arguments: [0, 1, 2, 1000, 70_000])
    func `a frame decodes to what was compressed`(count: Int) throws {
        let plain = (0..<count).map { UInt8(truncatingIfNeeded: $0 / 3) }
        #expect(try Zstd.decompress(Zstd.compress(plain), plainLength: count) == plain)
    }

    @Test func `a wrong recorded length is refused in both directions`() {
        let frame = Zstd.compress([UInt8](repeating: 7, count: 1000))
        #expect(throws: DecodeError.self) { try Zstd.decompress(frame, plainLength: 999) }
        #expect(throws: DecodeError.self) { try Zstd.decompress(frame, plainLength: 1001) }
        #expect(throws: DecodeError.self) { try Zstd.decompress(frame, plainLength: -1) }
    }

    @Test func `every truncation is refused`() {
        let frame = Zstd.compress((0..<500).map { UInt8(truncatingIfNeeded: $0 &* $0) })
        for count in 0..<frame.count {
            #expect(throws: DecodeError.self) {
                try Zstd.decompress(Array(frame[..<count]), plainLength: 500)
            }
        }
    }

    @Test func `flipped bits never write beyond the recorded length`() {
        let plain = (0..<2000).map { UInt8(truncatingIfNeeded: $0 / 5) }
        let frame = Zstd.compress(plain)
        for index in frame.indices {
            var damaged = frame
            damaged[index] ^= 0x41
            let result = try? Zstd.decompress(damaged, plainLength: 2000)
            #expect(result == nil || result?.count == 2000)
        }
    }
}
