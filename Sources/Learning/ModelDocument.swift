internal import Bytes

/// The JSON document of a model file: everything about a model but its arrays.
enum ModelDocument {
    static func json(_ model: Model) -> JSONValue {
        var members = model.body.members
        members["kind"] = .string(model.kind)
        members["target"] = model.target.map { .string($0) } ?? .null
        members["classes"] = .array(model.classes.map { .string($0) })
        members["seed"] = JSONValue(Int(clamping: model.seed))
        members["training"] = .object(model.training.json)
        return .object(members)
    }

    /// The trainer of the model, or nil when there is none of that name.
    static func trainer(_ document: JSONValue) -> (any Trainer)? {
        let kind = document["kind"]?.stringValue
        return trainers.first { $0.name == kind }
    }

    /// The model that `document` and the arrays make together, or nil where they do not fit.
    static func model(_ document: JSONValue, _ tensors: [String: ModelFile.Tensor]) -> Model? {
        guard let trainer = trainer(document),
            let target = document["target"], fits(target, trainer),
            let classes = strings(document["classes"]),
            let outputs = outputCount(trainer, classes),
            let body = trainer.bodyType.init(document, tensors, outputs: outputs),
            let seed = document["seed"]?.integerValue, seed >= 0,
            let training = training(document["training"])
        else { return nil }
        return Model(
            kind: trainer.name, target: target.stringValue, classes: classes, body: body,
            seed: UInt64(seed),
            training: training)
    }

    /// Whether there is a target exactly if the trainer has one.
    private static func fits(_ target: JSONValue, _ trainer: any Trainer) -> Bool {
        trainer.targetKind == .nothing ? target.isNull : target.stringValue != nil
    }

    /// How many scores such a model has, or nil when the classes make no sense.
    private static func outputCount(_ trainer: any Trainer, _ classes: [String]) -> Int? {
        // The confusion matrix has the square of this many numbers.
        guard classes.count <= TargetColumn.maximumClasses else { return nil }
        return switch trainer.targetKind {
        case .numbers: classes.isEmpty ? 1 : nil
        case .nothing: classes.isEmpty ? 0 : nil
        case .twoClasses: classes.count == 2 ? 1 : nil
        case .classes: classes.count > 1 ? classes.count : nil
        }
    }

    private static func training(_ json: JSONValue?) -> Model.Training? {
        guard let rows = json?["rows"]?.integerValue,
            let missing = json?["rowsWithoutTarget"]?.integerValue,
            let loss = json?["loss"]?.numberValue,
            let iterations = json?["iterations"]?.integerValue
        else { return nil }
        return Model.Training(
            rows: Int(rows), rowsWithoutTarget: Int(missing), loss: loss,
            iterations: Int(iterations), converged: json?["converged"]?.boolValue,
            validation: validation(json?["validation"]))
    }

    private static func validation(_ json: JSONValue?) -> Model.Validation? {
        guard let rows = json?["rows"]?.integerValue, let loss = json?["loss"]?.numberValue,
            let stoppedEarly = json?["stoppedEarly"]?.boolValue
        else { return nil }
        return Model.Validation(rows: Int(rows), loss: loss, stoppedEarly: stoppedEarly)
    }

    /// Strings of a document; nil when it holds something else.
    static func strings(_ json: JSONValue?) -> [String]? {
        guard let elements = json?.arrayValue else { return nil }
        let strings = elements.compactMap(\.stringValue)
        return strings.count == elements.count ? strings : nil
    }
}
