internal import Bytes
internal import Kernels
internal import Vocabulary

/// Gradient-boosted trees: for numbers the squared error, for two classes the log loss of a sigmoid,
/// for more that of the shares of e^score.
struct BoostedTreesTrainer: Trainer {
    let name: String
    let targetKind: TargetKind

    var parameterKeys: [String] { BoostingParameters.keys }
    var takesValidation: Bool { true }
    var bodyType: any ModelBody.Type { TreesBody.self }

    func configured(_ options: StepOptions) throws -> any Learner {
        BoostedTreesLearner(
            name: name, targetKind: targetKind, parameters: try BoostingParameters(options))
    }
}

private struct BoostedTreesLearner: Learner {
    let name: String
    let targetKind: TargetKind
    let parameters: BoostingParameters

    var json: JSONValue { parameters.json }

    func learn(_ table: TrainingTable, _ context: StepContext) throws -> Learnt {
        let (training, validation) = try table.parts(
            keepingBack: parameters.validationShare, purpose: "boosting validation")
        let columns = try columns(table, training, context.executor)
        let binned = unsafe BinnedTable(
            rows: table.rows, features: columns.map(\.binned), context.executor
        ) { unsafe columns[$0].assign(to: $1) }
        var plan = parameters.plan
        plan.seed = table.seed
        // Numbers are learnt in units of their spread, around their mean.
        let unit = unit(of: table.target, training, context.executor)
        let lossUnit = unit.scale * unit.scale
        let ledger = context.ledger(of: "tree", from: columns.flatMap(\.state))
        let observer = ledger.observer().scaled(by: lossUnit)
        let boosted =
            switch table.target {
            case .numbers(let numbers):
                boost(
                    binned, SquaredLoss(targets: numbers.map { ($0 - unit.mean) / unit.scale }),
                    training: training, validation: validation, plan, context.executor,
                    observer: observer)
            case .classes(let classes, _) where targetKind == .twoClasses:
                boost(
                    binned, LogisticTreeLoss(labels: classes), training: training,
                    validation: validation, plan, context.executor, observer: observer)
            case .classes(let classes, let count):
                boost(
                    binned, SoftmaxTreeLoss(classes: classes, count: count), training: training,
                    validation: validation, plan, context.executor, observer: observer)
            case .nothing:
                preconditionFailure("trees are grown towards a target")
            }
        guard let boosted, boosted.trainingLoss.isFinite, boosted.validationLoss?.isFinite ?? true
        else { throw StoreError.boostingNotFinite(name) }
        ledger.finish()
        let body = TreesBody(boosted, columns, unit, parameters)
        warn(body, context)
        return Learnt(
            body: body, loss: boosted.trainingLoss * lossUnit, iterations: boosted.iterations.count,
            validation: boosted.validationLoss.map {
                Model.Validation(
                    rows: validation.count, loss: $0 * lossUnit,
                    stoppedEarly: boosted.stoppedEarly)
            })
    }

    private func columns(
        _ table: TrainingTable, _ training: [UInt32], _ executor: ParallelExecutor
    ) throws -> [TreeColumn] {
        let memory = SortingMemory()
        let found = executor.map(table.columns.count) { index -> Result<TreeColumn, any Error> in
            Result {
                try TreeColumn(
                    table.columns[index].name, table.columns[index].values, training: training,
                    bins: parameters.bins, memory)
            }
        }
        return try found.map { try $0.get() }
    }

    private func unit(
        of target: Target, _ training: [UInt32], _ executor: ParallelExecutor
    ) -> (mean: Double, scale: Double) {
        guard case .numbers(let numbers) = target else { return (0, 1) }
        let moments = Moments.of(training.map { numbers[Int($0)] }, executor)
        let spread = moments.variance.squareRoot()
        return (moments.mean, spread > 0 ? spread : 1)
    }

    /// A column that says nearly everything is often made from the target.
    private func warn(_ body: TreesBody, _ context: StepContext) {
        if body.trees.allSatisfy({ $0.allSatisfy(\.nodes.isEmpty) }) {
            context.log(
                "warning: no split lowered the loss: check the features, or lower 'minimumRows'")
        }
        for share in body.importance where body.features.count > 1 && share.gain > 0.99 {
            context.log(
                "warning: column '\(share.name)' alone makes \(Int(share.gain * 100)) % of the "
                    + "gain: is it known before the target?")
        }
    }
}

extension StoreError {
    static func boostingNotFinite(_ model: String) -> StoreError {
        StoreError(
            .numeric, "cannot fit the \(model) model: its loss is not a finite number",
            subject: model,
            advice: "look for extreme values in the target, or lower 'learningRate'",
            safety: "no model was written")
    }
}
