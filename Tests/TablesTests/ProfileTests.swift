import Bytes
import Synchronization
import Tables
import Testing
import Vocabulary

@Suite struct ProfileTests {
    private func source(_ text: String) -> TableSource {
        TableSource(name: "t.csv", format: CSVFormat.csv, bytes: Array(text.utf8))
    }

    private func column(_ values: [String]) throws -> ColumnProfile {
        let text = "c,z\n" + values.map { $0 + ",0\n" }.joined()
        return try #require(try TableProfile(of: source(text)).columns().first)
    }

    // MARK: - Order and parts

    private func row(_ numbers: inout SeededNumbers) -> String {
        let float = Double.random(in: -1e6...1e6, using: &numbers)
        let fields = [
            "\(Int.random(in: 0...1_000_000, using: &numbers))",
            "\(Int.random(in: -3...3, using: &numbers))",
            Bool.random(using: &numbers) ? "\(float)" : "\(float * 1e-300)",
            ["a", "bb", "", "NA", "ü", "\"q\"\"q\""].randomElement(using: &numbers) ?? "",
            "u\(Int.random(in: 0...90, using: &numbers))@example.com",
            "2020-01-0\(Int.random(in: 1...9, using: &numbers))",
            String(repeating: "7", count: Int.random(in: 1...90, using: &numbers)),
            ["1", "1.0", "-0.0", "0", "inf"].randomElement(using: &numbers) ?? "",
            "\(Int64.random(in: .min ... .max, using: &numbers))",
            "2020-01-0\(Int.random(in: 1...9, using: &numbers))T10:00:00."
                + "\(Int.random(in: 100_000...999_999, using: &numbers))Z",
        ]
        return fields.joined(separator: ",") + "\n"
    }

    private let header = "id,small,f,s,mail,day,long,zero,large,moment\n"

    private func profile(_ rows: ArraySlice<String>, limit: Int) throws -> TableProfile {
        let names = header.dropLast().split(separator: ",").map(String.init)
        var profile = TableProfile(columnNames: names, valueLimit: limit)
        try source(header + rows.joined()).forEachBatch { profile.observe($0) }
        profile.settle()
        return profile
    }

    @Test(arguments: [2, 8, 64, 4096])
    func `parts in any order give the same bytes`(limit: Int) throws {
        var numbers = SeededNumbers(UInt64(limit))
        for _ in 0..<12 {
            let rows = (0..<Int.random(in: 1...300, using: &numbers)).map { _ in row(&numbers) }
            let whole = try profile(rows[...], limit: limit).encoded()
            let shuffled = rows.shuffled(using: &numbers)
            #expect(try profile(shuffled[...], limit: limit).encoded() == whole)
            var parts: [TableProfile] = []
            var start = 0
            while start < shuffled.count {
                let count = Int.random(in: 1...90, using: &numbers)
                let end = min(shuffled.count, start + count)
                parts.append(try profile(shuffled[start..<end], limit: limit))
                start = end
            }
            while parts.count > 1 {
                let one = parts.remove(at: Int.random(in: 0..<parts.count, using: &numbers))
                let other = Int.random(in: 0..<parts.count, using: &numbers)
                try parts[other].merge(one)
            }
            #expect(parts[0].encoded() == whole)
            let again = try TableProfile(decoding: whole, columnNames: parts[0].columnNames)
            if limit == 4096 {
                #expect(again.encoded() == whole)
                #expect(again.columns() == parts[0].columns())
            }
        }
    }

    @Test(arguments: [1, 3, 4, 9, 10, 11])
    func `columns that are counted some at a time are those counted at once`(atOnce: Int) throws {
        let pairs = [ColumnPair("id", "f"), ColumnPair("large", "small")]
        var numbers = SeededNumbers(UInt64(100 + atOnce))
        for count in [0, 1, 40, 5_000] {
            let rows = (0..<count).map { _ in row(&numbers) }
            let table = source(header + rows.joined())
            let whole = try TableProfile(of: table, pairs: pairs)
            let parts = try TableProfile(of: table, pairs: pairs, atOnce: atOnce)
            #expect(parts.rowCount == count && parts.encoded() == whole.encoded())
            #expect(parts.columns(countingHashes: true) == whole.columns(countingHashes: true))
            #expect(parts.correlations() == whole.correlations())
        }
    }

    @Test func `a table that changes between two readings has no profile`() throws {
        for later in [
            "a,b,c\n1,2,3\n", "a,b,c\n1,2,3\n4,5,6\n7,8,9\n", "a,b\n1,2\n3,4\n",
            "a,b,d\n1,2,3\n4,5,6\n",
        ] {
            let readings = Mutex(0)
            let table = TableSource(name: "t.csv", format: CSVFormat.csv) { body in
                let isFirst = readings.withLock { count in
                    count += 1
                    return count == 1
                }
                let text = isFirst ? "a,b,c\n1,2,3\n4,5,6\n" : later
                try Array(text.utf8).withUnsafeBytes { try body($0) }
            }
            let error = try #require(throws: StoreError.self) {
                try TableProfile(of: table, atOnce: 2)
            }
            #expect(error.kind == .changedMeanwhile, "\(later)")
        }
    }

    @Test(arguments: [2, 64, 4096])
    func `packed profiles merge with any others`(limit: Int) throws {
        var numbers = SeededNumbers(UInt64(7 + limit))
        for _ in 0..<8 {
            let rows = (0..<Int.random(in: 2...400, using: &numbers)).map { _ in row(&numbers) }
            let whole = try profile(rows[...], limit: limit)
            let cut = Int.random(in: 0...rows.count, using: &numbers)
            for kind in 0..<4 {
                var one = try profile(rows[..<cut], limit: limit)
                var other = try profile(rows[cut...], limit: limit)
                if kind & 1 != 0 { one.pack() }
                if kind & 2 != 0 { other.pack() }
                for place in one.columnNames.indices {
                    #expect(
                        TableProfile.column(place, merging: [one, other], countingHashes: true)
                            == whole.column(place, countingHashes: true))
                }
                try one.merge(other)
                #expect(one.encoded() == whole.encoded() && one.columns() == whole.columns())
            }
        }
    }

    @Test func `some columns of a table have the profile that they have among all`() throws {
        var numbers = SeededNumbers(12)
        // Of so many columns fewer values are counted.
        let names = (0..<2_000).map { "c\($0)" }
        let rows = (0..<400).map { _ in
            names.indices.map { column in
                column % 700 > 2 ? "1" : "\(Double.random(in: -1e9...1e9, using: &numbers))"
            }.joined(separator: ",") + "\n"
        }
        let table = source(names.joined(separator: ",") + "\n" + rows.joined())
        let whole = try TableProfile(of: table)
        let places = [1402, 0, 1, 1999]
        var some = TableProfile(columnNames: names, places: places)
        try table.forEachBatch { some.observe($0) }
        some.settle()
        #expect(some.columnNames == ["c1402", "c0", "c1", "c1999"] && some.rowCount == 400)
        #expect(some.columns() == places.map { whole.column($0) })
        #expect(whole.column(0).frequencies == nil && whole.column(1999).distinct == 1)
    }

    @Test func `correlations of parts in any order have the same bytes`() throws {
        let names = header.dropLast().split(separator: ",").map(String.init)
        let pairs = [
            ColumnPair("id", "f"), ColumnPair("small", "zero"), ColumnPair("f", "large"),
            ColumnPair("mail", "id"), ColumnPair("id", "id"),
        ]
        func profile(_ rows: ArraySlice<String>) throws -> TableProfile {
            var profile = try TableProfile(columnNames: names, pairs: pairs)
            try source(header + rows.joined()).forEachBatch { profile.observe($0) }
            profile.settle()
            return profile
        }
        var numbers = SeededNumbers(77)
        for _ in 0..<8 {
            let rows = (0..<Int.random(in: 2...200, using: &numbers)).map { _ in row(&numbers) }
            let whole = try profile(rows[...])
            let shuffled = rows.shuffled(using: &numbers)
            let cut = Int.random(in: 0...rows.count, using: &numbers)
            var parts = try profile(shuffled[cut...])
            try parts.merge(try profile(shuffled[..<cut]))
            #expect(parts.encoded() == whole.encoded())
            #expect(parts.correlations() == whole.correlations())
            let again = try TableProfile(
                decoding: whole.encoded(), columnNames: names, pairs: pairs)
            #expect(again.encoded() == whole.encoded())
            #expect(again.correlations() == whole.correlations())
            let texts = whole.correlations()[3]
            #expect(texts.count == 0 && texts.pearson == nil && texts.pair == pairs[3])
            #expect(((whole.correlations()[4].pearson ?? 0) - 1).magnitude <= 1e-15)
            for length in [0, whole.encoded().count - 1] {
                let cut = Array(whole.encoded().prefix(length))
                #expect(throws: DecodeError.self) {
                    try TableProfile(decoding: cut, columnNames: names, pairs: pairs)
                }
            }
        }
    }

    @Test func `pairs that make no sense tell nothing, or are refused`() throws {
        let table = source("a,b,c\n1,2,x\n3,2,\n5,2,inf\n")
        func pearson(_ one: String, _ other: String) throws -> PairCorrelation {
            try TableProfile(of: table, pairs: [ColumnPair(one, other)]).correlations()[0]
        }
        #expect(try pearson("a", "b").pearson == nil && pearson("a", "b").count == 3)
        #expect(try pearson("a", "c").count == 0)
        let error = try #require(throws: StoreError.self) { try pearson("a", "bb") }
        #expect(error.kind == .badUsage && error.advice == "did you mean 'b'?")
        let huge = source("a,b\n1e308,-1e308\n-1e308,1e308\n1e308,-1e308\n")
        let found = try TableProfile(of: huge, pairs: [ColumnPair("a", "b")]).correlations()[0]
        #expect(((found.pearson ?? 0) + 1).magnitude <= 1e-15)
    }

    @Test func `profiles of different columns do not merge`() throws {
        var one = try TableProfile(of: source("a,b\n1,2\n"))
        let other = try TableProfile(of: source("a,c\n1,2\n"))
        #expect(throws: StoreError.self) { try one.merge(other) }
        let paired = try TableProfile(of: source("a,b\n1,2\n"), pairs: [ColumnPair("a", "b")])
        #expect(throws: StoreError.self) { try one.merge(paired) }
    }

    @Test func `damaged bytes are refused, or are another profile`() throws {
        var numbers = SeededNumbers(5)
        let rows = (0..<40).map { _ in row(&numbers) }
        let profile = try profile(rows[...], limit: 4096)
        let bytes = profile.encoded()
        for _ in 0..<300 {
            var damaged = bytes
            let place = Int.random(in: 0..<bytes.count, using: &numbers)
            damaged[place] ^= 1 << UInt8.random(in: 0..<8, using: &numbers)
            if Bool.random(using: &numbers) { damaged.removeLast(bytes.count - place) }
            // Whatever comes of it can be written again.
            let read = try? TableProfile(decoding: damaged, columnNames: profile.columnNames)
            #expect(read?.encoded().isEmpty != true)
        }
        #expect(throws: DecodeError.self) {
            try TableProfile(decoding: bytes + [0], columnNames: profile.columnNames)
        }
        #expect(throws: DecodeError.self) {
            try TableProfile(decoding: bytes, columnNames: ["a"])
        }
    }

    // MARK: - Figures

    @Test func `columns tell types, nulls, values and keys`() throws {
        let id = try column(["1", "2", "3"])
        #expect(id.type == .int && id.uniqueness == .unique && id.distinct == 3)
        let again = try column(["1", "2", "2", "NA"])
        #expect(again.uniqueness == .no && again.missing == 1 && again.distinct == 2)
        #expect(again.top.first?.value == "2" && again.top.first?.count == 2)
        let floats = try column(["1", "1.0", "-0.0", "0", "inf", "-inf", "2e0"])
        #expect(floats.type == .float && floats.distinct == 5)
        #expect(floats.numbers?.infinities == 2 && floats.numbers?.zeros == 2)
        #expect(floats.low == "0.0" && floats.high == "2.0")
        let mixed = try column(["1", "x"])
        #expect(mixed.type == .string && mixed.numbers == nil)
        let days = try column(["2020-02-29", "1999-01-01"])
        #expect(days.type == .date && days.low == "1999-01-01" && days.high == "2020-02-29")
        let none = try column(["", "NA"])
        #expect(none.type == .string && none.missing == 2 && none.lengths == nil)
        #expect(none.distinct == 0 && none.uniqueness == .no)
    }

    @Test func `many values are estimated, and counted no more`() throws {
        let ids = try column((0..<9000).map { "\($0)" })
        #expect(!ids.isDistinctExact && ids.uniqueness == .likely && ids.top.isEmpty)
        #expect((8300...9000).contains(ids.distinct), "\(ids.distinct)")
        #expect(ids.low == "0" && ids.high == "8999")
        #expect(ids.numbers?.mean == 4499.5)
        let median = try #require(ids.numbers?.median)
        #expect((median - 4499.5).magnitude < 0.008 * 4499.5)
        let twice = try column((0..<9000).map { "\($0 % 4500)" })
        #expect(twice.uniqueness == .no)
    }

    @Test func `texts tell what they look like`() throws {
        let shapes: [(TextShape, [String])] = [
            (.email, ["ada@example.com", "a.b+c@mail.example.org"]),
            (.phone, ["+44 20 7946 0958", "+1 (555) 010-9999"]),
            (.uuid, ["123e4567-e89b-12d3-a456-426614174000"]),
            (.url, ["https://example.com/a"]), (.digits, ["00501"]),
            (.dayOrMonthFirst, ["01/02/2026", "1.2.26"]),
        ]
        for (shape, texts) in shapes {
            let found = try column(texts + ["plain"]).shapes
            #expect(found.map(\.value) == [shape] && found[0].count == texts.count, "\(shape)")
        }
        for text in ["a@b", "@example.com", "ada @example.com", "1.2.3.4", "+12", "x@y."] {
            #expect(try column([text]).shapes.isEmpty, "\(text)")
        }
    }

    // MARK: - Pieces

    @Test func `a piece that ends inside quotes is refused`() throws {
        let header = try source("a,b\n1,2\n").header()
        func piece(_ text: String) throws -> TableProfile {
            try TableProfile(ofPiece: header, holdsHeader: false) { body in
                try Array(text.utf8).withUnsafeBytes { try body($0) }
            }
        }
        #expect(try piece("1,2\n3,4\n").rowCount == 2)
        #expect(try piece("").rowCount == 0)
        #expect(throws: TableError.self) { try piece("1,\"2\n") }
        #expect(throws: TableError.self) { try piece("1,2\n3\n") }
    }
}
