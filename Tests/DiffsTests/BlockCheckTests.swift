import Bytes
import Diffs
import Synchronization
import Tables
import TestSupport
import Testing
import Vocabulary

/// A check on several threads says what one on one thread says.
@Suite struct BlockCheckTests {
    private static let rules = [
        "rows: {min: 5}", "key: [id]", "column: id, unique: true", "column: id, required: true",
        "column: word, values: [a, b, c]", "key: [id, word]",
        "column: n, type: int", "column: n, type: int, mostly: 0.6",
        "column: day, newest: {within: 2d}", "column: gone, required: true",
    ]

    private func check(
        _ text: String, threads: Int, readBytes: inout Int
    ) throws -> TableVerdict {
        let bytes = Array(text.utf8)
        let count = Mutex(0)
        // Pieces that end anywhere.
        let source = TableSource(name: "t.csv", format: CSVFormat.csv) { body in
            for start in stride(from: 0, to: bytes.count, by: 70_001) {
                let piece = bytes[start..<min(bytes.count, start + 70_001)]
                count.withLock { $0 += piece.count }
                try piece.withUnsafeBytes(body)
            }
        }
        let lines = BlockCheckTests.rules.map { "- {\($0)}" }.joined(separator: "\n")
        let schema = try TableSchema(
            parsing: Array("version: 1\nrules:\n\(lines)\n".utf8), file: "s.yaml")
        defer { readBytes = count.withLock { $0 } }
        return try checkTable(
            source, by: schema, now: Timestamp(milliseconds: 1_577_966_400_000), threads: threads
        ) { throw StoreError(.notFound, "no \($0)") }
    }

    /// Everything that a verdict says.
    private func told(_ verdict: TableVerdict) -> [String] {
        ["\(verdict.rowCount) rows"]
            + verdict.verdicts.map {
                "\($0.examined) \($0.failed) \($0.isKept) \($0.sentence) \($0.examples)"
            }
            + verdict.failingRows.map {
                "\($0.row) \($0.rules) \(String(decoding: $0.bytes, as: UTF8.self))"
            }
    }

    private func expectSame(_ text: String, isReadTwice: Bool = false) throws -> [String] {
        var (one, several) = (0, 0)
        let expected = told(try check(text, threads: 1, readBytes: &one))
        let found = told(try check(text, threads: 3, readBytes: &several))
        #expect(found == expected)
        // One pass, whatever the number of threads.
        if isReadTwice { #expect(several > one) } else { #expect(several == one) }
        return expected
    }

    /// Rows of which one in `times` breaks something.
    private func text(
        _ random: inout SmallRandom, rows: Int, times: Int, hasQuotes: Bool, padding: Int = 16
    ) -> String {
        let plain = String(repeating: "p", count: padding)
        var text = "id,word,n,day,note\r\n"
        for row in 0..<rows {
            let id =
                random.once(in: times)
                ? ["", "7", "\(row / 2)"][random.integer(in: 0..<3)] : "\(row)"
            let word = random.once(in: times) ? "odd \(row)" : ["a", "b", "c"][row % 3]
            let number = random.once(in: times) ? "x" : "\(row % 100)"
            let note =
                hasQuotes && random.once(in: 50) ? "\"two, \"\"so\"\" to say\"" : plain
            text += "\(id),\(word),\(number),2020-01-0\(1 + row % 2),\(note)"
            text += row % 7 == 0 ? "\r\n" : "\n"
        }
        return text
    }

    @Test func `the verdict is the same, and the table is read once`() throws {
        var random = SmallRandom(seed: 3)
        // Few rows that fail, in more blocks than are judged at once; more than are kept; none at all; a
        // table of one block.
        let few = try expectSame(
            text(&random, rows: 20_000, times: 2_000, hasQuotes: true, padding: 600))
        #expect(few.count > 15 && few.count < 100, "\(few.count)")
        let many = try expectSame(text(&random, rows: 30_000, times: 20, hasQuotes: false))
        #expect(many.count == 11 + TableVerdict.rowLimit)
        _ = try expectSame(text(&random, rows: 30_000, times: .max, hasQuotes: true))
        _ = try expectSame(text(&random, rows: 40, times: 5, hasQuotes: true))
        _ = try expectSame("id,word,n,day\n")
        // Without a line end at the end.
        _ = try expectSame(
            String(text(&random, rows: 30_000, times: 900, hasQuotes: true).dropLast()))
    }

    @Test func `lines that are no rows are read in one go, and faults told as ever`() throws {
        var random = SmallRandom(seed: 4)
        let rows = text(&random, rows: 30_000, times: 900, hasQuotes: false)
        let long = String(repeating: "a line of a field\n", count: 150_000)
        _ = try expectSame(rows + "30000,a,1,2020-01-01,\"\(long)\"\n", isReadTwice: true)
        var bytes = 0
        let ragged = rows + "1,2\n" + rows.dropFirst("id,word,n,day,note\r\n".utf8.count - 1)
        for threads in [1, 3] {
            let error = #expect(throws: StoreError.self) {
                try check(ragged, threads: threads, readBytes: &bytes)
            }
            #expect(error?.message.contains("30002") == true, "\(error?.message ?? "")")
        }
    }
}
