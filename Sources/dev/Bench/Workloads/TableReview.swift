import Platform
import Vocabulary

/// Two versions of a Parquet file of 100 million rows with a key, of which some groups of rows changed.
@Sendable func benchManyRows(_ bench: Bench) throws {
    let rows = bench.scaled(100_000_000, minimum: 1_000_000)
    let work = "diff of a Parquet file of \(rows) rows by key, 1,000 rows changed in one region"
    guard let python = bench.peers.duckPython else {
        return bench.skip(work, "DuckDB", "not installed")
    }
    try bench.withFolder(on: bench.disk) { here in
        let workspace = here / "workspace"
        try bench.files.makeDirectories(workspace)
        try bench.run(["git", "init", "--quiet", "."], in: workspace)
        try bench.run([bench.mlstore, "init", "--quiet"], in: workspace)
        for version in ["first", "second"] {
            let changed =
                version == "first" ? "false" : "i between \(rows / 2) and \(rows / 2 + 999)"
            let query = """
                copy (select i as id, (hash(i) % 1000000)::int + (\(changed))::int as value
                from range(\(rows)) t(i)) to 'table.parquet' (row_group_size 1000000)
                """
            try bench.run(
                [python, "-c", "import duckdb; duckdb.sql(\"\"\"\(query)\"\"\")"], in: workspace)
            try commit(bench, workspace, version)
        }
        guard (try? bench.run([bench.mlstore, "head", "table.parquet"], in: workspace)) != nil
        else { return bench.skip(work, "mlstore", "MLSTORE_ARROW names no plug-in for Parquet") }
        let taken = try measure([bench.mlstore, "diff", "first", "second"], in: workspace)
        bench.compareSizes(
            work + " (\(secondsText(taken.seconds))): peak private memory", taken.peakBytes,
            "limit", 512 << 20, Targets(tables: .atMost(1)))
    }
}

private func commit(_ bench: Bench, _ workspace: DiskPath, _ name: String) throws {
    try bench.run([bench.mlstore, "add", "--quiet", "table.parquet"], in: workspace)
    try bench.commitAll(in: workspace, tag: name)
}

/// The report of a change of five artifacts, tables of 10 MiB each.
@Sendable func benchReport(_ bench: Bench) throws {
    try bench.withFolder(on: bench.disk) { here in
        try bench.run(["git", "init", "--quiet", "."], in: here)
        try bench.run([bench.mlstore, "init", "--quiet"], in: here)
        let size = bench.scaled(10 << 20, minimum: 1 << 20)
        for version in 0...1 {
            for table in 0..<5 {
                try FlightTable(seed: UInt64(10 + table)).write(
                    to: here / "table\(table).csv", sizeBytes: size, version: version,
                    changed: 0.001)
                try bench.run([bench.mlstore, "add", "--quiet", "table\(table).csv"], in: here)
            }
            try bench.commitAll(in: here, tag: "version-\(version)")
        }
        var seconds: [Double] = []
        for _ in 0..<bench.repeats {
            // As in a runner that has the data and nothing else.
            try bench.files.removeTree(here / ".mlstore/state/profiles")
            seconds.append(
                try measure([bench.mlstore, "report", "HEAD~"], in: here).seconds)
        }
        let time = median(seconds)
        bench.compare(
            "report of five tables of \(ByteCount(size)), one row in 1,000 of each changed",
            (time, secondsText(time)), "limit", (2, "2 s"), Targets(tables: .atMost(1)))
    }
}
