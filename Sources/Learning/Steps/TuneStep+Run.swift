internal import Bytes
internal import Kernels
internal import Tables
internal import Vocabulary

extension TuneStep {
    /// A trial on some of the rows.
    private struct Attempt {
        let trial: Int
        let round: Int
        let rows: Int
        /// Nil where no model could be fitted.
        let found: CrossValidated?
    }

    /// Reads the table, tries the parameters, writes what was found. Memory: that of `train` twice.
    func run(_ files: StepFiles, _ context: StepContext) throws -> StepReport {
        // Trials say nothing by themselves: each would repeat the same warnings.
        let quiet = StepContext(executor: context.executor)
        let rows = try train.load(files, context)
        let count = rows.target.rows.count
        let folds = Folds(
            rows: count, target: rows.target.target, groups: try groups(rows, files),
            count: folds, seed: seed)
        let order = sampleOrder(count)
        let parameters = parameters
        var attempts: [Attempt] = []
        let ledger = context.ledger(of: "trial", from: folds.foldOfRow.map { UInt64($0) })
        let observer = ledger.observer()
        var going = Array(parameters.indices)
        var failure: StoreError?
        var known = 0
        for (round, share) in rounds(parameters.count).enumerated() {
            let places = order.prefix(min(count, max(share(count), 50 * folds.count))).sorted()
            var scored: [(trial: Int, score: Double)] = []
            for trial in going {
                var found: CrossValidated?
                do {
                    let result = try result(
                        of: learner(parameters[trial]), on: rows, folds, among: places,
                        context.trials, quiet)
                    found = result.found
                    if result.isKnown { known += 1 }
                } catch let error as StoreError where error.kind == .numeric {
                    failure = error
                }
                attempts.append(
                    Attempt(trial: trial, round: round, rows: places.count, found: found))
                observer(
                    attempts.count, loss: found?.mean,
                    state: bits(found.map { [$0.mean, $0.deviation] } ?? []))
                if let found { scored.append((trial, found.mean)) }
            }
            going = best(scored, of: max(1, going.count / factor))
            guard !going.isEmpty else { break }
        }
        guard let winner = going.first, let attempt = attempts.last(where: { $0.trial == winner }),
            let found = attempt.found
        else { throw StoreError.noTrialWorked(failure) }
        let learner = try learner(parameters[winner])
        ledger.finish()
        let model = try train.fit(
            rows, learner, validation: nil,
            StepContext(executor: context.executor, log: context.log))
        try write(attempts, parameters, to: files)
        try files.sink("best").write(Array((learner.json.pretty + "\n").utf8))
        try files.sink("model").write(ModelFile.encode(model))
        if known > 0 {
            context.log(
                "\(known) of \(attempts.count) trials are known from earlier runs")
        }
        context.log(
            "\(parameters.count) trials, the best is \(winner + 1): \(measure) "
                + "\(shortestText(found.mean)) ± \(shortestText(found.deviation))")
        train.report(model, context)
        return StepReport(facts: [
            "trials": JSONValue(parameters.count), "best": JSONValue(winner + 1),
            measure: .number(found.mean), "deviation": .number(found.deviation),
            "rows": JSONValue(count),
        ])
    }

    /// The rows in the order in which rounds of halving take them.
    private func sampleOrder(_ rows: Int) -> [Int] {
        guard method == .halving else { return Array(0..<rows) }
        var random = RandomSource(seed: seed, purpose: "tune rows").generator
        return random.permutation(rows)
    }

    /// Of each round, how many of the rows its trials see: all of them in the last one.
    private func rounds(_ trials: Int) -> [(Int) -> Int] {
        guard method == .halving else { return [{ $0 }] }
        var divisors = [1]
        var going = trials
        while going >= factor {
            going /= factor
            divisors.append((divisors.last ?? 1) * factor)
        }
        return divisors.reversed().map { divisor in { $0 / divisor } }
    }

    /// The best trials, the best first, of equal ones the one that was tried first.
    private func best(_ scored: [(trial: Int, score: Double)], of count: Int) -> [Int] {
        let sorted = scored.sorted { left, right in
            left.score == right.score
                ? left.trial < right.trial
                : ChoiceMeasure.isBetter(left.score, than: right.score, by: measure)
        }
        return sorted.prefix(count).map(\.trial)
    }

    /// The groups of the rows that have a target.
    private func groups(_ rows: TrainStep.Rows, _ files: StepFiles) throws -> ColumnValues? {
        guard let group else { return nil }
        let column = try TableInput(files.source("data")).columns([(group, .category)])[0]
        return column.selecting(rows.target.rows)
    }

    /// A row for each attempt, in the order in which they were made.
    private func write(
        _ attempts: [Attempt], _ parameters: [[String: JSONValue]], to files: StepFiles
    ) throws {
        let names = search.choices.map(\.name)
        let choices = names.map { name in
            let areNumbers = parameters.allSatisfy { $0[name]?.numberValue != nil }
            return RowSchema.Column(name: name, type: areNumbers ? .float : .string)
        }
        func columns(_ names: [String], _ type: ColumnType) -> [RowSchema.Column] {
            names.map { RowSchema.Column(name: $0, type: type) }
        }
        var table = try files.table(
            "trials",
            columns: columns(["trial", "round", "rows"], .int) + choices
                + columns([measure, "deviation"], .float) + columns(["seed"], .int))
        for attempt in attempts {
            for number in [attempt.trial + 1, attempt.round + 1, attempt.rows] {
                try table.append(.int(Int64(number)))
            }
            for choice in choices {
                let value = parameters[attempt.trial][choice.name] ?? .null
                let text = value.stringValue.map { Array($0.utf8) } ?? value.canonical
                try table.append(choice.type == .string ? .text(text) : .raw(text))
            }
            for number in [attempt.found?.mean, attempt.found?.deviation] {
                try table.append(number.map { .float($0) } ?? .null)
            }
            try table.append(.int(Int64(seed)))
            try table.endRow()
        }
        try table.finish()
    }
}

extension StoreError {
    static func noTrialWorked(_ failure: StoreError?) -> StoreError {
        StoreError(
            .numeric, "no trial gave a model: \(failure?.message ?? "none was made")",
            advice: failure?.advice ?? "try other parameters")
    }
}
