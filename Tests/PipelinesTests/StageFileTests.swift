import Bytes
import Learning
import Testing
import Vocabulary

@testable import Pipelines

@Suite struct StageFileTests {
    private func parse(_ text: String, _ parameters: String? = nil) throws -> StageFile {
        try StageFile(parsing: Array(text.utf8), parameters: parameters.map { Array($0.utf8) })
    }

    private func failure(_ text: String, _ parameters: String? = nil) throws -> StoreError {
        let error = #expect(throws: StoreError.self) { try parse(text, parameters) }
        return try #require(error)
    }

    @Test func `the example of the design parses`() throws {
        let file = try parse(
            """
            stages:
              split:
                split: {data: data/flights.csv, test: 0.2, by: key(flight), seed: 7}
                outs: [work/train.csv, work/test.csv]
              train:
                train: {model: logistic, data: work/train.csv, target: late, features: [distance, hour], seed: 7, params: ${train}}
                outs: [models/delay.mlmodel]
              evaluate:
                evaluate: {model: models/delay.mlmodel, data: work/test.csv}
                metrics: [metrics.json]
              plots:
                cmd: python plot.py metrics.json plots/
                deps: [plot.py, ./metrics.json]
                outs: [plots/]
            """, "train: {l2: 0.1, maximumIterations: 20}\nother: 3\n")
        #expect(file.stages.map(\.name) == ["split", "train", "evaluate", "plots"])
        let train = try #require(try file.stages(named: "train").first)
        #expect(train.dependencies == [try RepoPath("work/train.csv")])
        #expect(train.parameters == ["train.l2": 0.1, "train.maximumIterations": 20])
        guard case .step(let step) = train.action else { throw StoreError(.internalFault, "") }
        #expect(step["params"]?["l2"] == 0.1)
        let plots = try #require(try file.stages(named: "plots").first)
        #expect(plots.action == .command("python plot.py metrics.json plots/"))
        #expect(plots.outputs == [try RepoPath("plots")])
        #expect(plots.dependencies == [try RepoPath("metrics.json"), try RepoPath("plot.py")])
        #expect(try StageGraph(file).stages.map(\.name) == ["split", "train", "evaluate", "plots"])
    }

    @Test func `a placeholder inside a text is written out`() throws {
        let file = try parse(
            """
            stages:
              a:
                cmd: run --rate ${a.rate} --name ${a.name} --on ${a.on} "\\${HOME}" $USER ${X:-1}
            """, "a: {rate: 1e-3, name: x y, on: true}")
        #expect(
            file.stages[0].action
                == .command("run --rate 0.001 --name x y --on true \"${HOME}\" $USER ${X:-1}"))
        #expect(file.stages[0].parameters == ["a.rate": 0.001, "a.name": "x y", "a.on": true])
    }

    @Test func `a placeholder keeps the type of the value`() throws {
        let file = try parse(
            "stages: {a: {train: {seed: ${s}, model: linear, target: ${n}, features: ${l}, data: d.csv}, outs: m}}",
            "s: 7\nn: '7'\nl: [a, b]\n")
        guard case .step(let step) = file.stages[0].action else {
            throw StoreError(.internalFault, "no step")
        }
        #expect(step["seed"] == 7)
        #expect(step["target"] == "7")
        #expect(step["features"] == ["a", "b"])
    }

    @Test func `a missing parameter names the line and the near one`() throws {
        let error = try failure(
            "stages:\n  a:\n    cmd: run ${train.l3}\n", "train:\n  l2: 0.1\n")
        #expect(error.message.contains("'train.l3'"))
        #expect(error.message.hasSuffix("(mlstore.yaml:3)"))
        #expect(error.advice == "did you mean 'train.l2'?")
        let shell = try failure("stages:\n  a:\n    cmd: echo ${HOME}\n")
        #expect(shell.advice?.contains("\\${HOME}") == true)
    }

    @Test func `a mapping cannot stand inside a text`() throws {
        let error = try failure("stages: {a: {cmd: 'x ${t}'}}", "t: {a: 1}")
        #expect(error.kind == .invalidPipeline)
    }

    @Test(arguments: [
        ("stagess: {}", "did you mean 'stages'?", 1),
        ("stages:\n  a:\n    cmd: x\n    dep: [b]\n", "did you mean 'deps'?", 4),
        ("stages:\n  a:\n    comand: x\n", nil, 3),
        ("stages:\n  a:\n    trian: {data: x}\n", "did you mean 'train'?", 3),
        ("stages:\n  a:\n    train: {data: x}\n    outz: [y]\n", "did you mean 'outs'?", 4),
    ])
    func `an unknown key names its line and the near key`(
        text: String, advice: String?, line: Int
    ) throws {
        let error = try failure(text)
        #expect(error.kind == .invalidPipeline)
        #expect(error.message.contains("unknown key"))
        #expect(error.message.hasSuffix("(mlstore.yaml:\(line))"))
        if let advice { #expect(error.advice == advice) }
    }

    @Test(arguments: [
        "stages: [a]", "stages:\n  a: 3", "stages:\n  'a b': {cmd: x}", "stages: {a: {cmd: [[x]]}}",
        "stages: {a: {cmd: []}}",
        "stages:\n  a: {outs: x}", "stages:\n  a: {cmd: x, train: {}}", "[]",
        "stages: {a: {cmd: x, seed: -1}}", "stages: {a: {cmd: x, seed: x}}",
        "stages: {a: {cmd: x, outs: [b, ./b]}}", "stages: {a: {cmd: x, outs: [{b: c}]}}",
        "stages: {a: {cmd: x, deps: [b], outs: [b]}}", "stages: {a: {cmd: x, env: [A=B]}}",
        "stages: {a: {cmd: x, outs: [.mlstore/x]}}", "stages: {a: {cmd: x, outs: [params.yaml]}}",
        "stages: {a: {cmd: x, deps: [b/c], outs: [b]}}",
    ])
    func `nonsense is refused as a pipeline`(text: String) throws {
        let error = try failure(text)
        #expect(error.kind == .invalidPipeline)
        #expect(error.message.contains("(mlstore.yaml:"))
    }

    @Test(arguments: ["../b", "/b", "a/../../b", ".", "..", "a/.."])
    func `an output outside the workspace is refused`(path: String) throws {
        let error = try failure("stages:\n  a:\n    cmd: x\n    outs: [\(path)]\n")
        #expect(error.kind == .outsideWorkspace)
        #expect(error.message.contains("(mlstore.yaml:4)"))
    }

    @Test func `text that is no YAML names the line`() throws {
        let error = try failure("stages:\n  a: {cmd: x\n  b: {")
        #expect(error.kind == .malformed)
        #expect(error.message.contains("(mlstore.yaml:"))
        let parameters = try failure("stages: {}", "a: 1\na: 2\n")
        #expect(parameters.message.contains("(params.yaml:2)"))
        #expect(try failure("stages: {}", "a.b: 1").message.contains("(params.yaml:1)"))
        #expect(try failure("stages: {}", "[1]").kind == .malformed)
        #expect(try failure("# \u{E000}").kind == .malformed)
    }

    @Test func `a step's own errors name stage and line`() throws {
        let error = try failure(
            "stages:\n  a:\n    split: {data: d.csv, tset: 0.2}\n    outs: [x, y]\n")
        #expect(error.message.hasPrefix("stage 'a': "))
        #expect(error.message.hasSuffix("(mlstore.yaml:3)"))
        #expect(error.advice?.contains("'test'") == true)
        let count = try failure("stages:\n  a:\n    split: {data: d.csv}\n    outs: [x]\n")
        #expect(count.kind == .invalidPipeline)
    }

    @Test(arguments: [
        "split: {data: d, by: key(a), seed: 7}, outs: [x, y]",
        "split: {data: d, by: {key: ['a,b', c]}}, outs: [x, y]",
        "train: {model: logistic, data: d, target: t, features: [a]}, outs: [m]",
        "train: {model: linear, data: d, target: t, params: {l2: 0.5}}, outs: [m]",
        "evaluate: {model: m, data: d}, metrics: [x]",
        "evaluate: {model: m, data: d, baseline: n, slices: [a], beta: 2, intervals: 10, "
            + "plots: [roc, confusion]}, outs: [p, q], metrics: [x]",
        "predict: {model: m, data: d, keep: [a], prefix: x_}, outs: [p]",
        "predict: {model: m, data: d}, outs: [p]",
        "features: {data: d, do: [{filter: a > 1}, {derive: {b: 1.0}}, {impute: {a: {value: 0.0}}}, "
            + "{join: {table: e, key: [a]}}], seed: 3}, outs: [f, v]",
        "features: {data: d, do: [{scale: [a]}], fitted: v}, outs: [f]",
        "tune: {model: linear, data: d, target: t, search: {l2: {from: 1.0, to: 10}}}, "
            + "outs: [x, y, m]",
        "tune: {model: linear, data: d, target: t, method: grid, group: g, params: {tolerance: 0.1}, "
            + "search: {l2: [1.0, 2.5]}}, outs: [x, y, m]",
        "train: {model: linear, data: d, target: t, tuned: b}, outs: [m]",
    ])
    func `a recorded step reads back as the same step`(text: String) throws {
        let stage = try #require(try parse("stages: {a: {\(text)}}").stages.first)
        let step = try #require(stage.step)
        #expect(try StepDescription.replayed(step.recorded).recorded == step.recorded)
        var older = step.recorded.objectValue ?? [:]
        older["version"] = 0
        #expect(throws: StoreError.self) { try StepDescription.replayed(.object(older)) }
    }

    @Test func `empty files have no stages`() throws {
        #expect(try parse("").stages.isEmpty)
        #expect(try parse("# nothing\n", "").stages.isEmpty)
        #expect(try parse("stages:\n").stages.isEmpty)
    }

    @Test func `an unknown stage suggests the near one`() throws {
        let file = try parse("stages: {train: {cmd: x}}")
        let error = #expect(throws: StoreError.self) { try file.stages(named: "tran") }
        #expect(error?.advice == "did you mean 'train'?")
    }

    @Test func `leaves and parameters are inverse`() throws {
        let parameters = try Parameters(
            parsing: Array("a: {b: {c: 1, d: [2]}, e: x}\nf: null\n".utf8))
        #expect(parameters.leaves().keys.sorted() == ["a.b.c", "a.b.d", "a.e", "f"])
        #expect(Parameters(leaves: parameters.leaves()) == parameters)
        #expect(parameters.keys == ["a", "a.b", "a.b.c", "a.b.d", "a.e", "f"])
    }
}
