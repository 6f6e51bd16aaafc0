import Bytes
import Platform
import TestSupport
import Testing
import Vocabulary
import Workspaces

@testable import Diffs
@testable import Tables

/// Diffs of some columns, and of numbers that may be near each other.
@Suite struct SelectiveDiffTests {
    private struct Case {
        let value: JSONValue
        func text(_ name: String) -> String { value[name]?.stringValue ?? "" }
        func list(_ name: String) -> [String]? {
            value[name]?.arrayValue?.compactMap(\.stringValue)
        }
        func count(_ name: String) -> Int {
            value["expected"]?[name]?.integerValue.map { Int($0) } ?? -1
        }
        var columns: [String: Int] {
            (value["expected"]?["columns"]?.objectValue ?? [:]).compactMapValues {
                $0.integerValue.map { Int($0) }
            }
        }
    }

    private static func cases() throws -> [Case] {
        let file = DiskPath(#filePath).parent.parent.parent / "fixtures/diff/cases.json"
        let bytes = try LocalDisk().readFile(file, maximumBytes: 1 << 20)
        return try JSONValue(parsing: bytes).arrayValue?.map(Case.init) ?? []
    }

    private func source(_ text: String) -> TableSource {
        TableSource(name: "t.csv", format: CSVFormat.csv, bytes: Array(text.utf8))
    }

    private func options(of test: Case) throws -> TableDiffOptions {
        var options = TableDiffOptions()
        options.key = test.list("key")
        options.columns = test.list("compared")
        for text in test.list("tolerance") ?? [] { try options.add(tolerance: text) }
        return options
    }

    @Test func `the answers are those of pandas, in one pass and in several`() throws {
        let cases = try SelectiveDiffTests.cases()
        var bags = 0
        #expect(cases.count == 120)
        for (number, test) in cases.enumerated() {
            var options = try options(of: test)
            let (old, new) = (source(test.text("old")), source(test.text("new")))
            let diff = try diffTables(old: old, new: new, options: options)
            if case .multiset = diff.matching {
                bags += 1
            } else if test.value["isKey"] != .bool(true) {
                continue
            }
            #expect(diff.addedCount == test.count("added"), "case \(number)")
            #expect(diff.removedCount == test.count("removed"), "case \(number)")
            #expect(diff.changedCount == test.count("changed"), "case \(number)")
            let changed = diff.changedColumns.map { ($0.name, $0.count) }
            #expect(Dictionary(uniqueKeysWithValues: changed) == test.columns, "case \(number)")
            #expect(diff.addedExamples.count == min(3, diff.addedCount))
            #expect(diff.removedExamples.count == min(3, diff.removedCount))
            #expect(diff.changedExamples.count == min(3, diff.changedCount))
            #expect(diff.changedExamples.allSatisfy { !$0.cells.isEmpty })
            options.memoryBudget = 2500
            let small = try diffTables(old: old, new: new, options: options)
            #expect(small.json() == diff.json(), "case \(number)")
        }
        #expect(bags > 30)
    }

    @Test func `near is told by the larger difference that is allowed`() {
        let both = Tolerance(absolute: 0.5, relative: 0.01)
        #expect(both.allows(0, 0.5) && !both.allows(0, 0.51) && both.allows(1000, 1010))
        #expect(both.allows(.infinity, .infinity) && !both.allows(.infinity, 1))
        #expect(!both.allows(.infinity, -.infinity) && both.allows(-0.0, 0))
        #expect(NumberCell.areEqual(.max, .max, both) && !NumberCell.areEqual(.max, 0, both))
    }

    @Test func `what was compared is told`() throws {
        var options = TableDiffOptions()
        options.columns = ["v", "w"]
        options.tolerance = Tolerance(relative: 0.1)
        let diff = try diffTables(
            old: source("id,v,w,x\n1,10,a,1\n2,20,b,1\n"),
            new: source("id,w,v,y\n1,a,10.5,1\n2,c,30,1\n"), options: options)
        #expect(
            diff.textLines() == [
                "schema   ~ v: int -> float", "schema   columns in another order",
                "only     w, v", "only     numbers more than 10 % apart in v",
                "rows     2 -> 2   +0 added, 0 removed, 1 changed   (key, found: id)",
                "changed  w 1, v 1", "example  id=2: w b -> c, v 20 -> 30",
            ])
        #expect(diff.json()["comparedColumns"] == ["w", "v"])
        #expect(diff.markdownLines().contains { $0.hasPrefix("- only numbers more than 10") })
    }

    @Test func `a tolerance of a column without numbers is refused`() throws {
        var options = TableDiffOptions()
        options.columnTolerances = ["w": Tolerance(absolute: 1)]
        let error = #expect(throws: StoreError.self) {
            try diffTables(old: source("id,w\n1,a\n"), new: source("id,w\n1,b\n"), options: options)
        }
        #expect(error?.kind == .badUsage)
        for text in ["", "x", "-1", "1%%", "100%", "nan", "=1", "v="] {
            #expect(throws: StoreError.self) { try options.add(tolerance: text) }
        }
        try options.add(tolerance: "a=b=2")
        #expect(options.columnTolerances["a=b"] == Tolerance(absolute: 2))
    }

    @Test func `tables in which nothing differs that was asked for are left out`() throws {
        let folder = try TemporaryFolder()
        let workspace = try Workspace.create(at: folder.path, on: .local(threads: 1)).workspace
        for name in ["a.csv", "d/p.csv"] { try folder.write("id,v,w\n1,2,a\n", to: name) }
        try folder.write("q\n1.5\n", to: "b.csv")
        let paths = ["a.csv", "b.csv", "d"].compactMap { try? RepoPath($0) }
        _ = try add(paths, in: workspace)
        for name in ["a.csv", "d/p.csv"] { try folder.write("id,v,w\n1,2.5,a\n", to: name) }
        try folder.write("q\n2.25\n", to: "b.csv")
        func differing(_ change: (inout TableDiffOptions) throws -> Void) throws -> [String] {
            var options = DatasetDiffOptions()
            try change(&options.table)
            return try diffDatasets(from: .pointers, to: .files, in: workspace, options: options)
                .map { $0.path.description }
        }
        #expect(try differing { _ in } == ["a.csv", "b.csv", "d"])
        #expect(try differing { $0.columns = ["w"] } == [])
        #expect(try differing { $0.columns = ["v"] } == ["a.csv", "d"])
        let error = #expect(throws: StoreError.self) { try differing { $0.columns = ["ww"] } }
        #expect(error?.advice == "did you mean 'w'?")
        #expect(throws: StoreError.self) { try differing { try $0.add(tolerance: "u=1") } }
        // The types differ all the same.
        #expect(try differing { try $0.add(tolerance: "1") } == ["a.csv", "d"])
    }
}
