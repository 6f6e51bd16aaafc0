import Bytes
import Kernels
import Learning
import Testing
import Vocabulary

/// Trains on a table and returns the model file.
func train(
    _ options: [String: JSONValue], _ table: String, executor: ParallelExecutor = .serial
) throws -> [UInt8] {
    var options = options
    options["data"] = "train.csv"
    let files = try run(
        ["train": .object(options)], outputs: ["m.mlmodel"], on: ["train.csv": table],
        executor: executor)
    return files["m.mlmodel"] ?? []
}

/// Evaluates a model on a table and returns the metrics.
func evaluate(_ model: [UInt8], _ table: String, threshold: Double = 0.5) throws -> JSONValue {
    let files = try run(
        ["evaluate": ["model": "m", "data": "t.csv", "threshold": .number(threshold)]],
        outputs: ["e"], onBytes: ["m": model, "t.csv": Array(table.utf8)])
    return try JSONValue(parsing: files["e"] ?? [])
}

func expectNear(_ found: [Double]?, _ expected: [Double], within tolerance: Double) {
    #expect(found?.count == expected.count)
    for (left, right) in zip(found ?? [], expected) {
        #expect((left - right).magnitude <= tolerance * max(1, right.magnitude), "\(left) \(right)")
    }
}

private let numbers: JSONValue = [
    "bill_length_mm", "bill_depth_mm", "flipper_length_mm", "body_mass_g",
]

/// Known answers of scikit-learn 1.x and numpy on the penguins:
///
///     def design(rows, numbers, categories):
///         columns = []
///         for name in numbers:
///             v = np.array([float(r[name]) if r[name] != 'NA' else np.nan for r in rows])
///             columns.append(np.nan_to_num((v - np.nanmean(v)) / np.nanstd(v)))
///             if np.isnan(v).any(): columns.append(np.isnan(v).astype(float))
///         for name in categories:
///             v = np.array([r[name] for r in rows])
///             for k in sorted(set(v) - {'NA'}) + (['NA'] if 'NA' in v else []):
///                 columns.append((v == k).astype(float))
///         return np.stack(columns, 1)
@Suite struct TrainStepTests {
    /// Ridge(alpha=1).fit(design(kept, N[:3], ['species', 'sex']), y), rows without y dropped.
    @Test func `ridge regression is scikit-learn's`() throws {
        let model = try train(
            [
                "model": "linear", "target": "body_mass_g", "params": ["l2": 1],
                "features": [
                    "bill_length_mm", "bill_depth_mm", "flipper_length_mm", "species", "sex",
                ],
            ], penguins)
        expectNear(
            try tensors(model)["coefficients"],
            [
                4076.489621616096, 113.35118472480036, 114.24404684242683, 243.70820642197972,
                -207.07024840240774, -490.4420468214018, 697.5122952242701, -124.34210276014197,
                258.2488793579266, -133.90677659771933,
            ], within: 1e-11)
        let metrics = try evaluate(model, penguins)
        #expect(metrics["rows"] == 342 && metrics["rowsWithoutTarget"] == 2)
        expectNear(
            ["rmse", "mae", "medianAbsoluteError", "maximumError", "r2"].compactMap {
                metrics[$0]?.numberValue
            },
            [
                286.4825133383581, 228.1846215497212, 179.7636042789659, 922.4425480817554,
                0.8720122314435266,
            ], within: 1e-12)
    }

    /// ElasticNet(alpha=(l1 + l2) / n, l1_ratio=l1 / (l1 + l2), tol=1e-15, max_iter=1000000)
    /// .fit(x, y) on the n rows of the ridge regression: intercept_, coef_, and the mean objective.
    @Test(
        arguments: [
            (
                5000, 50,
                [
                    4143.146215416292, 106.01733639772809, -54.856643555289025, 388.52754536204424,
                    0, -154.76181656370846, 210.44373493259926, -137.43256415046497,
                    162.85471155998536, 0,
                ], 93045.8071787999
            ),
            (
                20000, 0,
                [4138.445967233578, 0, 0, 622.9725972797568, 0, 0, 0, 0, 128.8778524173596, 0],
                114416.45198610863
            ),
        ])
    func `an elastic net is scikit-learn's`(
        l1: Double, l2: Double, coefficients: [Double], loss: Double
    ) throws {
        let model = try train(
            [
                "model": "elastic-net", "target": "body_mass_g",
                "params": ["l1": .number(l1), "l2": .number(l2), "tolerance": 1e-14],
                "features": [
                    "bill_length_mm", "bill_depth_mm", "flipper_length_mm", "species", "sex",
                ],
            ], penguins)
        expectNear(try tensors(model)["coefficients"], coefficients, within: 1e-9)
        let training = try modelDocument(model)["training"]
        #expect(training?["converged"] == true)
        expectNear(training?["loss"]?.numberValue.map { [$0] }, [loss], within: 1e-12)
    }

    @Test func `without l1 an elastic net is ridge regression`() throws {
        let features: JSONValue = ["bill_length_mm", "species"]
        let options: [String: JSONValue] = ["target": "body_mass_g", "features": features]
        func coefficients(_ model: JSONValue, _ params: JSONValue) throws -> [Double]? {
            let all = options.merging(["model": model, "params": params]) { $1 }
            return try tensors(try train(all, penguins))["coefficients"]
        }
        expectNear(
            try coefficients("elastic-net", ["l1": 0, "l2": 3, "tolerance": 1e-14]),
            try coefficients("linear", ["l2": 3]) ?? [], within: 1e-9)
    }

    /// numpy.linalg.lstsq on the same columns and a constant: dependent columns do not matter.
    @Test func `without a penalty it is least squares, dependent columns or not`() throws {
        let model = try train(
            [
                "model": "linear", "target": "body_mass_g", "params": ["l2": 0],
                "features": [
                    "bill_length_mm", "bill_depth_mm", "flipper_length_mm", "species", "sex",
                ],
            ], penguins)
        let metrics = try evaluate(model, penguins)
        expectNear(
            ["rmse", "mae", "r2"].compactMap { metrics[$0]?.numberValue },
            [286.1505670439484, 227.3704087842036, 0.8723086575768937], within: 1e-12)
    }

    /// LogisticRegression(C=1, tol=1e-12, solver='newton-cholesky').
    @Test func `logistic regression is scikit-learn's`() throws {
        let model = try train(
            [
                "model": "logistic", "target": "sex", "params": ["tolerance": 1e-12],
                "features": [
                    "bill_length_mm", "bill_depth_mm", "flipper_length_mm", "body_mass_g",
                    "species",
                ],
            ], penguins)
        expectNear(
            try tensors(model)["coefficients"],
            [
                -0.20345079255197998, 1.6594787101111468, 2.74839847203913, 0.17809725598932222,
                2.8468616988511317, 1.977759313992903, -1.167641040926855, -0.810118273066045,
            ], within: 1e-9)
        let metrics = try evaluate(model, penguins)
        #expect(metrics["rows"] == 333 && metrics["positive"] == "male")
        expectNear(
            ["accuracy", "auc", "logLoss", "brier", "precision", "recall", "f1"].compactMap {
                metrics[$0]?.numberValue
            },
            [
                0.9279279279279279, 0.9753246753246753, 0.21263369866814327, 0.06086071473005931,
                0.9235294117647059, 0.9345238095238095, 0.9289940828402367,
            ], within: 1e-10)
    }

    /// LogisticRegression(C=1, tol=1e-14, solver='newton-cholesky') on all rows, missing values
    /// imputed; the intercepts less their mean.
    @Test func `softmax regression is scikit-learn's`() throws {
        let model = try train(
            [
                "model": "softmax", "target": "species", "features": numbers,
                "params": ["tolerance": 1e-12],
            ], penguins)
        expectNear(
            try tensors(model)["coefficients"]?.prefix(9).map { $0 },
            [
                0.5459974822756792, -2.7150773370422763, 0.013561777450304109, 1.5173567344885486,
                0.013561777450304109, -0.4776189090262792, 0.013561777450304109,
                0.390816867957928, 0.013561777450304109,
            ], within: 1e-8)
        let metrics = try evaluate(model, penguins)
        #expect(metrics["confusion"]?["counts"] == [[151, 1, 0], [2, 66, 0], [1, 0, 123]])
        #expect(metrics["classes"]?["Gentoo"]?["precision"] == 1)
        expectNear(
            ["accuracy", "logLoss", "auc", "macroPrecision", "macroRecall", "macroF1"].compactMap {
                metrics[$0]?.numberValue
            },
            [
                0.9883720930232558, 0.04728193425737949, 0.9998727056859322, 0.988531369128384,
                0.9853149239322215, 0.98688576645233,
            ], within: 1e-9)
    }

    @Test func `the positive class can be chosen`() throws {
        let options: [String: JSONValue] = [
            "model": "logistic", "target": "sex", "features": numbers, "positive": "female",
        ]
        let metrics = try evaluate(try train(options, penguins), penguins)
        #expect(metrics["positive"] == "female")
        #expect(metrics["confusion"]?["labels"] == ["male", "female"])
    }

    @Test func `integer classes are ordered by value and a column of them can be categories`()
        throws
    {
        let table = "x,hour,y\n" + (0..<60).map { "\($0 % 7),\($0 % 3 + 8),\($0 % 12)\n" }.joined()
        let model = try train(
            ["model": "softmax", "target": "y", "categorical": ["hour"]], table)
        let metrics = try evaluate(model, table)
        #expect(
            metrics["confusion"]?["labels"]
                == .array((0..<12).map { .string(String($0)) }))
        // Intercept, x, and one column for each of the hours 8, 9 and 10.
        #expect(try tensors(model)["coefficients"]?.count == 12 * 5)
    }

    @Test func `a category that training did not see adds nothing`() throws {
        let table = "c,y\na,1\na,2\nb,5\nb,6\n"
        let model = try train(["model": "linear", "target": "y"], table)
        let intercept = try tensors(model)["coefficients"]?[0] ?? .nan
        let metrics = try evaluate(model, "c,y\nz,0\n,0\n")
        #expect(metrics["meanError"]?.numberValue == intercept)
    }

    @Test func `truth values are numbers, and missing ones the mean`() throws {
        let model = try train(
            ["model": "linear", "target": "y", "params": ["l2": 0]],
            "b,y\ntrue,3\nfalse,1\ntrue,3\nfalse,1\n")
        let metrics = try evaluate(model, "b,y\ntrue,3\nfalse,1\n,2\n")
        #expect((metrics["rmse"]?.numberValue ?? 1) < 1e-14)
    }
}

@Suite struct TrainingErrorTests {
    static let cases: [([String: JSONValue], String, StoreError.Kind, String)] = [
        (["model": "linear", "target": "y"], "x,y\n", .malformed, "has no rows"),
        (["model": "linear", "target": "z"], "x,y\n1,2\n", .malformed, "no column 'z'"),
        (
            ["model": "linear", "target": "y", "features": ["q"]], "x,y\n1,2\n", .malformed,
            "no column 'q'"
        ),
        (
            ["model": "linear", "target": "y", "categorical": ["q"]], "x,y\n1,2\n", .malformed,
            "no column 'q'"
        ),
        (["model": "linear", "target": "y"], "y\n1\n2\n", .malformed, "no column besides"),
        (
            ["model": "linear", "target": "y"], "x,y\n1,a\n2,b\n", .malformed,
            "target column 'y' is not numeric"
        ),
        (
            ["model": "linear", "target": "y"], "x,y\n1,\n2,\n", .malformed,
            "target column 'y' is not numeric"
        ),
        (["model": "logistic", "target": "y"], "x,y\n1,\n2,\n", .malformed, "has no values"),
        (["model": "linear", "target": "y"], "x,y\n1,3\n2,3\n", .numeric, "the same value"),
        (["model": "linear", "target": "y"], "x,y\n1,1e300\n2,-1e300\n", .numeric, "too large"),
        (["model": "logistic", "target": "y"], "x,y\n1,1\n2,1\n", .numeric, "one class only"),
        (
            ["model": "logistic", "target": "y"], "x,y\n1,1\n2,2\n3,3\n", .malformed,
            "'y' has 3 classes"
        ),
        (
            ["model": "logistic", "target": "y", "positive": "5"], "x,y\n1,1\n2,2\n", .malformed,
            "'positive: 5' is not a class"
        ),
        (
            ["model": "softmax", "target": "y", "positive": 1], "x,y\n1,1\n2,2\n",
            .invalidPipeline, "'positive' makes no sense"
        ),
        (
            ["model": "softmax", "target": "y"],
            "x,y\n" + (0..<1001).map { "\($0),\($0)\n" }.joined(), .malformed, "more than 1000"
        ),
        (["model": "linear", "target": "y"], "x,y\n4,1\n4,2\n", .numeric, "column 'x'"),
        (["model": "linear", "target": "y"], "x,y\na,1\na,2\n", .numeric, "column 'x'"),
        (["model": "linear", "target": "y"], "x,y\n,1\n,2\n", .numeric, "'x': it has no values"),
        (["model": "linear", "target": "y"], "x,y\n1e300,1\n-1e300,2\n", .numeric, "'x': its"),
        (["model": "linear", "target": "y"], "x,y\ninf,1\n2,2\n", .malformed, "infinite value"),
        (
            ["model": "linear", "target": "y"], "x,y\n2013-01-01,1\n2013-01-02,2\n", .malformed,
            "'x': it is of type date"
        ),
        (["model": "linear", "target": "y"], "x,y\n1,2\n3\n", .malformed, "line 3 has 1 field"),
        (
            ["model": "elastic-net", "target": "y"],
            "c,y\n" + (0..<2000).map { "c\($0),\($0)\n" }.joined(), .numeric,
            "2001 coefficients"
        ),
        (
            ["model": "elastic-net", "target": "y", "params": ["l1": -1]], "x,y\n1,2\n",
            .invalidPipeline, "'l1' of step 'train.params'"
        ),
        (
            ["model": "linear", "target": "y", "params": ["l1": 1]], "x,y\n1,2\n",
            .invalidPipeline, "unknown key 'l1'"
        ),
        (["model": "elastic-net", "target": "y"], "x,y\n1,a\n2,b\n", .malformed, "not numeric"),
    ]

    @Test(arguments: cases.indices)
    func `a table that cannot be learnt from is refused with advice`(index: Int) throws {
        let (options, table, kind, message) = TrainingErrorTests.cases[index]
        let error = try #require(storeError { _ = try train(options, table) })
        #expect(error.kind == kind)
        #expect(error.message.contains(message), "\(error.message)")
        #expect(error.advice != nil)
    }

    @Test func `a loss that is not a number is an error`() throws {
        let design = DesignMatrix(
            rows: 2, dense: [1, .nan], denseCount: 1, codes: [], codeCount: 0,
            coefficientCount: 2)
        for trainer in estimators {
            let target: Target =
                trainer.targetKind == .numbers ? .numbers([1, 2]) : .classes([0, 1], count: 2)
            let error = try #require(
                storeError { _ = try trainer.fit(design, target, TrainingParameters(), .serial) })
            #expect(error.kind == .numeric)
            #expect(error.message.contains("its loss is not a finite number"))
        }
    }
}
