internal import Bytes
internal import Vocabulary

/// `evaluate`: measures a model on a table and writes the metrics as JSON, and plots.
struct EvaluateStep: Step {
    static let name = "evaluate"
    static let keys = [
        "model", "data", "threshold", "beta", "quantile", "slices", "intervals", "level",
        "baseline", "calibration", "importance", "plots", "seed",
    ]

    let model: String
    let data: String
    /// The probability from which a model of two classes says the positive one.
    let threshold: Double
    /// How many times as much recall counts as precision in `fBeta`; nil for no such measure.
    let beta: Double?
    /// The quantile whose pinball loss is measured.
    let quantile: Double
    /// The columns for each of whose values the rows are measured by themselves.
    let slices: [String]
    /// How many resamples tell the intervals; 0 for none.
    let intervals: Int
    /// The share of the resamples that an interval holds.
    let level: Double
    /// A model to compare with.
    let baseline: String?
    /// The bins of the table of calibration; 0 for none.
    let calibration: Int
    /// How often each feature is shuffled to tell its importance; 0 for never.
    let importance: Int
    let plots: [EvaluationPlot]
    let seed: UInt64

    init(_ options: StepOptions) throws {
        model = try options.text("model")
        data = try options.text("data")
        threshold = try options.threshold()
        beta =
            try options.has("beta")
            ? options.number("beta", default: 1, "a number above 0") { $0 > 0 } : nil
        quantile = try options.number("quantile", default: 0.5, "a number between 0 and 1") {
            $0 > 0 && $0 < 1
        }
        slices = try options.names("slices") ?? []
        intervals = try options.integer("intervals", default: 0, in: 0...100_000)
        level = try options.number("level", default: 0.95, "a share between 0 and 1") {
            $0 > 0 && $0 < 1
        }
        baseline = try options.has("baseline") ? options.text("baseline") : nil
        calibration = try options.integer("calibration", default: 0, in: 0...1000)
        importance = try options.integer("importance", default: 0, in: 0...1000)
        plots = try (options.names("plots") ?? []).map { name in
            guard let plot = EvaluationPlot(rawValue: name) else {
                throw StoreError.unknownWord(
                    name, for: "plot", of: EvaluateStep.name,
                    known: EvaluationPlot.allCases.map(\.rawValue))
            }
            return plot
        }
        seed = try options.seed()
    }

    /// A stage has its plots under `outs`, which come before its `metrics`.
    var outputRoles: [String] { plots.map(\.rawValue) + ["metrics"] }

    var inputs: [StepDescription.File] {
        [.init(role: "model", path: model), .init(role: "data", path: data)]
            + (baseline.map { [.init(role: "baseline", path: $0)] } ?? [])
    }

    var canonical: [String: JSONValue] {
        [
            "version": 2, "model": .string(model), "data": .string(data),
            "threshold": .number(threshold), "beta": JSONValue(beta),
            "quantile": .number(quantile), "slices": .array(slices.map { .string($0) }),
            "intervals": JSONValue(intervals), "level": .number(level),
            "baseline": baseline.map { .string($0) } ?? .null,
            "calibration": JSONValue(calibration), "importance": JSONValue(importance),
            "plots": .array(plots.map { .string($0.rawValue) }), "seed": JSONValue(Int(seed)),
        ]
    }
}
