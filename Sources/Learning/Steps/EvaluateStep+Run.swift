internal import Bytes
internal import Kernels
internal import Vocabulary

extension EvaluateStep {
    /// Reads the model and the columns it needs, and measures the predictions.
    func run(_ files: StepFiles, _ context: StepContext) throws -> StepReport {
        let model = try ModelFile.read(files.source("model"))
        let input = TableInput(try files.source("data"))
        let metrics =
            if let target = model.target {
                try metrics(model, target, input, context)
            } else {
                try structureMetrics(model, input, context)
            }
        guard metrics.values.allSatisfy({ $0.isFinite }) else {
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
        guard let body = model.body as? any StructureBody else {
            throw StoreError(.internalFault, "a \(model.kind) model without a target")
        }
        let columns = try input.columns(body.inputs)
        let rows = columns.first?.count ?? 0
        guard rows > 0 else { throw StoreError.noRows(data) }
        return body.metrics(columns, rows: rows, context.executor)
    }

    private func metrics(
        _ model: Model, _ name: String, _ input: TableInput, _ context: StepContext
    ) throws -> [String: JSONValue] {
        let isNumeric = model.classes.isEmpty
        var columns = try input.columns(
            model.body.inputs + [(name, isNumeric ? .number : .category)])
        let target = try targetColumn(columns.removeLast(), name, model.classes)
        guard !target.rows.isEmpty else { throw StoreError.nothingToEvaluate(name, data) }
        if target.missing > 0 {
            columns = columns.map { $0.selecting(target.rows) }
            context.log("\(target.missing) rows without '\(name)' left out")
        }
        let scores = model.body.scores(columns, rows: target.rows.count, context.executor)
        var metrics = metrics(scores, target, context.executor)
        metrics["rowsWithoutTarget"] = JSONValue(target.missing)
        return metrics
    }

    private func metrics(
        _ scores: [[Double]], _ target: TargetColumn, _ executor: ParallelExecutor
    ) -> [String: JSONValue] {
        switch target.target {
        case .numbers(let truth):
            RegressionMetrics(predictions: scores[0], truth: truth, executor).json
        case .classes(let truth, _) where scores.count == 1:
            ClassificationMetrics(
                twoClasses: target.classes, scores: scores[0], truth: truth, threshold: threshold
            ).json
        case .classes(let truth, _):
            ClassificationMetrics(classes: target.classes, scores: scores, truth: truth).json
        case .nothing:
            [:]
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
    /// Whether this is no number that JSON could not write.
    fileprivate var isFinite: Bool {
        if case .number(let value) = self { value.isFinite } else { true }
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
}
