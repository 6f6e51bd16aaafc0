import Bytes
import Kernels
import Learning
import Testing
import Vocabulary

/// Evaluates with options; all outputs by path.
private func evaluated(
    _ model: [UInt8], _ table: String, _ options: [String: JSONValue], outputs: [String] = [],
    baseline: [UInt8] = [], threads: Int = 1
) throws -> [String: [UInt8]] {
    try run(
        ["evaluate": .object(options.merging(["model": "m", "data": "t.csv"]) { $1 })],
        outputs: outputs + ["e"],
        onBytes: ["m": model, "t.csv": Array(table.utf8), "b": baseline],
        executor: executor(threads))
}

private func metrics(
    _ model: [UInt8], _ table: String, _ options: [String: JSONValue], baseline: [UInt8] = []
) throws -> JSONValue {
    try JSONValue(
        parsing: evaluated(model, table, options, baseline: baseline)["e"] ?? [])
}

private func sexes(_ features: JSONValue = ["body_mass_g", "species"]) throws -> [UInt8] {
    try train(["model": "logistic", "target": "sex", "features": features], penguins)
}

private func masses() throws -> [UInt8] {
    try train(
        ["model": "linear", "target": "body_mass_g", "features": ["bill_length_mm", "species"]],
        penguins)
}

private let everything: [String: JSONValue] = [
    "intervals": 40, "slices": ["island", "year"], "calibration": 5, "importance": 2, "seed": 3,
    "plots": ["roc", "precision-recall", "calibration", "confusion"], "baseline": "b",
]

@Suite struct EvaluationOptionTests {
    @Test func `threads change no byte, a seed changes the draws only`() throws {
        let model = try sexes()
        let other = try sexes(["bill_length_mm"])
        func run(_ options: [String: JSONValue], _ threads: Int) throws -> [String: [UInt8]] {
            try evaluated(
                model, penguins, options, outputs: ["1", "2", "3", "4"], baseline: other,
                threads: threads)
        }
        let once = try run(everything, 1)
        #expect(once.count == 5)
        for threads in [1, 2, 7] { #expect(try run(everything, threads) == once) }
        let again = try run(everything.merging(["seed": 4]) { $1 }, 1)
        for plot in ["1", "2", "3", "4"] { #expect(again[plot] == once[plot]) }
        let first = try JSONValue(parsing: once["e"] ?? [])
        let second = try JSONValue(parsing: again["e"] ?? [])
        for key in ["auc", "slices", "calibration", "confusion"] {
            #expect(first[key] == second[key])
        }
        #expect(first["intervals"] != second["intervals"])
        #expect(first["importance"] != second["importance"])
    }

    @Test func `intervals hold the measure, and wider levels wider ones`() throws {
        let model = try masses()
        let narrow = try metrics(model, penguins, ["intervals": 200, "level": 0.5])
        let wide = try metrics(model, penguins, ["intervals": 200, "level": 0.99])
        for name in ["rmse", "mae", "r2", "explainedVariance", "mape", "pinballLoss"] {
            let value = try #require(wide[name]?.numberValue)
            let inner = try #require(narrow["intervals"]?[name])
            let outer = try #require(wide["intervals"]?[name])
            let low = try #require(outer["low"]?.numberValue)
            let high = try #require(outer["high"]?.numberValue)
            #expect(low < value && value < high, "\(name)")
            #expect(low <= (inner["low"]?.numberValue ?? -.infinity))
            #expect(high >= (inner["high"]?.numberValue ?? .infinity))
        }
        // The standard error of a mean: about 1.96 of them on either side.
        let mean = try #require(
            metrics(model, penguins, ["intervals": 1000])["intervals"]?["mae"])
        let width = (mean["high"]?.numberValue ?? 0) - (mean["low"]?.numberValue ?? 0)
        #expect((40...65).contains(width), "\(width)")
    }

    @Test func `a model beside itself differs by nothing in every resample`() throws {
        let model = try sexes()
        let found = try metrics(
            model, penguins, ["baseline": "b", "intervals": 20], baseline: model)
        for (name, value) in found["baseline"]?["difference"]?.objectValue ?? ["": 1] {
            #expect(value == 0, "\(name)")
        }
        for (name, value) in found["baseline"]?["intervals"]?.objectValue ?? ["": 1] {
            #expect(value == ["low": 0, "high": 0], "\(name)")
        }
    }

    @Test func `slices add up, and rows without a value are one of them`() throws {
        let found = try metrics(
            try masses(), penguins, ["slices": ["sex", "species"]])
        let sexes = try #require(found["slices"]?["sex"]?.objectValue)
        #expect(sexes.keys.sorted() == ["", "female", "male"])
        let rows = sexes.values.compactMap { $0["rows"]?.integerValue }.reduce(0, +)
        #expect(JSONValue(Int(rows)) == found["rows"])
    }

    @Test func `a slice of one class has no area, and is no error`() throws {
        let model = try train(
            ["model": "logistic", "target": "y"], "x,y\n1,no\n2,no\n3,yes\n4,yes\n")
        let found = try metrics(
            model, "x,s,y\n1,a,no\n2,a,no\n2.5,b,yes\n1,b,no\n",
            ["slices": ["s"], "intervals": 50])
        #expect(found["slices"]?["s"]?["a"]?["auc"] == .null)
        #expect(found["slices"]?["s"]?["b"]?["auc"] == 1)
        // Some resample of four rows has one class only.
        #expect(found["intervals"]?["auc"] == .null)
        #expect(found["intervals"]?["accuracy"] != .null)
    }

    @Test func `a feature that does not matter has no importance`() throws {
        let table = "x,z,y\n" + (0..<60).map { "\($0),\($0 * 7919 % 13),\($0 * 2)\n" }.joined()
        let model = try train(["model": "linear", "target": "y", "params": ["l2": 0]], table)
        let found = try metrics(model, table, ["importance": 3])
        #expect(found["importance"]?["measure"] == "rmse")
        let features = try #require(found["importance"]?["features"])
        #expect((features["x"]?["mean"]?.numberValue ?? 0) > 10)
        #expect((features["z"]?["mean"]?.numberValue ?? 1).magnitude < 1e-9)
        #expect((features["x"]?["deviation"]?.numberValue ?? 0) > 0)
    }

    @Test func `a share of the truth is not told where the truth is 0`() throws {
        let model = try train(["model": "linear", "target": "y"], "x,y\n1,2\n2,3\n4,4\n")
        let found = try metrics(model, "x,y\n1,0\n2,1\n", [:])
        #expect(found["mape"] == .null && found["explainedVariance"] != .null)
    }

    @Test func `too good to be true is warned of`() throws {
        let table = "x,y\n" + (0..<40).map { "\($0),\($0 < 20 ? "a" : "b")\n" }.joined()
        let model = try train(["model": "logistic", "target": "y"], table)
        let description = try StepDescription.parse(
            ["evaluate": ["model": "m", "data": "t.csv"]], outputs: ["e"])
        let lines = Lines()
        _ = try description.run(
            inputs: [
                "m": ByteSource(name: "m", bytes: model),
                "t.csv": ByteSource(name: "t.csv", bytes: Array(table.utf8)),
            ], outputs: ["e": ByteSink { _ in }], context: StepContext(log: { lines.append($0) }))
        #expect(lines.all.contains { $0.hasPrefix("warning: the predictions are perfect") })
    }

    @Test func `plots are small, well-formed and say their figure`() throws {
        let model = try sexes()
        let found = try evaluated(
            model, penguins, ["plots": ["roc", "precision-recall", "calibration", "confusion"]],
            outputs: ["roc.svg", "pr.svg", "calibration.svg", "confusion.svg"])
        for name in ["roc.svg", "pr.svg", "calibration.svg", "confusion.svg"] {
            let svg = text(found[name])
            #expect(svg.hasPrefix("<svg xmlns=") && svg.hasSuffix("</svg>\n"))
            #expect(!svg.contains("nan") && !svg.contains("inf") && svg.utf8.count < 50_000)
        }
        #expect(text(found["roc.svg"]).contains("ROC: area 0."))
        let residuals = try evaluated(
            masses(), penguins, ["plots": ["residuals"]], outputs: ["r"])
        #expect(text(residuals["r"]).contains("Errors: prediction - truth"))
    }

    static let wrong: [([String: JSONValue], String)] = [
        (["slices": ["nowhere"]], "no column 'nowhere'"),
        (["plots": ["residuals"]], "the plot 'residuals' makes no sense for a logistic model"),
        (["baseline": "b"], "'b' does not predict what 'm' predicts"),
        (["slices": ["row"]], "column 'row' of 't.csv' has more than 1000 values"),
    ]

    @Test(arguments: wrong.indices) func `what makes no sense is refused`(index: Int) throws {
        let (options, message) = EvaluationOptionTests.wrong[index]
        let plots = options["plots"] == nil ? [] : ["p"]
        let table =
            "body_mass_g,species,row,bill_length_mm,sex\n"
            + (0..<1200).map { "4000,Adelie,\($0),40,\($0 % 2 == 0 ? "male" : "female")\n" }
            .joined()
        let error = try #require(
            storeError {
                _ = try evaluated(
                    sexes(), table, options, outputs: plots, baseline: masses())
            })
        #expect(error.message.contains(message), "\(error.message)")
        #expect(error.advice != nil)
    }

    @Test func `plots of one class and options without a target are refused`() throws {
        let one = "body_mass_g,species,sex\n4000,Adelie,male\n"
        let plot = try #require(
            storeError { _ = try evaluated(sexes(), one, ["plots": ["roc"]], outputs: ["r"]) })
        #expect(plot.message.contains("needs rows of both classes"))
        let clusters = try train(
            ["model": "k-means", "features": ["x"], "params": ["clusters": 2]], "x\n1\n2\n50\n51\n")
        let slices = try #require(
            storeError { _ = try evaluated(clusters, "x\n1\n", ["slices": ["x"]]) })
        #expect(slices.message.contains("'slices' makes no sense for a k-means model"))
        let numbers = try #require(
            storeError { _ = try evaluated(masses(), penguins, ["calibration": 3]) })
        #expect(numbers.message.contains("no probabilities to calibrate"))
    }
}
