import Bytes
import Diffs
import Platform
import Tables
import TestSupport
import Testing
import Vocabulary
import Workspaces

@Suite struct TableDriftTests {
    private func fixture(_ name: String) throws -> [UInt8] {
        let tests = DiskPath(#filePath).parent.parent
        return try LocalDisk().readFile(
            tests.parent / "fixtures/drift" / name, maximumBytes: 1 << 20)
    }

    private func source(_ bytes: [UInt8]) -> TableSource {
        TableSource(name: "t.csv", format: CSVFormat.csv, bytes: bytes)
    }

    private func source(_ rows: [String], header: String = "a,b") -> TableSource {
        source(Array(("\(header)\n" + rows.map { $0 + "\n" }.joined()).utf8))
    }

    private func compare(
        _ old: TableSource, _ new: TableSource, _ options: DriftOptions = DriftOptions()
    ) throws -> TableDrift {
        let reference = try TableProfile(of: old)
        let pair = DriftPair(old: reference, new: try TableProfile(of: new))
        return try drift(pair, options) {
            try profileBlocks(of: old, rowCount: reference.rowCount, columns: $0)
        }[0]
    }

    @Test func `measures are scipy's`() throws {
        let expected = try JSONValue(parsing: try fixture("expected.json"))
        let found = try compare(source(fixture("old.csv")), source(fixture("new.csv")))
        for column in found.columns {
            let figures = try #require(expected[column.name]?.objectValue)
            #expect(figures.count == column.measures.count + 1)
            for (measure, value) in column.measures {
                let wanted = figures[measure.rawValue]?.numberValue ?? .nan
                #expect(
                    (value - wanted).magnitude <= 1e-12 * max(1, wanted),
                    "\(column.name) \(measure.rawValue) \(value) \(wanted)")
            }
            let wanted = figures["probability"]?.numberValue ?? .nan
            let probability = column.probability ?? .nan
            #expect((probability - wanted).magnitude <= 1e-11, "\(column.name) \(probability)")
        }
        #expect(found.drifted.map(\.name) == ["normal", "skewed", "small", "word"])
    }

    /// The first rows of the flights, as lines, and what stands in front of them.
    private func flights(_ count: Int) throws -> (header: String, rows: [String]) {
        let file = DiskPath(#filePath).parent.parent.parent / "fixtures/data/flights.csv.zst"
        let source = TableSource(
            file: file, name: "flights.csv.zst", format: CSVFormat.csv, on: LocalDisk())
        let read = try source.head(rows: count)
        func line(_ cells: [String?]) -> String { cells.map { $0 ?? "" }.joined(separator: ",") }
        return (read.columnNames.joined(separator: ","), read.rows.map(line))
    }

    @Test func `decisions are Evidently's, but for what chance explains`() throws {
        let expected = try JSONValue(parsing: try fixture("evidently.json"))
        let count = Int(expected["rows"]?.integerValue ?? 0)
        let (header, rows) = try flights(count)
        #expect(rows.count == 12_000)
        func decisions(_ old: [String], _ new: [String], _ name: String) throws -> [String] {
            let old = try TableProfile(of: source(old, header: header))
            let new = try TableProfile(of: source(new, header: header))
            // Evidently knows no noise of the reference.
            let drift = try drift(DriftPair(old: old, new: new), blocks: { _ in [] })[0]
            let theirs = try #require(expected[name]?.objectValue)
            #expect(theirs.count == 16)
            var differing: [String] = []
            for column in drift.columns {
                guard let verdict = theirs[column.name] else { continue }
                let value = column.deciding?.value ?? .nan
                let score = verdict["score"]?.numberValue ?? .nan
                // It counts every tail number by itself, and not the 100 most frequent ones.
                if column.name != "tailnum" {
                    // Its logarithms are natural ones.
                    let unit =
                        column.deciding?.measure == .jensenShannon
                        ? 0.6931471805599453.squareRoot() : 1
                    #expect(
                        (value * unit - score).magnitude <= 1e-9, "\(column.name) \(value) \(score)"
                    )
                }
                if verdict["drifted"] != .bool(column.isDrifted) { differing.append(column.name) }
            }
            return differing
        }
        let half = count / 2
        #expect(try decisions(Array(rows[..<half]), Array(rows[half...]), "halves").isEmpty)
        // Tail numbers of few flights each are what two samples of one table differ by.
        let turns = (0..<2).map { side in
            rows.indices.filter { $0 % 2 == side }.map { rows[$0] }
        }
        #expect(try decisions(turns[0], turns[1], "turns") == ["tailnum"])
    }

    // MARK: - Decisions

    private func normal(_ random: inout SmallRandom, shift: Double = 0) -> Double {
        // The sum of twelve uniform numbers.
        (0..<12).reduce(shift - 6) { sum, _ in sum + Double(random.next() >> 11) * 0x1p-53 }
    }

    @Test func `columns without drift are rarely called drifted`() throws {
        var random = SmallRandom(seed: 11)
        let columns = 10_000
        let header = (0..<columns).map { "c\($0)" }.joined(separator: ",")
        func table(rows: Int) -> TableSource {
            source(
                (0..<rows).map { _ in
                    (0..<columns).map { column in
                        column % 4 == 0
                            ? "\(random.integer(in: 0..<5))x"
                            : "\(Int(normal(&random) * 1000))"
                    }.joined(separator: ",")
                }, header: header)
        }
        // Without limits of effect only chance decides.
        var options = DriftOptions()
        options.limits = [.wasserstein: 0, .jensenShannon: 0]
        options.missingLimit = 0
        let found = try compare(table(rows: 60), table(rows: 40), options)
        let alarms = found.columns.count { ($0.probability ?? 1) <= 0.05 }
        // One in twenty, and three standard deviations more.
        #expect(alarms <= 500 + 66, "\(alarms) of \(columns)")
        #expect(found.drifted.isEmpty, "\(found.drifted.count) of \(columns)")
    }

    @Test func `a shift is drift, unless the reference shifts as much itself`() throws {
        var random = SmallRandom(seed: 12)
        func rows(_ count: Int, _ shift: (Int) -> Double) -> TableSource {
            source((0..<count).map { "\(normal(&random, shift: shift($0))),\($0 % 3)" })
        }
        let steady = rows(3000) { _ in 0 }
        let moved = rows(2000) { _ in 0.5 }
        let found = try compare(steady, moved)
        #expect(found.drifted.map(\.name) == ["a"])
        #expect((found.columns[0].noise ?? 1) < 0.3)
        // Every block of it stands elsewhere.
        let restless = rows(3000) { Double($0 / 300) }
        let last = rows(2000) { _ in 6 }
        let noisy = try compare(restless, last)
        #expect(noisy.drifted.isEmpty, "\(noisy.columns)")
        let column = noisy.columns[0]
        #expect(
            (column.deciding?.value ?? 0) > 0.1
                && (column.noise ?? 0) > (column.deciding?.value ?? 9))
    }

    @Test func `missing values, other types and columns are told`() throws {
        let old = source(
            (0..<400).map { "\($0 % 10),x,2020-01-01,\($0 * 7919 % 5000)u" }, header: "n,t,d,gone")
        let new = source(
            (0..<400).map { "\($0 % 5 == 0 ? "" : "\($0 % 10)"),y,2021-01-01,5" },
            header: "n,t,d,more")
        let found = try compare(old, new)
        #expect(found.columns.map(\.name) == ["n", "t", "d"])
        #expect(found.columns.map(\.isDrifted) == [true, true, true])
        #expect(found.columns[0].hasMissingDrifted && found.columns[0].missing.new == 0.2)
        #expect(found.columns[2].deciding?.measure == .wasserstein)
        #expect(found.unmatched == ["gone", "more"])
        let empty = try compare(old, source([], header: "n,t,d,more"))
        #expect(empty.drifted.isEmpty)
        #expect(empty.columns[0].note == "there are no values to compare")
    }

    /// A moment of 2020, by its second.
    private func moment(_ second: Int) -> String {
        func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
        let (day, rest) = (second / 86400, second % 86400)
        return
            "2020-01-\(two(day + 1))T\(two(rest / 3600)):\(two(rest / 60 % 60)):\(two(rest % 60))Z"
    }

    @Test(arguments: [3000, 9000])
    func `days and moments are compared as numbers`(count: Int) throws {
        var random = SmallRandom(seed: 14)
        func table(_ shift: Int) -> TableSource {
            source(
                (0..<count).map { _ in
                    let second = random.integer(in: 0..<1_000_000) + shift
                    return "\(moment(second).prefix(10)),\(moment(second))"
                }, header: "day,moment")
        }
        let reference = table(0)
        #expect(try compare(reference, table(0)).drifted.isEmpty)
        let moved = try compare(reference, table(400_000))
        #expect(moved.columns.map(\.isDrifted) == [true, true])
        for column in moved.columns {
            // Four tenths of the width of a uniform distribution.
            let effect = column.deciding?.value ?? 0
            #expect((effect - 0.4 * 12.0.squareRoot()).magnitude < 0.1, "\(effect)")
        }
    }

    @Test func `moments that go on do not drift where each block goes on`() throws {
        func table(_ seconds: Range<Int>) -> TableSource {
            source(seconds.map { "\(moment($0 * 100)),\($0 % 3)" })
        }
        let found = try compare(table(0..<6000), table(0..<7000))
        #expect(found.drifted.isEmpty, "\(found.columns[0])")
        #expect((found.columns[0].deciding?.value ?? 0) > 0.1)
    }

    @Test func `texts of very many values are compared by their hashes`() throws {
        var random = SmallRandom(seed: 15)
        func table(_ prefix: String, _ frequent: Int) -> TableSource {
            source(
                (0..<12_000).map { row in
                    let isFrequent = random.integer(in: 0..<10) < frequent
                    return "\(prefix)\(row),"
                        + (isFrequent ? "often" : "w\(random.integer(in: 0..<100_000))")
                })
        }
        let reference = table("a", 1)
        #expect(try compare(reference, table("b", 1)).drifted.isEmpty)
        let found = try compare(reference, table("b", 6))
        #expect(found.drifted.map(\.name) == ["b"])
        #expect(found.columns[1].deciding?.measure == .jensenShannon)
        // Few values against many.
        let few = source((0..<12_000).map { "x\($0 % 7),often" })
        #expect(try compare(reference, few).drifted.map(\.name) == ["a", "b"])
        #expect(try compare(few, reference).drifted.map(\.name) == ["a", "b"])
    }

    @Test func `a drift is weighed by what a model depends on`() throws {
        let old = source((0..<2000).map { "\($0 % 10),x,\($0 % 7),1" }, header: "n,t,u,gone")
        let new = source((0..<2000).map { "\($0 % 10 + 5),x,\($0 % 7)" }, header: "n,t,u")
        let drift = try compare(old, new)
        let light = WeightedDrift(drift, by: ["u": 0.7, "t": 0.22, "n": 0.08])
        #expect(light.columns.map(\.column.name) == ["u", "t", "n"])
        #expect(light.driftedShare == 0.08 && !light.isAffected && light.absent.isEmpty)
        let heavy = WeightedDrift(drift, by: ["n": 0.75, "gone": 0.125, "other": 0.125])
        #expect(heavy.columns.map(\.column.name) == ["n", "t", "u"])
        #expect(heavy.absent.map(\.name) == ["gone", "other"])
        #expect(heavy.driftedShare == 1 && heavy.isAffected)
        #expect(!WeightedDrift(drift, by: ["n": 1], limit: 1).isAffected)
    }

    @Test func `other limits decide by other measures`() throws {
        let old = source((0..<300).map { "\($0 % 10),x" })
        let new = source((0..<300).map { "\($0 % 10 + 2),x" })
        var options = DriftOptions()
        options.limits = [.psi: 1000]
        let found = try compare(old, new, options)
        #expect(found.drifted.isEmpty && found.columns[0].deciding?.measure == .psi)
        options.limits = [.ks: 0.1]
        let other = try compare(old, new, options)
        #expect(other.drifted.map(\.name) == ["a"])
        #expect(other.columns[1].note == "no limit is set for it")
    }

    @Test func `slices and blocks have the rows that they should`() throws {
        let rows = (0..<1500).map { "\($0 % 3),\($0)" }
        let slices = try profileSlices(
            of: source(rows), by: "a", ["0", "2", "gone"], columns: ["b", "a"])
        #expect(slices["0"]?.rowCount == 500 && slices["gone"]?.rowCount == 0)
        #expect(slices["2"]?.columnNames == ["b", "a"])
        #expect(slices["2"]?.column(0).numbers?.mean == 750.5)
        let blocks = try profileBlocks(of: source(rows), rowCount: 1500, columns: ["b"])
        #expect(blocks.map(\.rowCount) == [500, 500, 500])
        #expect(blocks[2].columns().map(\.low) == ["1000"])
        #expect(try profileBlocks(of: source(rows), rowCount: 900, columns: ["b"]).isEmpty)
        for (by, column) in [("c", "a"), ("a", "c")] {
            #expect(throws: StoreError.self) {
                try profileSlices(of: source(rows), by: by, ["0"], columns: [column])
            }
        }
        #expect(throws: StoreError.self) {
            try profileBlocks(of: source(rows), rowCount: 1500, columns: ["c"])
        }
    }

    @Test func `slices of many columns are compared some columns at a time`() throws {
        let columns = 40
        let header = "by," + (0..<columns).map { "c\($0)" }.joined(separator: ",")
        func rows(shift: Int) -> [String] {
            (0..<2_000).map { row in
                let cells = (0..<columns).map { "\((row &* 31 &+ $0 &* 17) % 97 + $0 % 3 * shift)" }
                return "v\(row % 20)," + cells.joined(separator: ",")
            }
        }
        func table(_ rows: [String]) -> TableSource { source(rows, header: header) }
        let (old, new) = (rows(shift: 0), rows(shift: 40))
        let values = (0..<20).map { "v\($0)" }
        var asked: [[String]] = []
        let slices = DriftSlices(count: values.count) { some in
            asked.append(some)
            let before = try profileSlices(of: table(old), by: "by", values, columns: some)
            let after = try profileSlices(of: table(new), by: "by", values, columns: some)
            return values.compactMap { value in
                guard let old = before[value], let new = after[value] else { return nil }
                return DriftPair(slice: value, old: old, new: new)
            }
        }
        let whole = DriftPair(
            old: try TableProfile(of: table(old)), new: try TableProfile(of: table(new)))
        let found = try drift(whole, slices: slices, blocks: { _ in [] })
        #expect(asked.count > 1 && asked.flatMap { $0 } == whole.old.columnNames)
        #expect(found.map(\.slice) == [nil] + values)
        for (value, slice) in zip(values, found.dropFirst()) {
            func part(_ rows: [String]) throws -> TableProfile {
                try TableProfile(of: table(rows.filter { $0.hasPrefix(value + ",") }))
            }
            let alone = try drift(
                DriftPair(old: part(old), new: part(new)), blocks: { _ in [] })[0]
            #expect(slice.newRows == 100 && slice.oldRows == 100 && slice.unmatched.isEmpty)
            #expect(slice.columns.map(\.name) == alone.columns.map(\.name))
            #expect(slice.columns.map(\.probability) == alone.columns.map(\.probability))
            #expect(
                slice.columns.map { $0.measures.map(\.value) }
                    == alone.columns.map { $0.measures.map(\.value) })
            #expect(slice.drifted.map(\.name) == alone.drifted.map(\.name))
        }
        #expect(found[1].drifted.count == columns * 2 / 3)
    }

    @Test func `the noise of many columns is found some columns at a time`() throws {
        // Blocks of this table differ in every second column as much as the new table does.
        let columns = 400
        let header = (0..<columns).map { "c\($0)" }.joined(separator: ",")
        func rows(_ cell: (Int, Int) -> Int) -> TableSource {
            source(
                (0..<1_000).map { row in
                    (0..<columns).map { "\(cell(row, $0))" }.joined(separator: ",")
                }, header: header)
        }
        let old = rows { row, column in row % 10 + (column % 2 == 0 ? row / 500 * 20 : 0) }
        let new = rows { row, column in row % 10 + (column % 2 == 0 ? 20 : 3) }
        let reference = try TableProfile(of: old)
        var asked: [Int] = []
        let found = try drift(
            DriftPair(old: reference, new: try TableProfile(of: new))
        ) { some in
            asked.append(some.count)
            return try profileBlocks(of: old, rowCount: 1_000, columns: some)
        }[0]
        #expect(asked.count > 1 && asked.reduce(0, +) == columns)
        for (place, column) in found.columns.enumerated() {
            let noise = try #require(column.noise)
            #expect(place % 2 == 0 ? noise > 5 : noise == 0, "\(column.name)")
        }
        let odd = (0..<columns).filter { $0 % 2 == 1 }.map { "c\($0)" }
        #expect(found.drifted.map(\.name) == odd)
    }
}
