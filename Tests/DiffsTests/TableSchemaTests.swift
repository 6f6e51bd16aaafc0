import Bytes
import Diffs
import Tables
import Testing
import Vocabulary

@Suite struct TableSchemaTests {
    private func schema(_ rules: String) throws -> TableSchema {
        try TableSchema(parsing: Array("version: 1\nrules:\n\(rules)".utf8), file: "s.yaml")
    }

    private func message(_ rules: String) -> String {
        do {
            _ = try schema(rules)
            return "no error"
        } catch {
            return (error as? StoreError)?.message ?? "\(error)"
        }
    }

    @Test func `rules are read and written`() throws {
        let text = """
            - {rows: {min: 1, max: 9}, severity: warn, status: inferred}
            - {key: [a, "b c"]}
            - {column: a, type: int}
            - {column: a, required: true, mostly: 0.5}
            - {column: b, unique: true}
            - {column: b, range: {min: 1.5}}
            - {column: c, range: {min: 2020-01-01, max: 2020-12-31}}
            - {column: d, values: [x, "1", "null"]}
            - {column: d, length: {max: 3}}
            - {column: d, pattern: '\\d?[a-z]?'}
            - {column: e, looksLike: email}
            - {column: f, references: {table: data/k.csv, column: id}}
            - {column: c, newest: {within: 36h}}
            - {rowChange: {within: 20%, versions: 7}}
            - {rowChange: {less: 0.5%, more: 1.5}}
            - {column: c, advances: true}
            - {drift: true, mostly: 0.9}
            - {column: b, drift: {psi: 0.2, missing: 0.1}}

            """
        let schema = try schema(text)
        #expect(schema.rules.count == 18 && schema.rules[0].line == 3)
        #expect(schema.rules[0].status == .inferred && schema.rules[1].status == .confirmed)
        let written = schema.text(of: "t.csv")
        let again = try TableSchema(parsing: Array(written.utf8), file: "again")
        #expect(again.text(of: "t.csv") == written)
        #expect(again.rules.map(\.title) == schema.rules.map(\.title))
        #expect(written.contains("- {column: c, newest: {within: \"36h\"}, status: confirmed}"))
        #expect(again.rules[3].title == "'a' is never missing (50% at least)")
        #expect(again.rules[9].title == "'d' matches \\d?[a-z]?")
        #expect(
            again.rules.suffix(5).map(\.title) == [
                "has rows within 20% of the last 7 versions",
                "has rows at most 0.5% less and at most 150% more than before",
                "'c' is newer than before", "has no column that drifted",
                "'b' did not drift (psi 0.2, missing 0.1)",
            ])
    }

    @Test(arguments: [
        ("- {column: a}", "a rule asks for one thing"),
        ("- {column: a, type: int, unique: true}", "a rule asks for one thing"),
        ("- {type: int}", "'type' needs a 'column'"), ("- {column: a, key: [a]}", "no place there"),
        ("- {column: a, type: number}", "'type' must be one of: bool, int"),
        ("- {column: a, required: false}", "can only be true"),
        ("- {column: a, range: {}}", "needs 'min', 'max' or both"),
        ("- {column: a, range: {min: 2, max: 1}}", "'max' of 'range' is below its 'min'"),
        ("- {column: a, range: {min: 2, max: 2020-01-01}}", "of different types"),
        ("- {column: a, range: {min: x}}", "a number, a day or a moment"),
        ("- {column: a, length: {min: -1}}", "a whole number, 0 or more"),
        ("- {column: a, values: []}", "a list of different texts"),
        ("- {column: a, values: [x, x]}", "a list of different texts"),
        ("- {column: a, pattern: '('}", "the pattern opens a group"),
        ("- {column: a, newest: {within: soon}}", "a span of time"),
        ("- {column: a, references: {table: ../x, column: y}}", "a path from the top"),
        ("- {column: a, unique: true, mostly: 0}", "above 0, at most 1"),
        ("- {rows: {min: 1}, mostly: 0.5}", "has no meaning"),
        ("- {column: a, typ: int}", "did you mean 'type'"), ("- x", "keys and values"),
        ("- {column: a, unique: true, severity: bad}", "must be one of: error, warn"),
        ("- {column: a, rowChange: {within: 1%}}", "no place there"),
        ("- {rowChange: {}}", "needs 'within', 'less' or 'more'"),
        ("- {rowChange: {within: many}}", "must be a share"),
        ("- {rowChange: {within: -1%}}", "must be a share"),
        ("- {rowChange: {within: 1%, versions: 0}}", "a number from 1 to 100"),
        ("- {rowChange: {within: 1%, versions: 101}}", "a number from 1 to 100"),
        ("- {rowChange: {within: 1%}, mostly: 0.5}", "has no meaning"),
        ("- {drift: {}}", "needs a limit of a measure, or true"),
        ("- {drift: false}", "keys and values"), ("- {drift: {psy: 1}}", "did you mean 'psi'"),
        ("- {drift: {psi: -1}}", "must be a number, 0 or more"),
        ("- {column: a, drift: true, mostly: 0.5}", "has no meaning"),
        ("- {advances: true}", "needs a 'column'"),
        ("- {column: a, advances: false}", "can only be true"),
    ]) func `rules that make no sense are refused with their line`(rule: String, reason: String) {
        let message = message(rule)
        #expect(message.contains(reason) && message.contains("line 3"), "\(message)")
    }

    @Test(arguments: [
        ("type: int", "type: string", "it cannot be both"),
        ("type: bool", "range: {min: 1}", "bool has no such range"),
        ("type: date", "range: {min: 1}", "date has no such range"),
        ("type: int", "values: [x, y]", "none of the values is int"),
        ("type: int", "looksLike: email", "are not int"),
        ("type: int", "newest: {within: 1d}", "int has no age"),
        ("type: int", "advances: true", "int has no age"),
        ("range: {max: 1}", "range: {min: 2}", "nothing in common"),
        ("length: {max: 1}", "length: {min: 2}", "nothing in common"),
        ("range: {max: 1}", "values: [\"2\"]", "none of the values is in the range"),
        ("values: [a]", "values: [b]", "nothing in common"),
        ("values: [a]", "pattern: b", "none of the values matches"),
        ("values: [a]", "length: {min: 2}", "none of the values has that length"),
    ]) func `rules that contradict each other are named`(one: String, other: String, why: String) {
        for pair in [(one, other), (other, one)] {
            let message = message("- {column: a, \(pair.0)}\n- {column: a, \(pair.1)}\n")
            #expect(
                message.contains(why) && message.contains("of column 'a' on lines 3 and 4"),
                "\(message)")
        }
        let mostly = message("- {column: a, \(one)}\n- {column: b, \(other)}\n")
        #expect(mostly == "no error", "\(mostly)")
    }

    @Test func `pairs of columns are read and written`() throws {
        let schema = try schema("- {column: a, type: int}\npairs: [[a, b], [\"c,d\", a]]\n")
        #expect(schema.pairs == [ColumnPair("a", "b"), ColumnPair("c,d", "a")])
        let again = try TableSchema(parsing: Array(schema.text(of: "t").utf8), file: "again")
        #expect(again.pairs == schema.pairs)
        for bad in ["x", "[a]", "[[a]]", "[[a, b, c]]", "[[a, [b]]]", "[[a, {b: c}]]"] {
            let message = message("- {column: a, type: int}\npairs: \(bad)\n")
            #expect(message.contains("pair") && message.contains("line 4"), "\(message)")
        }
    }

    @Test func `too much is refused`() {
        let rules = String(repeating: "- {column: a, unique: true}\n", count: 61)
        #expect(message(rules).contains("more than 60 rules are about the same"))
        #expect(message("- {column: a, unique: true}\n- ").contains("keys and values"))
        #expect(throws: StoreError.self) { try TableSchema(parsing: [], file: "s") }
        #expect(throws: StoreError.self) {
            try TableSchema(parsing: Array("version: 2\nrules: []\n".utf8), file: "s")
        }
        let large = Array(repeating: UInt8(0x20), count: TableSchema.maximumBytes + 1)
        #expect(throws: StoreError.self) { try TableSchema(parsing: large, file: "s") }
    }
}
