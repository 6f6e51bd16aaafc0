internal import Bytes
internal import Kernels
internal import Vocabulary

/// Which rows a model is tested on in turn: each row in one fold.
struct Folds: Sendable {
    /// Of every row its fold.
    let foldOfRow: [UInt32]
    let count: Int

    /// Deals the rows to folds at random: rows of a group together, the rows of each class evenly.
    init(rows: Int, target: Target, groups: ColumnValues?, count: Int, seed: UInt64) {
        self.count = count
        var folds = [UInt32](repeating: 0, count: rows)
        var random = RandomSource(seed: seed, purpose: "tune folds").generator
        if case .categories(let codes, let names) = groups {
            // Rows without a group are one group.
            let place = random.permutation(names.count + 1)
            for row in 0..<rows {
                let group = codes[row] == ColumnValues.missing ? names.count : Int(codes[row])
                folds[row] = UInt32(place[group] % count)
            }
        } else {
            var next = 0
            var dealt: [Int: Int] = [:]
            for row in random.permutation(rows) {
                guard case .classes(let labels, _) = target else {
                    folds[row] = UInt32(next % count)
                    next += 1
                    continue
                }
                let label = Int(labels[row])
                folds[row] = UInt32((dealt[label, default: 0] + label) % count)
                dealt[label, default: 0] += 1
            }
        }
        foldOfRow = folds
    }
}

extension TrainStep.Rows {
    /// Some of the rows.
    func selecting(_ places: [Int]) -> TrainStep.Rows {
        TrainStep.Rows(
            features: features, columns: columns.map { $0.selecting(places) },
            target: TargetColumn(target, of: places))
    }
}

extension TargetColumn {
    /// The values of some of the rows that have one.
    fileprivate init(_ other: TargetColumn, of places: [Int]) {
        let target: Target =
            switch other.target {
            case .numbers(let values): .numbers(places.map { values[$0] })
            case .classes(let labels, let count): .classes(places.map { labels[$0] }, count: count)
            case .nothing: .nothing
            }
        self.init(target, classes: other.classes, rows: places.count)
    }
}

/// The value of a measure on folds that the models did not learn from.
struct CrossValidated: Sendable {
    let mean: Double
    /// The standard deviation over the folds, of the population.
    let deviation: Double
}

extension TuneStep {
    /// Fits a model without each fold and measures it on that fold. Throws `numeric` where a model
    /// cannot be fitted, or the measure is not defined.
    func crossValidate(
        _ rows: TrainStep.Rows, _ folds: Folds, among places: [Int], _ learner: any Learner,
        _ context: StepContext
    ) throws -> CrossValidated {
        var moments = Moments()
        for fold in 0..<folds.count {
            let training = rows.selecting(places.filter { folds.foldOfRow[$0] != fold })
            let test = rows.selecting(places.filter { folds.foldOfRow[$0] == fold })
            guard training.target.rows.count > 0, test.target.rows.count > 0 else {
                throw StoreError.emptyFold(folds.count)
            }
            let model = try train.fit(training, learner, validation: nil, context)
            let scores = model.body.scores(
                test.columns, rows: test.target.rows.count, context.executor)
            let measured = measurable(scores, test.target)
            let value = measured.measures(nil).first { $0.name == measure }?.value
            guard let value, value.isFinite else { throw StoreError.undefinedMeasure(measure) }
            moments.add(value)
        }
        return CrossValidated(
            mean: moments.mean, deviation: moments.variance.squareRoot())
    }

    private func measurable(_ scores: [[Double]], _ target: TargetColumn) -> any Measurable {
        switch target.target {
        case .classes(let truth, _) where scores.count == 1:
            ClassificationMetrics(
                twoClasses: target.classes, scores: scores[0], truth: truth, threshold: 0.5,
                beta: nil)
        case .classes(let truth, _):
            ClassificationMetrics(classes: target.classes, scores: scores, truth: truth)
        case .numbers(let truth):
            RegressionMetrics(predictions: scores[0], truth: truth, quantile: 0.5)
        case .nothing:
            preconditionFailure("what is tuned has a target")
        }
    }
}

extension StoreError {
    static func emptyFold(_ folds: Int) -> StoreError {
        StoreError(
            .numeric, "a fold of \(folds) has no rows", subject: "folds",
            advice: "lower 'folds', or name a 'group' with more values")
    }

    static func undefinedMeasure(_ measure: String) -> StoreError {
        StoreError(
            .numeric, "'\(measure)' is not defined on the rows of a fold", subject: measure,
            advice: "choose another 'measure', or lower 'folds'")
    }
}
