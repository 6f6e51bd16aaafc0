internal import Bytes
internal import Vocabulary

/// `evaluate`: measures a model on a table and writes the metrics as JSON.
struct EvaluateStep: Step {
    static let name = "evaluate"
    static let keys = ["model", "data", "threshold"]
    let outputRoles = ["metrics"]

    let model: String
    let data: String
    /// The probability from which a logistic model says the positive class.
    let threshold: Double

    init(_ options: StepOptions) throws {
        model = try options.text("model")
        data = try options.text("data")
        threshold = try options.threshold()
    }

    var inputs: [StepDescription.File] {
        [.init(role: "model", path: model), .init(role: "data", path: data)]
    }

    /// Evaluation draws nothing.
    var seed: UInt64 { 0 }

    var canonical: [String: JSONValue] {
        [
            "version": 1, "model": .string(model), "data": .string(data),
            "threshold": .number(threshold),
        ]
    }
}
