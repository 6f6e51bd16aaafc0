import ArgumentParser
import Bytes
import Kernels
import Learning
import Platform
import Vocabulary

/// Boosts trees on a table of doubles in a file, and prints the seconds that binning and boosting
/// took and how well they do on the rows kept back: what the bench has a peer do in Python.
struct TrainCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "train-trees", abstract: "Boost trees on a table of the bench.",
        shouldDisplay: false)

    @Option var rows: Int
    @Option var test: Int
    @Option var columns: Int
    @Option var trees = 100
    @Option var leaves = 31
    @Option var threads = Environment.processorCount
    /// Otherwise the target is a number.
    @Flag var isBinary = false

    @Argument var file: String

    func run() throws {
        let table = try NumberTable(DiskPath(file), rows: rows + test, columns: columns + 1)
        let target = table.column(columns)
        let executor = self.executor
        let start = monotonicNanoseconds()
        let inputs = (0..<columns).map { Array(table.column($0).prefix(rows)) }
        let bins = executor.map(columns) { NumberBins(inputs[$0]) }
        let binned = binnedTable(inputs, bins)
        let binnedAt = monotonicNanoseconds()
        guard let boosted = boosted(binned, Array(target.prefix(rows))) else {
            throw StoreError(.numeric, "a derivative was not a finite number")
        }
        let nanoseconds = monotonicNanoseconds() - start
        let rest = (0..<columns).map { Array(table.column($0).suffix(test)) }
        let scores = boosted.scores(binnedTable(rest, bins), executor)[0]
        let metric = metric((0..<test).map { scores[$0] }, Array(target.suffix(test)))
        print(
            "\(Double(nanoseconds) / 1e9) \(metric) \(Double(binnedAt - start) / 1e9) "
                + "\(boosted.trainingLoss)")
    }

    private var executor: ParallelExecutor {
        let threads = threads
        return ParallelExecutor { count, body in
            // The body cannot throw, so neither can this.
            try? parallelForEach(count: count, threads: threads) { body($0) }
        }
    }

    private func binnedTable(_ inputs: [[Double]], _ bins: [NumberBins]) -> BinnedTable {
        unsafe BinnedTable(
            rows: inputs[0].count, features: bins.map { .number(bins: $0.count) }, executor
        ) { feature, target in
            // Unsafe: the table hands out as many bytes as rows.
            unsafe bins[feature].assign(inputs[feature], to: target)
        }
    }

    private func boosted(_ table: BinnedTable, _ target: [Double]) -> BoostedTrees? {
        var plan = BoostingPlan()
        plan.iterations = trees
        plan.growth.leaves = leaves
        let training = (0..<UInt32(table.rows)).map { $0 }
        if isBinary {
            let loss = LogisticTreeLoss(labels: target.map { $0 > 0 ? 1 : 0 })
            return boost(table, loss, training: training, validation: [], plan, executor)
        }
        let loss = SquaredLoss(targets: target)
        return boost(table, loss, training: training, validation: [], plan, executor)
    }

    /// One minus the area under the curve, or the root of the mean squared error.
    private func metric(_ scores: [Double], _ truth: [Double]) -> Double {
        if isBinary {
            return 1 - (areaUnderCurve(scores: scores, isPositive: truth.map { $0 > 0 }) ?? 0)
        }
        let errors = scores.indices.map { scores[$0] - truth[$0] }
        return (blockDot(errors, errors) / Double(errors.count)).squareRoot()
    }
}
