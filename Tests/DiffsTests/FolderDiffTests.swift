import Diffs
import Platform
import TestSupport
import Testing
import Vocabulary
import Workspaces

/// Folders whose files are one table.
@Suite struct FolderDiffTests {
    private let folder: TemporaryFolder
    private let workspace: Workspace

    init() throws {
        folder = try TemporaryFolder()
        workspace = try Workspace.create(at: folder.path, on: .local(threads: 1)).workspace
    }

    private func write(_ files: [String: String?]) throws {
        for (name, text) in files.sorted(by: { $0.key < $1.key }) {
            if let text {
                try folder.write(text, to: "d/" + name)
            } else {
                try LocalDisk().removeFile(folder.path / "d" / name)
            }
        }
    }

    /// The lines below the path, of the files on disk against what was added; checked to be those of two
    /// stored versions.
    private func diff(
        _ before: [String: String], _ after: [String: String?],
        _ change: (inout DatasetDiffOptions) -> Void = { _ in }
    ) throws -> [String] {
        try write(before)
        _ = try add([RepoPath("d")], in: workspace)
        let old = try workspace.tracked().paths.map {
            ($0.path, TrackedVersion(content: $0.content, sizeBytes: $0.sizeBytes))
        }
        try write(after)
        var options = DatasetDiffOptions()
        change(&options)
        let changes = try diffDatasets(
            from: .pointers, to: .files, in: workspace, options: options)
        _ = try add([RepoPath("d")], in: workspace)
        let new = try workspace.tracked().paths.map {
            ($0.path, TrackedVersion(content: $0.content, sizeBytes: $0.sizeBytes))
        }
        let stored = try diffVersions(
            from: Dictionary(uniqueKeysWithValues: old), to: Dictionary(uniqueKeysWithValues: new),
            in: workspace, options: options)
        #expect(stored.flatMap { $0.textLines() } == changes.flatMap { $0.textLines() })
        for change in changes {
            #expect(change.markdownLines().count >= change.textLines().count - 1)
            #expect(change.html().hasPrefix("<section>"))
        }
        return changes.flatMap { $0.textLines() }.dropFirst().map { String($0.dropFirst(2)) }
    }

    @Test func `rows that moved between files are no changes`() throws {
        let lines = try diff(
            ["a.csv": "id,v\n1,a\n2,b\n", "b.csv": "id,v\n3,c\n4,d\n", "c.csv": "id,v\n5,e\n"],
            ["a.csv": "id,v\n1,a\n3,c\n4,d\n", "b.csv": nil, "e.csv": "id,v\n2,x\n6,f\n"])
        #expect(
            lines == [
                "files    1 added, 1 removed, 1 changed, 0 renamed", "changed  a.csv",
                "removed  b.csv", "added    e.csv", "table    the files that differ, read as one",
                "rows     4 -> 5   +1 added, 0 removed, 1 changed   (key, found: id)",
                "changed  v 1", "example  id=2: v b -> x", "added    id=6",
            ])
    }

    @Test func `a file that was added is compared with the columns of one that stayed`() throws {
        #expect(
            try diff(["a.csv": "id,v\n1,2\n"], ["b.csv": "id,v\n2,3\n"]).dropFirst(2) == [
                "table    the files that differ, read as one",
                "rows     0 -> 1   +1 added, 0 removed, 0 changed   (key, found: id)",
                "added    id=2",
            ])
        // A column that only some files have is none that came.
        #expect(
            try diff(
                ["a.csv": "id,v\n1,2\n", "b.csv": "id,v,w\n2,3,4\n"],
                ["a.csv": "id,v,w\n1,2,9\n"]
            ).dropFirst(2) == [
                "table    the files that differ, read as one",
                "rows     1 -> 1   +0 added, 0 removed, 1 changed   (key, found: id)",
                "changed  w 1", "example  id=1: w (empty) -> 9",
            ])
        #expect(
            try diff(["b.csv": "id,v,w\n2,3,4\n"], ["c.csv": "id,v,w,z\n7,1,1,q\n"])
                .contains("schema   + z: string"))
    }

    @Test func `a row in another folder with a key has another value`() throws {
        let lines = try diff(
            ["k=1/a.csv": "id\n1\n2\n", "k=2/a.csv": "id\n3\n"],
            ["k=1/a.csv": "id\n1\n", "k=2/a.csv": "id\n2\n3\n"])
        #expect(
            lines.suffix(3) == [
                "rows     3 -> 3   +0 added, 0 removed, 1 changed   (key, found: id)",
                "changed  k 1",
                "example  id=2: k 1 -> 2",
            ])
        // The same bytes in another folder are other rows, in one without a key the same.
        #expect(
            try diff([:], ["k=1/a.csv": nil, "k=3/a.csv": "id\n1\n"]).contains(
                "example  id=1: k 1 -> 3"))
    }

    @Test func `files that only moved, and one that changed in place`() throws {
        #expect(
            try diff(
                ["a.csv": "id,v\n1,2\n", "c.csv": "id,v\n2,3\n"],
                ["a.csv": nil, "b.csv": "id,v\n1,2\n"])
                == ["files    0 added, 0 removed, 0 changed, 1 renamed", "renamed  a.csv -> b.csv"])
        #expect(
            try diff([:], ["b.csv": "id,v\n1,4\n"]).suffix(4) == [
                "table    the files that differ, read as one",
                "rows     1 -> 1   +0 added, 0 removed, 1 changed   (key, found: id)",
                "changed  v 1", "example  id=1: v 2 -> 4",
            ])
    }

    @Test func `a folder that is no table tells its files, one that broke why`() throws {
        #expect(
            try diff(["a.csv": "id\n1\n", "b.jsonl": "{}\n"], ["a.csv": "id\n2\n"]) == [
                "files    0 added, 0 removed, 1 changed, 0 renamed", "changed  a.csv",
            ])
        #expect(
            try diff(["b.jsonl": "{}\n"], ["b.jsonl": nil, "a.csv": "id\n2,3\n"]).count == 3)
        #expect(
            try diff(["a.csv": "id\n1\n"], ["a.csv": "id\n1,2\n"]).last
                == "table    not compared: cannot read 'd/a.csv' as a table: line 2 has 2 fields, expected 1"
        )
        let log = "_delta_log/00000000000000000000.json"
        #expect(
            try diff(["a.csv": "id\n1\n", log: "{}"], ["a.csv": "id\n2\n"]) == [
                "files    0 added, 0 removed, 1 changed, 0 renamed", "changed  a.csv",
                "table    not compared: cannot read the folder 'd' as a Delta Lake table: "
                    + "its log does not say what the table is",
            ])
    }

    @Test func `a key is asked of folders too`() throws {
        let lines = try diff(
            ["a.csv": "k,v\n1,1\n2,1\n"], ["a.csv": "k,v\n1,1\n2,2\n"],
            { $0.table.key = ["v", "k"] })
        #expect(lines.contains("rows     2 -> 2   +1 added, 1 removed, 0 changed   (key: v, k)"))
        #expect(throws: StoreError.self) {
            try diff([:], ["a.csv": "k,v\n3,1\n"], { $0.table.key = ["q"] })
        }
    }
}
