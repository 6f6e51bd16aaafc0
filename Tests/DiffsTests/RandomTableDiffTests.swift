import Diffs
import Tables
import Testing
import Vocabulary

/// Random pairs of tables, compared by the simplest means there are.
@Suite struct RandomTableDiffTests {
    private func source(_ text: String) -> TableSource {
        TableSource(name: "t.csv", format: CSVFormat.csv, bytes: Array(text.utf8))
    }

    private func options(_ change: (inout TableDiffOptions) -> Void = { _ in }) -> TableDiffOptions
    {
        var options = TableDiffOptions()
        change(&options)
        return options
    }

    private func counts(_ diff: TableDiff) -> PlainCounts {
        PlainCounts(added: diff.addedCount, removed: diff.removedCount, changed: diff.changedCount)
    }

    @Test(arguments: 0..<40 as Range<UInt64>)
    func `by key, the answer is that of a dictionary`(_ seed: UInt64) throws {
        var numbers = SeededNumbers(seed)
        let pair = RandomPair(&numbers, hasKey: true)
        let expected = pair.naive(key: "id")
        let delimiter = Bool.random(using: &numbers) ? ";" : ","
        let old = pair.old.source("old.csv", delimiter: ",", &numbers)
        let new = pair.new.source("new.csv", delimiter: delimiter, &numbers)
        let diff = try diffTables(old: old, new: new, options: options { $0.key = ["id"] })
        #expect(counts(diff) == expected.rows)
        let changed = diff.changedColumns.map { ($0.name, $0.count) }
        #expect(Dictionary(uniqueKeysWithValues: changed) == expected.changed)
        #expect(diff.old.rowCount == pair.old.rows.count)
        #expect(diff.new.rowCount == pair.new.rows.count)
        for budget in [2000] {
            let options = options {
                $0.key = ["id"]
                $0.memoryBudget = budget
            }
            let small = try diffTables(old: old, new: new, options: options)
            #expect(small.json() == diff.json())
        }
    }

    @Test(arguments: 0..<40 as Range<UInt64>)
    func `without a key, the answer is that of bags of rows`(_ seed: UInt64) throws {
        var numbers = SeededNumbers(seed &+ 500)
        let pair = RandomPair(&numbers, hasKey: false)
        let old = pair.old.source("old.csv", delimiter: ",", &numbers)
        let new = pair.new.source("new.csv", delimiter: ",", &numbers)
        let diff = try diffTables(old: old, new: new, options: options())
        guard case .multiset = diff.matching else { return }
        #expect(counts(diff) == pair.naiveBag())
        #expect(diff.addedExamples.count == min(3, diff.addedCount))
        #expect(diff.removedExamples.count == min(3, diff.removedCount))
        let small = try diffTables(
            old: old, new: new, options: options { $0.memoryBudget = 3000 })
        #expect(small.json() == diff.json())
    }

    @Test(arguments: [
        ("id,v\n1,a\n2,a\n", ["id"]),
        ("v,id\na,1\na,2\n", ["id"]),
        ("x,y,v\n1,1,5\n1,2,5\n2,1,5\n2,2,5\n", ["x", "y"]),
        ("c,x,y,v\n9,1,1,5\n9,1,2,5\n9,2,1,5\n9,2,2,5\n", ["x", "y"]),
        ("n,price,id\n1,1,a\n1,2,b\n", ["id"]),
        (
            "a,flight,carrier,at\n1,7,UA,2013-01-01\n1,7,AA,2013-01-01\n1,8,AA,2013-01-01\n",
            ["flight", "carrier"]
        ),
        ("x,m,y\n1,0.5,1\n1,0.5,2\n2,0.5,1\n", ["x", "y"]),
    ])
    func `the key is found where columns tell rows apart`(_ text: String, _ key: [String]) throws {
        #expect(
            try diffTables(old: source(text), new: source(text)).matching
                == .key(key, isInferred: true))
    }

    @Test func `a column that is unique in one version only is no key`() throws {
        let diff = try diffTables(old: source("id\n1\n2\n"), new: source("id\n1\n1\n2\n"))
        #expect(counts(diff) == PlainCounts(added: 1, removed: 0, changed: 0))
    }

    @Test func `delimiters, quotes and line ends are no change`() throws {
        let old = source("id,v\n1,a\n2,\"b,c\"\n3,d\n")
        for text in ["id;v\n3;d\n\"2\";b,c\n1;\"a\"\n", "id,v\r\n3,\"d\"\r\n2,\"b,c\"\r\n1,a"] {
            #expect(try diffTables(old: old, new: source(text)).isEmpty)
        }
    }

    @Test func `values that would join alike are told apart`() throws {
        let old = source("a,b\n\"x,y\",z\n")
        let diff = try diffTables(old: old, new: source("a,b\nx,\"y,z\"\n"))
        #expect(!diff.isEmpty)
    }

    @Test func `tables without common columns are compared by their schemas`() throws {
        let diff = try diffTables(old: source("a\n1\n2\n"), new: source("b\n1\n"))
        #expect(diff.schema.added.map(\.name) == ["b"])
        #expect(diff.schema.removed.map(\.name) == ["a"])
    }
}
