internal import Bytes
internal import Kernels

/// What steers boosting, with the defaults of docs/reference/steps.md.
struct BoostingParameters: Sendable, Equatable {
    /// Iterations, rates and bounds; the seed is the step's.
    let plan: BoostingPlan
    /// The most bins of a column of numbers.
    let bins: Int
    /// The share of the rows that is kept back to tell when to end; 0 for none.
    let validationShare: Double

    static let keys = [
        "iterations", "learningRate", "leaves", "maximumDepth", "minimumRows", "minimumHessian",
        "minimumGain", "l2", "bins", "rowShare", "columnShare", "validationShare", "patience",
        "categoryL2", "categorySmoothing", "maximumCategories",
    ]

    /// The parameters in `options`, defaults for those that are not there.
    init(_ options: StepOptions) throws {
        var plan = BoostingPlan()
        plan.iterations = try options.integer("iterations", default: 100, in: 1...100_000)
        plan.learningRate = try options.number(
            "learningRate", default: 0.1, "a number above 0 and at most 1"
        ) { $0 > 0 && $0 <= 1 }
        let share = "a number above 0 and at most 1"
        plan.rowShare = try options.number("rowShare", default: 1, share) { $0 > 0 && $0 <= 1 }
        plan.columnShare = try options.number("columnShare", default: 1, share) {
            $0 > 0 && $0 <= 1
        }
        plan.patience = try options.integer("patience", default: 20, in: 1...100_000)
        plan.growth = try BoostingParameters.growth(options)
        self.plan = plan
        bins = try options.integer("bins", default: NumberBins.maximum, in: 2...NumberBins.maximum)
        validationShare = try options.number(
            "validationShare", default: 0, "a number of at least 0 and below 1"
        ) { $0 >= 0 && $0 < 1 }
    }

    private static func growth(_ options: StepOptions) throws -> GrowthRules {
        let least = "a number of at least 0"
        var growth = GrowthRules()
        growth.leaves = try options.integer("leaves", default: 31, in: 2...65_536)
        growth.maximumDepth = try options.integer("maximumDepth", default: 64, in: 1...1000)
        growth.minimumRows = try options.integer("minimumRows", default: 20, in: 1...1_000_000_000)
        growth.minimumHessian = try options.number("minimumHessian", default: 0.001, least) {
            $0 >= 0
        }
        growth.minimumGain = try options.number("minimumGain", default: 0, least) { $0 >= 0 }
        growth.l2 = try options.number("l2", default: 1, least) { $0 >= 0 }
        growth.categoryL2 = try options.number("categoryL2", default: 10, least) { $0 >= 0 }
        growth.categorySmoothing = try options.number("categorySmoothing", default: 10, least) {
            $0 >= 0
        }
        growth.maximumCategories = try options.integer(
            "maximumCategories", default: 32, in: 1...255)
        return growth
    }

    /// All parameters by name.
    var json: JSONValue {
        [
            "iterations": JSONValue(plan.iterations), "learningRate": .number(plan.learningRate),
            "leaves": JSONValue(plan.growth.leaves),
            "maximumDepth": JSONValue(plan.growth.maximumDepth),
            "minimumRows": JSONValue(plan.growth.minimumRows),
            "minimumHessian": .number(plan.growth.minimumHessian),
            "minimumGain": .number(plan.growth.minimumGain), "l2": .number(plan.growth.l2),
            "bins": JSONValue(bins), "rowShare": .number(plan.rowShare),
            "columnShare": .number(plan.columnShare),
            "validationShare": .number(validationShare), "patience": JSONValue(plan.patience),
            "categoryL2": .number(plan.growth.categoryL2),
            "categorySmoothing": .number(plan.growth.categorySmoothing),
            "maximumCategories": JSONValue(plan.growth.maximumCategories),
        ]
    }
}
