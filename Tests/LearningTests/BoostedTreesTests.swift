import Bytes
import Kernels
import Learning
import Testing
import Vocabulary

/// Rows with numbers, categories and missing values; `y` a number, `b` two classes, `k` three.
private let mixed: String = {
    let source = RandomSource(seed: 9, purpose: "mixed")
    var text = "x1,x2,city,rare,y,b,k\n"
    for row in 0..<3000 {
        let words = source.words(at: UInt64(row))
        let x1 = source.normal(at: UInt64(row + 10_000))
        let city = ["Oslo", "Bergen", "Troms\u{f8}", "Bod\u{f8}"][Int(words.x % 4)]
        let value = x1 + (words.x % 4 > 1 ? 1 : 0) + (words.y % 10 == 0 ? 2 : 0)
        text +=
            "\(words.y % 10 == 0 ? "" : shortestText(x1 * 3)),\(words.z % 7),"
            + "\(words.w % 20 == 0 ? "" : city),c\(words.z % 400),"
            + "\(shortestText(value)),\(value > 1 ? "yes" : "no"),\(value > 2 ? "c" : value > 0 ? "b" : "a")\n"
    }
    return text
}()

private let kinds = [
    ("boosted-regression", "y"), ("boosted-binary", "b"), ("boosted-multiclass", "k"),
]

private func options(
    _ model: String, _ target: String, _ params: JSONValue = [:]
) -> [String: JSONValue] {
    [
        "model": .string(model), "target": .string(target), "seed": 7,
        "features": ["x1", "x2", "city", "rare"], "params": params,
    ]
}

@Suite struct BoostedTreesTests {
    private static let params: JSONValue = [
        "iterations": 12, "leaves": 8, "rowShare": 0.8, "columnShare": 0.75,
        "validationShare": 0.2, "patience": 3,
    ]

    /// Written down once: the bytes of a model may only change with the `version` of the step.
    private static let digests = [
        "17960836fae0ca563860ba2b42644aa5cc41787aa08c34aee6b643976ce88e67",
        "5173b0b6a05664d5919126b128d77bbc80dbab83a6eaa458a8185bc84b1f4ea3",
        "ab56b7986e0a6d53210a9aa2b7e566180802b9fc79879cabf7fd2ff369b6942b",
    ]

    @Test(arguments: kinds.indices)
    func `a model has the same bytes for any number of threads, every time, on every machine`(
        index: Int
    ) throws {
        let (model, target) = kinds[index]
        let options = options(model, target, BoostedTreesTests.params)
        let once = try train(options, mixed)
        #expect(sha256(once).hex == BoostedTreesTests.digests[index])
        for threads in [1, 2, 3, 7] {
            #expect(try train(options, mixed, executor: executor(threads)) == once)
        }
    }

    /// Enough rows and columns that every sum and every division of rows is cut in pieces.
    @Test func `a large table gives the same trees for any number of threads`() throws {
        let rows = 70_000
        let columns = (0..<16).map { column in
            let source = RandomSource(seed: 6, purpose: "large", substream: UInt64(column))
            return (0..<rows).map { source.uniform(at: UInt64($0)) }
        }
        let labels = (0..<rows).map { row in
            UInt32(columns[0][row] * columns[1][row] + columns[2][row] > 0.8 ? 1 : 0)
        }
        func boosted(_ executor: ParallelExecutor) -> BoostedTrees? {
            let bins = columns.map { NumberBins($0) }
            let table = BinnedTable(
                rows: rows, features: bins.map { .number(bins: $0.count) }, executor
            ) { bins[$0].assign(columns[$0], to: $1) }
            var plan = BoostingPlan()
            plan.iterations = 2
            plan.growth.leaves = 5
            return boost(
                table, LogisticTreeLoss(labels: labels),
                training: (0..<UInt32(rows)).map { $0 }, validation: [], plan, executor)
        }
        let one = try #require(boosted(.serial))
        #expect(one.iterations.count == 2)
        for threads in [2, 3, 7] { #expect(boosted(executor(threads)) == one) }
    }

    @Test(arguments: kinds.indices)
    func `fitting again forgets the fit before, and the seed is heard`(index: Int) throws {
        let (model, target) = kinds[index]
        var other = options(model, target, ["iterations": 3])
        let first = try train(other, mixed)
        other["seed"] = 8
        #expect(try train(other, mixed) != first)
        #expect(try train(options(model, target, ["iterations": 3]), mixed) == first)
    }

    @Test func `numbers, categories and missing values are learnt from`() throws {
        let regression = try evaluate(try train(options("boosted-regression", "y"), mixed), mixed)
        #expect((regression["r2"]?.numberValue ?? 0) > 0.95)
        let binary = try evaluate(try train(options("boosted-binary", "b"), mixed), mixed)
        #expect((binary["auc"]?.numberValue ?? 0) > 0.99)
        let multiclass = try evaluate(
            try train(options("boosted-multiclass", "k"), mixed), mixed)
        #expect((multiclass["accuracy"]?.numberValue ?? 0) > 0.95)
        #expect(multiclass["confusion"]?["labels"] == ["a", "b", "c"])
    }

    /// The scores that a model file gives are those that training ended with.
    @Test(arguments: kinds.indices)
    func `the loss in the model is that of its predictions`(index: Int) throws {
        let (kind, target) = kinds[index]
        let model = try train(options(kind, target, ["iterations": 20]), mixed)
        let metrics = try evaluate(model, mixed)
        let loss = try #require(try modelDocument(model)["training"]?["loss"]?.numberValue)
        let measured =
            index == 0
            ? metrics["rmse"]?.numberValue.map { $0 * $0 / 2 } : metrics["logLoss"]?.numberValue
        #expect(((measured ?? .nan) - loss).magnitude < 1e-9)
    }

    @Test func `a category that training did not see goes the way of none`() throws {
        let table = "c,y\n" + (0..<200).map { "\($0 % 4 == 0 ? "a" : "b"),\($0 % 4)\n" }.joined()
        let model = try train(["model": "boosted-regression", "target": "y"], table)
        let metrics = try evaluate(model, "c,y\nz,1\n,1\nb,1\n")
        #expect(metrics["rows"] == 3)
    }

    @Test func `the importance names what was learnt from`() throws {
        let model = try train(options("boosted-regression", "y"), mixed)
        let shares = try #require(try modelDocument(model)["importance"]?.arrayValue)
        #expect(shares.map { $0["name"]?.stringValue } == ["x1", "x2", "city", "rare"])
        let gains = shares.compactMap { $0["gain"]?.numberValue }
        #expect((gains.reduce(0, +) - 1).magnitude < 1e-12)
        #expect(gains[0] > 0.5 && gains[1] < 0.1)
    }

    @Test func `rows kept back end the training early`() throws {
        let model = try train(
            options(
                "boosted-regression", "y",
                [
                    "validationShare": 0.25, "iterations": 500, "learningRate": 0.5,
                    "patience": 4, "minimumRows": 2,
                ]), mixed)
        let training = try #require(try modelDocument(model)["training"])
        #expect(training["validation"]?["stoppedEarly"] == true)
        #expect((training["iterations"]?.integerValue ?? 500) < 500)
        #expect((training["validation"]?["rows"]?.integerValue ?? 0) > 600)
    }
}

@Suite struct BoostedTreesErrorTests {
    private static let cases: [([String: JSONValue], String, StoreError.Kind, String)] = [
        (["iterations": 0], "", .invalidPipeline, "an integer from 1 to 100000"),
        (["learningRate": 0], "", .invalidPipeline, "above 0 and at most 1"),
        (["learningRate": 1.5], "", .invalidPipeline, "above 0 and at most 1"),
        (["leaves": 1], "", .invalidPipeline, "an integer from 2 to 65536"),
        (["bins": 256], "", .invalidPipeline, "an integer from 2 to 255"),
        (["rowShare": 0], "", .invalidPipeline, "'rowShare'"),
        (["columnShare": 2], "", .invalidPipeline, "'columnShare'"),
        (["validationShare": 1], "", .invalidPipeline, "'validationShare'"),
        (["l2": -1], "", .invalidPipeline, "'l2'"),
        (["num_leaves": 7], "", .invalidPipeline, "unknown key 'num_leaves'"),
        (["validationShare": 0.5], "x,y\n1,2\n", .numeric, "the same value"),
        (["validationShare": 0.000001], "x,y\n1,2\n2,3\n", .malformed, "keep rows back"),
        ([:], "x,y\n4,1\n4,2\n", .numeric, "'x': it has the same value"),
        ([:], "x,y\na,1\na,2\n", .numeric, "'x': it has the same value"),
        ([:], "x,y\n,1\n,2\n", .numeric, "'x': it has no values"),
        ([:], "x,y\ninf,1\n2,2\n", .malformed, "infinite value"),
        ([:], "x,y\n1,a\n2,b\n", .malformed, "not numeric"),
        ([:], "x,y\n1,3\n2,3\n", .numeric, "the same value"),
        ([:], "x,y\n1,1e300\n2,-1e300\n", .numeric, "too large"),
    ]

    @Test(arguments: cases.indices)
    func `what cannot be learnt is refused with advice`(index: Int) throws {
        let (params, table, kind, message) = BoostedTreesErrorTests.cases[index]
        let error = try #require(
            storeError {
                _ = try train(
                    [
                        "model": "boosted-regression", "target": "y", "params": .object(params),
                    ], table)
            })
        #expect(error.kind == kind)
        #expect(error.message.contains(message), "\(error.message)")
        #expect(error.advice != nil)
    }

    @Test func `a model that is not known is suggested`() throws {
        let error = try #require(
            storeError { _ = try train(["model": "boosted-binry", "target": "y"], "x,y\n1,2\n") })
        #expect(error.advice?.contains("did you mean 'boosted-binary'?") == true)
    }

    @Test func `one class and too many are refused`() throws {
        for (model, table, message) in [
            ("boosted-binary", "x,y\n1,a\n2,a\n", "one class only"),
            ("boosted-binary", "x,y\n1,a\n2,b\n3,c\n", "has 3 classes"),
            ("boosted-multiclass", "x,y\n1,a\n2,a\n", "one class only"),
        ] {
            let error = try #require(
                storeError { _ = try train(["model": .string(model), "target": "y"], table) })
            #expect(error.message.contains(message), "\(error.message)")
        }
    }

    @Test func `fewer rows than a leaf needs make a model without a split`() throws {
        let model = try train(
            ["model": "boosted-multiclass", "target": "y"], "x,y\n1,a\n2,b\n3,c\n")
        #expect(try evaluate(model, "x,y\n1,a\n2,b\n3,c\n")["rows"] == 3)
    }

    @Test func `every flipped bit of a model is found and none traps`() throws {
        let table = "x,c,y\n" + (0..<90).map { "\($0 % 10),c\($0 % 3),\($0 % 5)\n" }.joined()
        let model = try train(
            ["model": "boosted-regression", "target": "y", "params": ["iterations": 3]], table)
        func refusal(_ bytes: [UInt8]) -> StoreError? {
            storeError { _ = try evaluate(bytes, "x,c,y\n1,c1,2\n") }
        }
        #expect(refusal(model) == nil)
        for index in model.indices {
            var damaged = model
            damaged[index] ^= UInt8(1) << UInt8(index % 8)
            let error = refusal(damaged)
            #expect(error?.kind == .malformed || error?.kind == .newerFormat, "byte \(index)")
        }
        for count in stride(from: 0, to: model.count, by: 7) {
            #expect(refusal(Array(model.prefix(count)))?.kind == .malformed, "\(count) bytes")
        }
    }
}
