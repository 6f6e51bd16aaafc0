import Bytes
import Testing
import Vocabulary
import Workspaces

@testable import Pipelines

@Suite struct StalenessTests {
    private let id1 = ContentID.file(BlobID(sha256([1])))
    private let id2 = ContentID.file(BlobID(sha256([2])))

    private func stage(_ body: String, _ parameters: String = "a: {b: 1, c: 2}") throws -> Stage {
        try StageFile(
            parsing: Array("stages: {s: {\(body)}}".utf8), parameters: Array(parameters.utf8)
        ).stages[0]
    }

    private func findings(_ stage: Stage) -> StageFindings {
        var findings = StageFindings()
        for path in stage.dependencies { findings.inputs[path] = id1 }
        for path in stage.products { findings.products[path] = id1 }
        findings.seed = stage.seed ?? 0
        return findings
    }

    private func locked(_ stage: Stage) throws -> LockFile.Stage {
        let findings = findings(stage)
        let recipe = try #require(findings.recipe(of: stage))
        return LockFile.Stage(
            recipe: recipe.key, run: RunID(.zero), action: stage.action.recorded,
            dependencies: findings.inputs.compactMapValues { $0 }, parameters: stage.parameters,
            outputs: findings.products.compactMapValues { $0 }.mapValues {
                .init(content: $0, sizeBytes: 1)
            })
    }

    private let body = "cmd: 'x ${a.b}', deps: [d], outs: [o], params: [a.c]"

    @Test func `an unchanged stage is current`() throws {
        let stage = try stage(body)
        #expect(findings(stage).reasons(for: stage, locked: try locked(stage), run: nil).isEmpty)
    }

    @Test func `a stage without an entry was never run`() throws {
        let stage = try stage(body)
        #expect(findings(stage).reasons(for: stage, locked: nil, run: nil) == [.neverRun])
    }

    @Test func `a parameter alone is told from a command`() throws {
        let lock = try locked(stage(body))
        let changed = try stage(body, "a: {b: 5, c: 2}")
        #expect(
            findings(changed).reasons(for: changed, locked: lock, run: nil)
                == [.parameterChanged("a.b", old: 1, new: 5)])
        let declared = try stage(body, "a: {b: 1, c: 3}")
        #expect(
            findings(declared).reasons(for: declared, locked: lock, run: nil)
                == [.parameterChanged("a.c", old: 2, new: 3)])
        let command = try stage("cmd: 'y ${a.b}', deps: [d], outs: [o], params: [a.c]")
        #expect(
            findings(command).reasons(for: command, locked: lock, run: nil)
                == [.commandChanged(old: "x 1", new: "y 1")])
    }

    @Test func `unrelated parameters leave a stage alone`() throws {
        let lock = try locked(stage(body))
        let same = try stage(body, "a: {b: 1, c: 2, d: 7}\nother: 1\n")
        #expect(findings(same).reasons(for: same, locked: lock, run: nil).isEmpty)
    }

    @Test func `inputs and outputs are compared by id`() throws {
        let stage = try stage(body)
        let lock = try locked(stage)
        let d = try RepoPath("d")
        let o = try RepoPath("o")
        var findings = findings(stage)
        findings.inputs[d] = .some(id2)
        findings.products[o] = .some(nil)
        #expect(
            findings.reasons(for: stage, locked: lock, run: nil)
                == [.dependencyChanged(d, old: id1, new: id2), .outputMissing(o)])
        findings.inputs[d] = .some(nil)
        findings.products[o] = .some(id2)
        #expect(
            findings.reasons(for: stage, locked: lock, run: nil)
                == [
                    .dependencyChanged(d, old: id1, new: nil),
                    .outputModified(o, old: id1, new: id2),
                ])
    }

    @Test func `what a command reads from its environment makes it stale`() throws {
        let stage = try stage(body)
        let lock = try locked(stage)
        var run = RunRecord(
            stage: "s", action: .command("x 1"), recipe: lock.recipe,
            startedAt: Timestamp(milliseconds: 0))
        run.seed = 0
        run.environment.interpreter = "python"
        run.environment.lockFiles = ["uv.lock": "sha256:1"]
        run.environment.variables = ["A": nil]
        var findings = findings(stage)
        findings.seed = 9
        findings.lockFiles = ["uv.lock": "sha256:2"]
        findings.variables = ["A": "sha256:3"]
        #expect(
            findings.reasons(for: stage, locked: lock, run: run)
                == [
                    .seedChanged(old: 0, new: 9), .variableChanged("A"),
                    .environmentFileChanged("uv.lock", old: "sha256:1", new: "sha256:2"),
                ])
        let blind = findings.reasons(for: stage, locked: lock, run: nil)
        #expect(blind.count == 1)
        if case .recipeChanged = blind[0] {} else { Issue.record("\(blind)") }
    }

    @Test func `a new output makes a stage stale`() throws {
        let lock = try locked(stage(body))
        let more = try stage("cmd: 'x ${a.b}', deps: [d], outs: [o, p], params: [a.c]")
        #expect(
            findings(more).reasons(for: more, locked: lock, run: nil)
                == [.outputAdded(try RepoPath("p"))])
    }

    @Test func `reasons read as sentences`() throws {
        let path = try RepoPath("d")
        #expect(
            StaleReason.parameterChanged("a.b", old: 0.1, new: 5).description
                == "parameter 'a.b' changed: 0.1 -> 5")
        #expect(
            StaleReason.dependencyChanged(path, old: id1, new: id2).description
                == "input 'd' changed: 4bf5122f3445 -> dbc1b4c900ff")
        #expect(StaleReason.neverRun.json == ["kind": "neverRun"])
    }

    @Test func `a selection follows the options`() throws {
        let file = try StageFile(
            parsing: Array(
                """
                stages:
                  a: {cmd: x, outs: [a]}
                  b: {cmd: x, deps: [a], outs: [b]}
                  c: {cmd: x, deps: [b], outs: [c]}
                  d: {cmd: x, outs: [d]}
                """.utf8), parameters: nil)
        let graph = try StageGraph(file)
        func selected(_ change: (inout ReproOptions) -> Void) throws -> [String] {
            var options = ReproOptions()
            change(&options)
            return try options.selection(in: graph, file: file).map { graph.stages[$0].name }
        }
        #expect(try selected { _ in } == ["a", "b", "c", "d"])
        #expect(try selected { $0.stages = ["b"] } == ["a", "b"])
        #expect(
            try selected {
                $0.stages = ["b"]
                $0.single = true
            } == ["b"])
        #expect(
            try selected {
                $0.stages = ["b"]
                $0.downstream = true
            } == ["b", "c"])
        #expect(throws: StoreError.self) { try selected { $0.stages = ["bb"] } }
    }

    @Test func `differences of parameters and metrics are leaves`() throws {
        let old = try Parameters(parsing: Array("a: {b: 1, c: x}".utf8))
        let new = try Parameters(parsing: Array("a: {b: 2}\nd: [1]\n".utf8))
        #expect(
            ParamsDiff(old: old, new: new).changes
                == [
                    ValueChange(key: "a.b", old: 1, new: 2),
                    ValueChange(key: "a.c", old: "x", new: nil),
                    ValueChange(key: "d", old: nil, new: [1]),
                ])
        let path = try RepoPath("m.json")
        let diff = MetricsDiff(
            old: [path: ["auc": 0.5, "n": 1]], new: [path: ["auc": 0.75, "n": 1]])
        #expect(diff.files.count == 1)
        #expect(diff.files[0].changes[0].difference == 0.25)
        #expect(diff.unchangedCount == 1)
    }
}
