/// The linear models, one line each.
package let estimators: [any Estimator] = [
    LinearTrainer(),
    ElasticNetTrainer(),
    LogisticTrainer(),
    SoftmaxTrainer(),
]

/// The boosted trees, one line each.
private let boosters: [any Trainer] = [
    BoostedTreesTrainer(name: "boosted-regression", targetKind: .numbers),
    BoostedTreesTrainer(name: "boosted-binary", targetKind: .twoClasses),
    BoostedTreesTrainer(name: "boosted-multiclass", targetKind: .classes),
]

/// The networks, one line each.
private let networks: [any Trainer] = [
    NetworkTrainer(name: "mlp-regression", targetKind: .numbers),
    NetworkTrainer(name: "mlp-binary", targetKind: .twoClasses),
    NetworkTrainer(name: "mlp-multiclass", targetKind: .classes),
]

/// What learns from rows without a target, one line each.
private let describers: [any Trainer] = [
    KMeansTrainer(),
    PrincipalComponentsTrainer(),
]

/// All models that `train` can fit.
let trainers: [any Trainer] =
    estimators.map { EstimatorTrainer(estimator: $0) } + boosters + networks
    + describers

/// The names of all models.
package let trainerNames = trainers.map(\.name)
