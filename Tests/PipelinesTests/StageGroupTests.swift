import Bytes
import TestSupport
import Testing
import Vocabulary

@testable import Pipelines

@Suite struct StageGroupTests {
    private func parse(_ text: String, _ parameters: String? = nil) throws -> StageFile {
        try StageFile(parsing: Array(text.utf8), parameters: parameters.map { Array($0.utf8) })
    }

    private func commands(_ file: StageFile) -> [String] {
        file.stages.map { "\($0.name): \($0.action.text)" }
    }

    @Test func `foreach makes a stage of each value of a list`() throws {
        let file = try parse(
            """
            stages:
              train:
                foreach: [us, eu, 1e-3, true]
                do:
                  cmd: fit ${item} ${rate}
                  outs: [models/${item}.bin]
              report: {cmd: report, deps: [models]}
            """, "rate: 2\nitem: hidden\n")
        #expect(
            commands(file) == [
                "train@us: fit us 2", "train@eu: fit eu 2", "train@0.001: fit 0.001 2",
                "train@true: fit true 2", "report: report",
            ])
        #expect(file.stages[0].outputs == [try RepoPath("models/us.bin")])
        #expect(file.stages[0].parameters == ["rate": 2])
        #expect(try file.stages(named: "train").count == 4)
        #expect(try file.stages(named: "train@eu").map(\.name) == ["train@eu"])
        #expect(try StageGraph(file).upstream.last == [0, 1, 2, 3])
    }

    @Test func `a list of mappings counts its members, a mapping names them`() throws {
        let file = try parse(
            """
            stages:
              a:
                foreach: [{x: 1, y: [5, 6]}, {x: 2, y: [7]}]
                do: {cmd: 'run ${item.x} ${item.y[0]}'}
              b:
                foreach: {first: {x: 3}, second: {x: 4}}
                do: {cmd: 'run ${key} ${item.x}', outs: ['${key}.txt']}
            """)
        #expect(
            commands(file) == [
                "a@0: run 1 5", "a@1: run 2 7", "b@first: run first 3", "b@second: run second 4",
            ])
    }

    @Test func `members of a mapping among the parameters depend on what they use of it`() throws {
        let text = """
            stages:
              train:
                foreach: ${models}
                do: {cmd: 'fit ${key} --rate ${item.rate}', outs: ['${key}.bin']}
            """
        let file = try parse(text, "models: {us: {rate: 0.1, note: a}, eu: {rate: 0.2}}")
        #expect(
            commands(file).sorted() == [
                "train@eu: fit eu --rate 0.2", "train@us: fit us --rate 0.1",
            ])
        let member = try #require(try file.stages(named: "train@us").first)
        #expect(member.parameters == ["models.us.rate": 0.1])
        let former = member.template.formerAction(["models.us.rate": 0.3])
        #expect(former == .command("fit us --rate 0.3"))
    }

    @Test func `a list among the parameters gives values only`() throws {
        let file = try parse(
            "stages: {t: {foreach: '${regions}', do: {cmd: 'fit ${item}'}}}", "regions: [eu, us]")
        #expect(commands(file) == ["t@eu: fit eu", "t@us: fit us"])
        #expect(file.stages[0].parameters.isEmpty)
    }

    @Test func `a matrix makes a stage of each combination`() throws {
        let file = try parse(
            """
            stages:
              train:
                matrix:
                  model: [cnn, xgb]
                  data: [{path: a.csv}, {path: b.csv}]
                  seed: ${seeds}
                cmd: fit ${item.model} ${item.data.path} ${item.seed}
                outs: [models/${key}.bin]
            """, "seeds: [7]")
        #expect(
            commands(file) == [
                "train@cnn-data0-7: fit cnn a.csv 7", "train@cnn-data1-7: fit cnn b.csv 7",
                "train@xgb-data0-7: fit xgb a.csv 7", "train@xgb-data1-7: fit xgb b.csv 7",
            ])
        #expect(file.stages[3].outputs == [try RepoPath("models/xgb-data1-7.bin")])
    }

    @Test func `steps can be members too`() throws {
        let file = try parse(
            """
            stages:
              train:
                foreach: [late, early]
                do:
                  train: {model: logistic, data: d.csv, target: '${item}', features: [a]}
                  outs: ['${item}.mlmodel']
            """)
        #expect(file.stages.map(\.isStep) == [true, true])
        #expect(file.stages.map(\.name) == ["train@late", "train@early"])
    }

    @Test(arguments: [
        ("t: {foreach: x, do: {cmd: y}}", "neither a list nor a mapping", 2),
        ("t: {foreach: [x]}", "needs both 'foreach' and 'do'", 2),
        ("t: {do: {cmd: y}}", "needs both 'foreach' and 'do'", 2),
        ("t: {foreach: [x], do: {cmd: y}, outs: [z]}", "unknown key 'outs'", 2),
        ("t: {foreach: [x, 'x'], do: {cmd: y}}", "has the member 'x' twice", 2),
        ("t: {foreach: ['a b'], do: {cmd: y}}", "'a b' cannot name a member", 2),
        ("t: {foreach: [''], do: {cmd: y}}", "cannot name a member", 2),
        ("t:\n    foreach: [x]\n    do: {cmd: '${item.y}'}", "needs the parameter 'item.y'", 4),
        ("t: {foreach: '${no}', do: {cmd: y}}", "needs the parameter 'no'", 2),
        ("t: {matrix: [a], cmd: y}", "no mapping of names to lists", 2),
        ("t: {matrix: {}, cmd: y}", "no mapping of names to lists", 2),
        ("t: {matrix: {a: 1}, cmd: y}", "'a' in the matrix of stage 't' is no list", 2),
        ("t: {matrix: {a: [x]}, foreach: [y], do: {cmd: z}}", "unknown key 'matrix'", 2),
        ("'t@x': {cmd: y}", "'t@x' cannot name a stage", 2),
    ])
    func `a group that makes no sense names its line`(text: String, reason: String, line: Int) {
        let error = #expect(throws: StoreError.self) { try parse("stages:\n  " + text) }
        #expect(error?.kind == .invalidPipeline)
        #expect(error?.message.contains(reason) == true, "\(error?.message ?? "")")
        #expect(error?.message.hasSuffix("(mlstore.yaml:\(line))") == true)
    }

    @Test func `a group cannot stand for more stages than a file bears`() {
        let axis = "[" + (0..<101).map(String.init).joined(separator: ", ") + "]"
        let error = #expect(throws: StoreError.self) {
            try parse("stages: {t: {matrix: {a: \(axis), b: \(axis), c: \(axis)}, cmd: x}}")
        }
        #expect(error?.message.contains("more than 10000 stages") == true)
    }

    @Test func `an empty group is no stage, and naming it is an error`() throws {
        let file = try parse("stages: {t: {foreach: [], do: {cmd: x}}}")
        #expect(file.stages.isEmpty)
        let error = #expect(throws: StoreError.self) { try file.stages(named: "t") }
        #expect(error?.message.contains("has no stages") == true)
    }

    @Test func `a group's name selects its members and what they need`() throws {
        let folder = try PipelineFolder(
            """
            stages:
              base: {cmd: echo b > base, outs: [base]}
              other: {cmd: echo o > other, outs: [other]}
              train:
                foreach: [eu, us]
                do: {cmd: 'cat base > ${item}.out; echo $MLSTORE_STAGE >> ${item}.out', deps: [base], outs: ['${item}.out']}
            """)
        #expect(
            try folder.repro { $0.stages = ["train"] } == "base ran, train@eu ran, train@us ran")
        #expect(try folder.folder.read("us.out") == "b\ntrain@us\n")
        #expect(try folder.repro { $0.stages = ["train@us"] } == "base current, train@us current")
        #expect(
            try folder.repro {
                $0.stages = ["train"]
                $0.force = true
            } == "base current, train@eu ran, train@us ran")
        var replayOptions = ReplayOptions()
        replayOptions.stages = ["train"]
        let replayed = try replay(replayOptions, in: folder.workspace)
        #expect(replayed.verdicts.map(\.stage) == ["train@eu", "train@us"])
        #expect(replayed.allEqual)
        let graph = try StageGraph(try stageFile(in: folder.workspace))
        let part = graph.part(graph.withUpstream(of: [try #require(graph.index(of: "train@us"))]))
        #expect(StageGraphRendering.text(part) == "base\ntrain@us  <- base\n")
    }
}
