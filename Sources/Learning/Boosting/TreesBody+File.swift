internal import Bytes

/// Trees in a model file: docs/format/model-file.md.
extension TreesBody {
    static let arrayNames = ["nodes", "leaves", "categories", "start", "trees"]

    /// Numbers of a node: feature, bound, whether missing values go left, left, right, gain, rows,
    /// and how many categories go left.
    private static let nodeWidth = 8

    var members: [String: JSONValue] {
        [
            "features": .array(features.map(TreesBody.json)), "params": parameters.json,
            "importance": .array(
                importance.map { share in
                    [
                        "name": .string(share.name), "gain": .number(share.gain),
                        "splits": JSONValue(share.splits),
                    ]
                }),
        ]
    }

    private static func json(_ feature: TreeFeature) -> JSONValue {
        switch feature {
        case .number(let name): ["name": .string(name), "type": "number"]
        case .category(let name, let names):
            [
                "name": .string(name), "type": "category",
                "categories": .array(names.map { .string($0) }),
            ]
        }
    }

    var tensors: [ModelFile.Tensor] {
        let all = trees.joined()
        let nodes = all.flatMap(\.nodes)
        let leaves = all.flatMap(\.leaves)
        let categories = nodes.flatMap { node in
            if case .among(let codes) = node.condition {
                codes.map(Double.init)
            } else {
                [Double]()
            }
        }
        return [
            ModelFile.Tensor(
                name: "nodes", shape: [nodes.count, TreesBody.nodeWidth],
                values: nodes.flatMap(TreesBody.numbers)),
            ModelFile.Tensor(
                name: "leaves", shape: [leaves.count, 2],
                values: leaves.flatMap { [$0.value, Double($0.rows)] }),
            ModelFile.Tensor(name: "categories", shape: [categories.count], values: categories),
            ModelFile.Tensor(name: "start", shape: [start.count], values: start),
            ModelFile.Tensor(
                name: "trees", shape: [trees.count, start.count],
                values: all.map { Double($0.nodes.count) }),
        ]
    }

    private static func numbers(_ node: DecisionTree.Node) -> [Double] {
        var bound = 0.0
        var isMissingLeft = false
        var count = 0
        switch node.condition {
        case .atMost(let value, let missing): (bound, isMissingLeft) = (value, missing)
        case .among(let codes): count = codes.count
        }
        return [
            Double(node.feature), bound, isMissingLeft ? 1 : 0, Double(node.left),
            Double(node.right), node.gain, Double(node.rows), Double(count),
        ]
    }

    init?(_ document: JSONValue, _ tensors: [String: ModelFile.Tensor], outputs: Int) {
        guard let features = TreesBody.features(document["features"]),
            let json = document["params"],
            let options = try? StepOptions(
                step: "params", json, known: BoostingParameters.keys),
            let parameters = try? BoostingParameters(options),
            let start = tensors["start"], start.shape == [outputs],
            let counts = tensors["trees"], counts.shape.count == 2, counts.shape[1] == outputs,
            var reader = TreeReader(features, tensors)
        else { return nil }
        var trees: [DecisionTree] = []
        for count in counts.values {
            guard let nodes = Int(exactly: count), let tree = reader.tree(nodes: nodes) else {
                return nil
            }
            trees.append(tree)
        }
        guard reader.isAtEnd else { return nil }
        self.init(
            features: features, start: start.values,
            trees: stride(from: 0, to: trees.count, by: outputs).map {
                Array(trees[$0..<($0 + outputs)])
            }, parameters: parameters)
        // The sums of the importance must be numbers.
        guard importance.allSatisfy({ $0.gain.isFinite }) else { return nil }
    }

    private static func features(_ json: JSONValue?) -> [TreeFeature]? {
        guard let entries = json?.arrayValue else { return nil }
        var features: [TreeFeature] = []
        for entry in entries {
            guard let name = entry["name"]?.stringValue else { return nil }
            switch entry["type"]?.stringValue {
            case "number":
                features.append(.number(name: name))
            case "category":
                guard let names = ModelDocument.strings(entry["categories"]),
                    names.count <= TreeFeature.maximumCategories
                else { return nil }
                features.append(.category(name: name, names: names))
            default:
                return nil
            }
        }
        return features
    }
}

/// Takes trees from the arrays, one after the other, and checks each.
private struct TreeReader {
    private let features: [TreeFeature]
    private let nodes: [Double]
    private let leaves: [Double]
    private let categories: [Double]
    private var nodePlace = 0
    private var leafPlace = 0
    private var categoryPlace = 0

    init?(_ features: [TreeFeature], _ tensors: [String: ModelFile.Tensor]) {
        guard let nodes = tensors["nodes"], nodes.shape.count == 2, nodes.shape[1] == 8,
            let leaves = tensors["leaves"], leaves.shape.count == 2, leaves.shape[1] == 2,
            let categories = tensors["categories"], categories.shape.count == 1
        else { return nil }
        self.features = features
        self.nodes = nodes.values
        self.leaves = leaves.values
        self.categories = categories.values
    }

    var isAtEnd: Bool {
        nodePlace == nodes.count && leafPlace == leaves.count && categoryPlace == categories.count
    }

    mutating func tree(nodes count: Int) -> DecisionTree? {
        guard count >= 0, count <= (nodes.count - nodePlace) / 8,
            count < (leaves.count - leafPlace) / 2
        else { return nil }
        var found: [DecisionTree.Node] = []
        for _ in 0..<count {
            guard let node = node() else { return nil }
            found.append(node)
        }
        var ends: [DecisionTree.Leaf] = []
        for _ in 0...count {
            guard let rows = Int(exactly: leaves[leafPlace + 1]) else { return nil }
            ends.append(DecisionTree.Leaf(value: leaves[leafPlace], rows: rows))
            leafPlace += 2
        }
        let tree = DecisionTree(nodes: found, leaves: ends)
        return tree.isSound(features) ? tree : nil
    }

    private mutating func node() -> DecisionTree.Node? {
        let numbers = nodes[nodePlace..<(nodePlace + 8)].map { $0 }
        nodePlace += 8
        guard let feature = Int(exactly: numbers[0]), features.indices.contains(feature),
            let left = Int(exactly: numbers[3]), let right = Int(exactly: numbers[4]),
            let rows = Int(exactly: numbers[6]), let count = Int(exactly: numbers[7]),
            count >= 0, count <= categories.count - categoryPlace
        else { return nil }
        var condition = DecisionTree.Condition.atMost(numbers[1], missing: numbers[2] == 1)
        if features[feature].kind == .category {
            let codes = categories[categoryPlace..<(categoryPlace + count)].compactMap {
                UInt32(exactly: $0)
            }
            categoryPlace += count
            guard codes.count == count else { return nil }
            condition = .among(codes)
        }
        return DecisionTree.Node(
            feature: feature, condition: condition, left: left, right: right, gain: numbers[5],
            rows: rows)
    }
}
