import Platform
import Vocabulary

/// Adding a million new files, in many folders and in one, and the `status` of them: the memory that
/// these hold, beside the limit and beside a tenth of the files.
@Sendable func benchAddOfAMillion(_ bench: Bench) throws {
    let count = bench.scaled(1_000_000, minimum: 1_000)
    let few = try addLines(bench, count / 10, perFolder: 100) { _ in }
    for (place, perFolder) in [("100 a folder", 100), ("in one folder", count)] {
        let work = "add \(count) small files, \(place), tmpfs"
        let added = try addLines(bench, count, perFolder: perFolder) { here in
            if perFolder < count { return }
            try bench.race(
                "`status` of \(count) clean files in one folder, tmpfs",
                ours: { try measure([bench.mlstore, "status", "--quiet"], in: here) },
                against: [parallelStat("images", in: here, Targets(engine: .atMost(1.3)))])
        }
        bench.compare(
            work, (added.seconds, secondsText(added.seconds)), "ten times a tenth of them",
            (few.seconds * 10, secondsText(few.seconds * 10)), Targets())
        bench.compareSizes(
            "private memory of that", added.peakBytes, "of a tenth of them", few.peakBytes,
            Targets())
        bench.compareSizes(
            "the same", added.peakBytes, "limit", 512 << 20, Targets(engine: .atMost(1)))
    }
}

/// What `add` takes for `count` new files in a workspace of their own, which `body` sees then.
private func addLines(
    _ bench: Bench, _ count: Int, perFolder: Int, _ body: (DiskPath) throws -> Void
) throws -> Measurement {
    var added = Measurement(seconds: 0, peakBytes: 0)
    try bench.withFolder(on: bench.memory) { here in
        try SmallFiles(seed: 1, perFolder: perFolder).writeLines(
            below: here / "images", count: count)
        bench.letTimePass()
        try bench.run([bench.mlstore, "init", "--quiet"], in: here)
        added = try measure([bench.mlstore, "add", "--quiet", "images"], in: here)
        try body(here)
    }
    return added
}
