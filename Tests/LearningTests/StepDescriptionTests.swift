import Bytes
import Learning
import Testing
import Vocabulary

@Suite struct StepDescriptionTests {
    @Test func `the steps of the design page parse as they stand there`() throws {
        let split = try StepDescription.parse(
            ["split": ["data": "data/flights.csv", "test": 0.2, "by": "key(flight)", "seed": 7]],
            outputs: ["work/train.csv", "work/test.csv"])
        #expect(split.name == "split" && split.seed == 7)
        #expect(split.inputs.map(\.path) == ["data/flights.csv"])
        #expect(split.outputs.map(\.role) == ["train", "test"])

        let train = try StepDescription.parse(
            [
                "train": [
                    "model": "logistic", "data": "work/train.csv", "target": "late",
                    "features": ["distance", "hour", "carrier"], "seed": 7,
                    "params": ["l2": 0.1, "maximumIterations": 50],
                ]
            ], outputs: ["models/delay.mlmodel"])
        #expect(train.inputs.map(\.path) == ["work/train.csv"])
        #expect(train.canonical["params"]?["tolerance"] == 1e-6)

        let evaluate = try StepDescription.parse(
            ["evaluate": ["model": "models/delay.mlmodel", "data": "work/test.csv"]],
            outputs: ["metrics.json"])
        #expect(evaluate.inputs.map(\.role) == ["model", "data"])
    }

    @Test func `the canonical form spells every default out`() throws {
        let short = try StepDescription.parse(
            ["split": ["data": "a.csv"]], outputs: ["b.csv", "c.csv"])
        let long = try StepDescription.parse(
            ["split": ["data": "a.csv", "test": 0.2, "by": " random ", "seed": 0]],
            outputs: ["b.csv", "c.csv"])
        #expect(short.canonical.canonical == long.canonical.canonical)
        #expect(
            text(short.canonical.canonical)
                == #"{"by":"random","data":"a.csv","seed":0,"step":"split","test":0.2,"version":1}"#
        )
    }

    @Test(arguments: [
        ("key(a, b)", #"{"key":["a","b"]}"#), ("key( a )", #"{"key":["a"]}"#),
        ("time(day)", #"{"time":"day"}"#), ("stratified(late)", #"{"stratified":"late"}"#),
    ])
    func `rules of a split are words with columns`(rule: String, canonical: String) throws {
        let step = try StepDescription.parse(
            ["split": ["data": "a", "by": .string(rule)]], outputs: ["b", "c"])
        #expect(text(step.canonical["by"]?.canonical) == canonical)
    }

    @Test func `a column name with a comma is written as a mapping`() throws {
        let step = try StepDescription.parse(
            ["split": ["data": "a", "by": ["key": ["x, y", "z"]]]], outputs: ["b", "c"])
        #expect(step.canonical["by"] == ["key": ["x, y", "z"]])
    }

    static let wrong: [(JSONValue, [String], String, String)] = [
        ([:], ["b"], "must be one name", "write, for example"),
        (["spilt": [:]], ["b"], "no built-in step 'spilt'", "did you mean 'split'?"),
        (["split": "a"], ["b", "c"], "'split' must be a mapping", "data, test, by, seed"),
        (["split": ["dta": "a"]], ["b", "c"], "unknown key 'dta'", "did you mean 'data'?"),
        (["split": [:]], ["b", "c"], "lacks 'data'", "add 'data:'"),
        (["split": ["data": 3]], ["b", "c"], "takes text", "correct 'data'"),
        (["split": ["data": "a", "test": 1]], ["b", "c"], "between 0 and 1", "correct 'test'"),
        (["split": ["data": "a", "test": "x"]], ["b", "c"], "between 0 and 1", "params.yaml"),
        (["split": ["data": "a", "seed": -1]], ["b", "c"], "an integer from 0", "correct 'seed'"),
        (["split": ["data": "a", "seed": 1.5]], ["b", "c"], "an integer from 0", "'seed'"),
        (
            ["split": ["data": "a", "by": "kye(b)"]], ["b", "c"], "unknown by 'kye'",
            "did you mean 'key'?"
        ),
        (["split": ["data": "a", "by": "key(b"]], ["b", "c"], "'by' of step", "correct 'by'"),
        (["split": ["data": "a", "by": "key()"]], ["b", "c"], "'by' of step", "correct 'by'"),
        (["split": ["data": "a", "by": "random(a)"]], ["b", "c"], "'by' of step", "correct"),
        (["split": ["data": "a", "by": "time(a, b)"]], ["b", "c"], "'by' of step", "correct"),
        (["split": ["data": "a", "by": 3]], ["b", "c"], "'by' of step", "correct"),
        (["split": ["data": "a"]], ["b"], "writes 2 files (train, test)", "in that order"),
        (
            ["train": ["model": "logistc", "data": "a", "target": "b"]], ["m"],
            "unknown model 'logistc'", "did you mean 'logistic'?"
        ),
        (
            ["train": ["model": "linear", "data": "a", "target": "b", "l2": 1]], ["m"],
            "unknown key 'l2'", "known are"
        ),
        (
            ["train": ["model": "linear", "data": "a", "target": "b", "params": ["l3": 1]]], ["m"],
            "'train.params' has an unknown key 'l3'", "did you mean 'l2'?"
        ),
        (
            ["train": ["model": "linear", "data": "a", "target": "b", "params": ["l2": -1]]],
            ["m"], "at least 0", "correct 'l2'"
        ),
        (
            ["train": ["model": "linear", "data": "a", "target": "b", "features": ["b"]]], ["m"],
            "target 'b' among its features", "take 'b' out"
        ),
        (
            ["train": ["model": "linear", "data": "a", "target": "b", "features": ["c", "c"]]],
            ["m"], "names no column twice", "correct 'features'"
        ),
        (
            ["train": ["model": "linear", "data": "a", "target": "b", "features": "c"]], ["m"],
            "a list of column names", "correct 'features'"
        ),
        (
            [
                "train": [
                    "model": "linear", "data": "a", "target": "b", "features": ["hour"],
                    "categorical": ["huor"],
                ]
            ], ["m"], "unknown categorical 'huor'", "did you mean 'hour'?"
        ),
        (
            ["evaluate": ["model": "m", "data": "a", "threshold": 1.5]], ["e"],
            "a probability", "correct 'threshold'"
        ),
        (["evaluate": ["model": "m", "data": "a"]], [], "writes 1 file (metrics)", "metrics:"),
    ]

    @Test(arguments: wrong.indices) func `a mistake is named with its remedy`(index: Int) throws {
        let (json, outputs, message, advice) = StepDescriptionTests.wrong[index]
        let error = try #require(
            storeError { _ = try StepDescription.parse(json, outputs: outputs) })
        #expect(error.kind == .invalidPipeline)
        #expect(error.message.contains(message))
        #expect(error.advice?.contains(advice) == true)
    }
}
