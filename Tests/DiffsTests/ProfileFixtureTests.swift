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

    private func correlations(_ name: String, _ pairs: [JSONValue]) throws -> [PairCorrelation] {
        let named = pairs.map {
            ColumnPair($0.arrayValue?[0].stringValue ?? "", $0.arrayValue?[1].stringValue ?? "")
        }
        let source = TableSource(name: name, format: CSVFormat.csv, bytes: try fixture(name))
        return try TableProfile(of: source, pairs: named).correlations()
    }

    @Test func `correlations do not lose what counts`() throws {
        let expected = try JSONValue(parsing: try fixture("profile/expected.json"))
        let pairs = expected["hardPairs"]?.arrayValue ?? []
        #expect(pairs.count == 6)
        for (found, wanted) in zip(try correlations("profile/hard.csv", pairs), pairs) {
            #expect(found.count == 1000)
            let pearson = wanted.arrayValue?[2].numberValue ?? .nan
            #expect(((found.pearson ?? .nan) - pearson).magnitude <= 1e-12, "\(found) \(pearson)")
        }
    }

    @Test func `correlations are numpy's, of the rows that have both`() throws {
        let expected = try JSONValue(parsing: try fixture("profile/expected.json"))
        let pairs = expected["penguinPairs"]?.arrayValue ?? []
        #expect(pairs.count >= 6)
        for (found, wanted) in zip(try correlations("data/penguins.csv", pairs), pairs) {
            #expect(wanted.arrayValue?[2].integerValue == Int64(found.count))
            agree(found.pearson, wanted.arrayValue?[3], "\(found.pair)")
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
