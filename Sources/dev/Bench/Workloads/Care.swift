import Platform
import Vocabulary

/// Marking what is alive: there is nothing to measure until the program collects.
@Sendable func benchCollect(_ bench: Bench) throws {
    bench.skip("`gc`, 1,000,000 files in 100 versions", "gc", "the program has none yet")
}

/// Checking every pack, beside only reading them.
@Sendable func benchScrub(_ bench: Bench) throws {
    try bench.withFolder(on: bench.disk) { here in
        let size = bench.scaled(1 << 30, minimum: 4 << 20)
        try bench.freshWorkspace(here)
        try writeRandomFile(to: here / "noise.bin", sizeBytes: size / 2, seed: 3)
        try FlightTable(seed: 2).write(to: here / "table.csv", sizeBytes: size / 2)
        try bench.run([bench.mlstore, "add", "--quiet", "noise.bin", "table.csv"], in: here)
        try bench.settle(here)
        for level in ["structure", "full"] {
            try bench.race(
                "`fsck --level \(level)` of \(ByteCount(size))", runs: min(3, bench.repeats),
                ours: {
                    try measure([bench.mlstore, "fsck", "--quiet", "--level", level], in: here)
                },
                against: [
                    Bench.Rival(
                        name: "`cat` of all packs",
                        targets: level == "full" ? Targets(engine: .atLeast(0.8)) : Targets()
                    ) {
                        try measure(
                            ["sh", "-c", "cat .mlstore/store/packs/* > /dev/null"], in: here)
                    }
                ])
        }
    }
}
