import Platform
import Vocabulary

/// A hundred trees on a million rows of fifty doubles, binning and growing timed, data in memory on
/// both sides; and how well they do on a fifth as many rows more.
@Sendable func benchBoostedTrees(_ bench: Bench) throws {
    try bench.withFolder(on: bench.memory) { here in
        let shape = TreeRace(
            rows: bench.scaled(1_000_000, minimum: 10_000),
            test: bench.scaled(200_000, minimum: 2_000), columns: 50, file: here / "table")
        try NumberTable.write(
            to: shape.file, rows: shape.rows + shape.test, columns: shape.columns, seed: 11)
        for task in ["regression", "binary"] { try shape.run(bench, task, in: here) }
    }
}

private struct TreeRace {
    let rows: Int
    let test: Int
    let columns: Int
    let file: DiskPath

    private static let libraries = ["LightGBM", "LightGBM, quantised", "XGBoost"]

    func run(_ bench: Bench, _ task: String, in here: DiskPath) throws {
        let own = try Environment.executablePath()
        var metrics: [String: Double] = [:]
        func timed(_ name: String, _ words: [String]) throws -> Measurement {
            let told = try line(of: words, in: here).split(separator: " ").compactMap { Double($0) }
            guard told.count >= 2 else {
                throw StoreError(.internalFault, "cannot read what '\(name)' printed")
            }
            metrics[name] = told[1]
            return Measurement(seconds: told[0], peakBytes: 0)
        }
        let size = ["\(rows)", "\(test)", "\(columns)"]
        let work = "100 trees, \(task), \(rows) x \(columns)"
        try bench.race(
            work,
            ours: {
                try timed(
                    "mlstore",
                    ["\(own)", "train-trees", "--rows", size[0], "--test", size[1], "--columns"]
                        + [size[2], "\(file)"] + (task == "binary" ? ["--is-binary"] : []))
            },
            against: TreeRace.libraries.map { library in
                bench.rival(
                    library, bench.peers.learningPython, Targets(numeric: .atLeast(1.5))
                ) { python in
                    try timed(
                        library,
                        [python, "-c", TreeRace.program, library, "\(file)"] + size + [task])
                }
            })
        guard let ours = metrics["mlstore"] else { return }
        for library in TreeRace.libraries {
            guard let theirs = metrics[library] else { continue }
            let name = task == "binary" ? "1 - AUC" : "RMSE"
            // Within 0.002 counts as equal.
            bench.compare(
                "\(work): \(name)", (ours, sixDigits(ours)), "\(library) + 0.002",
                (theirs + 0.002, sixDigits(theirs)), Targets(numeric: .atMost(1)))
        }
    }

    private func sixDigits(_ value: Double) -> String {
        let millionths = Int((value * 1e6).rounded())
        let rest = String(millionths % 1_000_000)
        return "\(millionths / 1_000_000)." + String(repeating: "0", count: 6 - rest.count) + rest
    }

    /// Prints seconds and the metric: RMSE, or one minus the area under the curve.
    private static let program = """
        import sys, time, os
        import numpy as np
        library, file, rows, test, columns, task = sys.argv[1:7]
        rows, test, columns = int(rows), int(test), int(columns)
        table = np.fromfile(file, dtype='<f8').reshape(columns + 1, rows + test)
        x, y = np.ascontiguousarray(table[:columns].T), table[columns]
        if task == 'binary': y = (y > 0).astype(float)
        threads = os.cpu_count()
        if library.startswith('LightGBM'):
            import lightgbm as lgb
            options = dict(objective=task, num_leaves=31, learning_rate=0.1, max_bin=255,
                           num_threads=threads, verbosity=-1, force_row_wise=True,
                           use_quantized_grad='quantised' in library)
            start = time.perf_counter()
            data = lgb.Dataset(x[:rows], y[:rows], params=options)
            model = lgb.train(options, data, 100)
            seconds = time.perf_counter() - start
            found = model.predict(x[rows:])
        else:
            import xgboost as xgb
            objective = 'binary:logistic' if task == 'binary' else 'reg:squarederror'
            options = dict(objective=objective, max_leaves=31, grow_policy='lossguide', max_depth=0,
                           eta=0.1, max_bin=255, nthread=threads, tree_method='hist')
            start = time.perf_counter()
            data = xgb.QuantileDMatrix(x[:rows], y[:rows], max_bin=255, nthread=threads)
            model = xgb.train(options, data, 100)
            seconds = time.perf_counter() - start
            found = model.inplace_predict(x[rows:])
        truth = y[rows:]
        if task == 'binary':
            from sklearn.metrics import roc_auc_score
            metric = 1 - roc_auc_score(truth, found)
        else:
            metric = float(np.sqrt(np.mean((found - truth) ** 2)))
        print(seconds, metric)
        """
}
