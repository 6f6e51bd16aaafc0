import Bytes
import Diffs
import Platform
import Tables
import TestSupport
import Testing
import Vocabulary

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
        return try drift([pair], options) {
            try profileBlocks(of: old, rowCount: reference.rowCount)
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

    // MARK: - Decisions

    private func normal(_ random: inout SmallRandom, shift: Double = 0) -> Double {
        // The sum of twelve uniform numbers.
        (0..<12).reduce(shift - 6) { sum, _ in sum + Double(random.next() >> 11) * 0x1p-53 }
    }

    @Test func `columns without drift are rarely called drifted`() throws {
        var random = SmallRandom(seed: 11)
        let columns = 1000
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
        let found = try compare(table(rows: 90), table(rows: 60), options)
        let alarms = found.columns.count { ($0.probability ?? 1) <= 0.05 }
        // One in twenty, and three standard deviations more.
        #expect(alarms <= 50 + 21, "\(alarms) of \(columns)")
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
        #expect(found.columns.map(\.isDrifted) == [true, true, false])
        #expect(found.columns[0].hasMissingDrifted && found.columns[0].missing.new == 0.2)
        #expect(found.columns[2].note == "days and moments move on")
        #expect(found.unmatched == ["gone", "more"])
        let empty = try compare(old, source([], header: "n,t,d,more"))
        #expect(empty.drifted.isEmpty)
        #expect(empty.columns[0].note == "there are no values to compare")
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
        let slices = try profileSlices(of: source(rows), by: "a", ["0", "2", "gone"])
        #expect(slices["0"]?.rowCount == 500 && slices["gone"]?.rowCount == 0)
        #expect(slices["2"]?.columns()[1].numbers?.mean == 750.5)
        let blocks = try profileBlocks(of: source(rows), rowCount: 1500)
        #expect(blocks.map(\.rowCount) == [500, 500, 500])
        #expect(blocks[2].columns()[1].low == "1000")
        #expect(try profileBlocks(of: source(rows), rowCount: 900).isEmpty)
        #expect(throws: StoreError.self) {
            try profileSlices(of: source(rows), by: "c", ["0"])
        }
    }
}
