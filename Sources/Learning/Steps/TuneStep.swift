internal import Bytes
internal import Vocabulary

/// `tune`: tries parameters of a model by cross-validation, and fits the best to all rows.
struct TuneStep: Step {
    static let name = "tune"
    private static let trainKeys = [
        "model", "data", "target", "features", "categorical", "positive", "params", "seed",
    ]
    static let keys =
        trainKeys + ["search", "method", "trials", "folds", "group", "measure", "factor"]
    let outputRoles = ["trials", "best", "model"]
    let tableRoles = ["trials"]

    enum Method: String, CaseIterable {
        case grid, random, halving
    }

    /// The training, with the parameters that are the same in all trials.
    let train: TrainStep
    private let fixed: [String: JSONValue]
    let search: SearchSpace
    let method: Method
    /// How many random trials there are; nil for a grid.
    let trials: Int?
    let folds: Int
    /// The column whose equal values stay in one fold; nil for each row by itself.
    let group: String?
    /// What trials are compared by.
    let measure: String
    /// What share of the trials goes on to the next round of halving: one of so many.
    let factor: Int

    var seed: UInt64 { train.seed }

    init(_ options: StepOptions) throws {
        train = try TrainStep(options)
        guard train.target != nil else { throw StoreError.nothingToTune(train.model) }
        fixed = options.value("params")?.objectValue ?? [:]
        search = try SearchSpace(options)
        let word =
            try options.has("method")
            ? options.word("method", among: Method.allCases.map(\.rawValue)) : "random"
        method = Method(rawValue: word) ?? .random
        folds = try options.integer("folds", default: 5, in: 2...100)
        group = try options.has("group") ? options.text("group") : nil
        measure =
            try options.has("measure")
            ? options.word("measure", among: ChoiceMeasure.names)
            : train.trainer.targetKind == .numbers ? "rmse" : "logLoss"
        factor = try options.integer("factor", default: 3, in: 2...100)
        if method == .grid {
            guard !options.has("trials") else { throw StoreError.trialsOfGrid() }
            guard search.grid != nil else { throw StoreError.noGrid() }
            trials = nil
        } else {
            trials = try options.integer(
                "trials", default: 20, in: 1...SearchSpace.maximumTrials)
        }
        for name in search.choices.map(\.name) where fixed[name] != nil {
            throw StoreError.fixedAndSearched(name)
        }
        for sample in search.samples { _ = try learner(sample) }
    }

    /// The learner with those parameters beside the fixed ones.
    func learner(_ parameters: [String: JSONValue]) throws -> any Learner {
        let trainer = train.trainer
        return try trainer.configured(
            StepOptions(
                step: "tune.search", .object(fixed.merging(parameters) { $1 }),
                known: trainer.parameterKeys))
    }

    /// The parameters of all trials, in order.
    var parameters: [[String: JSONValue]] {
        guard let trials else { return search.grid ?? [] }
        return (0..<trials).map { search.drawn($0, seed: seed) }
    }

    var inputs: [StepDescription.File] { train.inputs }

    var canonical: [String: JSONValue] {
        var members = train.canonical
        members["version"] = 1
        members["params"] = .object(fixed)
        members["search"] = search.json
        members["method"] = .string(method.rawValue)
        members["trials"] = trials.map { JSONValue($0) } ?? .null
        members["folds"] = JSONValue(folds)
        members["group"] = group.map { .string($0) } ?? .null
        members["measure"] = .string(measure)
        members["factor"] = JSONValue(factor)
        return members
    }
}

extension SearchSpace {
    fileprivate var json: JSONValue {
        let members = choices.map { name, choice -> (String, JSONValue) in
            switch choice {
            case .values(let values): (name, .array(values))
            case .range(let first, let last, let isLogarithmic, let isWhole):
                (
                    name,
                    [
                        "from": isWhole ? JSONValue(Int(first)) : .number(first),
                        "to": isWhole ? JSONValue(Int(last)) : .number(last),
                        "scale": isLogarithmic ? "log" : "linear",
                    ]
                )
            }
        }
        return .object(Dictionary(members) { first, _ in first })
    }
}

extension StoreError {
    static func nothingToTune(_ model: String) -> StoreError {
        StoreError(
            .invalidPipeline, "a \(model) model has no target to be tuned by", subject: model,
            advice: "tune a model that predicts something")
    }

    static func trialsOfGrid() -> StoreError {
        StoreError(
            .invalidPipeline, "'trials' makes no sense for a grid", subject: "trials",
            advice: "leave 'trials' out, or use 'method: random'")
    }

    static func noGrid() -> StoreError {
        StoreError(
            .invalidPipeline,
            "a grid takes lists of values, \(SearchSpace.maximumTrials) combinations at most",
            subject: "search", advice: "use 'method: random', or shorter lists")
    }

    static func fixedAndSearched(_ name: String) -> StoreError {
        StoreError(
            .invalidPipeline, "'\(name)' stands under 'params' and under 'search'", subject: name,
            advice: "leave it out of one")
    }
}
