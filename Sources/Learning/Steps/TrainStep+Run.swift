internal import Bytes
internal import Kernels
internal import Tables
internal import Vocabulary

extension TrainStep {
    /// Reads the columns (two passes), fits, writes the model. Memory: eight bytes a row for every
    /// numeric feature, four for every categorical one, three times over.
    func run(_ files: StepFiles, _ context: StepContext) throws -> StepReport {
        let learner = try tunedLearner(files)
        let result = try fitProducts(learner, files, context) ?? fitRows(learner, files, context)
        try files.sink("model").write(ModelFile.encode(result))
        report(result, context)
        return StepReport(facts: result.training.json)
    }

    /// The rows of the table that can be learnt from.
    struct Rows: Sendable {
        let features: [(name: String, kind: ColumnValues.Kind)]
        /// The features' values, rows without a target left out.
        let columns: [ColumnValues]
        let target: TargetColumn
    }

    /// Reads the table.
    func load(_ files: StepFiles, _ context: StepContext) throws -> Rows {
        let input = TableInput(try files.source("data"))
        let summary = try input.summary()
        guard summary.rowCount > 0 else { throw StoreError.noRows(data) }
        let wanted = try featureKinds(summary)
        guard let target else {
            let columns = try input.columns(wanted)
            return Rows(
                features: wanted, columns: columns,
                target: TargetColumn(rows: columns.first?.count ?? 0))
        }
        let type = try targetType(target, summary)
        var columns = try input.columns(wanted + [(target, targetKind)])
        let column = try targetColumn(columns.removeLast(), target, type)
        if column.missing > 0 {
            columns = columns.map { $0.selecting(column.rows) }
        }
        logMissing(column.missing, target, context)
        return Rows(features: wanted, columns: columns, target: column)
    }

    private func fitRows(
        _ learner: any Learner, _ files: StepFiles, _ context: StepContext
    ) throws -> Model {
        let rows = try load(files, context)
        return try fit(
            rows, learner, validation: validationTable(rows.features, rows.target, files, context),
            context)
    }

    /// Fits a model that sees rows by the products of their columns alone, block by block; nil for others,
    /// and for more columns than that is meant for.
    private func fitProducts(
        _ learner: any Learner, _ files: StepFiles, _ context: StepContext
    ) throws -> Model? {
        guard let learner = learner.ofProducts else { return nil }
        let table = try BlockTable(TableInput(files.source("data")), context.executor)
        let summary = table.summary
        guard summary.rowCount > 0 else { throw StoreError.noRows(data) }
        let features = try featureKinds(summary)
        if let target { _ = try targetType(target, summary) }
        let sums: ProductSums
        do {
            sums = try table.sums(
                features, target: target, maximumColumns: learner.maximumProducts)
        } catch is ProductSums.TooManyColumns {
            return nil
        }
        if let target {
            try sums.checkTarget(target, table: data)
            logMissing(sums.rowsWithoutTarget, target, context)
        }
        let products = try StandardProducts(sums, features: features, hasTarget: target != nil)
        return model(
            try learner.learn(products, context), classes: [], rows: sums.rows,
            rowsWithoutTarget: sums.rowsWithoutTarget)
    }

    private func logMissing(_ rows: Int, _ target: String, _ context: StepContext) {
        if rows > 0 { context.log("\(rows) rows without '\(target)' left out") }
    }

    /// Fits a model to all rows.
    func fit(
        _ rows: Rows, _ learner: any Learner, validation: TrainingTable?, _ context: StepContext
    ) throws -> Model {
        let column = rows.target
        let table = TrainingTable(
            columns: zip(rows.features, rows.columns).map { ($0.name, $1) },
            target: column.target, rows: column.rows.count, validationRows: 0, seed: seed
        ).appending(validation)
        return model(
            try learner.learn(table, context), classes: column.classes, rows: column.rows.count,
            rowsWithoutTarget: column.missing)
    }

    private func model(
        _ learnt: Learnt, classes: [String], rows: Int, rowsWithoutTarget: Int
    ) -> Model {
        Model(
            kind: model, target: target, classes: classes, body: learnt.body, seed: seed,
            training: Model.Training(
                rows: rows, rowsWithoutTarget: rowsWithoutTarget, loss: learnt.loss,
                iterations: learnt.iterations, converged: learnt.converged,
                validation: learnt.validation))
    }

    /// The learner with the parameters that `tune` found best, over those of the step.
    private func tunedLearner(_ files: StepFiles) throws -> any Learner {
        guard let tuned else { return learner }
        let bytes = try files.source("tuned").readAll(maximumBytes: 1 << 20)
        guard let found = try? JSONValue(parsing: bytes).objectValue else {
            throw StoreError.wrongTuned(tuned, model)
        }
        do {
            let known = trainer.parameterKeys
            let learner = try trainer.configured(
                StepOptions(step: "train.tuned", .object(found), known: known))
            if validation != nil { try refuseShare(learner) }
            return learner
        } catch {
            throw StoreError.wrongTuned(tuned, model, error)
        }
    }

    private var targetKind: ColumnValues.Kind {
        trainer.targetKind == .numbers ? .number : .category
    }

    /// The rows of the validation table; nil without one.
    private func validationTable(
        _ features: [(name: String, kind: ColumnValues.Kind)], _ training: TargetColumn,
        _ files: StepFiles, _ context: StepContext
    ) throws -> TrainingTable? {
        guard let validation, let target else { return nil }
        let input = TableInput(try files.source("validation"))
        var columns = try input.columns(features + [(target, targetKind)])
        var unknown = 0
        let column =
            switch columns.removeLast() {
            case .numbers(let numbers): TargetColumn(numbers: numbers)
            case .categories(let codes, let names):
                TargetColumn(
                    codes: codes, names: names, classes: training.classes, unknown: &unknown)
            }
        guard unknown == 0 else {
            throw StoreError.unknownClasses(target, validation, rows: unknown)
        }
        guard !column.rows.isEmpty else { throw StoreError.nothingToEvaluate(target, validation) }
        if column.missing > 0 {
            columns = columns.map { $0.selecting(column.rows) }
            context.log("\(column.missing) rows of '\(validation)' without '\(target)' left out")
        }
        return TrainingTable(
            columns: zip(features, columns).map { ($0.name, $1) }, target: column.target,
            rows: column.rows.count, validationRows: column.rows.count, seed: seed)
    }

    func report(_ model: Model, _ context: StepContext) {
        let training = model.training
        context.log(
            "\(self.model) model \(target.map { "of '\($0)' " } ?? "")on \(training.rows) rows, "
                + "\(model.body.size), "
                + "\(training.iterations) iterations, loss \(shortestText(training.loss))")
    }

    /// The features and how each is read: numbers and truth values as numbers, texts as categories.
    private func featureKinds(
        _ summary: TableSummary
    ) throws -> [(name: String, kind: ColumnValues.Kind)] {
        let names = summary.columns.map(\.name)
        if let target, !names.contains(target) {
            throw StoreError.unknownColumn(target, table: data, known: names)
        }
        for name in categorical where !names.contains(name) {
            throw StoreError.unknownColumn(name, table: data, known: names)
        }
        let features = features ?? names.filter { $0 != target }
        guard !features.isEmpty else { throw StoreError.noFeatures(data) }
        return try features.map { name in
            guard let column = summary.columns.first(where: { $0.name == name }) else {
                throw StoreError.unknownColumn(name, table: data, known: names)
            }
            if categorical.contains(name) { return (name, .category) }
            switch column.type {
            case .bool, .int, .float: return (name, .number)
            case .string: return (name, .category)
            case .date, .timestamp: throw StoreError.timeFeature(name, column.type)
            }
        }
    }

    private func targetType(_ target: String, _ summary: TableSummary) throws -> ColumnType {
        let type = summary.columns.first { $0.name == target }?.type ?? .string
        if trainer.targetKind == .numbers, ![.bool, .int, .float].contains(type) {
            throw StoreError.targetNotNumeric(target, type, model: model)
        }
        return type
    }

    private func targetColumn(
        _ values: ColumnValues, _ target: String, _ type: ColumnType
    ) throws -> TargetColumn {
        switch values {
        case .numbers(let numbers):
            let column = TargetColumn(numbers: numbers)
            let found = column.rows.map { numbers[$0] }
            guard let first = found.first else { throw StoreError.noTarget(target, data) }
            guard found.contains(where: { $0 != first }) else {
                throw StoreError.constantTarget(target)
            }
            guard Moments.of(found, .serial).variance.isFinite else {
                throw StoreError.hugeTarget(target)
            }
            return column
        case .categories(let codes, let names):
            guard !names.isEmpty else { throw StoreError.noTarget(target, data) }
            let classes = try orderedClasses(TargetColumn.order(names, type), target)
            var unknown = 0
            return TargetColumn(codes: codes, names: names, classes: classes, unknown: &unknown)
        }
    }

    /// The classes, the positive one last; throws where their number does not suit the trainer.
    private func orderedClasses(_ classes: [String], _ target: String) throws -> [String] {
        guard classes.count > 1 else { throw StoreError.oneClass(target) }
        guard classes.count <= TargetColumn.maximumClasses else {
            throw StoreError.tooManyClasses(target)
        }
        guard trainer.targetKind == .twoClasses else {
            if positive != nil { throw StoreError.positiveWithoutTwo(model) }
            return classes
        }
        guard classes.count == 2 else {
            throw StoreError.notTwoClasses(target, classes.count, model: model)
        }
        guard let positive else { return classes }
        guard let index = classes.firstIndex(of: positive) else {
            throw StoreError.unknownPositive(positive, target)
        }
        return [classes[1 - index], classes[index]]
    }
}

extension StoreError {
    static func wrongTuned(
        _ file: String, _ model: String, _ cause: (any Error)? = nil
    ) -> StoreError {
        StoreError(
            .malformed, "'\(file)' holds no parameters of a \(model) model", subject: file,
            advice: "name the second output of a 'tune' stage of the same model under 'tuned'",
            cause: cause)
    }
}
