package import Bytes

/// A trial of a search: parameters that were tried, and what they came to.
package struct Trial: Sendable {
    /// Everything that can influence what it comes to, but the contents of inputs.
    package let description: JSONValue
    /// The parameters of the model, all of them.
    package let parameters: [String: JSONValue]
    /// The rows that it saw.
    package let rows: Int
    /// What it was measured by, and what that came to: the mean over the folds and their standard
    /// deviation.
    package let measure: String
    /// The mean over the folds.
    package let mean: Double
    /// The standard deviation of the folds.
    package let deviation: Double
}

/// What trials came to earlier, and where those go that are new.
package struct TrialMemory: Sendable {
    /// The mean and the deviation of the trial with that description, over the same inputs; nil where
    /// none is known.
    package let recall: @Sendable (_ description: JSONValue) -> (mean: Double, deviation: Double)?
    /// Takes a trial that was made.
    package let keep: @Sendable (Trial) -> Void

    /// A memory.
    package init(
        recall: @escaping @Sendable (JSONValue) -> (mean: Double, deviation: Double)?,
        keep: @escaping @Sendable (Trial) -> Void
    ) {
        self.recall = recall
        self.keep = keep
    }
}

extension TuneStep {
    /// What a trial comes to: what an earlier run found, or it is made.
    func result(
        of learner: any Learner, on rows: TrainStep.Rows, _ folds: Folds, among places: [Int],
        _ memory: TrialMemory?, _ context: StepContext
    ) throws -> (found: CrossValidated, isKnown: Bool) {
        let description = description(of: learner, rows: places.count)
        if let known = memory?.recall(description) {
            return (CrossValidated(mean: known.mean, deviation: known.deviation), true)
        }
        let found = try crossValidate(rows, folds, among: places, learner, context)
        memory?.keep(
            Trial(
                description: description, parameters: learner.json.objectValue ?? [:],
                rows: places.count, measure: measure, mean: found.mean,
                deviation: found.deviation))
        return (found, false)
    }

    private func description(of learner: any Learner, rows: Int) -> JSONValue {
        var members = train.canonical
        members["step"] = "trial"
        members["version"] = 1
        members["params"] = learner.json
        members["folds"] = JSONValue(folds)
        members["group"] = group.map { .string($0) } ?? .null
        members["measure"] = .string(measure)
        members["rows"] = JSONValue(rows)
        // Only rounds of halving take some of the rows, in an order of their own.
        members["sampled"] = .bool(method == .halving)
        return .object(members)
    }
}
