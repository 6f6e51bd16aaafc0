import Diffs
import Platform
import Tables
import TestSupport
import Testing
import Vocabulary
import Workspaces

/// Versions in the store are compared by their bytes where rows stand in the same order; the answer must
/// be that of matching all rows by their fields.
@Suite struct AlignedDiffTests {
    private let folder: TemporaryFolder
    private let workspace: Workspace
    private let path: RepoPath

    init() throws {
        folder = try TemporaryFolder()
        workspace = try Workspace.create(at: folder.path, on: .local(threads: 2)).workspace
        path = try RepoPath("t.csv")
    }

    private func track(_ bytes: [UInt8]) throws -> TrackedVersion {
        try folder.write(bytes, to: "t.csv")
        _ = try add([path], in: workspace)
        let pointer = try #require(try workspace.pointer(of: path))
        return TrackedVersion(
            content: pointer.content, sizeBytes: pointer.sizeBytes, shape: pointer.shape)
    }

    /// Both answers; nil where the versions are equal.
    private func diffs(
        _ old: [UInt8], _ new: [UInt8], _ options: TableDiffOptions = TableDiffOptions()
    ) throws -> (stored: TableDiff, whole: TableDiff)? {
        guard old != new else { return nil }
        var wanted = DatasetDiffOptions()
        wanted.table = options
        let changes = try diffVersions(
            from: [path: track(old)], to: [path: track(new)], in: workspace, options: wanted)
        guard case .table(let stored) = try #require(changes.first).detail else {
            Issue.record("no table: \(changes)")
            return nil
        }
        let whole = try diffTables(
            old: TableSource(name: "t", format: CSVFormat.csv, bytes: old),
            new: TableSource(name: "t", format: CSVFormat.csv, bytes: new), options: options)
        return (stored, whole)
    }

    private func expectEqual(
        _ pair: (stored: TableDiff, whole: TableDiff)?, _ comment: Comment,
        hasEqualRows: Bool = false
    ) {
        guard let (stored, whole) = pair else { return }
        #expect(stored.old == whole.old, comment)
        #expect(stored.new == whole.new, comment)
        #expect(stored.matching == whole.matching, comment)
        #expect(stored.addedCount == whole.addedCount, comment)
        #expect(stored.removedCount == whole.removedCount, comment)
        #expect(stored.changedCount == whole.changedCount, comment)
        #expect(
            stored.changedColumns.elementsEqual(whole.changedColumns) { $0 == $1 }, comment)
        #expect(stored.changedExamples == whole.changedExamples, comment)
        // Of equal rows any one may be the one that came.
        guard !hasEqualRows else { return }
        #expect(stored.addedExamples == whole.addedExamples, comment)
        #expect(stored.removedExamples == whole.removedExamples, comment)
    }

    private func bytes(_ table: PlainTable, _ numbers: inout SeededNumbers) throws -> [UInt8] {
        var bytes: [UInt8] = []
        let source = table.source("t", delimiter: ",", &numbers)
        // Unsafe: copied within the call.
        try source.forEachBuffer { bytes += Array($0) }
        if Bool.random(using: &numbers), bytes.last == 0x0a { bytes.removeLast() }
        return bytes
    }

    @Test(arguments: [true, false])
    func `random tables with quotes, line ends in fields and no last line end`(
        _ hasKey: Bool
    ) throws {
        for seed in 0..<50 as Range<UInt64> {
            var numbers = SeededNumbers(seed)
            let pair = RandomPair(&numbers, hasKey: hasKey)
            let (old, new) = (
                try bytes(pair.old, &numbers), try bytes(pair.new, &numbers)
            )
            expectEqual(try diffs(old, new), "seed \(seed)", hasEqualRows: !hasKey)
        }
    }

    @Test func `random tables in narrow windows`() throws {
        var options = TableDiffOptions()
        options.memoryBudget = 64 << 10
        for seed in 0..<25 as Range<UInt64> {
            var numbers = SeededNumbers(1000 + seed)
            let pair = RandomPair(&numbers, hasKey: true)
            let (old, new) = (
                try bytes(pair.old, &numbers), try bytes(pair.new, &numbers)
            )
            expectEqual(try diffs(old, new, options), "seed \(seed)")
        }
    }

    /// Rows of some chunks: numbered, edited, moved, removed and inserted in runs.
    private func rows(_ numbers: inout SeededNumbers, edits: Int) -> (old: String, new: String) {
        let base = (0..<30_000).map { "\($0),name \($0 % 97),\($0 &* 7919 % 100_003)" }
        var lines = base
        var added = 100_000
        for _ in 0..<edits {
            let place = Int.random(in: 0..<(lines.count - 40), using: &numbers)
            let run = Int.random(in: 1...30, using: &numbers)
            switch Int.random(in: 0..<6, using: &numbers) {
            case 0: lines.removeSubrange(place..<(place + run))
            case 1:
                added += run
                let rows = (0..<run).map { "\(added - $0),\"new, row\",1" }
                lines.insert(contentsOf: rows, at: place)
            case 2: lines.swapAt(place, Int.random(in: 0..<lines.count, using: &numbers))
            case 3:
                let moved = Array(lines[place..<(place + run)])
                lines.removeSubrange(place..<(place + run))
                lines.append(contentsOf: moved)
            default: lines[place] += Bool.random(using: &numbers) ? "1" : ""
            }
        }
        func text(_ lines: [String]) -> String {
            "id,name,v\n" + lines.joined(separator: "\n") + "\n"
        }
        return (text(base), text(lines))
    }

    @Test(arguments: [1 << 20, 256 << 20])
    func `edits all over a table of some chunks`(_ budget: Int) throws {
        var options = TableDiffOptions()
        options.memoryBudget = budget
        for seed in 0..<3 as Range<UInt64> {
            var numbers = SeededNumbers(seed)
            let (old, new) = rows(&numbers, edits: 40)
            expectEqual(
                try diffs(Array(old.utf8), Array(new.utf8), options), "seed \(seed)")
        }
    }

    @Test func `a table in another order is compared by its hashes`() throws {
        var numbers = SeededNumbers(3)
        let base = (0..<20_000).map { "\($0),\($0 % 97)" }
        let other = base.shuffled(using: &numbers).dropLast(3) + ["x,1"]
        let text = { (lines: [String]) in Array(("id,v\n" + lines.joined(separator: "\n")).utf8) }
        var options = TableDiffOptions()
        options.memoryBudget = 1 << 20
        let pair = try #require(try diffs(text(base), text(Array(other)), options))
        #expect(pair.stored.addedCount == 1)
        #expect(pair.stored.removedCount == 3)
        expectEqual(pair, "in another order")
    }

    @Test func `a last row without a line end is not the start of a longer one`() throws {
        let pair = try #require(
            try diffs(Array("a,b\n1,2\n3,4".utf8), Array("a,b\n1,2\n3,45\n5,6\n".utf8)))
        #expect(pair.stored.changedCount == 1)
        #expect(pair.stored.addedCount == 1)
        expectEqual(pair, "a longer last row")
    }

    @Test func `a row longer than all windows`() throws {
        var options = TableDiffOptions()
        options.memoryBudget = 256 << 10
        let long = String(repeating: "long ", count: 4000)
        func text(_ value: String) -> [UInt8] {
            Array("id,v\n1,a\n2,\(long)\(value)\n3,c\n4,\(value)\n".utf8)
        }
        let pair = try #require(try diffs(text("x"), text("y"), options))
        #expect(pair.stored.changedCount == 2)
        expectEqual(pair, "a long row")
    }

    @Test func `other line ends are no difference`() throws {
        let lines = (0..<500).map { "\($0),x\($0)" }
        let pair = try #require(
            try diffs(
                Array(("id,v\n" + lines.joined(separator: "\n") + "\n").utf8),
                Array(("id,v\r\n" + lines.joined(separator: "\r\n") + "\r\n").utf8)))
        #expect(pair.stored.isEmpty)
        expectEqual(pair, "line ends")
    }
}
