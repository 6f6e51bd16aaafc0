import Platform
import Vocabulary

/// Two versions of a table of 1 GiB, both in the store: a thousand rows edited in one region, then one
/// row in a thousand anywhere.
@Sendable func benchTableDiffs(_ bench: Bench) throws {
    try bench.withFolder(on: bench.disk) { here in
        let size = bench.scaled(1 << 30, minimum: 1 << 20)
        let workspace = here / "workspace"
        try bench.files.makeDirectories(workspace)
        try bench.run(["git", "init", "--quiet", "."], in: workspace)
        try bench.run([bench.mlstore, "init", "--quiet"], in: workspace)
        let table = FlightTable(seed: 2)
        let old = here / "old.csv"
        try table.write(to: old, sizeBytes: size)
        try commit(bench, workspace, old, "first")

        let rows = try lineCount(old)
        let first = rows / 2
        let region = here / "region.csv"
        let edit = "\(first),\(first + min(999, rows / 4))s/^\\([0-9]*\\),[^,]*/\\1,edited/"
        try bench.run(["sh", "-c", "sed '\(edit)' old.csv > region.csv"], in: here)
        try commit(bench, workspace, region, "region")
        try compare(
            bench, here, workspace, "region",
            "diff of a \(ByteCount(size)) table, 1,000 rows edited in one region")

        let churn = here / "churn.csv"
        try table.write(to: churn, sizeBytes: size, version: 1, changed: 0.001)
        try commit(bench, workspace, churn, "churn")
        try compare(
            bench, here, workspace, "churn", "diff of it, one row in 1,000 edited anywhere")
    }
}

private func commit(
    _ bench: Bench, _ workspace: DiskPath, _ table: DiskPath, _ name: String
) throws {
    try bench.run(["cp", "\(table)", "table.csv"], in: workspace)
    try bench.run([bench.mlstore, "add", "--quiet", "table.csv"], in: workspace)
    try bench.commitAll(in: workspace, tag: name)
}

func lineCount(_ file: DiskPath) throws -> Int {
    let words = try output(of: ["wc", "-l", "\(file)"], in: file.parent).split(separator: " ")
    return words.first.flatMap { Int($0) } ?? 0
}

private func compare(
    _ bench: Bench, _ here: DiskPath, _ workspace: DiskPath, _ name: String, _ work: String
) throws {
    try bench.race(
        work, runs: min(3, bench.repeats),
        ours: { try measure([bench.mlstore, "diff", "first", name], in: workspace) },
        against: [
            bench.rival(
                "DuckDB, EXCEPT both ways", bench.peers.duckPython, Targets(tables: .atLeast(5)),
                runs: 1
            ) { python in
                let program = """
                    import duckdb
                    for left, right in (('old', '\(name)'), ('\(name)', 'old')):
                        print(duckdb.sql(f\"\"\"select count(*) from (
                            select * from read_csv('{left}.csv', all_varchar=true) except all
                            select * from read_csv('{right}.csv', all_varchar=true))\"\"\").fetchall())
                    """
                return try measure([python, "-c", program], in: here)
            }
        ])
}
