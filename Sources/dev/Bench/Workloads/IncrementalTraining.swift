import Kernels
import Platform
import Vocabulary

/// A ridge regression as a stage, on ten million rows: the whole of it, and after 0.1 % of the rows, in one
/// region, have other values. The table is added before both.
@Sendable func benchIncrementalTraining(_ bench: Bench) throws {
    try bench.withFolder(on: bench.disk) { here in
        let rows = bench.scaled(10_000_000, minimum: 50_000)
        let workspace = here / "workspace"
        try bench.freshWorkspace(workspace)
        let stage = """
            stages:
              ridge:
                train: {model: linear, data: table.csv, target: y}
                outs: [ridge.mlmodel]

            """
        try writeAtomically(
            Array(stage.utf8), to: workspace / "mlstore.yaml", on: bench.files, durable: false)
        let kept = workspace / ".mlstore/state/sums"
        func add(edited: Range<Int>) throws {
            try writeMeasures(to: workspace / "table.csv", rows: rows, edited: edited)
            try bench.run([bench.mlstore, "add", "--quiet", "table.csv"], in: workspace)
            bench.letTimePass()
        }
        func train() throws -> Measurement {
            try bench.settle(here)
            return try measure(
                [bench.mlstore, "repro", "--quiet", "--force"], in: workspace)
        }
        func whole() throws -> Measurement {
            try bench.files.removeTree(kept)
            return try train()
        }
        let share = rows / 1000
        try add(edited: 0..<0)
        let first = try whole()
        var start = rows / 2
        try bench.race(
            "ridge of \(rows) rows, 0.1 % of them changed in one region",
            runs: min(3, bench.repeats),
            ours: {
                // Each time other rows, so that nothing of them was seen before.
                start += 2 * share
                try add(edited: start..<(start + share))
                return try train()
            },
            against: [
                Bench.Rival(name: "all of it", targets: Targets(numeric: .atLeast(50)), runs: 1) {
                    first
                }
            ])
    }
}

/// Eight columns of numbers with two decimals, and their sum with an error.
private func writeMeasures(to path: DiskPath, rows: Int, edited: Range<Int>) throws {
    let sources = (0..<2).map {
        RandomSource(seed: 17, purpose: "bench measures", substream: UInt64($0))
    }
    var out = try BufferedOutput(path)
    try out.append { $0.append(text: "id,a,b,c,d,e,f,g,h,y\n") }
    for row in 0..<rows {
        let source = sources[edited.contains(row) ? 1 : 0]
        let words = [source.words(at: UInt64(2 * row)), source.words(at: UInt64(2 * row + 1))]
        try out.append { bytes in
            bytes.append(decimal: row)
            var sum = 0
            for word in words {
                for lane in 0..<4 {
                    let value = Int(word[lane] % 100_000)
                    bytes.append(0x2c)
                    bytes.append(hundredths: value)
                    sum += value * (lane + 1)
                }
            }
            bytes.append(0x2c)
            bytes.append(hundredths: sum + Int(words[0].x >> 20))
            bytes.append(0x0a)
        }
    }
    try out.close()
}

extension [UInt8] {
    fileprivate mutating func append(hundredths value: Int) {
        append(decimal: value / 100)
        append(0x2e)
        append(decimal: value % 100, width: 2)
    }
}
