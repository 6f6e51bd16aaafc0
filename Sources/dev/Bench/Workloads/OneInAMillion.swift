import Platform
import Vocabulary

/// One file changed among a million.
@Sendable func benchOneInAMillion(_ bench: Bench) throws {
    try bench.withFolder(on: bench.memory) { here in
        let count = bench.scaled(1_000_000, minimum: 1_000)
        try SmallFiles(seed: 1).writeLines(below: here / "images", count: count)
        try addSettled(bench, "images", in: here)
        var number = 0
        var metadata: [Double] = []
        let walk = try measure(["\(Environment.executablePath())", "walk", "images"], in: here)
        var beyond: [Double] = []
        for _ in 0..<bench.repeats {
            let before = try storeSize(here)
            try bench.run(["sh", "-c", "echo again \(number) > images/d0/f7.txt"], in: here)
            number += 1
            bench.letTimePass()
            let taken = try measure(
                [
                    "sh", "-c",
                    "\(bench.mlstore) add --quiet images && \(bench.mlstore) commit --quiet -m next",
                ], in: here)
            beyond.append(taken.seconds - walk.seconds)
            metadata.append(Double(try storeSize(here) - before))
        }
        let work = "one file of \(count) changed: add and commit"
        let time = median(beyond)
        bench.compare(
            work + ", beyond a parallel stat", (time, secondsText(time)), "limit", (0.1, "100 ms"),
            Targets(engine: .below(1)))
        bench.compareSizes(
            work + ", stored", Int(median(metadata)), "limit", 64 << 10,
            Targets(engine: .atMost(1)))
    }
}
