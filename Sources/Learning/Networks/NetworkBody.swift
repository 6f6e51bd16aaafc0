internal import Bytes
internal import Kernels

/// Scores that a network makes of the encoded features.
struct NetworkBody: ModelBody {
    let features: DenseFeatures
    let network: Network
    /// A score is the network's times the scale, plus the mean.
    let unit: (mean: Double, scale: Double)
    let parameters: JSONValue

    static let arrayNames = ["weights", "biases", "unit"] + FeatureEncoder.arrayNames

    var inputs: [(name: String, kind: ColumnValues.Kind)] { features.inputs }

    var size: String {
        let count = (network.weights + network.biases).reduce(0) { $0 + $1.count }
        return "\(network.weights.count) layers with \(count) weights"
    }

    func scores(
        _ columns: [ColumnValues], rows: Int, _ executor: ParallelExecutor
    ) -> [[Double]] {
        network.scores(NetworkRows(features.encode(columns, rows: rows)), executor).map {
            $0.map { $0 * unit.scale + unit.mean }
        }
    }

    var members: [String: JSONValue] {
        [
            "features": features.encoder.json, "params": parameters,
            "sizes": .array(network.sizes.map { JSONValue($0) }),
        ]
    }

    var tensors: [ModelFile.Tensor] {
        let weights = network.weights.joined().map(Double.init)
        let biases = network.biases.joined().map(Double.init)
        return [
            ModelFile.Tensor(name: "weights", shape: [weights.count], values: weights),
            ModelFile.Tensor(name: "biases", shape: [biases.count], values: biases),
            ModelFile.Tensor(name: "unit", shape: [2], values: [unit.mean, unit.scale]),
        ] + features.encoder.tensors
    }

    init(
        features: DenseFeatures, network: Network, unit: (mean: Double, scale: Double),
        parameters: JSONValue
    ) {
        self.features = features
        self.network = network
        self.unit = unit
        self.parameters = parameters
    }

    init?(_ document: JSONValue, _ tensors: [String: ModelFile.Tensor], outputs: Int) {
        guard let features = DenseFeatures(FeatureEncoder(document["features"], tensors)),
            let unit = tensors["unit"]?.values, unit.count == 2, unit[1] > 0,
            let parameters = document["params"], parameters.objectValue != nil,
            let network = NetworkBody.network(document["sizes"], tensors),
            network.sizes.first == features.columnCount, network.sizes.last == outputs
        else { return nil }
        self.init(
            features: features, network: network, unit: (unit[0], unit[1]),
            parameters: parameters)
    }

    private static func network(
        _ json: JSONValue?, _ tensors: [String: ModelFile.Tensor]
    ) -> Network? {
        guard let entries = json?.arrayValue, entries.count > 1, entries.count <= 10,
            let weights = single(tensors["weights"]), let biases = single(tensors["biases"])
        else { return nil }
        let sizes = entries.compactMap { $0.integerValue.flatMap { Int(exactly: $0) } }
        guard sizes.count == entries.count, sizes.allSatisfy({ (1...4096).contains($0) })
        else { return nil }
        var parts: (weights: [[Float]], biases: [[Float]]) = ([], [])
        var (weightPlace, biasPlace) = (0, 0)
        for (inputs, outputs) in zip(sizes, sizes.dropFirst()) {
            let (weightEnd, biasEnd) = (weightPlace + inputs * outputs, biasPlace + outputs)
            guard weightEnd <= weights.count, biasEnd <= biases.count else { return nil }
            parts.weights.append(Array(weights[weightPlace..<weightEnd]))
            parts.biases.append(Array(biases[biasPlace..<biasEnd]))
            (weightPlace, biasPlace) = (weightEnd, biasEnd)
        }
        guard weightPlace == weights.count, biasPlace == biases.count else { return nil }
        return Network(sizes: sizes, weights: parts.weights, biases: parts.biases)
    }

    /// The values of an array, all of which are of single precision; nil where one is not.
    private static func single(_ tensor: ModelFile.Tensor?) -> [Float]? {
        guard let tensor, tensor.shape.count == 1 else { return nil }
        let values = tensor.values.map { Float($0) }
        return zip(values, tensor.values).allSatisfy({ Double($0) == $1 }) ? values : nil
    }
}
