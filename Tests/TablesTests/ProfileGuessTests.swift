import Tables
import Testing
import Vocabulary

/// What makes profiles fast changes nothing in them.
@Suite struct ProfileGuessTests {
    private func profile(
        _ rows: [String], guess: TableProfile.Guess = TableProfile.Guess()
    ) throws -> TableProfile {
        let start = TableSource(name: "t", format: CSVFormat.csv, bytes: Array("a,b\nx,y\n".utf8))
        let bytes = Array(rows.map { $0 + "\n" }.joined().utf8)
        return try TableProfile(ofPiece: start.header(), holdsHeader: false, guess: guess) { body in
            try bytes.withUnsafeBytes { try body($0) }
        }
    }

    @Test func `a guess about the number of values changes nothing, right or wrong`() throws {
        let limit = TableProfile.valueLimit(columns: 2)
        let many = (0..<(5 * limit)).map { "\($0 &* 2_654_435_761 % 1_000_003),\($0 % 5)" }
        let first = try profile(many)
        let guess = first.guess
        #expect(try profile(many, guess: guess).encoded() == first.encoded())
        // As many as are counted, one more, and hardly any.
        for count in [limit, limit + 1, 3] {
            let rows = (0..<(2 * limit)).map { "v\($0 % count),\(Double($0) / 8)" }
            let expected = try profile(rows)
            #expect(expected.columns()[0].distinct == count || count > limit)
            #expect(expected.columns()[0].isDistinctExact == (count <= limit))
            #expect(try profile(rows, guess: guess).encoded() == expected.encoded())
            #expect(
                try profile(many, guess: expected.guess).encoded() == first.encoded())
        }
    }

    @Test func `values of all lengths are counted and measured`() throws {
        var numbers = SeededNumbers(5)
        let letters = ["a", "b", "ü", "€", "🙂", "7"]
        func text(_ count: Int) -> String {
            (0..<count).map { _ in letters.randomElement(using: &numbers) ?? "a" }.joined()
        }
        for count in 1...40 {
            let values = (0..<8).map { _ in "x" + text(count) }
            let rows = (0..<64).map { _ in values.randomElement(using: &numbers) ?? "x" }
            let column = try profile(rows.map { "\($0),1" }).columns()[0]
            var counts: [String: Int] = [:]
            for row in rows { counts[row, default: 0] += 1 }
            #expect(column.distinct == counts.count, "\(rows)")
            let lengths = rows.map(\.unicodeScalars.count)
            #expect(column.lengths?.shortest == lengths.min(), "\(rows)")
            #expect(column.lengths?.longest == lengths.max(), "\(rows)")
            #expect(column.lengths?.mean == Double(lengths.reduce(0, +)) / 64, "\(rows)")
            guard values.allSatisfy({ $0.utf8.count <= 64 }) else { continue }
            let found = Dictionary(
                uniqueKeysWithValues: (column.frequencies ?? []).map { ($0.value, $0.count) })
            #expect(found == counts)
        }
    }

    @Test func `a text with a zero byte in front is no truth value`() {
        for text in ["\0true", "\0\0\0\0t", "tru", "truee", "\0TRU"] {
            Array(text.utf8).withUnsafeBufferPointer { #expect(FieldSyntax.bool($0) == nil) }
        }
    }
}
