import Platform
import Vocabulary

/// Reading a table of 1 GiB: a CSV to typed columns, and a Parquet file of the same rows to its profile.
@Sendable func benchTableReads(_ bench: Bench) throws {
    try bench.withFolder(on: bench.disk) { here in
        let size = bench.scaled(1 << 30, minimum: 1 << 20)
        try FlightTable(seed: 2).write(to: here / "table.csv", sizeBytes: size)
        func peer(_ name: String, _ target: Target, _ program: String) -> Bench.Rival {
            bench.rival(name, bench.peers.duckPython, Targets(tables: target)) { python in
                try bench.settle(here)
                return try measure([python, "-c", program], in: here)
            }
        }
        try bench.race(
            "types of the columns of a \(ByteCount(size)) CSV", runs: min(3, bench.repeats),
            ours: {
                try bench.settle(here)
                return try measure([bench.mlstore, "schema", "table.csv"], in: here)
            },
            against: [
                peer(
                    "Arrow, read_csv", .atLeast(0.8),
                    "import pyarrow.csv as c; print(c.read_csv('table.csv').num_rows)"),
                peer(
                    "DuckDB, read_csv into a table", .atLeast(0.8),
                    "import duckdb; duckdb.sql('create table t as select * from read_csv(\"table.csv\")')"
                ),
            ])
        try profileParquet(bench, here, ByteCount(size), peer)
    }
}

private func profileParquet(
    _ bench: Bench, _ here: DiskPath, _ size: ByteCount,
    _ peer: (String, Target, String) -> Bench.Rival
) throws {
    let work = "profile of the same rows in Parquet"
    guard let python = bench.peers.duckPython else {
        return bench.skip(work, "DuckDB", "not installed")
    }
    let copy = "copy (from read_csv('table.csv')) to 'table.parquet'"
    try bench.run([python, "-c", "import duckdb; duckdb.sql(\"\(copy)\")"], in: here)
    guard (try? bench.run([bench.mlstore, "head", "table.parquet"], in: here)) != nil else {
        return bench.skip(work, "mlstore", "MLSTORE_ARROW names no plug-in for Parquet")
    }
    try bench.race(
        work, runs: min(3, bench.repeats),
        ours: {
            try measure([bench.mlstore, "profile", "--json", "table.parquet"], in: here)
        },
        against: [
            peer(
                "DuckDB, SUMMARIZE", .atLeast(1),
                "import duckdb; print(duckdb.sql('summarize from \"table.parquet\"').fetchall())")
        ])
}
