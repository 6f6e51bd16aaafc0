internal import Bytes
internal import Vocabulary

/// How much of a model's predictions each column carries: shares that are 1 together.
package struct ModelImportance: Sendable, Equatable {
    /// By column, 0 or more.
    package let shares: [String: Double]

    /// The largest file of importances that is read.
    private static let maximumBytes = 16 << 20

    /// Of a model file, or of a JSON document: see docs/reference/drift.md. Throws `.malformed` for
    /// anything else, and `.badUsage` for a model that does not tell it.
    package init(_ source: ByteSource, isModel: Bool) throws {
        if isModel {
            try self.init(ModelFile.read(source), name: source.name)
        } else {
            let bytes = try source.readAll(maximumBytes: ModelImportance.maximumBytes)
            guard let json = try? JSONValue(parsing: bytes),
                let weights = ModelImportance.weights(json)
            else { throw StoreError.noImportance(source.name) }
            try self.init(weights, name: source.name)
        }
    }

    private init(_ model: Model, name: String) throws {
        switch model.body {
        case let trees as TreesBody:
            try self.init(trees.importance.map { ($0.name, $0.gain) }, name: name)
        case let linear as LinearBody:
            try self.init(linear.importance, name: name)
        default:
            throw StoreError(
                .badUsage,
                "'\(name)' is a model of kind '\(model.kind)', which tells no importance",
                subject: name,
                advice:
                    "measure it by a step 'evaluate' with 'importance: 5', and name the file of "
                    + "its metrics", safety: "nothing was done")
        }
    }

    private init(_ weights: [(name: String, weight: Double)], name: String) throws {
        let total = weights.reduce(0) { $0 + max(0, $1.weight) }
        guard total > 0, total.isFinite else { throw StoreError.noImportance(name) }
        shares = Dictionary(weights.map { ($0.name, max(0, $0.weight) / total) }) { $0 + $1 }
    }

    /// Columns with numbers, or with objects that have a `mean`; maybe below `importance` and
    /// `features`. Nil where it is something else.
    private static func weights(_ json: JSONValue) -> [(name: String, weight: Double)]? {
        guard let object = json.objectValue else { return nil }
        if let inner = object["importance"], inner.objectValue != nil { return weights(inner) }
        if let inner = object["features"], inner.objectValue != nil { return weights(inner) }
        var weights: [(name: String, weight: Double)] = []
        for (name, value) in object.sorted(by: { $0.key < $1.key }) {
            guard let weight = value.numberValue ?? value["mean"]?.numberValue, weight.isFinite
            else { return nil }
            weights.append((name, weight))
        }
        return weights
    }
}

extension LinearBody {
    /// Of a number, what a standard deviation of it adds to a score; of a category, half of what its
    /// texts differ by at most; the mean over all scores.
    fileprivate var importance: [(name: String, weight: Double)] {
        var dense = 1
        var code = 1 + encoder.features.reduce(0) { $0 + $1.denseCount }
        return encoder.features.map { feature in
            let weight: Double
            if feature.kind == .number {
                weight = coefficients.reduce(0) { $0 + $1[dense].magnitude }
                dense += feature.denseCount
            } else {
                let range = code..<(code + feature.categoryCount)
                weight = coefficients.reduce(0) {
                    $0 + (($1[range].max() ?? 0) - ($1[range].min() ?? 0)) / 2
                }
                code += feature.categoryCount
            }
            return (feature.name, weight / Double(coefficients.count))
        }
    }
}

extension StoreError {
    fileprivate static func noImportance(_ name: String) -> StoreError {
        StoreError(
            .malformed, "'\(name)' tells no importance of columns", subject: name,
            advice:
                "a model file does, the metrics of a step 'evaluate' with 'importance: 5', or a "
                + "JSON object of columns and numbers that are not all 0",
            safety: "nothing was done")
    }
}
