import Bytes
import Platform
import Tables
import TestSupport
import Testing
import Vocabulary

/// The figures of numpy and of exact fractions: `fixtures/profile/README.md`.
@Suite struct ProfileFixtureTests {
    private func fixture(_ name: String) throws -> [UInt8] {
        let tests = DiskPath(#filePath).parent.parent
        return try LocalDisk().readFile(tests.parent / "fixtures" / name, maximumBytes: 1 << 20)
    }

    private func columns(_ name: String) throws -> [ColumnProfile] {
        try TableProfile(
            of: TableSource(name: name, format: CSVFormat.csv, bytes: try fixture(name))
        ).columns()
    }

    private func agree(_ found: Double?, _ expected: JSONValue?, _ what: String) {
        guard let expected = expected?.numberValue, let found else {
            Issue.record("\(what) is missing")
            return
        }
        #expect((found - expected).magnitude <= 1e-12 * expected.magnitude, "\(what)")
    }

    @Test func `sums do not lose what counts`() throws {
        let expected = try JSONValue(parsing: try fixture("profile/expected.json"))["hard"]
        for column in try columns("profile/hard.csv") {
            let figures = expected?[column.name]
            agree(column.numbers?.mean, figures?["mean"], "\(column.name) mean")
            agree(column.numbers?.standardDeviation, figures?["std"], "\(column.name) std")
        }
    }

    @Test func `figures are numpy's`() throws {
        let expected = try JSONValue(parsing: try fixture("profile/expected.json"))["penguins"]
        for column in try columns("data/penguins.csv") {
            let figures = try #require(expected?[column.name])
            #expect(figures["missing"]?.integerValue == Int64(column.missing))
            #expect(figures["distinct"]?.integerValue == Int64(column.distinct))
            let lengths = figures["lengths"]?.arrayValue?.compactMap(\.integerValue)
            #expect(
                lengths
                    == [column.lengths?.shortest, column.lengths?.longest].compactMap {
                        $0.map { Int64($0) }
                    })
            guard figures["mean"] != nil else {
                #expect(column.numbers == nil)
                continue
            }
            let numbers = try #require(column.numbers)
            agree(numbers.mean, figures["mean"], "mean")
            agree(numbers.standardDeviation, figures["std"], "std")
            agree(column.low.flatMap { Double($0) }, figures["min"], "min")
            agree(column.high.flatMap { Double($0) }, figures["max"], "max")
            for (found, wanted) in zip(numbers.quantiles, figures["quantiles"]?.arrayValue ?? []) {
                agree(found.value, wanted, "\(column.name) quantile \(found.share)")
            }
            let counts = figures["histogram"]?.arrayValue?.compactMap(\.integerValue)
            #expect(counts == numbers.histogram.map { Int64($0) }, "\(column.name)")
        }
    }
}
