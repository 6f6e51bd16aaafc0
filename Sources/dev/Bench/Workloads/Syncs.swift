import Platform
import Vocabulary

/// How often a durable commit waits for the disk, for one file and for many.
@Sendable func benchSyncs(_ bench: Bench) throws {
    for count in [1, bench.scaled(10_000, minimum: 1_000)] {
        try bench.withFolder(on: bench.disk) { here in
            try SmallFiles(seed: 1).writeLines(below: here / "images", count: count)
            try bench.run([bench.mlstore, "init", "--quiet"], in: here)
            try bench.run([bench.mlstore, "add", "--quiet", "images"], in: here)
            try SmallFiles(seed: 1).writeRecords(below: here / "images/more", count: count)
            for command in [["add", "--quiet", "images"], ["commit", "--quiet", "-m", "next"]] {
                let work = "syncs of `\(command[0])` after \(count) new files"
                let log = try traced(
                    bench, "fsync,fdatasync,sync_file_range,syncfs,msync",
                    [bench.mlstore] + command, in: here)
                guard let log else {
                    bench.skip(work, "strace", "not installed")
                    continue
                }
                let syncs = log.split(separator: "\n").count { $0.contains("sync(") }
                bench.compare(
                    work, (Double(syncs), "\(syncs)"), "limit", (5, "5"),
                    Targets(engine: .atMost(1)))
            }
        }
    }
}
