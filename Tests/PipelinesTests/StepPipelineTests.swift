import Bytes
import Learning
import Objects
import Platform
import Synchronization
import TestSupport
import Testing
import Vocabulary
import Workspaces

@testable import Pipelines

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

    @Test func `a training that goes another way is told down to its step`() throws {
        let pipeline = try PipelineFolder(
            """
            stages:
              train:
                train: {model: boosted-binary, data: data.csv, target: late, seed: ${seed}, params: {iterations: 4, rowShare: 0.5, minimumRows: 5}}
                outs: [late.mlmodel]
            """, parameters: "seed: 1\n")
        try pipeline.folder.write(StepPipelineTests.table, to: "data.csv")
        try pipeline.repro()
        let other = try pipeline.run(of: "train")
        try pipeline.folder.write("seed: 2\n", to: "params.yaml")
        try pipeline.repro()
        var run = try pipeline.run(of: "train")
        #expect(run.ledger != nil && run.ledger != other.ledger)
        let verdict = try #require(try replay(in: pipeline.workspace).verdicts.first)
        #expect(verdict.outcome == .bitwise && verdict.divergence == nil)
        #expect(verdict.proof == .anywhere)
        // As if another machine had trained with the other seed under the name of this one.
        run.ledger = other.ledger
        let path = try RepoPath("late.mlmodel")
        run.outputs[path] = other.outputs[path]
        let store = try pipeline.workspace.store()
        let session = try store.beginSession()
        let id = RunID(try session.putRecord(run.json).digest)
        _ = try session.commit(refs: [RefChange(name: .run(id), expected: nil, new: id.record)])
        var lock = try pipeline.lock
        lock.stages["train"]?.run = id
        lock.stages["train"]?.outputs[path]?.content = try #require(other.outputs[path])
        try pipeline.folder.write(lock.text, to: "mlstore.lock")
        let found = try #require(try replay(in: pipeline.workspace).verdicts.first)
        #expect(found.outcome == .different)
        #expect(found.divergence?.step == 1)
        #expect(
            found.divergence?.description.hasPrefix("first differs at tree 1 of 4: loss ") == true)
        let now = try pipeline.workspace.store()
        let record = try now.readRecord(try #require(try runVerdicts(of: id, in: now).first).id)
        #expect(record["training"]?["step"] == 1)
    }

    @Test(arguments: ["train: {l2: 1}", "train: {l2: 2.0, tolerance: 1}", "train: {}"])
    func `whole numbers replay too`(parameters: String) throws {
        let pipeline = try PipelineFolder(StepPipelineTests.stages, parameters: parameters + "\n")
        try pipeline.folder.write(StepPipelineTests.table, to: "data.csv")
        try pipeline.repro()
        let report = try replay(in: pipeline.workspace)
        #expect(report.verdicts.map(\.outcome) == [.bitwise, .bitwise, .bitwise])
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

    // MARK: - Searches

    private static let search = """
        stages:
          tune:
            tune: {model: logistic, data: data.csv, target: late, seed: 7, folds: 3, method: grid, search: {l2: ${values}}}
            outs: [trials.csv, best.json, late.mlmodel]
        """

    /// Runs the search over these values; how many trials were known, and what it wrote.
    private func search(
        _ values: String, in pipeline: PipelineFolder, force: Bool = false
    ) throws -> (known: String?, trials: String) {
        try pipeline.folder.write("values: \(values)\n", to: "params.yaml")
        let lines = Mutex<[String]>([])
        var options = ReproOptions()
        options.threads = 1
        options.force = force
        _ = try repro(options, in: pipeline.workspace) { event in
            guard case .line(_, let bytes) = event else { return }
            lines.withLock { $0.append(String(decoding: bytes, as: UTF8.self)) }
        }
        return (
            lines.withLock { $0.first { $0.contains("known from earlier runs") } },
            try pipeline.folder.read("trials.csv")
        )
    }

    private func searched() throws -> PipelineFolder {
        let pipeline = try PipelineFolder(StepPipelineTests.search)
        try pipeline.folder.write(StepPipelineTests.table, to: "data.csv")
        return pipeline
    }

    @Test func `a changed grid tries only what is new, and writes the same bytes`() throws {
        let pipeline = try searched()
        #expect(try search("[0.1, 1]", in: pipeline).known == nil)
        let grown = try search("[0.1, 1, 10, 100]", in: pipeline)
        #expect(grown.known == "2 of 4 trials are known from earlier runs")
        let whole = try search("[0.1, 1, 10, 100]", in: pipeline, force: true)
        #expect(whole.known == nil && whole.trials == grown.trials)
        #expect(try replay(in: pipeline.workspace).allEqual)
        // Other rows are other trials.
        try pipeline.folder.write(StepPipelineTests.table + "1,1,0\n", to: "data.csv")
        #expect(try search("[0.1, 1]", in: pipeline).known == nil)
    }

    @Test func `each trial is a run with its parameters and what it came to`() throws {
        let pipeline = try searched()
        _ = try search("[0.1, 1]", in: pipeline)
        let store = try pipeline.workspace.store()
        let runs = try store.refs(under: "runs/").map { try RunRecord(store.readRecord($0.id)) }
        let trials = runs.filter { $0.stage == "tune trial" }
        let inputs = try pipeline.run(of: "tune").inputs
        #expect(trials.count == 2)
        #expect(Set(trials.compactMap { $0.parameters["l2"]?.numberValue }) == [0.1, 1])
        for trial in trials {
            #expect(trial.outputs.isEmpty && trial.inputs == inputs)
            #expect(trial.metrics.values.first?["mean"]?.numberValue ?? 0 > 0)
            #expect(try store.ref(.recipe(trial.recipe)) != nil)
        }
    }

    @Test func `the trials of a search that fails are kept, and another model knows none`() throws {
        let pipeline = try searched()
        try pipeline.folder.write("values: [0.1, 1]\n", to: "params.yaml")
        let reproduction = try Reproduction(
            ReproOptions(), in: Workplace(pipeline.workspace), progress: { _ in })
        let held = try reproduction.place.lockPipeline()
        let stage = reproduction.graph.stages[0]
        guard case .running(let run) = try reproduction.prepare(stage) else {
            Issue.record("the stage is stale")
            return
        }
        try run.work()
        #expect(run.trials?.trials.count == 2)
        reproduction.keepTrials(of: run)
        try reproduction.abandon(run)
        held.unlock()
        #expect(
            try search("[0.1, 1, 10]", in: pipeline).known
                == "2 of 3 trials are known from earlier runs")
        try pipeline.folder.write(
            StepPipelineTests.search.replacing("model: logistic", with: "model: softmax"),
            to: "mlstore.yaml")
        #expect(try search("[0.1, 1]", in: pipeline).known == nil)
    }
}
