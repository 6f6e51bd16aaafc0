import Diffs
import Platform
import Tables
import Testing
import Vocabulary

/// Rules that compare a table with what it was.
@Suite struct TableHistoryTests {
    private func source(_ text: String) -> TableSource {
        TableSource(name: "t.csv", format: CSVFormat.csv, bytes: Array(text.utf8))
    }

    private func version(_ name: String, _ text: String) -> TableHistory.Version {
        let source = source(text)
        return TableHistory.Version(
            name: name, rows: { try TableProfile(of: source).rowCount },
            profile: { try TableProfile(of: source) },
            blocks: { try profileBlocks(of: source, rowCount: $0, columns: $1) })
    }

    private func check(
        _ text: String, _ rules: [String], _ versions: [TableHistory.Version]
    ) throws -> [RuleVerdict] {
        let lines = rules.map { "- {\($0)}\n" }.joined()
        let schema = try TableSchema(
            parsing: Array("version: 1\nrules:\n\(lines)".utf8), file: "s.yaml")
        let source = source(text)
        let history = TableHistory(versions) { try TableProfile(of: source) }
        return try checkTable(
            source, by: schema, now: Timestamp(milliseconds: 0), history: history
        ) { path in throw StoreError(.notFound, "no \(path)") }.verdicts
    }

    private func rows(_ count: Int, _ cells: (Int) -> String = { "\($0 % 10),2020-01-01" })
        -> String
    {
        "n,day\n" + (0..<count).map { cells($0) + "\n" }.joined()
    }

    @Test(arguments: [
        (120, "within: 20%", true), (121, "within: 20%", false), (80, "within: 0.2", true),
        (79, "within: 20%", false), (79, "more: 20%", true), (121, "less: 20%", true),
        (1, "less: 99%", true), (0, "less: 99%", false), (0, "less: 100%", true),
        // Shares that no binary fraction is.
        (129, "within: 29%", true), (71, "within: 29%", true), (130, "within: 29%", false),
        (107, "within: 7%", true), (108, "within: 7%", false), (100, "within: 0%", true),
        (101, "within: 0%", false), (130, "within: 10%, more: 30%", true),
        (85, "within: 10%, more: 30%", false),
    ]) func `rows may change by so much`(count: Int, rule: String, isKept: Bool) throws {
        let former = version("commit 1", rows(100))
        let verdict = try check(rows(count), ["rowChange: {\(rule)}"], [former])[0]
        #expect(verdict.isKept == isKept, "\(verdict.sentence)")
        #expect(!verdict.isSkipped && verdict.examined == count)
    }

    @Test func `the mean is of as many versions as there are`() throws {
        let versions = [100, 50, 0].map { version("commit \($0)", rows($0)) }
        func sentence(_ count: Int) throws -> String {
            try check(
                rows(60), ["rowChange: {within: 10%, versions: \(count)}"], versions)[0].sentence
        }
        #expect(try sentence(1) == "60 rows after 100 in commit 100 (-40 %)")
        #expect(try sentence(2) == "60 rows after 75 on average in 2 versions (-20 %)")
        #expect(try sentence(9) == "60 rows after 50 on average in 3 versions (+20 %)")
        let none = try check(
            rows(3), ["rowChange: {within: 10%}"], [version("commit 0", rows(0))])[0]
        #expect(!none.isKept && none.sentence == "3 rows after 0 in commit 0")
        let both = try check(
            rows(0), ["rowChange: {within: 10%}"], [version("commit 0", rows(0))])[0]
        #expect(both.isKept)
    }

    @Test func `a column that drifted breaks its rule, and that of all columns`() throws {
        let former = version("commit 1", rows(2000) { "\($0 % 10),2020-01-0\(1 + $0 % 9)" })
        let text = rows(1000) { "\($0 % 10 + 4),2020-01-0\(1 + $0 % 9)" }
        let verdicts = try check(
            text,
            [
                "drift: true", "drift: true, mostly: 0.5", "column: n, drift: true",
                "column: day, drift: true", "column: n, drift: {wasserstein: 2}",
                "column: x, drift: true",
            ], [former])
        #expect(verdicts.map(\.isKept) == [false, true, false, true, true, false])
        #expect(verdicts[0].failed == 1 && verdicts[0].examined == 2)
        #expect(
            verdicts[0].sentence.hasPrefix(
                "1 of 2 columns drifted since commit 1: 'n' wasserstein 1."),
            "\(verdicts[0].sentence)")
        #expect(verdicts[2].sentence.hasPrefix("it drifted since commit 1: wasserstein 1."))
        #expect(verdicts[4].sentence == "it did not drift since commit 1")
        #expect(verdicts[5].sentence == "the table has no column 'x'")
        let lost = try check(
            "n,day\n" + String(repeating: ",2020-01-01\n", count: 1000),
            ["column: n, drift: true"], [former])[0]
        #expect(!lost.isKept && lost.sentence.hasSuffix("missing values"), "\(lost.sentence)")
    }

    @Test func `the latest day must be later than it was`() throws {
        let former = version("commit 1", "n,day\n1,2020-01-02\n2,2020-01-01\n")
        func verdict(_ day: String) throws -> RuleVerdict {
            try check("n,day\n1,\(day)\n", ["column: day, advances: true"], [former])[0]
        }
        #expect(try verdict("2020-01-03").isKept)
        #expect(try !verdict("2020-01-02").isKept)
        #expect(try verdict("2020-01-02T00:00:01Z").isKept)
        #expect(try !verdict("soon").isKept)
        #expect(
            try verdict("2020-01-02").sentence
                == "the latest is 2020-01-02T00:00:00.000Z, after 2020-01-02T00:00:00.000Z in commit 1"
        )
        let texts = version("commit 2", "n,day\n1,soon\n")
        let skipped = try check(
            "n,day\n1,2020-01-01\n", ["column: day, advances: true"], [texts])[0]
        #expect(skipped.isSkipped && skipped.isKept)
    }

    private static let all = [
        "rowChange: {within: 0%}", "drift: true", "column: n, drift: true",
        "column: day, advances: true",
    ]

    @Test func `without a former version nothing is judged, and that is said`() throws {
        for verdict in try check(rows(3), TableHistoryTests.all, []) {
            #expect(verdict.isSkipped && verdict.isKept)
            #expect(verdict.sentence == "it has no former version")
        }
    }

    @Test func `a former version that is elsewhere breaks rules`() throws {
        let gone = TableHistory.Version(
            name: "commit 1", rows: { nil }, profile: { nil }, blocks: { _, _ in [] })
        for verdict in try check(rows(3), TableHistoryTests.all, [gone]) {
            #expect(!verdict.isSkipped && !verdict.isKept)
            #expect(verdict.sentence.hasPrefix("the version of commit 1 is not in this store"))
        }
    }

    @Test func `a column that is new is skipped`() throws {
        let former = version("commit 1", "a,b\n1,2\n")
        let verdict = try check(rows(3), ["column: n, drift: true"], [former])[0]
        #expect(verdict.isSkipped && verdict.sentence == "commit 1 has no such column")
    }
}
