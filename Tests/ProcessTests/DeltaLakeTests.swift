import TestSupport
import Testing
import Vocabulary

/// A Delta Lake table in a real workspace, written by the real library.
@Suite(
    .enabled(
        if: DeltaWriter.isInstalled, "'install.sh test' installs the library of Delta Lake tables"))
struct DeltaLakeTests {
    private let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
        #expect(try run("git init -q -b main . && mlstore init -q").status == 0)
    }

    private func run(_ line: String) throws -> BuiltProgram.Result {
        try BuiltProgram.shell(
            "export MLSTORE_ARROW='\(ArrowPlugin.path)'; " + line, in: folder.path)
    }

    private func write(_ code: String) throws {
        let result = try run(
            """
            \(DeltaWriter.python) -c 'import pyarrow as pa
            from deltalake import write_deltalake, DeltaTable
            def rows(first, count, k="a"):
                ids = list(range(first, first + count))
                return pa.table({"id": ids, "v": [i / 2 for i in ids], "k": [k] * count})
            \(code)'
            """)
        #expect(result.status == 0, "\(result.errors)")
    }

    private func output(_ line: String, status: Int = 0) throws -> String {
        let result = try run(line)
        #expect(result.status == status, "\(line): \(result)")
        return status == 1 ? result.errors : result.output
    }

    @Test func `its versions and revisions are shown, compared and judged`() throws {
        try write(
            """
            write_deltalake("t", rows(0, 40), partition_by=["k"])
            write_deltalake("t", rows(40, 10, "b"), mode="append", partition_by=["k"])
            """)
        _ = try output("mlstore add -q t && git add -A && git commit -q -m one")
        try write(
            """
            DeltaTable("t").update(updates={"v": "-1.0"}, predicate="id = 45")
            DeltaTable("t").delete("id < 2")
            write_deltalake("t", rows(50, 1, "c"), mode="append", partition_by=["k"])
            """)
        #expect(
            try output("mlstore schema t")
                == "49 rows × 3 columns\n  id  int\n  v   float\n  k   string\n")
        #expect(try output("mlstore schema t#0").hasPrefix("40 rows"))
        #expect(try output("mlstore schema t@HEAD").hasPrefix("50 rows"))
        #expect(try output("mlstore schema t#0@HEAD").hasPrefix("40 rows"))
        #expect(
            try output("mlstore head --json -n 1 t#0").contains("\"deltaVersion\": 0"))
        #expect(try output("mlstore head -n 1 t#0@HEAD") == "id  v  k\n0   0  a\n")
        #expect(
            try output("mlstore head t#9", status: 1).hasPrefix(
                "error: cannot read the folder 't#9' as a Delta Lake table: it has no version 9: "
                    + "its newest one is 4"))
        #expect(try output("mlstore profile t#1").hasPrefix("50 rows × 3 columns\n"))
        let diff = try output("mlstore diff --key id")
        #expect(diff.contains("+1 added, 2 removed, 1 changed"), "\(diff)")
        #expect(diff.contains("id=45: v 22.5 -> -1"), "\(diff)")
        let versions = try output("mlstore diff t#1 --key id")
        #expect(versions.hasPrefix("t\n  files    3 added, 2 removed, 0 changed, 0 renamed\n"))
        #expect(versions.contains("+1 added, 2 removed, 1 changed"), "\(versions)")
        #expect(try output("mlstore diff t#1@HEAD t#1").contains("+0 added, 0 removed, 0 changed"))
        #expect(try output("mlstore diff t#1 t#1 --exit-code").hasPrefix("no difference"))
        #expect(
            try output("mlstore diff t#0 t#1 --stat --exit-code", status: 3).contains(
                "files    1 added"))
        #expect(try output("mlstore drift t t#0 --json").contains("\"k\""))
        _ = try output("mlstore schema infer t && mlstore check t && mlstore check t#1 t@HEAD")
        _ = try output("mlstore add -q t && git add -A && git commit -q -m two")
        #expect(try output("mlstore diff HEAD~ HEAD --key id") == diff)
        #expect(try output("mlstore report HEAD~").contains("+1 added, 2 removed, 1 changed"))
        // A vacuum takes files from the work tree, not from former revisions.
        try write(
            """
            DeltaTable("t").vacuum(
                retention_hours=0, dry_run=False, enforce_retention_duration=False)
            """)
        #expect(
            try output("mlstore head t#1", status: 1).contains("which is not in the folder"))
        #expect(try output("mlstore schema t").hasPrefix("49 rows"))
        #expect(try output("mlstore schema t#1@HEAD").hasPrefix("50 rows"))
        #expect(!(try output("mlstore diff")).contains("rows "))
        _ = try output("rm -r t")
        #expect(try output("mlstore schema t#2").hasPrefix("50 rows"))
        try folder.write("id\n1\n", to: "p/a.csv")
        #expect(
            try run("mlstore head p#1").errors.hasPrefix(
                "error: 'p#1' has no version 1: it is no Delta Lake table"))
    }
}
