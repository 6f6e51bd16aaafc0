package import Bytes

/// What steers a fit, with the defaults of docs/reference/steps.md.
package struct TrainingParameters: Sendable, Equatable {
    static let keys = ["l2", "maximumIterations", "tolerance"]

    /// Half of this times the squared length of the weights (not the intercept) is added to the sum
    /// of the losses; as in scikit-learn, where it is `alpha` of `Ridge` and 1 / `C`.
    package let l2: Double
    /// The most steps of the minimiser.
    package let maximumIterations: Int
    /// The largest derivative of the mean loss that counts as zero.
    package let tolerance: Double

    /// The parameters with these values.
    package init(l2: Double = 1, maximumIterations: Int = 200, tolerance: Double = 1e-6) {
        self.l2 = l2
        self.maximumIterations = maximumIterations
        self.tolerance = tolerance
    }

    init(_ options: StepOptions) throws {
        l2 = try options.number("l2", default: 1, "a number of at least 0") { $0 >= 0 }
        maximumIterations = try options.integer(
            "maximumIterations", default: 200, in: 1...1_000_000)
        tolerance = try options.number("tolerance", default: 1e-6, "a number above 0") { $0 > 0 }
    }

    /// All parameters by name.
    package var json: JSONValue {
        [
            "l2": .number(l2), "maximumIterations": JSONValue(maximumIterations),
            "tolerance": .number(tolerance),
        ]
    }
}
