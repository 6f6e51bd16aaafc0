import Bytes
import Kernels
import Learning
import Testing
import Vocabulary

private let features: JSONValue = [
    "bill_length_mm", "bill_depth_mm", "flipper_length_mm", "body_mass_g", "island",
]

private func options(_ model: String, _ params: JSONValue = [:]) -> [String: JSONValue] {
    ["model": .string(model), "features": features, "seed": 7, "params": params]
}

/// Known answers of scikit-learn 1.7 on the columns that TrainStepTests.swift makes of penguins:
///
///     x = design(rows, ['bill_length_mm', 'bill_depth_mm', 'flipper_length_mm', 'body_mass_g'],
///                ['island'])
@Suite struct StructureModelTests {
    /// PCA(3).fit(x): components_ and explained_variance_ratio_.
    @Test func `principal components are scikit-learn's`() throws {
        let model = try train(options("pca", ["components": 3]), penguins)
        expectNear(
            try tensors(model)["components"],
            [
                0.4215638973401317, 4.46575867607546e-05, -0.40355530975501797,
                4.4657586760723975e-05, 0.5578156620139763, 4.465758676072544e-05,
                0.5335796566660128, 4.465758676072517e-05, 0.20361149742946433,
                -0.1280255773432411, -0.07558592008622333, 0.6506879924889078,
                -0.0008220545891034908, 0.6639319622754704, -0.0008220545891034067,
                0.04639626704966632, -0.0008220545891034423, 0.08359663482364804,
                -0.0008220545891034417, -0.22415842723572624, 0.27221239429091587,
                -0.04805396705518934, -0.45563006630522446, 0.0028903280819669863,
                0.5693613941879057, 0.0028903280819672253, 0.16775050589249957,
                0.0028903280819668627, 0.5129728744287583, 0.002890328081966865,
                0.13146352157647964, -0.340495332897598, 0.2090318113211173,
            ], within: 1e-11)
        let shares = [0.6307180098094064, 0.18532484223080567, 0.09108222878258183]
        expectNear(
            try modelDocument(model)["explained"]?.arrayValue?.compactMap(\.numberValue), shares,
            within: 1e-12)
        let metrics = try evaluate(model, penguins)
        #expect(metrics["rows"] == 344 && metrics["components"] == 3)
        expectNear(
            metrics["explained"]?.numberValue.map { [$0] }, [shares.reduce(0, +)], within: 1e-12)
    }

    /// KMeans(3, n_init=200, tol=0, max_iter=1000, random_state=0).fit(x): inertia_ and sizes.
    @Test func `clusters are as close as the best of two hundred of scikit-learn`() throws {
        let model = try train(
            options("k-means", ["clusters": 3, "tolerance": 0, "restarts": 20]), penguins)
        let metrics = try evaluate(model, penguins)
        expectNear(
            metrics["inertia"]?.numberValue.map { [$0] }, [502.7273264856614], within: 1e-12)
        let sizes = metrics["sizes"]?.arrayValue?.compactMap(\.integerValue)
        #expect(sizes?.sorted() == [70, 123, 151])
        #expect(try modelDocument(model)["sizes"] == metrics["sizes"])
        #expect(try modelDocument(model)["training"]?["converged"] == true)
        #expect(try modelDocument(model)["target"] == .null)
    }

    @Test(arguments: ["k-means", "pca"])
    func `a model has the same bytes for any number of threads and any instructions, every time`(
        model: String
    ) throws {
        let once = try train(options(model), penguins)
        for threads in [1, 2, 3, 7] {
            #expect(try train(options(model), penguins, executor: executor(threads)) == once)
        }
        for level in InstructionLevel.available {
            #expect(try train(options(model), penguins, executor: executor(2, level)) == once)
        }
        var other = options(model)
        other["features"] = ["bill_length_mm", "year"]
        #expect(try train(other, penguins) != once)
        #expect(try train(options(model), penguins) == once)
    }

    @Test func `the seed is heard where something is drawn`() throws {
        var other = options("k-means")
        other["seed"] = 8
        #expect(try train(other, penguins) != train(options("k-means"), penguins))
    }

    @Test func `rows of other values are measured, and none are refused`() throws {
        let model = try train(
            ["model": "k-means", "params": ["clusters": 2]], "x,c\n0,a\n1,a\n10,b\n11,b\n")
        let metrics = try evaluate(model, "c,x\nz,0\n,\na,10.5\n")
        #expect(metrics["rows"] == 3)
        let error = try #require(storeError { _ = try evaluate(model, "x,c\n") })
        #expect(error.message.contains("has no rows"))
    }

    private static let refused: [([String: JSONValue], String, StoreError.Kind, String)] = [
        (["model": "k-means", "target": "x"], "x\n1\n2\n", .invalidPipeline, "'target' makes no"),
        (
            ["model": "pca", "validation": "v.csv"], "x\n1\n2\n", .invalidPipeline,
            "'validation' makes no"
        ),
        (["model": "k-means"], "x\n1\n2\n", .numeric, "8 clusters of 2 rows"),
        (
            ["model": "k-means", "params": ["clusters": 3]], "x\n1\n2\n1\n2\n", .numeric,
            "fewer different rows"
        ),
        (["model": "k-means"], "x\n1\n1\n", .numeric, "the same value"),
        (["model": "pca"], "x\n1\n2\n", .numeric, "2 components in 1 columns"),
        (["model": "pca"], "x,y\n", .malformed, "has no rows"),
        (["model": "pca"], "x,y\n1,2\ninf,3\n", .malformed, "infinite value"),
        (
            ["model": "pca"], "x,c\n" + (0..<1001).map { "\($0),c\($0)\n" }.joined(), .numeric,
            "1002 columns"
        ),
        (
            ["model": "k-means", "params": ["clusters": 0]], "x\n1\n", .invalidPipeline,
            "an integer from 1 to"
        ),
        (
            ["model": "k-means", "params": ["tolerance": -1]], "x\n1\n", .invalidPipeline,
            "a number of at least 0"
        ),
        (
            ["model": "k-means", "params": ["restarts": 0]], "x\n1\n", .invalidPipeline,
            "an integer from 1 to 1000"
        ),
        (
            ["model": "pca", "params": ["components": 0]], "x\n1\n", .invalidPipeline,
            "an integer from 1 to 1000"
        ),
        (
            ["model": "pca", "params": ["component": 2]], "x\n1\n", .invalidPipeline,
            "unknown key 'component'"
        ),
    ]

    @Test(arguments: refused.indices)
    func `what cannot be learnt from is refused with advice`(index: Int) throws {
        let (options, table, kind, message) = StructureModelTests.refused[index]
        let error = try #require(storeError { _ = try train(options, table) })
        #expect(error.kind == kind)
        #expect(error.message.contains(message), "\(error.message)")
        #expect(error.advice != nil)
    }
}
