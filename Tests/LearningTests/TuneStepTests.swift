import Bytes
import Kernels
import Learning
import Testing
import Vocabulary

private func tune(
    _ options: [String: JSONValue], _ table: String = penguins, threads: Int = 1
) throws -> (trials: [[String]], best: JSONValue, model: [UInt8], log: [UInt8]) {
    let files = try run(
        ["tune": .object(options.merging(["data": "t.csv"]) { $1 })],
        outputs: ["trials.csv", "best.json", "m"], on: ["t.csv": table],
        executor: executor(threads))
    let lines = text(files["trials.csv"]).split(separator: "\n").map {
        $0.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
    }
    return (
        lines, try JSONValue(parsing: files["best.json"] ?? []), files["m"] ?? [],
        files["trials.csv"] ?? []
    )
}

private let trees: [String: JSONValue] = [
    "model": "boosted-binary", "target": "sex", "features": ["body_mass_g", "bill_depth_mm"],
    "seed": 7, "folds": 3, "params": ["iterations": 8],
]

private func with(_ more: [String: JSONValue]) -> [String: JSONValue] { trees.merging(more) { $1 } }

@Suite struct TuneStepTests {
    @Test func `a grid tries every combination once, and the best is fitted to all rows`() throws {
        let found = try tune(
            with([
                "method": "grid", "search": ["leaves": [2, 4], "learningRate": [0.01, 0.3]],
            ]))
        #expect(
            found.trials[0]
                == [
                    "trial", "round", "rows", "learningRate", "leaves", "logLoss", "deviation",
                    "seed",
                ])
        #expect(
            found.trials.dropFirst().map { $0[3] + " " + $0[4] }
                == ["0.01 2", "0.01 4", "0.3 2", "0.3 4"])
        let scores = found.trials.dropFirst().compactMap { Double($0[5]) }
        let best = try #require(scores.indices.min { scores[$0] < scores[$1] })
        #expect(found.best["leaves"]?.integerValue == Int64(found.trials[best + 1][4]))
        #expect(found.best["iterations"] == 8)
        // As 'train' would with these parameters.
        let same = try run(
            [
                "train": [
                    "model": "boosted-binary", "target": "sex", "data": "t.csv", "seed": 7,
                    "features": ["body_mass_g", "bill_depth_mm"], "tuned": "b",
                ]
            ], outputs: ["m"],
            onBytes: [
                "t.csv": Array(penguins.utf8), "b": Array((found.best.pretty + "\n").utf8),
            ])
        #expect(same["m"] == found.model)
    }

    @Test(arguments: ["random", "halving"])
    func `threads and reruns change no byte, a seed changes the draws`(method: JSONValue) throws {
        let options = with([
            "method": method, "trials": 7, "factor": 2,
            "search": [
                "leaves": ["from": 2, "to": 40, "scale": "log"],
                "learningRate": ["from": 0.01, "to": 0.5, "scale": "log"], "l2": [0, 1, 10],
            ],
        ])
        let once = try tune(options)
        for threads in [2, 7] {
            let again = try tune(options, threads: threads)
            #expect(again.log == once.log && again.model == once.model && again.best == once.best)
        }
        #expect(try tune(options.merging(["seed": 8]) { $1 }).log != once.log)
        for row in once.trials.dropFirst() {
            let leaves = try #require(Int(row[5]))
            let rate = try #require(Double(row[4]))
            #expect((2...40).contains(leaves) && (0.01...0.5).contains(rate))
        }
    }

    @Test func `more trials keep those that were`() throws {
        let search: [String: JSONValue] = ["search": ["l2": ["from": 0.1, "to": 10.0]]]
        let few = try tune(with(search).merging(["trials": 2]) { $1 })
        let more = try tune(with(search).merging(["trials": 4]) { $1 })
        #expect(Array(more.trials.prefix(3)) == few.trials)
    }

    @Test func `halving gives more rows to fewer trials, all to the last`() throws {
        let rows = (0..<1800).map {
            "\($0 * 7919 % 1009),\($0 * 31 % 97),\($0 * 7919 % 1009 / 5)\n"
        }
        let found = try tune(
            [
                "model": "linear", "target": "y", "method": "halving", "trials": 9, "folds": 2,
                "measure": "r2", "search": ["l2": ["from": 0.01, "to": 1e6, "scale": "log"]],
            ], "a,b,y\n" + rows.joined())
        let rounds = found.trials.dropFirst().map { $0[1] + " " + $0[2] }
        #expect(
            rounds == [String](repeating: "1 200", count: 9)
                + [String](repeating: "2 600", count: 3)
                + ["3 1800"])
        // A weaker penalty fits a line better.
        let scores = found.trials.dropFirst().prefix(9)
        let best = scores.max { (Double($0[4]) ?? 0) < (Double($1[4]) ?? 0) }
        #expect(best?[3] == scores.min { (Double($0[3]) ?? 0) < (Double($1[3]) ?? 0) }?[3])
    }

    @Test func `rows of a group are never on both sides`() throws {
        // The feature names the group, and groups differ: what is learnt of others is of no use.
        let table =
            "g,x,y\n"
            + (0..<60).map { "g\($0 % 6),\($0 % 6),\(($0 % 6) * ($0 % 6) * 9 + $0 / 6 % 2)\n" }
            .joined()
        let options: [String: JSONValue] = [
            "model": "boosted-regression", "target": "y", "features": ["g"], "method": "grid",
            "search": ["leaves": [8]], "folds": 6, "measure": "rmse",
            "params": ["minimumRows": 1, "iterations": 30],
        ]
        let alone = try tune(options, table)
        let grouped = try tune(options.merging(["group": "g"]) { $1 }, table)
        let (one, other) = (
            Double(alone.trials[1][4]) ?? .nan, Double(grouped.trials[1][4]) ?? .nan
        )
        #expect(other > 2 * one, "\(one) \(other)")
    }

    @Test func `a trial that cannot be fitted is left blank, and all of them are an error`() throws
    {
        let table = "x,y\n" + (0..<40).map { "\($0),\($0 * 2)\n" }.joined()
        let error = try #require(
            storeError {
                _ = try tune(
                    [
                        "model": "linear", "target": "y", "method": "grid", "measure": "mape",
                        "search": ["l2": [1]],
                    ], table)
            })
        #expect(error.kind == .numeric && error.message.contains("no trial gave a model"))
        #expect(error.message.contains("'mape' is not defined"))
    }

    static let wrong: [([String: JSONValue], String)] = [
        ([:], "'search' of step 'tune'"), (["search": ["leaves": []]], "'search' of step"),
        (["search": ["leafs": [2]]], "unknown key 'leafs'"),
        (["search": ["leaves": [2, 1]]], "an integer from 2"),
        (["search": ["leaves": ["from": 8, "to": 2]]], "'search' of step"),
        (["search": ["l2": ["from": 0, "to": 2, "scale": "log"]]], "'search' of step"),
        (["search": ["l2": ["from": 0, "to": 2, "by": 1]]], "'search' of step"),
        (["search": ["iterations": [2]]], "under 'params' and under 'search'"),
        (["search": ["l2": ["from": 1, "to": 2]], "method": "grid"], "a grid takes lists"),
        (["search": ["l2": [1]], "method": "grid", "trials": 3], "no sense for a grid"),
        (["search": ["l2": [1]], "method": "bayes"], "unknown method 'bayes'"),
        (["search": ["l2": [1]], "measure": "acuracy"], "unknown measure 'acuracy'"),
        (["search": ["l2": [1]], "folds": 1], "an integer from 2"),
        (["search": ["k": [1]], "model": "k-means"], "'target' makes no sense"),
    ]

    @Test(arguments: wrong.indices)
    func `a mistake is named before anything runs`(index: Int) throws {
        let (options, message) = TuneStepTests.wrong[index]
        let error = try #require(
            storeError {
                _ = try StepDescription.parse(
                    ["tune": .object(with(options).merging(["data": "t"]) { $1 })],
                    outputs: ["a", "b", "c"])
            })
        #expect(error.kind == .invalidPipeline)
        #expect(error.message.contains(message), "\(error.message)")
    }

    @Test func `a file that holds no parameters of the model is refused`() throws {
        for (file, options) in [
            ("[]", [:]), ("{\"depth\": 3}", [:]), ("{\"leaves\": 1}", [:]), ("no", [:]),
        ] as [(String, [String: JSONValue])] {
            let train = with(options).filter { !["folds", "params"].contains($0.key) }
            let error = storeError {
                _ = try run(
                    ["train": .object(train.merging(["data": "t.csv", "tuned": "b"]) { $1 })],
                    outputs: ["m"], on: ["t.csv": penguins, "b": file])
            }
            #expect(error?.message.contains("'b' holds no parameters") == true)
        }
        let twice = storeError {
            _ = try StepDescription.parse(
                [
                    "train": [
                        "model": "linear", "data": "a", "target": "b", "tuned": "c",
                        "params": ["l2": 1],
                    ]
                ], outputs: ["m"])
        }
        #expect(twice?.message.contains("has both 'params' and 'tuned'") == true)
    }
}
