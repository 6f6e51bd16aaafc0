internal import Bytes
internal import Kernels
internal import Vocabulary

/// Feed-forward networks: for numbers the squared error, for two classes the log loss of a sigmoid, for
/// more that of the shares of e^score.
struct NetworkTrainer: Trainer {
    let name: String
    let targetKind: TargetKind

    var parameterKeys: [String] { NetworkParameters.keys }
    var takesValidation: Bool { true }
    var bodyType: any ModelBody.Type { NetworkBody.self }

    func configured(_ options: StepOptions) throws -> any Learner {
        NetworkLearner(
            name: name, targetKind: targetKind, parameters: try NetworkParameters(options))
    }
}

private struct NetworkLearner: Learner {
    let name: String
    let targetKind: TargetKind
    let parameters: NetworkParameters

    var json: JSONValue { parameters.json }

    func learn(_ table: TrainingTable, _ context: StepContext) throws -> Learnt {
        let (training, validation) = try table.parts(
            keepingBack: parameters.validationShare, purpose: "network validation")
        let learnt = training.map(Int.init)
        let features = try DenseFeatures(
            learning: table.columns.map { ($0.name, $0.values.selecting(learnt)) },
            context.executor)
        let rows = NetworkRows(features.encode(table.columns.map(\.values), rows: table.rows))
        // Numbers are learnt in units of their spread, around their mean.
        var unit = (mean: 0.0, scale: 1.0)
        let target: NetworkTarget
        switch table.target {
        case .numbers(let numbers):
            let moments = Moments.of(learnt.map { numbers[$0] }, context.executor)
            let spread = moments.variance.squareRoot()
            unit = (moments.mean, spread > 0 ? spread : 1)
            target = .numbers(numbers.map { ($0 - unit.mean) / unit.scale })
        case .classes(let classes, let count):
            target =
                targetKind == .twoClasses
                ? .twoClasses(classes) : .classes(classes, count: count)
        case .nothing:
            preconditionFailure("a network is trained towards a target")
        }
        var plan = parameters.plan
        plan.seed = table.seed
        let lossUnit = unit.scale * unit.scale
        let ledger = context.ledger(
            of: "epoch", from: bits(features.encoder.tensors.flatMap(\.values)))
        guard
            let found = trainNetwork(
                rows, target, training: training, validation: validation, plan,
                context.executor, observer: ledger.observer().scaled(by: lossUnit))
        else { throw StoreError.networkDiverged(name) }
        ledger.finish()
        return Learnt(
            body: NetworkBody(
                features: features, network: found.network, unit: unit,
                parameters: parameters.json),
            loss: found.trainingLoss * lossUnit, iterations: found.epochs,
            validation: found.validationLoss.map {
                Model.Validation(
                    rows: validation.count, loss: $0 * lossUnit,
                    stoppedEarly: found.stoppedEarly)
            })
    }
}

/// What steers a network, with the defaults of docs/reference/steps.md.
struct NetworkParameters: Sendable, Equatable {
    static let keys = [
        "layers", "units", "epochs", "batch", "learningRate", "l2", "validationShare", "patience",
    ]

    /// All but the seed, which is the step's.
    let plan: NetworkPlan
    /// The share of the rows that is kept back to tell when to end; 0 for none.
    let validationShare: Double

    init(_ options: StepOptions) throws {
        var plan = NetworkPlan()
        plan.layers = try options.integer("layers", default: plan.layers, in: 1...8)
        plan.units = try options.integer("units", default: plan.units, in: 1...4096)
        plan.epochs = try options.integer("epochs", default: plan.epochs, in: 1...100_000)
        plan.batch = try options.integer("batch", default: plan.batch, in: 1...65_536)
        plan.learningRate = try options.number(
            "learningRate", default: plan.learningRate, "a number above 0 and at most 1"
        ) { $0 > 0 && $0 <= 1 }
        plan.l2 = try options.number("l2", default: plan.l2, "a number of at least 0") { $0 >= 0 }
        plan.patience = try options.integer("patience", default: plan.patience, in: 1...100_000)
        self.plan = plan
        validationShare = try options.number(
            "validationShare", default: 0, "a number of at least 0 and below 1"
        ) { $0 >= 0 && $0 < 1 }
    }

    /// All parameters by name.
    var json: JSONValue {
        [
            "layers": JSONValue(plan.layers), "units": JSONValue(plan.units),
            "epochs": JSONValue(plan.epochs), "batch": JSONValue(plan.batch),
            "learningRate": .number(plan.learningRate), "l2": .number(plan.l2),
            "validationShare": .number(validationShare), "patience": JSONValue(plan.patience),
        ]
    }
}

extension StoreError {
    static func networkDiverged(_ model: String) -> StoreError {
        StoreError(
            .numeric, "cannot fit the \(model) model: its loss became no finite number",
            subject: model,
            advice: "lower 'learningRate', or look for extreme values in the target",
            safety: "no model was written")
    }
}
