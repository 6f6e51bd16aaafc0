import Bytes
import Kernels
import Learning
import Testing
import Vocabulary

private let kinds = [
    ("mlp-regression", "body_mass_g"), ("mlp-binary", "sex"), ("mlp-multiclass", "species"),
]

private func options(
    _ index: Int, _ params: JSONValue = ["units": 16, "epochs": 3, "batch": 32]
) -> [String: JSONValue] {
    let features: [JSONValue] = [
        ["bill_length_mm", "bill_depth_mm", "flipper_length_mm", "species", "sex"],
        ["bill_length_mm", "bill_depth_mm", "flipper_length_mm", "body_mass_g", "species"],
        ["bill_length_mm", "bill_depth_mm", "flipper_length_mm", "body_mass_g"],
    ]
    return [
        "model": .string(kinds[index].0), "target": .string(kinds[index].1),
        "features": features[index], "seed": 7, "params": params,
    ]
}

@Suite struct NetworkModelTests {
    /// Means of eight seeds of scikit-learn 1.7 on the columns that TrainStepTests.swift makes:
    ///
    ///     MLPRegressor(hidden_layer_sizes=(32, 32), batch_size=32, max_iter=50, alpha=0, tol=0,
    ///                  n_iter_no_change=1000, random_state=seed).fit(x, (y - y.mean()) / y.std())
    ///
    /// and MLPClassifier likewise; the eight lie within 0.003 of R², 0.013 and 0.004 of log losses.
    @Test(arguments: [(0, "r2", 0.8918), (1, "logLoss", 0.1609), (2, "logLoss", 0.0184)])
    func `networks learn what scikit-learn's do`(index: Int, metric: String, expected: Double)
        throws
    {
        let params: JSONValue = ["units": 32, "epochs": 50, "batch": 32]
        let model = try train(options(index, params), penguins, executor: executor(2))
        let found = try evaluate(model, penguins)[metric]?.numberValue ?? .nan
        #expect((found - expected).magnitude < (metric == "r2" ? 0.008 : 0.015), "\(found)")
    }

    @Test(arguments: kinds.indices)
    func `a model has the same bytes for any number of threads and any instructions, every time`(
        index: Int
    ) throws {
        let options = options(index)
        let once = try train(options, penguins)
        for threads in [1, 2, 3, 7] {
            #expect(try train(options, penguins, executor: executor(threads)) == once)
        }
        for level in InstructionLevel.available {
            #expect(try train(options, penguins, executor: executor(2, level)) == once)
        }
    }

    @Test(arguments: kinds.indices)
    func `fitting again forgets the fit before, and the seed is heard`(index: Int) throws {
        var other = options(index)
        let first = try train(other, penguins)
        other["seed"] = 8
        #expect(try train(other, penguins) != first)
        #expect(try train(options(index), penguins) == first)
    }

    /// The scores that a model file gives are those that training ended with.
    @Test(arguments: kinds.indices)
    func `the loss in the model is that of its predictions`(index: Int) throws {
        let model = try train(options(index), penguins)
        let metrics = try evaluate(model, penguins)
        let loss = try #require(try modelDocument(model)["training"]?["loss"]?.numberValue)
        let measured =
            index == 0
            ? metrics["rmse"]?.numberValue.map { $0 * $0 / 2 } : metrics["logLoss"]?.numberValue
        #expect(((measured ?? .nan) / loss - 1).magnitude < 1e-9)
    }

    @Test func `rows kept back end the training early`() throws {
        let params: JSONValue = [
            "units": 64, "epochs": 400, "batch": 16, "learningRate": 0.02,
            "validationShare": 0.5, "patience": 2,
        ]
        let model = try train(options(1, params), penguins)
        let training = try #require(try modelDocument(model)["training"])
        #expect(training["validation"]?["stoppedEarly"] == true)
        #expect((training["iterations"]?.integerValue ?? 400) < 400)
        let rows = training["validation"]?["rows"]?.integerValue ?? 0
        #expect(rows > 100 && rows < 233)
    }

    private static let refused: [([String: JSONValue], String, StoreError.Kind, String)] = [
        (["model": "mlp-regression", "target": "y"], "x,y\n", .malformed, "has no rows"),
        (
            ["model": "mlp-regression", "target": "y"], "x,y\n1,a\n2,b\n", .malformed,
            "not numeric"
        ),
        (["model": "mlp-binary", "target": "y"], "x,y\n1,1\n2,1\n", .numeric, "one class only"),
        (
            ["model": "mlp-binary", "target": "y"], "x,y\n1,1\n2,2\n3,3\n", .malformed,
            "3 classes"
        ),
        (["model": "mlp-regression", "target": "y"], "x,y\n4,1\n4,2\n", .numeric, "column 'x'"),
        (["model": "mlp-regression", "target": "y"], "x,y\ninf,1\n2,2\n", .malformed, "infinite"),
        (
            ["model": "mlp-multiclass", "target": "y"],
            "c,y\n" + (0..<1001).map { "c\($0),\($0 % 3)\n" }.joined(), .numeric,
            "1001 columns"
        ),
        (
            ["model": "mlp-regression", "target": "y", "params": ["learningRate": 0]],
            "x,y\n1,2\n", .invalidPipeline, "a number above 0"
        ),
        (
            ["model": "mlp-regression", "target": "y", "params": ["layers": 9]], "x,y\n1,2\n",
            .invalidPipeline, "an integer from 1 to 8"
        ),
        (
            ["model": "mlp-regression", "target": "y", "params": ["unit": 9]], "x,y\n1,2\n",
            .invalidPipeline, "did you mean 'units'?"
        ),
        (
            ["model": "mlp-regression", "target": "y", "params": ["validationShare": 0.001]],
            "x,y\n1,2\n2,3\n", .malformed, "one side would have none"
        ),
    ]

    @Test(arguments: refused.indices)
    func `what cannot be learnt from is refused with advice`(index: Int) throws {
        let (options, table, kind, message) = NetworkModelTests.refused[index]
        let error = try #require(storeError { _ = try train(options, table) })
        #expect(error.kind == kind)
        #expect("\(error.message) \(error.advice ?? "")".contains(message), "\(error.message)")
        #expect(error.advice != nil)
    }

    @Test func `as many classes as rows are learnt, and one row a class is enough`() throws {
        let model = try train(
            ["model": "mlp-multiclass", "target": "y", "params": ["epochs": 1]],
            "x,y\n1,a\n2,b\n3,c\n")
        #expect(try evaluate(model, "x,y\n1,a\n").objectValue?["rows"] == 1)
    }

    /// A weight that single precision does not have cannot be one of a network's.
    @Test func `a model with other numbers is refused`() throws {
        var model = try train(options(0), penguins)
        let end = model.count - 8
        model[end] ^= 1
        let error = try #require(storeError { _ = try evaluate(model, penguins) })
        #expect(error.message.contains("as a model"))
    }
}
