import Bytes
import Diffs
import Platform
import Tables
import TestSupport
import Testing
import Vocabulary
import Workspaces

/// Pointers that tell only how large a table is: what a diff, a merge and git's drivers make of them.
@Suite struct PointerExtentTests {
    private let folder: TemporaryFolder
    private let workspace: Workspace
    private let path: RepoPath

    init() throws {
        folder = try TemporaryFolder()
        workspace = try Workspace.create(at: folder.path, on: .local(threads: 2)).workspace
        path = try RepoPath("t.parquet")
    }

    private func track(_ rows: Int) throws -> Pointer {
        var writer = ParquetWriter(columns: [("a", .int), ("b", .int)])
        for row in 0..<rows {
            writer.append(int: Int64(row))
            writer.append(int: Int64(rows))
            writer.endRow()
        }
        writer.finish()
        try folder.write(writer.take(), to: "t.parquet")
        _ = try add([path], in: workspace)
        return try #require(try workspace.pointer(of: path))
    }

    private func version(_ pointer: Pointer) -> TrackedVersion {
        TrackedVersion(
            content: pointer.content, sizeBytes: pointer.sizeBytes, shape: pointer.shape)
    }

    @Test func `a version that is not here is told by the rows of the pointers`() throws {
        let old = try track(1000)
        var new = old
        new.content = .file(BlobID(sha256([1])))
        new.shape = .init(rows: 1200, columnCount: 2)
        let change = try #require(
            try diffVersions(from: [path: version(old)], to: [path: version(new)], in: workspace)
                .first)
        let told = "1,000 -> 1,200 rows, by the pointers"
        #expect(change.textLines().last == "  " + told)
        #expect(change.markdownLines().last == "- 1,000 -&#62; 1,200 rows, by the pointers")
        #expect(change.html().contains("<p>1,000 -&gt; 1,200 rows, by the pointers</p>"))
        #expect(change.json()["rows"] == ["old": JSONValue(1000), "new": JSONValue(1200)])
        // Where one of the two tells nothing, nothing is said.
        new.shape = nil
        let silent = try #require(
            try diffVersions(from: [path: version(old)], to: [path: version(new)], in: workspace)
                .first)
        #expect(silent.textLines().allSatisfy { !$0.contains("rows") })
        #expect(silent.json()["rows"] == nil)
    }

    @Test func `the lines for git name rows and columns`() throws {
        let pointer = try track(1000)
        let text = try PlainContent(named: path.lastComponent, in: workspace).text(of: pointer)
        let lines = String(decoding: text, as: UTF8.self).split(separator: "\n")
        #expect(lines.prefix(4).suffix(2) == ["rows 1000", "columns 2"])
    }

    @Test func `a merge keeps what the side tells whose content it takes`() throws {
        let (base, ours, theirs) = (try track(10), try track(20), try track(30))
        func merged(_ base: Pointer?, _ ours: Pointer, _ theirs: Pointer) throws
            -> PointerMergeOutcome
        {
            try mergePointers(base: base, ours: ours, theirs: theirs, at: path, in: workspace)
        }
        #expect(try merged(base, base, theirs) == .merged(theirs))
        #expect(try merged(base, ours, base) == .merged(ours))
        #expect(try merged(base, ours, ours) == .merged(ours))
        #expect(
            try merged(base, ours, theirs) == .conflict(["'t.parquet': both sides changed it"]))
    }

    @Test func `a merge of equal bytes keeps the rows that one side tells`() throws {
        let new = try track(10)
        var old = new
        old.shape = nil
        for base in [nil, old, new] {
            for (ours, theirs) in [(new, old), (old, new), (new, new)] {
                let outcome = try mergePointers(
                    base: base, ours: ours, theirs: theirs, at: path, in: workspace)
                #expect(outcome == .merged(new))
            }
        }
    }
}
