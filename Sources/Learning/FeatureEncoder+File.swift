internal import Bytes

// What the encoding of features is in a model file: a list in the document, and two arrays.
extension FeatureEncoder {
    /// The names of the arrays, in order.
    static let arrayNames = ["means", "scales"]

    /// The features in order.
    var json: JSONValue { .array(features.map(FeatureEncoder.json)) }

    /// The means and scales of the features that are numbers.
    var tensors: [ModelFile.Tensor] {
        var means: [Double] = []
        var scales: [Double] = []
        for case .number(_, let mean, let scale, _) in features {
            means.append(mean)
            scales.append(scale)
        }
        return [
            ModelFile.Tensor(name: "means", shape: [means.count], values: means),
            ModelFile.Tensor(name: "scales", shape: [scales.count], values: scales),
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

    /// The encoder of a model that was read; nil where the parts do not fit.
    init?(_ json: JSONValue?, _ tensors: [String: ModelFile.Tensor]) {
        guard let entries = json?.arrayValue,
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
                guard let names = ModelDocument.strings(entry["categories"]) else { return nil }
                features.append(.category(name: name, names: names, hasMissing: hasMissing))
            default:
                return nil
            }
        }
        guard place == means.count else { return nil }
        self.init(features: features)
    }
}
