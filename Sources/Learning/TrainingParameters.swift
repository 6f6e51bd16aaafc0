package import Bytes

/// What steers a fit, with the defaults of docs/reference/steps.md.
package struct TrainingParameters: Sendable, Equatable {
    static let keys = ["l2", "maximumIterations", "tolerance"]
    /// Those of a model that leaves features out.
    static let sparseKeys = ["l1"] + keys

    /// This times the sum of the sizes of the weights is added too; nil for models that have no such
    /// penalty.
    package let l1: Double?
    /// Half of this times the squared length of the weights (not the intercept) is added to the sum
    /// of the losses; as in scikit-learn, where it is `alpha` of `Ridge` and 1 / `C`.
    package let l2: Double
    /// The most steps of the minimiser.
    package let maximumIterations: Int
    /// The largest derivative of the mean loss that counts as zero.
    package let tolerance: Double

    /// The parameters with these values.
    package init(
        l1: Double? = nil, l2: Double = 1, maximumIterations: Int = 200, tolerance: Double = 1e-6
    ) {
        self.l1 = l1
        self.l2 = l2
        self.maximumIterations = maximumIterations
        self.tolerance = tolerance
    }

    /// The parameters in `options`; those of a sparse model with an `l1`, and with more iterations,
    /// which cost it less.
    init(_ options: StepOptions, isSparse: Bool) throws {
        let least = "a number of at least 0"
        l1 = isSparse ? try options.number("l1", default: 1, least) { $0 >= 0 } : nil
        l2 = try options.number("l2", default: 1, least) { $0 >= 0 }
        maximumIterations = try options.integer(
            "maximumIterations", default: isSparse ? 10_000 : 200, in: 1...1_000_000)
        tolerance = try options.number("tolerance", default: 1e-6, "a number above 0") { $0 > 0 }
    }

    /// All parameters by name.
    package var json: JSONValue {
        var members: [String: JSONValue] = [
            "l2": .number(l2), "maximumIterations": JSONValue(maximumIterations),
            "tolerance": .number(tolerance),
        ]
        if let l1 { members["l1"] = .number(l1) }
        return .object(members)
    }
}
