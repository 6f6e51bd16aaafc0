internal import Bytes

/// A fitted model: all that prediction needs, and how it came about.
struct Model: Sendable {
    /// The trainer's name: `linear`, `logistic`, `boosted-binary`.
    let kind: String
    /// The column that is predicted; nil where there is none.
    let target: String?
    /// The classes in the order of the outputs (of two classes with one output the second is the
    /// positive one); empty where numbers are predicted.
    let classes: [String]
    let body: any ModelBody
    let seed: UInt64
    let training: Training

    /// Whether it tells two classes apart by one score, that of the second class.
    var hasOneScore: Bool {
        trainers.first { $0.name == kind }?.targetKind == .twoClasses
    }

    /// How the fit went.
    struct Training: Sendable, Equatable {
        let rows: Int
        let rowsWithoutTarget: Int
        let loss: Double
        let iterations: Int
        /// Nil for models without a tolerance.
        let converged: Bool?
        /// Nil where no rows were kept back.
        let validation: Validation?

        /// The facts by name, for the model file and the run record.
        var json: [String: JSONValue] {
            var members: [String: JSONValue] = [
                "rows": JSONValue(rows), "rowsWithoutTarget": JSONValue(rowsWithoutTarget),
                "loss": .number(loss), "iterations": JSONValue(iterations),
            ]
            if let converged { members["converged"] = .bool(converged) }
            if let validation { members["validation"] = validation.json }
            return members
        }
    }

    /// How the rows did that were kept back to tell when to end.
    struct Validation: Sendable, Equatable {
        let rows: Int
        /// Their mean loss.
        let loss: Double
        let stoppedEarly: Bool

        var json: JSONValue {
            [
                "rows": JSONValue(rows), "loss": .number(loss),
                "stoppedEarly": .bool(stoppedEarly),
            ]
        }
    }
}
