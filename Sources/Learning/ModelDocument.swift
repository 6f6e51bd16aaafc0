internal import Bytes

/// The JSON document of a model file: everything about a model but its arrays.
enum ModelDocument {
    static func json(_ model: Model) -> JSONValue {
        [
            "kind": .string(model.kind), "target": .string(model.target),
            "classes": .array(model.classes.map { .string($0) }),
            "features": .array(model.encoder.features.map(json)),
            "params": model.parameters.json, "seed": JSONValue(Int(clamping: model.seed)),
            "training": .object(model.training.json),
        ]
    }

    private static func json(_ feature: Feature) -> JSONValue {
        switch feature {
        case .number(let name, _, _, let hasMissing):
            ["name": .string(name), "type": "number", "missing": .bool(hasMissing)]
        case .category(let name, let names, let hasMissing):
            [
                "name": .string(name), "type": "category", "missing": .bool(hasMissing),
                "categories": .array(names.map { .string($0) }),
            ]
        }
    }

    /// The model that `document` and the arrays make together, or nil where they do not fit.
    static func model(_ document: JSONValue, _ tensors: [String: ModelFile.Tensor]) -> Model? {
        guard let kind = document["kind"]?.stringValue,
            trainers.contains(where: { $0.name == kind }),
            let target = document["target"]?.stringValue,
            let classes = strings(document["classes"]),
            let encoder = encoder(document, tensors),
            let coefficients = coefficients(encoder, tensors),
            coefficients.count == outputCount(kind, classes),
            let parameters = parameters(document["params"]),
            let seed = document["seed"]?.integerValue, seed >= 0,
            let training = training(document["training"])
        else { return nil }
        return Model(
            kind: kind, target: target, classes: classes, encoder: encoder,
            coefficients: coefficients, parameters: parameters, seed: UInt64(seed),
            training: training)
    }

    /// How many vectors of coefficients such a model has, or nil when the classes make no sense.
    private static func outputCount(_ kind: String, _ classes: [String]) -> Int? {
        // The confusion matrix has the square of this many numbers.
        guard classes.count <= TargetColumn.maximumClasses else { return nil }
        return switch trainers.first(where: { $0.name == kind })?.targetKind {
        case .numbers: classes.isEmpty ? 1 : nil
        case .twoClasses: classes.count == 2 ? 1 : nil
        case .classes: classes.count > 1 ? classes.count : nil
        case nil: nil
        }
    }

    private static func encoder(
        _ document: JSONValue, _ tensors: [String: ModelFile.Tensor]
    ) -> FeatureEncoder? {
        guard let entries = document["features"]?.arrayValue,
            let means = tensors["means"]?.values, let scales = tensors["scales"]?.values,
            means.count == scales.count, scales.allSatisfy({ $0 > 0 })
        else { return nil }
        var place = 0
        var features: [Feature] = []
        for entry in entries {
            guard let name = entry["name"]?.stringValue,
                let hasMissing = entry["missing"]?.boolValue
            else { return nil }
            switch entry["type"]?.stringValue {
            case "number":
                guard place < means.count else { return nil }
                features.append(
                    .number(
                        name: name, mean: means[place], scale: scales[place],
                        hasMissing: hasMissing))
                place += 1
            case "category":
                guard let names = strings(entry["categories"]) else { return nil }
                features.append(.category(name: name, names: names, hasMissing: hasMissing))
            default:
                return nil
            }
        }
        return place == means.count ? FeatureEncoder(features: features) : nil
    }

    private static func coefficients(
        _ encoder: FeatureEncoder, _ tensors: [String: ModelFile.Tensor]
    ) -> [[Double]]? {
        let width = encoder.coefficientCount
        guard let tensor = tensors["coefficients"], tensor.shape.count == 2,
            tensor.shape[1] == width, tensor.shape[0] > 0
        else { return nil }
        return (0..<tensor.shape[0]).map { Array(tensor.values[($0 * width)..<(($0 + 1) * width)]) }
    }

    private static func parameters(_ json: JSONValue?) -> TrainingParameters? {
        guard let l2 = json?["l2"]?.numberValue,
            let iterations = json?["maximumIterations"]?.integerValue,
            let tolerance = json?["tolerance"]?.numberValue
        else { return nil }
        return TrainingParameters(
            l2: l2, maximumIterations: Int(iterations), tolerance: tolerance)
    }

    private static func training(_ json: JSONValue?) -> Model.Training? {
        guard let rows = json?["rows"]?.integerValue,
            let missing = json?["rowsWithoutTarget"]?.integerValue,
            let loss = json?["loss"]?.numberValue,
            let iterations = json?["iterations"]?.integerValue,
            let converged = json?["converged"]?.boolValue
        else { return nil }
        return Model.Training(
            rows: Int(rows), rowsWithoutTarget: Int(missing), loss: loss,
            iterations: Int(iterations), converged: converged)
    }

    private static func strings(_ json: JSONValue?) -> [String]? {
        guard let elements = json?.arrayValue else { return nil }
        let strings = elements.compactMap(\.stringValue)
        return strings.count == elements.count ? strings : nil
    }
}
