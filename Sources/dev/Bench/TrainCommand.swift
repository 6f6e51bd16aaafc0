import ArgumentParser
import Bytes
import Kernels
import Learning
import Platform
import Vocabulary

/// Fits a model to a table of doubles in a file, and prints the seconds that it took from the
/// columns in memory on (of linear models the second fit from the rows in memory), and how well it
/// does: what the bench has a peer do in Python.
struct TrainCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "train-table", abstract: "Fit a model to a table of the bench.",
        shouldDisplay: false)

    enum Model: String, ExpressibleByArgument {
        case ridge
        case logistic
        case kMeans = "k-means"
        case kMeansPlusPlus = "k-means++"
        case components = "pca"
        case network = "mlp"
        case regression
        case binary
    }

    @Option var model: Model
    @Option var rows: Int
    @Option var test: Int
    @Option var columns: Int
    @Option var threads = Environment.processorCount

    @Argument var file: String

    func run() throws {
        let table = try NumberTable(DiskPath(file), rows: rows + test, columns: columns + 1)
        let inputs = (0..<columns).map { Array(table.column($0).prefix(rows)) }
        let target = Array(table.column(columns).prefix(rows))
        switch model {
        case .ridge, .logistic:
            let design = design(inputs)
            _ = try linearLoss(design, target)
            let start = monotonicNanoseconds()
            let loss = try linearLoss(design, target)
            report(since: start, until: monotonicNanoseconds(), loss)
        case .network:
            let rest = (0..<columns).map { Array(table.column($0).suffix(test)) }
            let (start, end, scores) = try network(inputs, target, rest)
            let truth = Array(table.column(columns).suffix(test))
            report(since: start, until: end, metric(scores, truth))
        case .kMeans, .kMeansPlusPlus, .components:
            let design = design(inputs)
            _ = try structure(design, inputs)
            let start = monotonicNanoseconds()
            let measure = try structure(design, inputs)
            report(since: start, until: monotonicNanoseconds(), measure)
        case .regression, .binary:
            let start = monotonicNanoseconds()
            let memory = SortingMemory()
            let bins = executor.map(columns) { NumberBins(inputs[$0], memory) }
            guard let boosted = boosted(binnedTable(inputs, bins), target) else {
                throw StoreError(.numeric, "a derivative was not a finite number")
            }
            let end = monotonicNanoseconds()
            let rest = (0..<columns).map { Array(table.column($0).suffix(test)) }
            let scores = boosted.scores(binnedTable(rest, bins), executor)[0]
            let truth = Array(table.column(columns).suffix(test))
            report(since: start, until: end, metric((0..<test).map { scores[$0] }, truth))
        }
    }

    private func report(since start: UInt64, until end: UInt64, _ metric: Double) {
        print("\(Double(end - start) / 1e9) \(metric)")
    }

    private func design(_ inputs: [[Double]]) -> DesignMatrix {
        var dense: [Double] = []
        let rows = inputs[0].count
        dense.reserveCapacity(rows * columns)
        for row in 0..<rows { for column in inputs { dense.append(column[row]) } }
        return DesignMatrix(
            rows: rows, dense: dense, denseCount: columns, codes: [], codeCount: 0,
            coefficientCount: columns + 1)
    }

    /// The mean loss with the penalty.
    private func linearLoss(_ design: DesignMatrix, _ target: [Double]) throws -> Double {
        let isRidge = model == .ridge
        let truth: Learning.Target =
            isRidge ? .numbers(target) : .classes(target.map { $0 > 0 ? 1 : 0 }, count: 2)
        let trainer: any Estimator = isRidge ? LinearTrainer() : LogisticTrainer()
        return try trainer.fit(design, truth, TrainingParameters(), executor).loss
    }

    /// When training began and ended, and the scores of other rows.
    private func network(
        _ inputs: [[Double]], _ target: [Double], _ rest: [[Double]]
    ) throws -> (start: UInt64, end: UInt64, scores: [Double]) {
        var plan = NetworkPlan()
        plan.layers = 3
        plan.units = 256
        plan.epochs = 3
        plan.seed = 7
        let start = monotonicNanoseconds()
        let found = trainNetwork(
            NetworkRows(design(inputs)), .numbers(target),
            training: (0..<UInt32(rows)).map { $0 }, validation: [], plan, executor)
        let end = monotonicNanoseconds()
        guard let found else { throw StoreError(.numeric, "the network diverged") }
        return (start, end, found.network.scores(NetworkRows(design(rest)), executor)[0])
    }

    /// The inertia a row, or the sum of the elements' sizes of the first ten components.
    private func structure(_ design: DesignMatrix, _ inputs: [[Double]]) throws -> Double {
        if model == .components {
            guard let found = PrincipalComponents(design, count: columns, executor) else {
                throw StoreError(.numeric, "a covariance was not a finite number")
            }
            return found.components.prefix(10).joined().reduce(0) { $0 + $1.magnitude }
        }
        let seeds =
            model == .kMeans
            ? (0..<16).flatMap { row in inputs.map { $0[row] } }
            : kMeansSeeds(design, count: 16, seed: 7, attempt: 0, executor)
        let found = kMeans(
            design, from: seeds ?? [], maximumIterations: 20, tolerance: 0, executor)
        return found.inertia / Double(rows)
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
        let plan = BoostingPlan()
        let training = (0..<UInt32(table.rows)).map { $0 }
        if model == .binary {
            let loss = LogisticTreeLoss(labels: target.map { $0 > 0 ? 1 : 0 })
            return boost(table, loss, training: training, validation: [], plan, executor)
        }
        let loss = SquaredLoss(targets: target)
        return boost(table, loss, training: training, validation: [], plan, executor)
    }

    /// One minus the area under the curve, or the root of the mean squared error.
    private func metric(_ scores: [Double], _ truth: [Double]) -> Double {
        if model == .binary {
            return 1 - (areaUnderCurve(scores: scores, isPositive: truth.map { $0 > 0 }) ?? 0)
        }
        let errors = scores.indices.map { scores[$0] - truth[$0] }
        return (blockDot(errors, errors) / Double(errors.count)).squareRoot()
    }
}
