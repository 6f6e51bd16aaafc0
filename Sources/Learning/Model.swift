internal import Bytes
internal import Kernels

/// A fitted model: all that prediction needs, and how it came about.
struct Model: Sendable, Equatable {
    /// The trainer's name: `linear`, `logistic`, `softmax`.
    let kind: String
    /// The column that is predicted.
    let target: String
    /// The classes in the order of the outputs (a logistic model's second is the positive one);
    /// empty where numbers are predicted.
    let classes: [String]
    let encoder: FeatureEncoder
    /// A vector of coefficients for every output.
    let coefficients: [[Double]]
    let parameters: TrainingParameters
    let seed: UInt64
    let training: Training

    /// How the fit went.
    struct Training: Sendable, Equatable {
        let rows: Int
        let rowsWithoutTarget: Int
        let loss: Double
        let iterations: Int
        let converged: Bool

        /// The facts by name, for the model file and the run record.
        var json: [String: JSONValue] {
            [
                "rows": JSONValue(rows), "rowsWithoutTarget": JSONValue(rowsWithoutTarget),
                "loss": .number(loss), "iterations": JSONValue(iterations),
                "converged": .bool(converged),
            ]
        }
    }

    /// The scores of every output for every row.
    func scores(_ design: DesignMatrix, _ executor: ParallelExecutor) -> [[Double]] {
        coefficients.map { design.scores($0, executor) }
    }
}
