import Platform
import Vocabulary

/// Twenty versions of one table, each with other rows rewritten.
@Sendable func benchTwentyVersions(_ bench: Bench) throws {
    try bench.withFolder(on: bench.memory) { here in
        let size = bench.scaled(100 << 20, minimum: 1 << 20)
        try bench.freshWorkspace(here)
        let table = FlightTable(seed: 4)
        var seconds: [Double] = []
        var first = 0
        for version in 0..<20 {
            try table.write(
                to: here / "table.csv", sizeBytes: size, version: version, changed: 0.005)
            bench.letTimePass()
            let taken = try measure([bench.mlstore, "add", "--quiet", "table.csv"], in: here)
            seconds.append(taken.seconds)
            if version == 0 { first = try storeSize(here) }
        }
        let label = "20 versions of a \(ByteCount(size)) table, 0.5 % of rows rewritten in each"
        bench.compareSizes(
            "\(label): stored", try storeSize(here), "the first alone", first,
            Targets(engine: .atMost(1.15)))
        let again = median(Array(seconds.dropFirst()))
        bench.compare(
            "\(label): one more", (again, secondsText(again)), "the first",
            (seconds[0], secondsText(seconds[0])), Targets(engine: .below(1)))
    }
}
