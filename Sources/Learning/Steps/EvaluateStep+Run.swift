internal import Bytes
internal import Kernels
internal import Vocabulary

extension EvaluateStep {
    /// Reads the models and the columns they need, and measures the predictions.
    func run(_ files: StepFiles, _ context: StepContext) throws -> StepReport {
        let model = try ModelFile.read(files.source("model"))
        let input = TableInput(try files.source("data"))
        let metrics =
            if let target = model.target {
                try metrics(model, target, input, files, context)
            } else {
                try structureMetrics(model, input, context)
            }
        guard metrics.values.allSatisfy(\.isFinite) else {
            throw StoreError.metricsNotFinite(model.target ?? data)
        }
        let text = JSONValue.object(metrics).pretty + "\n"
        try files.sink("metrics").write(Array(text.utf8))
        return StepReport(facts: metrics)
    }

    /// How well a model without a target describes the rows.
    private func structureMetrics(
        _ model: Model, _ input: TableInput, _ context: StepContext
    ) throws -> [String: JSONValue] {
        for key in usedOptions { throw StoreError.optionNeedsTarget(key, model.kind) }
        guard let body = model.body as? any StructureBody else {
            throw StoreError(.internalFault, "a \(model.kind) model without a target")
        }
        let columns = try input.columns(body.inputs)
        let rows = columns.first?.count ?? 0
        guard rows > 0 else { throw StoreError.noRows(data) }
        return body.metrics(columns, rows: rows, context.executor)
    }

    /// The options given that only models with a target have a use for.
    private var usedOptions: [String] {
        [
            ("slices", !slices.isEmpty), ("intervals", intervals > 0),
            ("baseline", baseline != nil), ("calibration", calibration > 0),
            ("importance", importance > 0), ("plots", !plots.isEmpty),
        ].filter(\.1).map(\.0)
    }

    private func metrics(
        _ model: Model, _ name: String, _ input: TableInput, _ files: StepFiles,
        _ context: StepContext
    ) throws -> [String: JSONValue] {
        let other = try baselineModel(model, files)
        let inputs = model.body.inputs
        var columns = try input.columns(
            inputs + (other?.body.inputs ?? []) + slices.map { ($0, .category) }
                + [(name, model.classes.isEmpty ? .number : .category)])
        let target = try targetColumn(columns.removeLast(), name, model.classes)
        guard !target.rows.isEmpty else { throw StoreError.nothingToEvaluate(name, data) }
        if target.missing > 0 {
            columns = columns.map { $0.selecting(target.rows) }
            context.log("\(target.missing) rows without '\(name)' left out")
        }
        let features = Array(columns.prefix(inputs.count))
        let measured = measurable(model, features, target, context.executor)
        var metrics = measured.json().merging(measured.details) { _, detail in detail }
        metrics["rowsWithoutTarget"] = JSONValue(target.missing)
        warn(metrics, context)
        if intervals > 0 { metrics["intervals"] = intervals(measured, context.executor) }
        if let other {
            let others = columns.dropFirst(inputs.count).prefix(other.body.inputs.count)
            metrics["baseline"] = comparison(
                measured, measurable(other, Array(others), target, context.executor),
                context.executor)
        }
        if !slices.isEmpty {
            metrics["slices"] = try sliced(measured, Array(columns.suffix(slices.count)))
        }
        if calibration > 0 {
            guard let classes = measured as? ClassificationMetrics else {
                throw StoreError.calibrationOfNumbers(model.kind)
            }
            metrics["calibration"] = Calibration(classes, bins: calibration).json
        }
        if importance > 0 {
            metrics["importance"] = importances(model, features, target, context.executor)
        }
        for plot in plots {
            let bins = calibration > 0 ? calibration : 10
            try files.sink(plot.rawValue).write(
                plot.draw(measured, model: model.kind, bins: bins))
        }
        return metrics
    }

    private func measurable(
        _ model: Model, _ columns: [ColumnValues], _ target: TargetColumn,
        _ executor: ParallelExecutor
    ) -> any Measurable {
        let scores = model.body.scores(columns, rows: target.rows.count, executor)
        guard case .classes(let truth, _) = target.target else {
            guard case .numbers(let truth) = target.target else {
                preconditionFailure("a model with a target predicts numbers or classes")
            }
            return RegressionMetrics(predictions: scores[0], truth: truth, quantile: quantile)
        }
        if scores.count == 1 {
            return ClassificationMetrics(
                twoClasses: target.classes, scores: scores[0], truth: truth, threshold: threshold,
                beta: beta)
        }
        return ClassificationMetrics(classes: target.classes, scores: scores, truth: truth)
    }

    /// Too good to be true: it usually is not.
    private func warn(_ metrics: [String: JSONValue], _ context: StepContext) {
        let best = [metrics["auc"], metrics["r2"], metrics["balancedAccuracy"]].compactMap {
            $0?.numberValue
        }.max()
        if let best, best > 1 - 1e-9 {
            context.log(
                "warning: the predictions are perfect: look for a feature that is made from the "
                    + "target, or for rows that were trained on")
        }
    }

    private func targetColumn(
        _ values: ColumnValues, _ name: String, _ classes: [String]
    ) throws -> TargetColumn {
        switch values {
        case .numbers(let numbers):
            return TargetColumn(numbers: numbers)
        case .categories(let codes, let names):
            var unknown = 0
            let column = TargetColumn(
                codes: codes, names: names, classes: classes, unknown: &unknown)
            guard unknown == 0 else {
                throw StoreError.unknownClasses(name, data, rows: unknown)
            }
            return column
        }
    }
}

extension JSONValue {
    /// Whether no number in it is one that JSON could not write.
    fileprivate var isFinite: Bool {
        switch self {
        case .number(let value): value.isFinite
        case .array(let elements): elements.allSatisfy(\.isFinite)
        case .object(let members): members.values.allSatisfy(\.isFinite)
        default: true
        }
    }
}

// MARK: - Comparisons

extension EvaluateStep {
    private var bootstrap: Bootstrap {
        Bootstrap(resamples: intervals, level: level, seed: seed)
    }

    /// The model to compare with, which predicts the same.
    private func baselineModel(_ model: Model, _ files: StepFiles) throws -> Model? {
        guard let baseline else { return nil }
        let other = try ModelFile.read(files.source("baseline"))
        guard other.target == model.target, other.classes == model.classes,
            other.hasOneScore == model.hasOneScore
        else { throw StoreError.baselineOfOther(baseline, self.model) }
        return other
    }

    private func intervals(_ measured: any Measurable, _ executor: ParallelExecutor) -> JSONValue {
        bootstrap.intervals(rows: measured.rows, executor) { measured.measures($0) }
    }

    /// The measures of the other model and how far this one's are above them, with intervals of
    /// that difference: both models are measured on the same resamples.
    private func comparison(
        _ measured: any Measurable, _ other: any Measurable, _ executor: ParallelExecutor
    ) -> JSONValue {
        @Sendable func differences(_ weights: [Int]?) -> [Measure] {
            zip(measured.measures(weights), other.measures(weights)).map { mine, others in
                guard let value = mine.value, let reference = others.value else {
                    return (mine.name, nil)
                }
                return (mine.name, value - reference)
            }
        }
        var difference: [String: JSONValue] = [:]
        for (name, value) in differences(nil) { difference[name] = JSONValue(value) }
        var members: [String: JSONValue] = [
            "metrics": .object(other.json()), "difference": .object(difference),
        ]
        if intervals > 0 {
            members["intervals"] = bootstrap.intervals(rows: measured.rows, executor) {
                differences($0)
            }
        }
        return .object(members)
    }

    /// How many values a column of slices may have.
    private static let maximumSlices = 1000

    /// The measures of the rows of each value of the columns; those without a value under "".
    private func sliced(_ measured: any Measurable, _ columns: [ColumnValues]) throws -> JSONValue {
        var result: [String: JSONValue] = [:]
        for (name, column) in zip(slices, columns) {
            guard case .categories(let codes, let names) = column else { continue }
            guard names.count <= EvaluateStep.maximumSlices else {
                throw StoreError.tooManySlices(name, data, most: EvaluateStep.maximumSlices)
            }
            var values: [String: JSONValue] = [:]
            for (code, text) in names.enumerated() {
                values[text] = .object(measured.json(codes.map { Int($0) == code ? 1 : 0 }))
            }
            if codes.contains(ColumnValues.missing) {
                let weights = codes.map { $0 == ColumnValues.missing ? 1 : 0 }
                values[""] = .object(measured.json(weights))
            }
            result[name] = .object(values)
        }
        return .object(result)
    }

    /// How much worse the predictions get when the values of a feature are shuffled among the rows
    /// (L. Breiman, *Random Forests*, 2001): the mean and the standard deviation over the shuffles.
    private func importances(
        _ model: Model, _ columns: [ColumnValues], _ target: TargetColumn,
        _ executor: ParallelExecutor
    ) -> JSONValue {
        let measure = model.classes.isEmpty ? "rmse" : "logLoss"
        func loss(_ columns: [ColumnValues]) -> Double {
            let measures = measurable(model, columns, target, executor).measures(nil)
            return measures.first { $0.name == measure }?.value ?? .nan
        }
        let before = loss(columns)
        var features: [String: JSONValue] = [:]
        for (index, input) in model.body.inputs.enumerated() {
            var moments = Moments()
            for shuffle in 0..<importance {
                var random = RandomSource(
                    seed: seed, purpose: "evaluate importance \(input.name)",
                    substream: UInt64(shuffle)
                ).generator
                var shuffled = columns
                shuffled[index] = columns[index].reordered(
                    random.permutation(columns[index].count))
                moments.add(loss(shuffled) - before)
            }
            features[input.name] = [
                "mean": .number(moments.mean),
                "deviation": .number(moments.variance.squareRoot()),
            ]
        }
        return ["measure": .string(measure), "features": .object(features)]
    }
}

extension ColumnValues {
    /// The values of the rows in another order.
    fileprivate func reordered(_ order: [Int]) -> ColumnValues {
        switch self {
        case .numbers(let values): .numbers(order.map { values[$0] })
        case .categories(let codes, let names):
            .categories(codes: order.map { codes[$0] }, names: names)
        }
    }
}

extension StoreError {
    static func nothingToEvaluate(_ target: String, _ table: String) -> StoreError {
        StoreError(
            .malformed, "'\(table)' has no row with a value of '\(target)' to evaluate on",
            subject: table, advice: "check the step that wrote it")
    }

    static func unknownClasses(_ target: String, _ table: String, rows: Int) -> StoreError {
        StoreError(
            .malformed,
            "\(rows) rows of '\(table)' have a class of '\(target)' that the model was not trained "
                + "on", subject: target,
            advice: "train on rows of every class, for instance with 'by: stratified(\(target))'")
    }

    static func metricsNotFinite(_ target: String) -> StoreError {
        StoreError(
            .numeric, "the predictions of '\(target)' are too large to measure", subject: target,
            advice: "look for extreme values in the features of the table")
    }

    static func optionNeedsTarget(_ key: String, _ model: String) -> StoreError {
        StoreError(
            .malformed, "'\(key)' makes no sense for a \(model) model, which has no target",
            subject: key, advice: "leave '\(key)' out")
    }

    static func baselineOfOther(_ baseline: String, _ model: String) -> StoreError {
        StoreError(
            .malformed, "'\(baseline)' does not predict what '\(model)' predicts",
            subject: baseline,
            advice: "name a model of the same target and classes, with the same 'positive', under "
                + "'baseline'")
    }

    static func calibrationOfNumbers(_ model: String) -> StoreError {
        StoreError(
            .malformed, "a \(model) model has no probabilities to calibrate",
            subject: "calibration", advice: "leave 'calibration' out")
    }

    static func tooManySlices(_ column: String, _ table: String, most: Int) -> StoreError {
        StoreError(
            .malformed, "column '\(column)' of '\(table)' has more than \(most) values to slice by",
            subject: column, advice: "slice by a column with fewer values")
    }
}
