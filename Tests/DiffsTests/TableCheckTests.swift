import Bytes
import Diffs
import Platform
import Tables
import Testing
import Vocabulary

@Suite struct TableCheckTests {
    private static let noon = Timestamp("2020-01-02T12:00:00Z") ?? Timestamp(milliseconds: 0)

    private func table(_ text: String) -> TableSource {
        TableSource(name: "t.csv", format: CSVFormat.csv, bytes: Array(text.utf8))
    }

    private func check(
        _ text: String, _ rules: [String], other: String? = nil
    ) throws -> TableVerdict {
        let lines = rules.map { $0.hasPrefix("- ") ? $0 : "- {\($0)}" }.joined(separator: "\n")
        let schema = try TableSchema(
            parsing: Array("version: 1\nrules:\n\(lines)\n".utf8), file: "s.yaml")
        return try checkTable(table(text), by: schema, now: TableCheckTests.noon) { path in
            guard let other else { throw StoreError(.notFound, "no \(path)") }
            return table(other)
        }
    }

    @Test func `every sort of rule counts what breaks it`() throws {
        let text = """
            id,mail,day,n
            1,a@b.com,2020-01-01,5
            2,x,NA,
            2,NA,2019-01-01,abc
            NA,c@d.org,2020-01-01,"7"

            """
        let verdict = try check(
            text,
            [
                "rows: {min: 5}", "key: [id]", "key: [id, mail]", "column: id, unique: true",
                "column: id, required: true", "column: mail, looksLike: email",
                "column: day, type: date", "column: day, range: {min: 2019-06-01}",
                "column: n, type: int", "column: n, type: int, mostly: 0.6",
                "column: day, newest: {within: 2d}", "column: day, newest: {within: 1d}",
                "column: id, references: {table: k.csv, column: k}", "column: gone, unique: true",
                "column: mail, required: true, mostly: 0.7",
            ], other: "k\n2\n3\n")
        #expect(verdict.rowCount == 4)
        let failed = verdict.verdicts.map(\.failed)
        #expect(failed == [0, 2, 2, 1, 1, 1, 0, 1, 1, 1, 0, 0, 1, 0, 1], "\(failed)")
        let kept = verdict.verdicts.map(\.isKept)
        #expect(
            kept == [
                false, false, false, false, false, false, true, false, false, true, true, false,
                false, false, true,
            ], "\(kept)")
        #expect(verdict.verdicts[3].examples.map(\.row) == [3])
        #expect(verdict.verdicts[3].examples.map(\.value) == ["2"])
        #expect(verdict.verdicts[0].sentence == "it has 4 rows")
        #expect(verdict.verdicts[8].sentence == "1 of 3 values fails")
        #expect(verdict.verdicts[13].sentence == "the table has no column 'gone'")
        #expect(verdict.failingRows.map(\.row) == [1, 2, 3, 4])
        let table = String(decoding: verdict.failingTable, as: UTF8.self)
        #expect(
            table.hasPrefix("rules,row,id,mail,day,n\n15,1,1,a@b.com,2020-01-01,5\n"), "\(table)")
    }

    @Test func `rules hold for a table without rows`() throws {
        let verdict = try check(
            "a,b\n", ["column: a, unique: true", "column: a, required: true", "rows: {max: 0}"])
        #expect(verdict.verdicts.allSatisfy(\.isKept) && verdict.failingRows.isEmpty)
    }

    @Test func `repetitions are found where hashes do not fit at once`() throws {
        // Sixty searches share the room, so that each of them has little.
        var text = "a,b\n"
        for row in 0..<80_000 { text += "\(row == 79_999 ? 0 : row),x\n" }
        let rules = Array(repeating: "column: a, unique: true", count: 60)
        let verdict = try check(text, rules)
        #expect(verdict.verdicts.allSatisfy { $0.failed == 1 && $0.examined == 80_000 })
        #expect(verdict.verdicts[0].examples.map(\.row) == [80_000])
    }

    @Test func `a table that a rule refers to must be there`() throws {
        let rule = "column: a, references: {table: k.csv, column: k}"
        #expect(throws: StoreError.self) { try check("a,b\n1,2\n", [rule]) }
        #expect(throws: StoreError.self) { try check("a,b\n1,2\n", [rule], other: "x,y\n1,2\n") }
    }

    @Test func `rules that are inferred hold, and are read again`() throws {
        let file = DiskPath(#filePath).parent.parent.parent / "fixtures/data/penguins.csv"
        let bytes = try LocalDisk().readFile(file, maximumBytes: 1 << 20)
        let source = TableSource(name: "p.csv", format: CSVFormat.csv, bytes: bytes)
        let schema = TableSchema(inferredFrom: try TableProfile(of: source))
        let text = schema.text(of: "p.csv")
        let read = try TableSchema(parsing: Array(text.utf8), file: "s")
        let verdict = try checkTable(source, by: read, now: TableCheckTests.noon) { _ in source }
        #expect(verdict.verdicts.allSatisfy { $0.isKept }, "\(text)")
        #expect(text.contains("- {column: sex, required: true, mostly: 0.93, severity: warn"))
        #expect(text.contains("- {column: species, values: [Adelie, Chinstrap, Gentoo]"))
        #expect(schema.keeping(verdict).rules.count == schema.rules.count)
    }

    @Test func `verdicts are pandera's`() throws {
        let file = DiskPath(#filePath).parent.parent.parent / "fixtures/check/cases.json"
        let cases = try JSONValue(parsing: try LocalDisk().readFile(file, maximumBytes: 1 << 20))
        for (number, example) in (cases.arrayValue ?? []).enumerated() {
            let rules = example["rules"]?.arrayValue?.compactMap(\.stringValue) ?? []
            let expected = example["failed"]?.arrayValue?.compactMap(\.integerValue) ?? []
            let text = try #require(example["csv"]?.stringValue)
            // One by one: together some would contradict each other.
            for (rule, failed) in zip(rules, expected) {
                let verdict = try check(text, [rule]).verdicts[0]
                #expect(verdict.failed == Int(failed), "case \(number): \(rule)")
                #expect(verdict.isKept == (failed == 0), "case \(number): \(rule)")
            }
        }
        #expect(cases.arrayValue?.count == 60)
    }
}
