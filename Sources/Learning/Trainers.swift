/// The models that `train` can fit, one line each.
let trainers: [TrainerStub] = ["linear", "logistic", "softmax"].map(TrainerStub.init)

struct TrainerStub: Sendable { let name: String }
