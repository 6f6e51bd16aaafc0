import Bytes
import Learning
import Platform
import Testing
import Vocabulary

/// The figures of scikit-learn for our predictions: `fixtures/metrics/README.md`.
@Suite struct MetricFixtureTests {
    private func fixture(_ name: String) throws -> [UInt8] {
        let tests = DiskPath(#filePath).parent.parent
        return try LocalDisk().readFile(
            tests.parent / "fixtures/metrics" / name, maximumBytes: 1 << 20)
    }

    static let models: [(String, [String: JSONValue], [String: JSONValue], [String: JSONValue])] = [
        (
            "numbers",
            [
                "model": "linear", "target": "body_mass_g",
                "features": ["bill_length_mm", "species"],
            ], ["keep": ["body_mass_g"]], ["quantile": 0.9]
        ),
        (
            "two",
            [
                "model": "logistic", "target": "sex",
                "features": ["body_mass_g", "bill_depth_mm"],
            ], ["keep": ["sex", "island"], "threshold": 0.4],
            ["threshold": 0.4, "beta": 2, "calibration": 8, "slices": ["island"]]
        ),
        (
            "several",
            ["model": "softmax", "target": "species", "features": ["body_mass_g", "island"]],
            ["keep": ["species"]], ["calibration": 8]
        ),
    ]

    private func agree(_ found: JSONValue?, _ expected: JSONValue?) {
        for (name, value) in expected?.objectValue ?? ["": .null] {
            var figure = found?[name]
            if name == "calibration" { figure = figure?["error"] }
            let distance = (figure?.numberValue ?? .nan) - (value.numberValue ?? .nan)
            #expect(distance.magnitude <= 1e-12 * max(1, value.numberValue ?? 0), "\(name)")
        }
    }

    @Test(arguments: models.indices) func `metrics are scikit-learn's`(index: Int) throws {
        let (name, training, prediction, evaluation) = MetricFixtureTests.models[index]
        let model = try train(training, penguins)
        let files = ["m": model, "t.csv": Array(penguins.utf8)]
        let fixed: [String: JSONValue] = ["model": "m", "data": "t.csv"]
        let predictions = try run(
            ["predict": .object(fixed.merging(prediction) { $1 })], outputs: ["p.csv"],
            onBytes: files)
        // What scikit-learn was given is what is measured here.
        #expect(predictions["p.csv"] == (try fixture("predictions.\(name).csv")))
        let written = try run(
            ["evaluate": .object(fixed.merging(evaluation) { $1 })], outputs: ["e"],
            onBytes: files)
        let metrics = try JSONValue(parsing: written["e"] ?? [])
        let expected = try JSONValue(parsing: fixture("expected.json"))
        agree(metrics, expected[name])
        guard name == "two" else { return }
        for (island, figures) in expected["slices"]?.objectValue ?? ["": .null] {
            agree(metrics["slices"]?["island"]?[island], figures)
        }
    }
}
