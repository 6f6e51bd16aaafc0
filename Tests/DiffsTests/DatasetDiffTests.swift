import Diffs
import Platform
import TestSupport
import Testing
import Vocabulary
import Workspaces

@Suite struct DatasetDiffTests {
    private let folder: TemporaryFolder
    private let workspace: Workspace

    init() throws {
        folder = try TemporaryFolder()
        workspace = try Workspace.create(at: folder.path, on: .local(threads: 1)).workspace
    }

    private func track(_ text: String, _ name: String) throws {
        try folder.write(text, to: name)
        _ = try add([RepoPath(name)], in: workspace)
    }

    private func diff(
        _ change: (inout DatasetDiffOptions) -> Void = { _ in }
    ) throws -> [DatasetChange] {
        var options = DatasetDiffOptions()
        change(&options)
        return try diffDatasets(from: .pointers, to: .files, in: workspace, options: options)
    }

    @Test func `an edited table is compared with what its pointer says`() throws {
        try track("id,v\n1,a\n2,b\n", "data/t.csv")
        #expect(try diff().isEmpty)
        try folder.write("id,v,w\n1,a,x\n2,c,y\n3,d,z\n", to: "data/t.csv")
        let changes = try diff()
        #expect(
            changes.flatMap { $0.textLines() } == [
                "data/t.csv   13 B -> 25 B", "  schema   + w: string",
                "  rows     2 -> 3   +1 added, 0 removed, 1 changed   (key, found: id)",
                "  changed  v 1", "  example  id=2: v b -> c", "  added    id=3",
            ])
        let hidden = changes.flatMap { $0.textLines(hidingValues: true) }
        #expect(hidden.count == 4)
        try track("same", "other")
        let other = try RepoPath("other")
        #expect(try diff { $0.paths = [other] }.isEmpty)
        let mistyped = try RepoPath("othr")
        let error = #expect(throws: StoreError.self) { try diff { $0.paths = [mistyped] } }
        #expect(error?.kind == .notFound)
    }

    @Test func `where integers became floats it is told how to compare numbers`() throws {
        try track("id,v\n1,181\n2,7\n", "t.csv")
        try folder.write("id,v\n1,181.0\n2,\n", to: "t.csv")
        let hint = "  hint     181 and 181.0 are different texts; '--tolerance 0' compares numbers"
        #expect(try diff().flatMap { $0.textLines() }.contains(hint))
        let compared = try diff { $0.table.tolerance = Tolerance(absolute: 0, relative: 0) }
            .flatMap { $0.textLines() }
        #expect(
            !compared.contains(hint) && compared.contains { $0.contains("id=2: v 7 -> (empty)") })
        try folder.write("id,v\n1,181\n2,x\n", to: "t.csv")
        #expect(!(try diff().flatMap { $0.textLines() }.contains(hint)))
    }

    @Test func `a table that broke, a file that is none and one that went are told`() throws {
        try track("id,v\n1,a\n", "t.csv")
        try track("text", "notes.bin")
        try track("id\n1\n", "gone.csv")
        try folder.write("id,v\n1\n", to: "t.csv")
        try folder.write("other", to: "notes.bin")
        try LocalDisk().removeFile(folder.path / "gone.csv")
        let lines = try diff().flatMap { $0.textLines() }
        #expect(
            lines == [
                "gone.csv   removed, 5 B", "notes.bin   4 B -> 5 B",
                "  text   2 changed, 0 equal", "  - line 1  text", "  + line 1  other",
                "t.csv   9 B -> 7 B",
                "  content differs (cannot read 't.csv' as a table: line 2 has 1 field, expected 2)",
            ])
    }

    @Test func `files of a directory come, go, change and are renamed`() throws {
        try folder.write("one", to: "d/a")
        try folder.write("two", to: "d/b")
        try folder.write("three", to: "d/c")
        _ = try add([RepoPath("d")], in: workspace)
        try folder.write("two and more", to: "d/b")
        try LocalDisk().rename(folder.path / "d/a", to: folder.path / "d/z")
        try LocalDisk().removeFile(folder.path / "d/c")
        try folder.write("new", to: "d/n")
        let lines = try diff().flatMap { $0.textLines() }
        #expect(
            lines.dropFirst() == [
                "  files    1 added, 1 removed, 1 changed, 1 renamed", "  changed  b",
                "  removed  c", "  added    n", "  renamed  a -> z",
            ])
    }

    @Test func `a key that no table has is refused, one that some have is used there`()
        throws
    {
        try track("id,v\n1,a\n1,b\n", "s.csv")
        try track("k,v\n1,a\n2,b\n", "t.csv")
        try folder.write("id,v\n1,a\n1,c\n", to: "s.csv")
        try folder.write("k,v\n1,a\n2,c\n", to: "t.csv")
        let error = #expect(throws: StoreError.self) { try diff { $0.table.key = ["idd"] } }
        #expect(error?.kind == .badUsage)
        #expect(error?.advice == "did you mean 'id'?")
        let changes = try diff { $0.table.key = ["k"] }
        guard case .table(let second) = changes[1].detail else {
            Issue.record("not compared as a table")
            return
        }
        #expect(second.matching == .key(["k"], isInferred: false))
    }
}
