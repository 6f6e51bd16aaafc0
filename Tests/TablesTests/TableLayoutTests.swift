import Bytes
import Tables
import Testing
import Vocabulary

/// Layouts that are put together from parts are those of one reading, and rows tell where blocks end.
@Suite struct TableLayoutTests {
    private let markBytes = 400

    private func layout(_ bytes: [UInt8], buffers: [Int] = [1 << 20]) throws -> TableLayout {
        try TableLayout(of: .csv, markBytes: markBytes) { body in
            try push(bytes, buffers) { try body($0) }
        }
    }

    /// The layout of the blocks' bytes, a few at a time, put together.
    private func joined(_ bytes: [UInt8], _ blocks: [TableLayout.Block]) throws -> TableLayout {
        let header = try TableSource(name: "t.csv", format: CSVFormat.csv, bytes: bytes).header()
        var whole: TableLayout?
        for start in stride(from: 0, to: blocks.count, by: 2) {
            let parts = blocks[start..<min(blocks.count, start + 2)].map { Array(bytes[$0.range]) }
            let part = try TableLayout(
                ofPiece: header, holdsHeader: start == 0, markBytes: markBytes, parts)
            if whole == nil { whole = part } else { try whole?.append(part) }
        }
        return try #require(whole)
    }

    @Test(arguments: 0..<150)
    func `parts come to the whole, however it is read`(seed: UInt64) throws {
        var numbers = SeededNumbers(seed)
        let bytes = RandomCSV.valid(&numbers)
        let whole = try layout(bytes)
        #expect(try layout(bytes, buffers: [1, 7, 64]) == whole)
        #expect(whole.summary == (try scan(bytes)))
        let blocks = whole.blocks
        #expect(blocks.first?.range.lowerBound == 0)
        #expect(blocks.last?.range.upperBound == bytes.count)
        for (left, right) in zip(blocks, blocks.dropFirst()) {
            #expect(left.range.upperBound == right.range.lowerBound)
            #expect(bytes[right.range.lowerBound - 1] == 0x0a)
        }
        #expect(try joined(bytes, blocks) == whole)
        // The rows of the blocks are those of the table.
        let header = try TableSource(name: "t.csv", format: CSVFormat.csv, bytes: bytes).header()
        var rows: [[String]] = []
        for block in blocks {
            let heading = block.range.lowerBound == 0 ? [] : header.rawRow + [0x0a]
            rows += try read(heading + bytes[block.range]).rows
        }
        #expect(try rows == read(bytes).rows)
    }

    private func rows(_ range: Range<Int>) -> String {
        range.map { "\($0),\($0 * 7919 % 1000),some words\n" }.joined()
    }

    @Test func `an edit moves the ends of the blocks around it only`() throws {
        let before = Array(("id,x,w\n" + rows(0..<4000)).utf8)
        let after = Array(
            ("id,x,w\n" + rows(0..<2000) + rows(5000..<5010) + rows(2003..<4000)).utf8)
        func contents(_ bytes: [UInt8]) throws -> [[UInt8]] {
            try layout(bytes).blocks.map { Array(bytes[$0.range]) }
        }
        let (old, new) = (try contents(before), try contents(after))
        #expect(old.count > 50, "\(old.count) blocks")
        // What stands before the first mark may be shorter.
        #expect(old.dropFirst().dropLast().allSatisfy { $0.count >= markBytes / 4 })
        #expect(Set(new).subtracting(old).count <= 3)
    }

    @Test func `a layout is its bytes, and others are refused`() throws {
        let bytes = Array(("id,x,w\n" + rows(0..<80_000)).utf8)
        let whole = try TableLayout(of: .csv) { body in try push(bytes, [bytes.count], body) }
        #expect(whole.blocks.count > 1)
        let encoded = whole.encoded()
        #expect(try TableLayout(decoding: encoded, columnNames: ["id", "x", "w"]) == whole)
        #expect(throws: DecodeError.self) {
            try TableLayout(decoding: encoded, columnNames: ["id", "x"])
        }
        for length in [0, 1, 4, encoded.count - 1] {
            #expect(throws: DecodeError.self) {
                try TableLayout(
                    decoding: Array(encoded[..<length]), columnNames: ["id", "x", "w"])
            }
        }
        #expect(throws: DecodeError.self) {
            try TableLayout(decoding: encoded + [0], columnNames: ["id", "x", "w"])
        }
    }

    @Test func `bytes that end inside a row are no piece`() throws {
        let header = try TableSource(
            name: "t.csv", format: CSVFormat.csv, bytes: Array("a,b\n1,2\n".utf8)
        ).header()
        for text in ["1\n", "1,\"2\n", "1,2,3\n"] {
            #expect(throws: TableError.self) {
                try TableLayout(ofPiece: header, holdsHeader: false, [Array(text.utf8)])
            }
        }
    }
}
