import Platform
import Vocabulary

/// Records of 440 bytes, each a file of its own.
@Sendable func benchRecords(_ bench: Bench) throws {
    try bench.withFolder(on: bench.memory) { here in
        let count = bench.scaled(1_200_000, minimum: 1_000)
        try SmallFiles(seed: 6).writeRecords(below: here / "records", count: count)
        let raw = try treeSize(here / "records")
        try bench.run([bench.mlstore, "init", "--quiet"], in: here)
        let taken = try measure([bench.mlstore, "add", "--quiet", "records"], in: here)
        bench.compareSizes(
            "stored of \(count) JSON records of 440 bytes as files, with index (added in "
                + "\(secondsText(taken.seconds)), peak private \(ByteCount(taken.peakBytes)))",
            try storeSize(here), "raw", raw, Targets(engine: .atMost(0.24)))
    }
}
