/// The models that `train` can fit, one line each.
package let trainers: [any Estimator] = [
    LinearTrainer(),
    LogisticTrainer(),
    SoftmaxTrainer(),
]
