internal import Bytes
internal import Vocabulary

/// `train`: fits a model on a table and writes it as a model file.
struct TrainStep: Step {
    static let name = "train"
    static let keys = [
        "model", "data", "target", "features", "categorical", "positive", "validation", "params",
        "tuned", "seed",
    ]
    let outputRoles = ["model"]

    let model: String
    let data: String
    /// The table whose loss tells when to end; nil for none.
    let validation: String?
    /// The column to predict; nil for models without one.
    let target: String?
    /// The columns to learn from; nil for all but the target.
    let features: [String]?
    /// Columns to treat as categories though they hold integers.
    let categorical: [String]
    /// The class whose probability a logistic model gives; nil for the last in order.
    let positive: String?
    /// A file of parameters that `tune` wrote; nil for those of the step.
    let tuned: String?
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
        validation = try options.has("validation") ? options.text("validation") : nil
        if validation != nil, !trainer.takesValidation {
            throw StoreError.validationUnused(model)
        }
        let hasTarget = trainer.targetKind != .nothing
        if !hasTarget, options.has("target") { throw StoreError.targetUnused(model) }
        target = hasTarget ? try options.text("target") : nil
        features = try options.names("features")
        categorical = try options.names("categorical") ?? []
        positive = try options.label("positive")
        learner = try trainer.configured(
            options.mapping("params", known: trainer.parameterKeys))
        tuned = try options.has("tuned") ? options.text("tuned") : nil
        seed = try options.seed()
        if tuned != nil, options.has("params") { throw StoreError.paramsTwice() }
        if validation != nil { try refuseShare(learner) }
        if let features {
            if let target, features.contains(target) {
                throw StoreError.targetIsFeature(target)
            }
            for name in categorical where !features.contains(name) {
                throw StoreError.unknownWord(
                    name, for: "categorical", of: TrainStep.name, known: features)
            }
        }
    }

    /// Rows are kept back by a table or by a share, not by both.
    func refuseShare(_ learner: any Learner) throws {
        guard learner.json["validationShare"]?.numberValue ?? 0 > 0 else { return }
        throw StoreError.validationTwice()
    }

    var inputs: [StepDescription.File] {
        [.init(role: "data", path: data)]
            + (validation.map { [.init(role: "validation", path: $0)] } ?? [])
            + (tuned.map { [.init(role: "tuned", path: $0)] } ?? [])
    }

    var readsPieces: Bool { learner.ofProducts != nil }

    var canonical: [String: JSONValue] {
        var members: [String: JSONValue] = [
            "version": JSONValue(trainer.version), "model": .string(model), "data": .string(data),
            "target": target.map { .string($0) } ?? .null,
            "features": features.map { .array($0.map { .string($0) }) } ?? .null,
            "categorical": .array(categorical.map { .string($0) }),
            "positive": positive.map { .string($0) } ?? .null, "params": learner.json,
            "seed": JSONValue(Int(seed)),
        ]
        // Left out where there is none, so that such steps keep the keys they have.
        if let validation { members["validation"] = .string(validation) }
        if let tuned {
            members["tuned"] = .string(tuned)
            members["params"] = .null
        }
        return members
    }
}

extension StoreError {
    static func validationUnused(_ model: String) -> StoreError {
        StoreError(
            .invalidPipeline, "'validation' makes no sense for a \(model) model",
            subject: "validation",
            advice:
                "leave 'validation' out: only boosted trees and networks end by the loss of other rows"
        )
    }

    static func paramsTwice() -> StoreError {
        StoreError(
            .invalidPipeline, "step 'train' has both 'params' and 'tuned'", subject: "tuned",
            advice: "leave 'params' out: the file of 'tuned' holds all of them")
    }

    static func targetUnused(_ model: String) -> StoreError {
        StoreError(
            .invalidPipeline, "'target' makes no sense for a \(model) model", subject: "target",
            advice: "leave 'target' out, and name the columns to learn from under 'features'")
    }

    static func validationTwice() -> StoreError {
        StoreError(
            .invalidPipeline, "step 'train' has both 'validation' and 'validationShare'",
            subject: "validation", advice: "name a table, or keep back a share of the rows")
    }

    static func targetIsFeature(_ target: String) -> StoreError {
        StoreError(
            .invalidPipeline, "step 'train' has its target '\(target)' among its features",
            subject: target, advice: "take '\(target)' out of 'features'")
    }
}
