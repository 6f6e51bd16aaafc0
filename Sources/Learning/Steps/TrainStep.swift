internal import Bytes
internal import Vocabulary

/// `train`: fits a model on a table and writes it as a model file.
struct TrainStep: Step {
    static let name = "train"
    static let keys = [
        "model", "data", "target", "features", "categorical", "positive", "params", "seed",
    ]
    static let outputRoles = ["model"]

    let model: String
    let data: String
    let target: String
    /// The columns to learn from; nil for all but the target.
    let features: [String]?
    /// Columns to treat as categories though they hold integers.
    let categorical: [String]
    /// The class whose probability a logistic model gives; nil for the last in order.
    let positive: String?
    let trainer: any Trainer
    let learner: any Learner
    let seed: UInt64

    init(_ options: StepOptions) throws {
        let model = try options.word("model", among: trainers.map(\.name))
        self.model = model
        guard let trainer = trainers.first(where: { $0.name == model }) else {
            throw StoreError(.internalFault, "there is no trainer '\(model)'")
        }
        self.trainer = trainer
        data = try options.text("data")
        target = try options.text("target")
        features = try options.names("features")
        categorical = try options.names("categorical") ?? []
        positive = try options.label("positive")
        learner = try trainer.configured(
            options.mapping("params", known: trainer.parameterKeys))
        seed = try options.seed()
        if let features {
            if features.contains(target) { throw StoreError.targetIsFeature(target) }
            for name in categorical where !features.contains(name) {
                throw StoreError.unknownWord(
                    name, for: "categorical", of: TrainStep.name, known: features)
            }
        }
    }

    var inputs: [StepDescription.File] { [.init(role: "data", path: data)] }

    var canonical: [String: JSONValue] {
        [
            "version": 1, "model": .string(model), "data": .string(data),
            "target": .string(target),
            "features": features.map { .array($0.map { .string($0) }) } ?? .null,
            "categorical": .array(categorical.map { .string($0) }),
            "positive": positive.map { .string($0) } ?? .null, "params": learner.json,
            "seed": JSONValue(Int(seed)),
        ]
    }
}

extension StoreError {
    static func targetIsFeature(_ target: String) -> StoreError {
        StoreError(
            .invalidPipeline, "step 'train' has its target '\(target)' among its features",
            subject: target, advice: "take '\(target)' out of 'features'")
    }
}
