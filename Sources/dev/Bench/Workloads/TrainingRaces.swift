import Platform
import Vocabulary

/// A hundred trees on a million rows of fifty doubles, binning and growing timed, data in memory on
/// both sides; and how well they do on a fifth as many rows more.
@Sendable func benchBoostedTrees(_ bench: Bench) throws {
    try bench.withTable { race in
        for task in ["regression", "binary"] {
            try race.run(
                "100 trees, \(task)", task, metric: task == "binary" ? "1 - AUC" : "RMSE",
                within: 0.002, TrainingRace.treeProgram,
                rivals: ["LightGBM", "LightGBM, quantised", "XGBoost"])
        }
    }
}

/// Ridge and logistic regression on the same rows, to the same loss.
@Sendable func benchLinearModels(_ bench: Bench) throws {
    try bench.withTable { race in
        for (task, solver) in [("ridge", "cholesky"), ("logistic", "lbfgs")] {
            try race.run(
                "\(task) regression", task, metric: "loss", within: 1e-6,
                TrainingRace.linearProgram, rivals: ["scikit-learn, \(solver)"])
        }
    }
}

/// Twenty moves of sixteen centres from the same rows, and all principal components.
@Sendable func benchStructure(_ bench: Bench) throws {
    try bench.withTable { race in
        try race.run(
            "k-means, 16 centres, 20 moves", "k-means", metric: "inertia a row", within: 1e-6,
            TrainingRace.structureProgram, rivals: ["scikit-learn, lloyd"], .atLeast(1))
        try race.run(
            "k-means++ and 20 moves, 16 centres", "k-means++", metric: "inertia a row",
            within: 0.1, TrainingRace.structureProgram, rivals: ["scikit-learn, k-means++"],
            .atLeast(1))
        try race.run(
            "principal components, all 50", "pca",
            metric: "sum of absolute elements of the first 10", within: 1e-6,
            TrainingRace.structureProgram, rivals: ["scikit-learn, covariance_eigh"], .atLeast(1))
    }
}

/// A network of three hidden layers of 256, three epochs; how well it does on other rows.
@Sendable func benchNetworks(_ bench: Bench) throws {
    try bench.withTable(rows: 200_000, test: 40_000) { race in
        try race.run(
            "network, 3 x 256, 3 epochs", "mlp", metric: "RMSE", within: 0.02,
            TrainingRace.networkProgram,
            rivals: ["PyTorch, 1 thread", "PyTorch, all threads"], .atLeast(0.7),
            python: bench.peers.torchPython)
    }
}

extension Bench {
    fileprivate func withTable(
        rows: Int = 1_000_000, test: Int = 200_000, _ body: (TrainingRace) throws -> Void
    ) throws {
        try withFolder(on: memory) { here in
            let race = TrainingRace(
                bench: self, here: here, rows: scaled(rows, minimum: 10_000),
                test: scaled(test, minimum: 2_000), columns: 50)
            try NumberTable.write(
                to: race.file, rows: race.rows + race.test, columns: race.columns, seed: 11)
            try body(race)
        }
    }
}

private struct TrainingRace {
    let bench: Bench
    let here: DiskPath
    let rows: Int
    let test: Int
    let columns: Int

    var file: DiskPath { here / "table" }

    /// Times ours and the rivals', and compares what they print behind the seconds: a measure of
    /// which less is better, where no more than `within` counts as equal.
    func run(
        _ work: String, _ task: String, metric: String, within: Double, _ program: String,
        rivals: [String], _ target: Target = .atLeast(1.5), python: String? = nil
    ) throws {
        let own = try Environment.executablePath()
        var metrics: [String: Double] = [:]
        func timed(_ name: String, _ words: [String]) throws -> Measurement {
            let told = try line(of: words, in: here).split(separator: " ").compactMap { Double($0) }
            guard told.count == 2 else {
                throw StoreError(.internalFault, "cannot read what '\(name)' printed")
            }
            metrics[name] = told[1]
            return Measurement(seconds: told[0], peakBytes: 0)
        }
        let work = "\(work), \(rows) x \(columns)"
        let size = ["\(rows)", "\(test)", "\(columns)"]
        let ourWords =
            ["\(own)", "train-table", "--model", task, "--rows", size[0], "--test", size[1]]
            + ["--columns", size[2], "\(file)"]
        try bench.race(
            work, ours: { try timed("mlstore", ourWords) },
            against: rivals.map { name in
                bench.rival(
                    name, python ?? bench.peers.learningPython, Targets(numeric: target)
                ) { python in
                    try timed(name, [python, "-c", program, name, "\(file)"] + size + [task])
                }
            })
        guard let ours = metrics["mlstore"] else { return }
        for name in rivals {
            guard let theirs = metrics[name] else { continue }
            let behind = ours - theirs
            let sign = behind < 0 ? "-" : ""
            // The row's ratio is to what is allowed: below zero where ours is the better one.
            bench.compare(
                "\(work): \(metric), difference to \(within)", (behind, digits(ours)), name,
                (within, "\(digits(theirs)), difference \(sign)\(digits(abs(behind)))"),
                Targets(numeric: .atMost(1)))
        }
    }

    private func digits(_ value: Double) -> String {
        let billionths = Int((value * 1e9).rounded())
        let rest = String(billionths % 1_000_000_000)
        return "\(billionths / 1_000_000_000)."
            + String(repeating: "0", count: 9 - rest.count) + rest
    }

    /// Prints seconds and the metric: RMSE, or one minus the area under the curve.
    static let treeProgram = """
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

    /// Prints seconds and the mean loss with the penalty. The second fit is timed, as ours is.
    static let linearProgram = """
        import sys, time
        import numpy as np
        from sklearn.linear_model import LogisticRegression, Ridge
        library, file, rows, test, columns, task = sys.argv[1:7]
        rows, test, columns = int(rows), int(test), int(columns)
        table = np.fromfile(file, dtype='<f8').reshape(columns + 1, rows + test)
        x, y = np.ascontiguousarray(table[:columns, :rows].T), table[columns, :rows]
        if task == 'ridge':
            model = Ridge(alpha=1, solver='cholesky')
        else:
            model, y = LogisticRegression(C=1, solver='lbfgs', tol=1e-6, max_iter=200), y > 0
        model.fit(x, y)
        start = time.perf_counter()
        model.fit(x, y)
        seconds = time.perf_counter() - start
        weights, intercept = np.ravel(model.coef_), np.ravel(model.intercept_)[0]
        scores = x @ weights + intercept
        losses = 0.5 * (scores - y) ** 2 if task == 'ridge' else np.logaddexp(0, scores) - y * scores
        print(seconds, np.mean(losses) + 0.5 * np.sum(weights ** 2) / rows)
        """

    /// Prints seconds, and the inertia or the sum that ours prints. The second fit is timed.
    static let structureProgram = """
        import sys, time
        import numpy as np
        from sklearn.cluster import KMeans
        from sklearn.decomposition import PCA
        library, file, rows, test, columns, task = sys.argv[1:7]
        rows, test, columns = int(rows), int(test), int(columns)
        table = np.fromfile(file, dtype='<f8').reshape(columns + 1, rows + test)
        x = np.ascontiguousarray(table[:columns, :rows].T)
        if task == 'pca':
            model = PCA(svd_solver='covariance_eigh')
        elif task == 'k-means':
            model = KMeans(16, init=x[:16].copy(), n_init=1, max_iter=20, tol=0)
        else:
            model = KMeans(16, n_init=1, max_iter=20, tol=0, random_state=7)
        import warnings
        warnings.simplefilter('ignore')
        model.fit(x)
        start = time.perf_counter()
        model.fit(x)
        seconds = time.perf_counter() - start
        print(seconds, np.abs(model.components_[:10]).sum() if task == 'pca' else model.inertia_ / rows)
        """

    /// Prints seconds and the RMSE on the rest of the rows, of the target in its own unit.
    static let networkProgram = """
        import sys, time, math, os
        import numpy as np
        import torch
        library, file, rows, test, columns, task = sys.argv[1:7]
        rows, test, columns = int(rows), int(test), int(columns)
        torch.set_num_threads(1 if '1 thread' in library else os.cpu_count())
        torch.manual_seed(7)
        table = np.fromfile(file, dtype='<f8').reshape(columns + 1, rows + test).astype('<f4')
        x = torch.from_numpy(np.ascontiguousarray(table[:columns].T))
        y = torch.from_numpy(table[columns].copy())[:, None]
        layers, width = [], columns
        for _ in range(3):
            layers += [torch.nn.Linear(width, 256), torch.nn.ReLU()]
            torch.nn.init.kaiming_normal_(layers[-2].weight)
            width = 256
        model = torch.nn.Sequential(*layers, torch.nn.Linear(width, 1))
        adam = torch.optim.Adam(model.parameters(), lr=1e-3)
        start = time.perf_counter()
        for epoch in range(3):
            order = torch.randperm(rows)
            for first in range(0, rows, 256):
                batch = order[first:first + 256]
                adam.zero_grad(set_to_none=True)
                (0.5 * ((model(x[batch]) - y[batch]) ** 2).mean()).backward()
                adam.step()
        seconds = time.perf_counter() - start
        with torch.no_grad():
            print(seconds, math.sqrt(((model(x[rows:]) - y[rows:]) ** 2).mean().item()))
        """
}
