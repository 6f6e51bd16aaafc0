import Platform
import Vocabulary

/// One file changed among a million.
@Sendable func benchOneInAMillion(_ bench: Bench) throws {
    try bench.withFolder(on: bench.memory) { here in
        let count = bench.scaled(1_000_000, minimum: 1_000)
        try SmallFiles(seed: 1, perFolder: 100).writeLines(below: here / "images", count: count)
        try addSettled(bench, "images", in: here)
        var number = 0
        var metadata: [Double] = []
        var beyond: [Double] = []
        for _ in 0..<bench.repeats {
            let before = try storeSize(here)
            // Others each time: what they share of the tree is not the same.
            let folder = number * 7 % (count / 100)
            let file = "images/d\(folder)/f\(folder * 100).txt"
            try bench.run(["sh", "-c", "echo again \(number) > \(file)"], in: here)
            number += 1
            bench.letTimePass()
            let walk = try measure(["\(Environment.executablePath())", "walk", "images"], in: here)
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
