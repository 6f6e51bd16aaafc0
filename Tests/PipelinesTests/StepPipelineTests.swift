import Bytes
import Objects
import Pipelines
import Platform
import TestSupport
import Testing
import Vocabulary
import Workspaces

@Suite struct StepPipelineTests {
    static let stages = """
        stages:
          split:
            split: {data: data.csv, test: 0.25, seed: 7}
            outs: [work/train.csv, work/test.csv]
          train:
            train: {model: logistic, data: work/train.csv, target: late, seed: 7, params: ${train}}
            outs: [models/late.mlmodel]
          evaluate:
            evaluate: {model: models/late.mlmodel, data: work/test.csv}
            metrics: [metrics.json]
        """

    static var table: String {
        var text = "x,y,late\n"
        for row in 0..<200 {
            let x = (row * 37) % 101
            text += "\(x),\((row * 53) % 17),\(x + row % 7 > 50 ? 1 : 0)\n"
        }
        return text
    }

    private func pipeline() throws -> PipelineFolder {
        let pipeline = try PipelineFolder(
            StepPipelineTests.stages, parameters: "train: {l2: 0.1}\n")
        try pipeline.folder.write(StepPipelineTests.table, to: "data.csv")
        return pipeline
    }

    @Test func `the numeric core runs, verifies and does not depend on threads`() throws {
        let pipeline = try pipeline()
        #expect(try pipeline.repro() == "split ran, train ran, evaluate ran")
        let first = try pipeline.files()
        #expect(try replay(in: pipeline.workspace).allEqual)
        for threads in [2, 7] {
            #expect(
                try pipeline.repro {
                    $0.force = true
                    $0.threads = threads
                } == "split ran, train ran, evaluate ran")
            var now = try pipeline.files()
            now["mlstore.lock"] = first["mlstore.lock"]  // it names the new runs
            #expect(now == first)
        }
        let run = try pipeline.run(of: "train")
        #expect(run.seed == 7)
        #expect(run.parameters == ["train.l2": 0.1])
        #expect(run.environment.coreVersion != nil)
        let split = try pipeline.run(of: "split")
        let rows = split.details.filter { split.outputs[$0.key] != nil }.compactMap(\.value.rows)
        #expect(rows.reduce(0, +) == 200)
        #expect(
            try pipeline.run(of: "evaluate").metrics.values.first?.objectValue?.isEmpty == false)
    }

    @Test(arguments: ["train: {l2: 1}", "train: {l2: 2.0, tolerance: 1}", "train: {}"])
    func `whole numbers replay too`(parameters: String) throws {
        let pipeline = try PipelineFolder(StepPipelineTests.stages, parameters: parameters + "\n")
        try pipeline.folder.write(StepPipelineTests.table, to: "data.csv")
        try pipeline.repro()
        let report = try replay(in: pipeline.workspace)
        #expect(report.verdicts.map(\.outcome) == [.equal, .equal, .equal])
    }

    @Test func `a parameter trains again, and only that`() throws {
        let pipeline = try pipeline()
        try pipeline.repro()
        try pipeline.folder.write("train: {l2: 5}\n", to: "params.yaml")
        let states = try stageStates(in: pipeline.workspace)
        #expect(
            states.map(\.reasons) == [
                [], [.parameterChanged("train.l2", old: 0.1, new: 5)], [.upstreamStale("train")],
            ])
        let report = try pipeline.report()
        #expect(report.outcomes.map(\.deed) == [.current, .ran, .ran])
        #expect(!report.outcomes[2].metricsDiff.files.isEmpty)
    }

    @Test func `a step that fails leaves everything as it was`() throws {
        let pipeline = try pipeline()
        try pipeline.repro()
        try pipeline.folder.write("x,y,late\n1,2,3\n4,5\n", to: "data.csv")
        let before = try pipeline.files()
        let error = #expect(throws: StoreError.self) { try pipeline.repro() }
        #expect(error?.message.hasPrefix("stage 'split' failed: ") == true)
        #expect(error?.safety?.contains("as they were") == true)
        #expect(try pipeline.files() == before)
        #expect(try pipeline.litter() == [])
    }
}
