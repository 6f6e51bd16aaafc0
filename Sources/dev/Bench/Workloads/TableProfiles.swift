import Platform
import Vocabulary

/// The profile of a table of 1 GiB: the first one, and that of the next version with 0.1 % of its rows
/// rewritten in one region.
@Sendable func benchTableProfiles(_ bench: Bench) throws {
    try bench.withFolder(on: bench.disk) { here in
        let size = bench.scaled(1 << 30, minimum: 1 << 20)
        let workspace = here / "workspace"
        try bench.freshWorkspace(workspace)
        let table = workspace / "table.csv"
        try FlightTable(seed: 2).write(to: table, sizeBytes: size)
        try bench.run([bench.mlstore, "add", "--quiet", "table.csv"], in: workspace)
        bench.letTimePass()
        let kept = workspace / ".mlstore/state/profiles"
        let work = "profile of a \(ByteCount(size)) table"
        func first() throws -> Measurement {
            try bench.files.removeTree(kept)
            try bench.settle(here)
            return try measure([bench.mlstore, "profile", "--json", "table.csv"], in: workspace)
        }
        try bench.race(
            work, runs: min(3, bench.repeats), ours: first,
            against: [
                bench.rival(
                    "DuckDB, SUMMARIZE", bench.peers.duckPython, Targets(tables: .atLeast(1))
                ) { python in
                    let program = """
                        import duckdb
                        print(duckdb.sql("summarize select * from read_csv('table.csv')").fetchall())
                        """
                    return try measure([python, "-c", program], in: workspace)
                }
            ])
        let whole = try first()
        try bench.run(["cp", "-r", "\(kept)", "\(here / "kept")"], in: here)

        let rows = try lineCount(table)
        let start = rows / 2
        let edit = "\(start),\(start + rows / 1000)s/^\\([0-9]*\\),[^,]*/\\1,edited/"
        try bench.run(
            ["sh", "-c", "sed '\(edit)' table.csv > new && mv new table.csv"], in: workspace)
        try bench.run([bench.mlstore, "add", "--quiet", "table.csv"], in: workspace)
        bench.letTimePass()
        try bench.race(
            "profile of its next version, 0.1 % edited in one region", runs: min(3, bench.repeats),
            ours: {
                try bench.files.removeTree(kept)
                try bench.run(["cp", "-r", "\(here / "kept")", "\(kept)"], in: here)
                try bench.settle(here)
                return try measure(
                    [bench.mlstore, "profile", "--json", "table.csv"], in: workspace)
            },
            against: [
                Bench.Rival(name: "the first profile", targets: Targets(tables: .atLeast(50))) {
                    whole
                }
            ])
    }
}
