internal import Bytes
internal import Kernels
internal import Vocabulary

/// Principal components: the directions in which the rows vary most.
struct PrincipalComponentsTrainer: Trainer {
    let name = "pca"
    let targetKind = TargetKind.nothing
    let takesValidation = false
    /// Since 2 by sums over blocks of rows.
    let version = 2
    let parameterKeys = ["components"]
    let bodyType: any ModelBody.Type = PrincipalComponentsBody.self

    func configured(_ options: StepOptions) throws -> any Learner {
        PrincipalComponentsLearner(
            count: try options.integer(
                "components", default: 2, in: 1...DenseFeatures.maximumColumns))
    }
}

private struct PrincipalComponentsLearner: ProductLearner {
    let count: Int

    var json: JSONValue { ["components": JSONValue(count)] }
    var ofProducts: (any ProductLearner)? { self }
    let maximumProducts = 1 + DenseFeatures.maximumColumns

    func learn(_ table: TrainingTable, _ context: StepContext) throws -> Learnt {
        let features = try DenseFeatures(learning: table.columns, context.executor)
        try check(features)
        let design = features.encode(table.columns.map(\.values), rows: table.rows)
        return try learnt(
            features, PrincipalComponents(design, count: count, context.executor), context)
    }

    func learn(_ products: StandardProducts, _ context: StepContext) throws -> Learnt {
        guard let features = DenseFeatures(products.encoder) else {
            throw StoreError(.internalFault, "sums are of more columns than were asked for")
        }
        try check(features)
        return try learnt(
            features,
            PrincipalComponents(sums: products.sums, rows: products.rows, count: count), context)
    }

    private func check(_ features: DenseFeatures) throws {
        guard count <= features.columnCount else {
            throw StoreError.moreComponentsThanColumns(count, features.columnCount)
        }
    }

    private func learnt(
        _ features: DenseFeatures, _ found: PrincipalComponents?, _ context: StepContext
    ) throws -> Learnt {
        guard let found else { throw StoreError.lossNotFinite("pca") }
        let rest = found.variances.dropFirst(count).reduce(0, +)
        let ledger = context.ledger(
            of: "iteration", from: bits(features.encoder.tensors.flatMap(\.values)))
        ledger.observer()(
            1, loss: rest, state: bits(found.variances) + bits(found.components.joined()))
        ledger.finish()
        return Learnt(
            body: PrincipalComponentsBody(features: features, found: found), loss: rest,
            iterations: 1)
    }
}

/// Components of the standardised features.
struct PrincipalComponentsBody: StructureBody {
    let features: DenseFeatures
    let found: PrincipalComponents

    static let arrayNames = ["components", "centre", "variances"] + FeatureEncoder.arrayNames

    var inputs: [(name: String, kind: ColumnValues.Kind)] { features.inputs }
    var size: String { "\(found.components.count) components" }
    var scoreNames: [String] { found.components.indices.map { "component\($0 + 1)" } }

    var members: [String: JSONValue] {
        let total = found.variances.reduce(0, +)
        let shares = found.variances.prefix(found.components.count).map {
            JSONValue.number(total > 0 ? $0 / total : 0)
        }
        return [
            "features": features.encoder.json, "explained": .array(shares),
            "params": ["components": JSONValue(found.components.count)],
        ]
    }

    var tensors: [ModelFile.Tensor] {
        let width = features.columnCount
        return [
            ModelFile.Tensor(
                name: "components", shape: [found.components.count, width],
                values: Array(found.components.joined())),
            ModelFile.Tensor(name: "centre", shape: [width], values: found.means),
            ModelFile.Tensor(name: "variances", shape: [width], values: found.variances),
        ] + features.encoder.tensors
    }

    func scores(
        _ columns: [ColumnValues], rows: Int, _ executor: ParallelExecutor
    ) -> [[Double]] {
        found.coordinates(features.encode(columns, rows: rows), executor)
    }

    /// What the components keep of the squared distances from the training rows' means.
    func metrics(
        _ columns: [ColumnValues], rows: Int, _ executor: ParallelExecutor
    ) -> [String: JSONValue] {
        let design = features.encode(columns, rows: rows)
        let total = blockSum(found.squaredDistances(design, executor))
        let kept = found.coordinates(design, executor).reduce(0) { $0 + blockDot($1, $1) }
        let rest = max(0, total - kept)
        return [
            "rows": JSONValue(rows), "components": JSONValue(found.components.count),
            "explained": total > 0 ? .number(kept / total) : .null,
            "rmse": .number((rest / Double(rows * features.columnCount)).squareRoot()),
        ]
    }
}

extension PrincipalComponentsBody {
    init?(_ document: JSONValue, _ tensors: [String: ModelFile.Tensor], outputs: Int) {
        guard let features = DenseFeatures(FeatureEncoder(document["features"], tensors)),
            let components = tensors["components"], components.shape.count == 2,
            let centre = tensors["centre"], let variances = tensors["variances"],
            variances.values.allSatisfy({ $0 >= 0 })
        else { return nil }
        let width = features.columnCount
        guard components.shape[0] > 0, components.shape[1] == width, centre.shape == [width],
            variances.shape == [width]
        else { return nil }
        let vectors = (0..<components.shape[0]).map {
            Array(components.values[($0 * width)..<(($0 + 1) * width)])
        }
        self.init(
            features: features,
            found: PrincipalComponents(
                means: centre.values, variances: variances.values, components: vectors))
    }
}

extension StoreError {
    static func moreComponentsThanColumns(_ count: Int, _ columns: Int) -> StoreError {
        StoreError(
            .numeric,
            "cannot find \(count) components in \(columns) columns, counting each category",
            subject: "components", advice: "lower 'components'")
    }
}
