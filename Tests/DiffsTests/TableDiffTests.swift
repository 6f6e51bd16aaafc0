import Diffs
import Tables
import Testing
import Vocabulary

@Suite struct TableDiffTests {
    private func table(_ text: String) -> TableSource {
        TableSource(name: "t.csv", format: CSVFormat.csv, bytes: Array(text.utf8))
    }

    private func diff(
        _ old: String, _ new: String, key: [String]? = nil, budget: Int? = nil
    ) throws -> TableDiff {
        var options = TableDiffOptions()
        options.key = key
        if let budget { options.memoryBudget = budget }
        return try diffTables(old: table(old), new: table(new), options: options)
    }

    @Test func `equal tables do not differ, whatever the order of rows`() throws {
        let same = try diff("id,v\n1,a\n2,b\n3,c\n", "id,v\n3,c\n1,a\n2,b\n")
        #expect(same.isEmpty)
        #expect(same.matching == .key(["id"], isInferred: true))
    }

    @Test func `rows are matched by the key that was found`() throws {
        let result = try diff("id,v,w\n1,a,x\n2,b,x\n3,c,x\n", "id,v,w\n1,a,x\n2,B,y\n4,d,x\n")
        #expect(result.addedCount == 1)
        #expect(result.removedCount == 1)
        #expect(result.changedCount == 1)
        #expect(result.changedColumns.map(\.name) == ["v", "w"])
        #expect(
            result.textLines() == [
                "rows     3 -> 3   +1 added, 1 removed, 1 changed   (key, found: id)",
                "changed  v 1, w 1", "example  id=2: v b -> B, w x -> y", "added    id=4",
                "removed  id=3",
            ])
        #expect(result.textLines(hidingValues: true).count == 2)
    }

    @Test func `a prefix of columns can be the key`() throws {
        let result = try diff("a,b,v\n1,1,x\n1,2,x\n2,1,x\n", "a,b,v\n1,1,x\n1,2,y\n2,1,x\n")
        #expect(result.matching == .key(["a", "b"], isInferred: true))
        #expect(result.changedCount == 1)
    }

    @Test func `without a key equal rows cancel each other out`() throws {
        let result = try diff("v\na\na\nb\n", "v\na\nb\nb\nc\n")
        #expect(result.matching == .multiset("no columns that name rows are unique"))
        #expect(result.addedCount == 2)
        #expect(result.removedCount == 1)
    }

    @Test func `a row without a key shows where it differs`() throws {
        let names = (0..<40).map { "c\($0)" }.joined(separator: ",")
        func rows(_ last: String, columns: Int) -> String {
            let row = Array(repeating: "x", count: columns - 1).joined(separator: ",")
            return "\(row),a\n\(row),a\n\(row),\(last)\n"
        }
        let six = "a,b,c,d,e,f\n"
        let result = try diff(six + rows("b", columns: 6), six + rows("c", columns: 6))
        #expect(
            result.textLines().suffix(2) == [
                "added    a=x b=x c=x d=x e=x f=c", "removed  a=x b=x c=x d=x e=x f=b",
            ])
        let markdown = result.markdownLines()
        #expect(markdown.contains("| a=x b=x c=x d=x e=x f=c |"))
        #expect(markdown.contains("| removed rows |"))
        #expect(!result.markdownLines(hidingValues: true).contains { $0.contains("=x") })
        let wide = try diff(
            "\(names)\n" + rows("b", columns: 40), "\(names)\n" + rows("c", columns: 40))
        #expect(wide.textLines().last?.hasSuffix("c30=x c31=x …") == true)
    }

    @Test func `an added column is no change of every row`() throws {
        let result = try diff("id,v\n1,a\n2,b\n", "id,extra,v\n1,7,a\n2,,b\n")
        #expect(result.changedCount == 0)
        #expect(result.schema.added.map(\.typeText) == ["int?"])
        #expect(!result.isEmpty)
    }

    @Test func `a column can change its type and the columns their order`() throws {
        let result = try diff("id,v,w\n1,1,a\n2,2,b\n", "id,w,v\n1,a,1\n2,b,2.5\n")
        #expect(result.schema.isReordered)
        #expect(
            result.schema.retyped.map { "\($0.old.typeText) \($0.new.typeText)" } == ["int float"])
        #expect(result.changedCount == 1)
    }

    @Test func `a key that is not unique is said and not used`() throws {
        let result = try diff("id,v\n1,a\n1,b\n", "id,v\n1,a\n1,c\n", key: ["id"])
        #expect(result.matching == .multiset("rows are not unique in id"))
        #expect(result.addedCount == 1)
        #expect(result.removedCount == 1)
    }

    @Test func `a key that is no column is bad usage with the near name`() throws {
        let error = try #require(throws: StoreError.self) {
            try diff("ident,v\n1,a\n", "ident,v\n1,a\n", key: ["idnt"])
        }
        #expect(error.kind == .badUsage)
        #expect(error.advice == "did you mean 'ident'?")
    }

    @Test func `several passes give the same answer as one`() throws {
        let old = "id,a,b\n" + (0..<2000).map { "\($0),\($0 % 7),x\n" }.joined()
        let new =
            "id,a,b\n"
            + (100..<2100).reversed().map { "\($0),\($0 % 5 == 0 ? 9 : $0 % 7),x\n" }.joined()
        let one = try diff(old, new)
        let many = try diff(old, new, budget: 20_000)
        #expect(one.addedCount == 100)
        #expect(one.removedCount == 100)
        #expect(one.json() == many.json())
    }

    @Test func `quotes are no part of a value`() throws {
        #expect(try diff("id,v\n1,\"a\"\n2,\"x\"\"y\"\n", "id,v\n1,a\n2,\"x\"\"y\"\n").isEmpty)
    }

    @Test func `an empty table has rows added to it`() throws {
        let result = try diff("id,v\n", "id,v\n1,a\n")
        #expect(result.addedCount == 1)
        #expect(result.removedCount == 0)
    }

    @Test func `cells cannot inject markup into a review`() throws {
        let evil = "<script>alert(1)</script> | [x](http://e) `c` @team"
        let result = try diff("id,v\n1,a\n", "id,v\n1,\"\(evil)\"\n")
        let text = result.markdownLines().joined(separator: "\n")
        for part in ["<script", "[x]", "`c`", "@team"] { #expect(!text.contains(part)) }
        #expect(text.contains("&#60;script&#62;"))
    }

    @Test func `a review cuts cells and nothing else`() throws {
        let long = String(repeating: "x", count: 100)
        let names = (0..<9).map { "a_longer_column_\($0)" }
        let header = "id," + names.joined(separator: ",")
        let row = names.map { _ in "q" }.joined(separator: ",")
        let result = try diff("\(header)\n1,\(row)\n", "\(header)\n1,\(row)\(long)\n")
        let lines = result.markdownLines()
        #expect(lines[0].hasSuffix("changed   &#40;key, found&#58; id&#41;"))
        #expect(lines.last?.contains(String(repeating: "x", count: 30)) == true)
        #expect(lines.last?.contains(long) == false)
        #expect(markdownText("a\nb\\") == "a&#92;x0ab&#92;")
    }

    @Test(arguments: [(0, "0"), (999, "999"), (1000, "1,000"), (-1_234_567, "-1,234,567")])
    func `numbers are grouped`(value: Int, text: String) {
        #expect(groupedDigits(value) == text)
    }
}

/// Versions whose files state types.
@Suite struct TypedTableDiffTests {
    private func lines(_ text: String) -> TableSource {
        TableSource(name: "t.jsonl", format: JSONLinesFormat(), bytes: Array(text.utf8))
    }

    @Test func `lines of JSON are compared row by row, whatever the order of their keys`() throws {
        let diff = try diffTables(
            old: lines("{\"id\":\"a\",\"v\":{\"x\":1}}\n{\"id\":\"b\",\"v\":{\"x\":2}}\n"),
            new: lines(
                "{\"v\":{\"x\":3},\"id\":\"b\"}\n{\"id\":\"a\",\"v\":{\"x\":1}}\n{\"id\":\"c\"}\n"))
        #expect(diff.matching == .key(["id"], isInferred: true))
        #expect((diff.addedCount, diff.removedCount, diff.changedCount) == (1, 0, 1))
        #expect(diff.changedExamples.first?.cells.first?.column == "v.x")
        #expect(diff.changedExamples.first?.cells.first?.new == "3")
    }

    @Test func `an empty text is another value than none`() throws {
        let old = lines("{\"id\":1,\"t\":\"\"}\n{\"id\":2,\"t\":\"x,\"}\n")
        let new = lines("{\"id\":1,\"t\":null}\n{\"id\":2,\"t\":\"x,\"}\n")
        #expect(try diffTables(old: old, new: new).changedCount == 1)
        #expect(try diffTables(old: old, new: old).isEmpty)
    }

    @Test func `a text that holds zeros is not two`() throws {
        let old = lines(#"{"a":"x\u0000","b":"y","c":1}"# + "\n" + #"{"a":"p,","b":"q","c":1}"#)
        let new = lines(#"{"a":"x","b":"\u0000y","c":1}"# + "\n" + #"{"a":"p,","b":"q","c":1}"#)
        let diff = try diffTables(old: old, new: new)
        #expect(!diff.isEmpty)
    }
}
