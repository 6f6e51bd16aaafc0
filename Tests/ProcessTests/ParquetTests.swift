import Platform
import TestSupport
import Testing
import Vocabulary

/// Parquet in a real workspace, with the plug-in and without it.
@Suite struct ParquetTests {
    private let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
        #expect(try run("git init -q -b main . && mlstore init -q").status == 0)
    }

    private func run(_ line: String, plugin: String = "/nowhere/lib.so") throws
        -> BuiltProgram.Result
    {
        try BuiltProgram.shell("export MLSTORE_ARROW='\(plugin)'; " + line, in: folder.path)
    }

    @Test func `without the plug-in such files are stored, and reading them says what is missing`()
        throws
    {
        try folder.write("PAR1 one", to: "t.parquet")
        let added = try run("mlstore add t.parquet && git add -A && git commit -q -m one")
        #expect(added.status == 0)
        #expect(!added.output.contains("rows"))
        #expect(added.errors.isEmpty)
        for command in ["head t.parquet", "schema t.parquet", "head t.parquet@HEAD"] {
            let result = try run("mlstore \(command)")
            #expect(result.status == 1)
            #expect(
                result.errors.hasPrefix(
                    "error: cannot read Parquet and Arrow files: the plug-in 'libmlstore-arrow' "
                        + "cannot be opened\nhint: run mlstore's install.sh again"))
            #expect(result.errors.contains("/nowhere/lib.so"))
        }
        try folder.write("PAR1 other", to: "t.parquet")
        let diff = try run("mlstore diff")
        #expect(diff.status == 0)
        #expect(diff.output.contains("the plug-in 'libmlstore-arrow' cannot be opened"))
        let other = try run("mlstore head t.parquet", plugin: "/bin/sh")
        #expect(other.errors.contains("cannot be opened"))
    }

    @Test func `rows are told everywhere without the plug-in`() throws {
        func write(_ rows: Int) throws {
            try folder.write("x,n\n" + (0..<rows).map { "\($0),a\n" }.joined(), to: "t.csv")
            #expect(try run("mlstore repro && cp s.parquet t.parquet").status == 0)
        }
        try folder.write(
            "stages:\n  s:\n    features: {data: t.csv, do: [{derive: {y: '2 * x'}}]}\n    outs: [s.parquet]\n",
            to: "mlstore.yaml")
        try write(2000)
        let added = try run("mlstore install -q && mlstore add t.parquet && git add -A")
        #expect(added.output.hasPrefix("t.parquet  2,000 rows × 3 columns  "), "\(added)")
        #expect(try run("git commit -q -m one").status == 0)
        #expect(
            try run("mlstore add --json t.parquet").output.contains("\"columns\": 3"))
        let shown = try run("mlstore show t.parquet")
        #expect(shown.output.contains("rows        2,000\ncolumns     3\n"), "\(shown)")
        #expect(
            try run("mlstore show --json t.parquet").output.contains("\"columnCount\": 3"))
        try write(2001)
        #expect(try run("mlstore status").output.contains("t.parquet"))
        #expect(try run("mlstore add -q t.parquet").status == 0)
        let told = "2,000 -> 2,001 rows, by the pointers"
        for command in ["mlstore diff HEAD", "git diff"] {
            let result = try run(command)
            #expect(result.output.contains(told), "\(command): \(result)")
        }
        let commit = try run("git add -A && git commit -q -m two && git show -- t.parquet.mlstore")
        #expect(commit.output.contains("\n-rows 2000\n"), "\(commit)")
        #expect(commit.output.contains("\n+rows 2001\n"), "\(commit)")
        let compared = try run("mlstore diff HEAD~ HEAD")
        #expect(compared.output.contains(told), "\(compared)")
        // Markdown may not take what a name holds for its own.
        let report = try run("mlstore report HEAD~ HEAD")
        #expect(report.output.contains(told.replacing(">", with: "&#62;")), "\(report)")
        // What the stage wrote is told by its run.
        let lineage = try run("mlstore lineage s.parquet")
        #expect(lineage.output.contains("2,001 rows"), "\(lineage)")
    }

    @Test func `the plug-in may be named by its folder`() throws {
        try folder.write("PAR1 one", to: "t.parquet")
        try LocalDisk().makeDirectories(folder.path / "plugins")
        let empty = try run("mlstore head t.parquet", plugin: "plugins")
        #expect(empty.status == 1)
        #expect(
            empty.errors.replacing("\n      ", with: "").contains(
                "let MLSTORE_ARROW name it (which names a folder now that does not hold it)"))
        let name = try #require(ArrowPlugin.path.description.split(separator: "/").last)
        try folder.write("no library", to: "plugins/\(name)")
        let wrong = try run("mlstore head t.parquet", plugin: "plugins")
        // What opens libraries complains of the file in the folder.
        #expect(wrong.errors.contains("plugins/\(name)"))
        if ArrowPlugin.isBuilt {
            let found = try run(
                "mlstore head t.parquet", plugin: ArrowPlugin.path.parent.description)
            #expect(!found.errors.contains("the plug-in"))
        }
    }

    @Test(.enabled(if: ArrowPlugin.isBuilt, "'install.sh test' builds the plug-in"))
    func `versions are shown and compared row by row`() throws {
        let plugin = ArrowPlugin.path.description
        func write(_ code: String) throws {
            let line = """
                '\(ArrowPlugin.python)' -c 'import pyarrow as pa, pyarrow.parquet as pq
                ids = list(range(20000))
                names = ["n%d" % (i % 7) for i in ids]
                \(code)
                pq.write_table(pa.table({"id": ids, "name": names}), "t.parquet", row_group_size=5000)'
                """
            let result = try run(line)
            #expect(result.status == 0, "\(result.errors)")
        }
        try write("names[3] = None")
        #expect(
            try run("mlstore add -q t.parquet && git add -A && git commit -q -m one").status == 0)
        #expect(
            try folder.read("t.parquet.mlstore").hasSuffix("\nrows: 20000\ncolumns: 2\n"))
        try write("names[3] = \"\"; names[9] = \"new\"; ids.append(20000); names.append(\"x\")")
        let diff = try run("mlstore diff", plugin: plugin)
        #expect(
            diff.output.contains("20,000 -> 20,001   +1 added, 0 removed, 2 changed"), "\(diff)")
        #expect(diff.output.contains("id=9: name n2 -> new"))
        #expect(diff.output.contains("(key, found: id)"))
        #expect(
            try run("mlstore add -q t.parquet && git add -A && git commit -q -m two").status == 0)
        let between = try run("mlstore diff HEAD~ HEAD", plugin: plugin)
        #expect(between.output.contains("+1 added, 0 removed, 2 changed"), "\(between)")
        let profile = try run("mlstore profile t.parquet", plugin: plugin)
        #expect(profile.output.hasPrefix("20,001 rows × 2 columns\n"), "\(profile)")
        let one = try run(
            "mlstore config core.threads 1 >/dev/null && mlstore profile --json t.parquet",
            plugin: plugin)
        let three = try run(
            "mlstore config core.threads 3 >/dev/null && mlstore profile --json t.parquet",
            plugin: plugin)
        #expect(one.output.contains("\"rows\": 20001"), "\(one)")
        #expect(one.output == three.output, "\(three)")
        let head = try run("mlstore head -n 4 t.parquet@HEAD~", plugin: plugin)
        #expect(head.output == "id  name\n0   n0\n1   n1\n2   n2\n3   -\n", "\(head)")
        let schema = try run("rm t.parquet; mlstore schema t.parquet@HEAD~", plugin: plugin)
        #expect(
            schema.output == "20,000 rows × 2 columns\n  id    int\n  name  string?\n", "\(schema)")
        let away = try run(
            "mkdir away && cd away && mlstore head -n 1 ..:t.parquet@HEAD", plugin: plugin)
        #expect(away.output == "id  name\n0   n0\n", "\(away)")
    }

    @Test
    func `a stage writes Parquet without the plug-in, and one that reads it says what is missing`()
        throws
    {
        try folder.write("x,n\n1,a\n2,\n3,\"b,c\"\n4,d\n", to: "t.csv")
        try folder.write(
            """
            stages:
              snapshot:
                features: {data: t.csv, do: [{derive: {y: '2 * x + 1'}}]}
                outs: [s.parquet]
              train:
                train: {model: linear, data: s.parquet, target: y}
                outs: [m.mlmodel]

            """, to: "mlstore.yaml")
        let missing = try run("mlstore repro")
        #expect(missing.status == 1)
        #expect(
            missing.errors.contains(
                "stage 'train' failed: cannot read Parquet and Arrow files: the plug-in "
                    + "'libmlstore-arrow' cannot be opened"), "\(missing)")
        #expect(missing.errors.contains("hint: run mlstore's install.sh again"))
        #expect(try folder.bytes(of: "s.parquet").prefix(4).elementsEqual(Array("PAR1".utf8)))
        guard ArrowPlugin.isBuilt else { return }
        let plugin = ArrowPlugin.path.description
        #expect(try run("mlstore repro", plugin: plugin).status == 0)
        let verified = try run("mlstore repro --verify", plugin: plugin)
        #expect(
            verified.output.contains("every output of 2 stages is bitwise equal"), "\(verified)")
    }

    /// Rows of a table with missing values, empty texts and quotes, some of which differ in every group.
    private func random(_ version: Int) -> String {
        """
        import random
        import pyarrow as pa, pyarrow.parquet as pq
        random.seed(1)
        texts = ["", None, "a,b", "q\\"q", "line\\nbreak", "plain", "ü"]
        rows = [[i, random.choice(texts), random.choice([None, 0.0, -0.5, 2.25])] for i in range(30000)]
        if \(version):
            random.seed(2)
            for row in rows:
                if random.random() < 0.01: row[1] = random.choice(texts)
            rows[7][2] = 99.5
            del rows[20000:20003]
            rows.insert(9000, [90000, "new", None])
            rows[100], rows[25000] = rows[25000], rows[100]
        columns = [pa.array(column) for column in zip(*rows)]
        pq.write_table(pa.table(columns, names=["id", "t", "f"]), "t.parquet", row_group_size=4000)
        print(len(rows))
        """
    }

    @Test(.enabled(if: ArrowPlugin.isBuilt, "'install.sh test' builds the plug-in"))
    func `versions without an equal row group are compared row by row`() throws {
        let plugin = ArrowPlugin.path.description
        var counts: [String] = []
        for version in 0...1 {
            try folder.write(random(version), to: "make.py")
            let made = try run("'\(ArrowPlugin.python)' make.py")
            #expect(made.status == 0, "\(made.errors)")
            counts.append(made.output)
            let added = try run(
                "mlstore add -q t.parquet && git add t.parquet.mlstore && git commit -qm v")
            #expect(added.status == 0, "\(added.errors)")
        }
        #expect(counts == ["30000\n", "29998\n"])
        // What Python says of the same rows.
        try folder.write(
            random(0) + "\nold = {r[0]: tuple(r) for r in rows}\n"
                + random(1) + "\nnew = {r[0]: tuple(r) for r in rows}\n"
                + "print(sum(old[k] != new[k] for k in old if k in new))\n", to: "count.py")
        let told = try run("'\(ArrowPlugin.python)' count.py | tail -n 1")
        let changed = told.output.split(separator: "\n").last ?? ""
        let diff = try run("mlstore diff HEAD~ HEAD", plugin: plugin)
        #expect(
            diff.output.contains("30,000 -> 29,998   +1 added, 3 removed, \(changed) changed"),
            "\(diff) \(told)")
        #expect(diff.output.contains("(key, found: id)"), "\(diff)")
        #expect(diff.output.contains("id=90000"), "\(diff)")
        #expect(diff.output.contains("id=20002"), "\(diff)")
    }
}
