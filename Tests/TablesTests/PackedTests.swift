import Bytes
import TestSupport
import Testing
import Vocabulary

@testable import Tables

/// Tables that are compressed as a whole.
@Suite struct PackedTests {
    /// `a,b` and two rows, by `gzip -n`.
    private static let gzip: [UInt8] = [
        0x1f, 0x8b, 0x08, 0, 0, 0, 0, 0, 0, 3, 0x4b, 0xd4, 0x49, 0xe2, 0x32, 0xd4, 0x31, 0xe2,
        0x32, 0xd6, 0x31, 0xe1, 0x02, 0, 0xe5, 0xe9, 0xd6, 0xce, 0x0c, 0, 0, 0,
    ]
    private static let text = Array("a,b\n1,2\n3,4\n".utf8)

    private func source(
        _ bytes: [UInt8], _ name: String = "t.csv.gz", pieceBytes: Int = 1 << 20
    ) throws -> TableSource {
        let format = try #require(TableFormats.format(forName: Array(name.utf8)))
        return TableSource(name: name, format: format) { body in
            try push(bytes, [pieceBytes], body)
        }
    }

    /// The bytes as a gzip member that does not compress: stored blocks.
    private func stored(_ bytes: [UInt8]) -> [UInt8] {
        var member: [UInt8] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3]
        var rest = bytes[...]
        repeat {
            let part = rest.prefix(0xffff)
            rest = rest.dropFirst(part.count)
            let count = UInt16(part.count)
            member.append(rest.isEmpty ? 1 : 0)
            for value in [count, ~count] { member += [UInt8(value & 0xff), UInt8(value >> 8)] }
            member += part
        } while !rest.isEmpty
        for value in [crc(bytes), UInt32(bytes.count)] {
            for shift in [0, 8, 16, 24] as [UInt32] { member.append(UInt8(value >> shift & 0xff)) }
        }
        return member
    }

    private func crc(_ bytes: [UInt8]) -> UInt32 {
        var sum = UInt32.max
        for byte in bytes {
            sum ^= UInt32(byte)
            for _ in 0..<8 {
                let half = sum >> 1
                sum = sum & 1 == 1 ? half ^ 0xedb8_8320 : half
            }
        }
        return ~sum
    }

    @Test(
        arguments: [
            ("t.csv", "csv"), ("t.csv.gz", "csv"), ("T.CSV.ZST", "csv"), ("t.tsv.gz", "tsv"),
            ("t.gz", nil), (".csv.gz", nil), ("t.txt.gz", nil), ("t.csv.gz.gz", nil),
        ] as [(String, String?)])
    func `names promise a packed table`(_ name: String, _ format: String?) {
        #expect(TableFormats.format(forName: Array(name.utf8))?.name == format)
    }

    @Test(arguments: [1, 3, 7, 1 << 20])
    func `a packed table reads as the plain one, in any pieces`(_ pieceBytes: Int) throws {
        let plain = try source(PackedTests.text, "t.csv", pieceBytes: pieceBytes)
        let packed = [
            PackedTests.gzip, Zstd.compress(PackedTests.text), stored(PackedTests.text),
            // A frame that is skipped, then two frames; two members and padding.
            [0x50, 0x2a, 0x4d, 0x18, 1, 0, 0, 0, 9] + Zstd.compress(Array("a,b\n1,2".utf8))
                + Zstd.compress(Array("\n3,4\n".utf8)),
            stored(Array("a,b\n1".utf8)) + stored(Array(",2\n3,4\n".utf8)) + [0, 0, 0],
        ]
        for bytes in packed {
            // The bytes count, not the name.
            for name in ["t.csv.gz", "t.csv.zst", "t.csv"] {
                let table = try source(bytes, name, pieceBytes: pieceBytes)
                #expect(try table.summary() == plain.summary())
                #expect(try table.head(rows: 5) == plain.head(rows: 5))
            }
        }
        #expect(try source(PackedTests.text).summary() == plain.summary())
    }

    @Test(arguments: 0..<8 as Range<UInt64>)
    func `random tables read the same when they are packed`(_ seed: UInt64) throws {
        var numbers = SeededNumbers(seed)
        let bytes = RandomCSV.valid(&numbers)
        let plain = try source(bytes, "t.csv").head(rows: 100)
        let piece = Int.random(in: 1...300, using: &numbers)
        #expect(try source(stored(bytes), pieceBytes: piece).head(rows: 100) == plain)
        #expect(try source(Zstd.compress(bytes), pieceBytes: piece).head(rows: 100) == plain)
    }

    @Test func `a packed table that ends too early is an error at every length`() throws {
        let zstd = Zstd.compress(PackedTests.text)
        for (bytes, name) in [(PackedTests.gzip, "gzip"), (zstd, "zstd")] {
            for length in 4..<bytes.count {
                let error = #expect(throws: StoreError.self) {
                    try source(Array(bytes[..<length])).summary()
                }
                #expect(error?.message.contains("\(name) data that end too early") == true)
            }
        }
    }

    @Test func `damage is an error`() throws {
        var flipped = PackedTests.gzip
        flipped[14] ^= 0xff
        var zstd = Zstd.compress(PackedTests.text)
        zstd[5] ^= 0xff
        let behind = PackedTests.gzip + Array("more".utf8)
        for bytes in [flipped, zstd, behind, Zstd.compress(PackedTests.text) + [1, 2, 3, 4]] {
            let error = #expect(throws: StoreError.self) { try source(bytes).summary() }
            #expect(error?.message.contains("damaged") == true)
        }
    }

    @Test func `what unpacks to endless text ends at the longest row`() throws {
        // 64 MiB from 6 KiB: held nowhere.
        let bomb = Zstd.compress(
            Array("a,b\n".utf8) + [UInt8](repeating: 0x78, count: 64 << 20))
        #expect(bomb.count < 16 << 10)
        let error = #expect(throws: StoreError.self) { try source(bomb).summary() }
        #expect(error?.message.contains("longer than") == true)
    }

    @Test func `a window that needs too much memory is refused`() throws {
        // A frame header that asks for 2 GiB.
        let frame: [UInt8] = [0x28, 0xb5, 0x2f, 0xfd, 0, 21 << 3, 1, 0, 0]
        let error = #expect(throws: StoreError.self) { try source(frame).summary() }
        #expect(error?.message.contains("more than 128 MiB") == true)
    }

    @Test func `the first rows need only the start of packed data`() throws {
        let rows = String(repeating: "7,8\n", count: 1 << 16)
        let bytes = stored(Array(("a,b\n" + rows).utf8))
        let cut = Array(bytes[..<(bytes.count / 2)])
        #expect(try source(cut, pieceBytes: 1 << 16).head(rows: 2).rows.count == 2)
        #expect(throws: StoreError.self) { try source(cut).summary() }
    }
}
