import Platform
import Vocabulary

/// Marking what is alive among many versions of very many files.
@Sendable func benchCollect(_ bench: Bench) throws {
    try bench.withFolder(on: bench.memory) { here in
        let count = bench.scaled(1_000_000, minimum: 1_000)
        let versions = 100
        try SmallFiles(seed: 1, perFolder: 100).writeLines(below: here / "images", count: count)
        try addSettled(bench, "images", in: here)
        try bench.run([bench.mlstore, "commit", "--quiet", "-m", "0"], in: here)
        for version in 1..<versions {
            let folder = version * 7 % (count / 100)
            let file = "images/d\(folder)/f\(folder * 100).txt"
            try bench.run(["sh", "-c", "echo again \(version) > \(file)"], in: here)
            bench.letTimePass()
            try bench.run([bench.mlstore, "add", "--quiet", "images"], in: here)
            try bench.run([bench.mlstore, "commit", "--quiet", "-m", "\(version)"], in: here)
        }
        let taken = try (0..<min(3, bench.repeats)).map { _ in
            try measure([bench.mlstore, "gc", "--quiet", "--dry-run"], in: here).seconds
        }
        let limit = 10 * Double(count) / 1_000_000
        bench.compare(
            "`gc --dry-run`, \(count) files in \(versions) versions",
            (median(taken), secondsText(median(taken))), "limit", (limit, secondsText(limit)),
            Targets(engine: .atMost(1)))
    }
}

/// Checking every pack, beside only reading them: their structure, their checksums, and everything.
@Sendable func benchScrub(_ bench: Bench) throws {
    try bench.withFolder(on: bench.disk) { here in
        let size = bench.scaled(1 << 30, minimum: 4 << 20)
        try bench.freshWorkspace(here)
        try writeRandomFile(to: here / "noise.bin", sizeBytes: size / 2, seed: 3)
        try FlightTable(seed: 2).write(to: here / "table.csv", sizeBytes: size / 2)
        try bench.run([bench.mlstore, "add", "--quiet", "noise.bin", "table.csv"], in: here)
        try bench.settle(here)
        for way in [["--level", "structure"], ["--scrub"], ["--level", "full"]] {
            try bench.race(
                "`fsck \(way.joined(separator: " "))` of \(ByteCount(size))",
                runs: min(3, bench.repeats),
                ours: { try measure([bench.mlstore, "fsck", "--quiet"] + way, in: here) },
                against: [
                    Bench.Rival(
                        name: "`cat` of all packs",
                        targets: way == ["--scrub"] ? Targets(engine: .atLeast(0.8)) : Targets()
                    ) {
                        try measure(
                            ["sh", "-c", "cat .mlstore/store/packs/* > /dev/null"], in: here)
                    }
                ])
        }
    }
}
