import Platform
import Vocabulary

/// A table of 1 GiB: added, added again with 0.1 % of its rows rewritten, checked out.
@Sendable func benchTable(_ bench: Bench) throws {
    try bench.withFolder(on: bench.disk) { here in
        let size = bench.scaled(1 << 30, minimum: 1 << 20)
        let label = "\(ByteCount(size)) table"
        let source = here / "table.csv"
        let table = FlightTable(seed: 2)
        try table.write(to: source, sizeBytes: size)
        let raw = try fileSize(source)
        try addTable(bench, here, "add a \(label)")

        let workspace = here / "workspace"
        try bench.freshWorkspace(workspace)
        try bench.files.rename(source, to: workspace / "table.csv")
        try bench.run([bench.mlstore, "add", "--quiet", "table.csv"], in: workspace)
        let stored = try storeSize(workspace)
        bench.compareSizes(
            "stored of a \(label)", stored, "raw", raw,
            Targets(firstLight: .below(0.5), engine: .atMost(0.5)))
        try checkOutTable(bench, here, workspace, "checkout of a \(label)")

        try table.write(
            to: workspace / "table.csv", sizeBytes: size, version: 1, changed: 0.001)
        try bench.settle(here)
        try bench.run([bench.mlstore, "add", "--quiet", "table.csv"], in: workspace)
        bench.compareSizes(
            "stored more for 0.1 % of the rows of it rewritten",
            try storeSize(workspace) - stored, "raw", raw,
            Targets(firstLight: .below(0.2), engine: .atMost(0.003)))
    }
}

/// Adds `table.csv` of `here`. Each side gets a copy with an inode nobody has seen; all bytes are
/// in the page cache, and written out before the clock starts.
private func addTable(_ bench: Bench, _ here: DiskPath, _ work: String) throws {
    let place = here / "add"
    func fresh(_ commands: [[String]]) throws {
        try bench.files.removeTree(place)
        try bench.files.makeDirectories(place)
        for command in commands { try bench.run(command, in: place) }
        try bench.run(["cp", "../table.csv", "table.csv"], in: place)
        try bench.settle(here)
    }
    try bench.race(
        work, runs: min(3, bench.repeats),
        ours: {
            try fresh([[bench.mlstore, "init", "--quiet"]])
            return try measure([bench.mlstore, "add", "--quiet", "table.csv"], in: place)
        },
        against: [
            bench.rival(
                "DVC", bench.peers.dvc, Targets(firstLight: .atMost(1), engine: .atMost(0.7))
            ) { dvc in
                try fresh([[dvc, "init", "--no-scm", "--quiet"]])
                return try measure([dvc, "add", "--quiet", "table.csv"], in: place)
            },
            bench.rival("Oxen", bench.peers.oxenPython, Targets(engine: .atMost(1))) { python in
                try fresh([Peers.oxenInit(python, place)])
                return try measure(Peers.oxenAdd(python, place, "table.csv"), in: place)
            },
            Bench.Rival(name: "`zstd -1 -T0` of it") {
                try fresh([])
                return try measure(
                    ["zstd", "-q", "-1", "-T0", "table.csv", "-o", "packed"], in: place)
            },
        ])
    try bench.files.removeTree(place)
}

private func checkOutTable(
    _ bench: Bench, _ here: DiskPath, _ workspace: DiskPath, _ work: String
) throws {
    let packed = here / "table.csv.zst"
    let plain = here / "unpacked.csv"
    try bench.run(
        ["zstd", "-q", "-f", "-1", "\(workspace / "table.csv")", "-o", "\(packed)"], in: here)
    try bench.race(
        work, runs: min(3, bench.repeats),
        ours: {
            try bench.files.removeFile(workspace / "table.csv")
            try bench.files.removeTree(plain)
            try bench.settle(here)
            return try measure([bench.mlstore, "checkout", "--quiet", "table.csv"], in: workspace)
        },
        against: [
            Bench.Rival(
                name: "`zstd -d`", targets: Targets(firstLight: .atMost(2), engine: .atMost(1.2))
            ) {
                try bench.files.removeTree(plain)
                try bench.settle(here)
                return try measure(["zstd", "-q", "-d", "\(packed)", "-o", "\(plain)"], in: here)
            }
        ])
    try bench.files.removeTree(packed)
    try bench.files.removeTree(plain)
}
