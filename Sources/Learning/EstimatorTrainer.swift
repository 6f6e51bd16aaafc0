internal import Bytes
internal import Kernels

/// Trains a linear model: learns the encoding of the features, then fits the design matrix.
struct EstimatorTrainer: Trainer {
    let estimator: any Estimator

    var name: String { estimator.name }
    var targetKind: TargetKind { estimator.targetKind }
    var parameterKeys: [String] {
        estimator.isSparse ? TrainingParameters.sparseKeys : TrainingParameters.keys
    }
    var takesValidation: Bool { false }
    /// Since 2 by sums over blocks of rows.
    var version: Int { estimator is any ProductEstimator ? 2 : 1 }
    var bodyType: any ModelBody.Type { LinearBody.self }

    func configured(_ options: StepOptions) throws -> any Learner {
        EstimatorLearner(
            estimator: estimator,
            parameters: try TrainingParameters(options, isSparse: estimator.isSparse))
    }
}

private struct EstimatorLearner: Learner {
    let estimator: any Estimator
    let parameters: TrainingParameters

    var json: JSONValue { parameters.json }

    func learn(_ table: TrainingTable, _ context: StepContext) throws -> Learnt {
        let encoder = try FeatureEncoder(learning: table.columns, context.executor)
        let design = encoder.encode(table.columns.map(\.values), rows: table.rows)
        return try learnt(encoder, context) { observer in
            try estimator.fit(
                design, table.target, parameters, context.executor, observer: observer)
        }
    }

    /// What a fit of encoded features comes to, with a ledger of its steps.
    func learnt(
        _ encoder: FeatureEncoder, _ context: StepContext, _ fit: (StepObserver) throws -> Fit
    ) throws -> Learnt {
        let ledger = context.ledger(
            of: "iteration", from: bits(encoder.tensors.flatMap(\.values)))
        let fit = try fit(ledger.observer())
        ledger.finish()
        if !fit.converged {
            context.log(
                "warning: the fit stopped before it met the tolerance: raise "
                    + "'maximumIterations' or 'l2'")
        }
        return Learnt(
            body: LinearBody(
                encoder: encoder, coefficients: fit.coefficients, parameters: parameters),
            loss: fit.loss, iterations: fit.iterations, converged: fit.converged)
    }

    var ofProducts: (any ProductLearner)? {
        (estimator as? any ProductEstimator).map {
            ProductEstimatorLearner(estimator: $0, rowLearner: self)
        }
    }
}

private struct ProductEstimatorLearner: ProductLearner {
    let estimator: any ProductEstimator
    let rowLearner: EstimatorLearner

    var json: JSONValue { rowLearner.json }
    var maximumProducts: Int { estimator.maximumProducts }

    func learn(_ table: TrainingTable, _ context: StepContext) throws -> Learnt {
        try rowLearner.learn(table, context)
    }

    func learn(_ products: StandardProducts, _ context: StepContext) throws -> Learnt {
        try rowLearner.learnt(products.encoder, context) { observer in
            try estimator.fit(products.squaredError, rowLearner.parameters, observer)
        }
    }
}

/// Scores that are sums of weights: linear, logistic and softmax models.
struct LinearBody: ModelBody {
    let encoder: FeatureEncoder
    /// A vector of coefficients for every output.
    let coefficients: [[Double]]
    let parameters: TrainingParameters

    static let arrayNames = ["coefficients"] + FeatureEncoder.arrayNames

    var inputs: [(name: String, kind: ColumnValues.Kind)] {
        encoder.features.map { ($0.name, $0.kind) }
    }

    var size: String { "\(encoder.coefficientCount) coefficients" }

    func scores(
        _ columns: [ColumnValues], rows: Int, _ executor: ParallelExecutor
    ) -> [[Double]] {
        let design = encoder.encode(columns, rows: rows)
        return coefficients.map { design.scores($0, executor) }
    }
}

// MARK: - In a model file

extension LinearBody {
    var members: [String: JSONValue] {
        [
            "features": encoder.json, "params": parameters.json,
        ]
    }

    var tensors: [ModelFile.Tensor] {
        [
            ModelFile.Tensor(
                name: "coefficients", shape: [coefficients.count, encoder.coefficientCount],
                values: Array(coefficients.joined()))
        ] + encoder.tensors
    }

    init?(_ document: JSONValue, _ tensors: [String: ModelFile.Tensor], outputs: Int) {
        guard let encoder = FeatureEncoder(document["features"], tensors),
            let coefficients = LinearBody.coefficients(encoder, tensors),
            coefficients.count == outputs,
            let parameters = LinearBody.parameters(document["params"])
        else { return nil }
        self.init(encoder: encoder, coefficients: coefficients, parameters: parameters)
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
            l1: json?["l1"]?.numberValue, l2: l2, maximumIterations: Int(iterations),
            tolerance: tolerance)
    }
}
