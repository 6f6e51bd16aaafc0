import Bytes
import Lineage
import Testing
import Vocabulary
import Workspaces

@Suite struct LineageGraphTests {
    private func content(_ name: String) -> ContentID {
        .file(BlobID(sha256(Array(name.utf8))))
    }

    /// A run of `stage` that reads and writes contents named as their paths are.
    private func run(
        _ stage: String, _ inputs: [String], _ outputs: [String], at minute: Int64
    ) throws -> (RunID, RunRecord) {
        var run = RunRecord(
            stage: stage,
            action: stage == "train"
                ? .step(["step": "train", "model": "logistic"]) : .command("do \(stage)"),
            recipe: RecipeKey(sha256(Array(stage.utf8))),
            startedAt: Timestamp(milliseconds: 1_795_425_600_000 + minute * 60_000))
        for name in inputs { run.inputs[try RepoPath(name)] = content(name) }
        for name in outputs {
            run.outputs[try RepoPath(name)] = content(name)
            run.details[try RepoPath(name)] = .init(sizeBytes: 4096, rows: 40_012)
        }
        run.parameters = stage == "train" ? ["train.l2": 0.1] : [:]
        run.seed = 7
        run.environment.gitCommit = "1a2b3c4d5e"
        run.environment.system = "linux"
        run.environment.architecture = "x86_64"
        return (RunID(taggedDigest("mlstore record 1", run.json.canonical)), run)
    }

    private func graph() throws -> LineageGraph {
        let runs = [
            try run("split", ["data/flights.csv"], ["work/train.csv", "work/test.csv"], at: 0),
            try run("train", ["work/train.csv"], ["models/delay.mlmodel"], at: 1),
            try run(
                "evaluate", ["models/delay.mlmodel", "work/test.csv"], ["metrics.json"], at: 2),
        ]
        var graph = LineageGraph(runs: Dictionary(uniqueKeysWithValues: runs))
        graph.note(
            content("data/flights.csv"), at: try RepoPath("data/flights.csv"),
            .init(sizeBytes: 5_000_000, rows: 50_000))
        return graph
    }

    @Test func `a model's lineage is drawn up to the data`() throws {
        let tree = try graph().lineage(of: content("models/delay.mlmodel"), direction: .up)
        let lines = LineageRendering.text(tree).split(separator: "\n").map(String.init)
        try #require(lines.count == 5)
        #expect(lines[0].hasPrefix("models/delay.mlmodel  sha256:"))
        #expect(lines[0].hasSuffix("40,012 rows  4.10 kB"))
        #expect(lines[1].hasPrefix("└─ run train  "))
        #expect(
            lines[1].hasSuffix(
                "2026-11-23 09:21  logistic l2=0.1 seed=7  code 1a2b3c4 (clean)  env linux x86_64"))
        #expect(lines[2].hasPrefix("   └─ work/train.csv  sha256:"))
        #expect(lines[3].contains("      └─ run split"))
        #expect(lines[4].hasPrefix("         └─ data/flights.csv"))
        #expect(lines[4].contains("50,000 rows  5.00 MB"))
    }

    @Test func `going down reaches everything made of the data, each once`() throws {
        let tree = try graph().lineage(of: content("data/flights.csv"), direction: .down)
        let text = LineageRendering.text(tree)
        #expect(text.contains("├─ work/test.csv"))
        #expect(text.contains("run evaluate"))
        #expect(text.components(of: "metrics.json") == 1)
        #expect(text.contains("(shown above)"))
    }

    @Test func `both ways have headings`() throws {
        let tree = try graph().lineage(of: content("work/train.csv"), direction: .both)
        let text = LineageRendering.text(tree)
        #expect(text.contains("\ncame from:\n"))
        #expect(text.contains("\nwent into:\n"))
    }

    @Test func `a run has a lineage too`() throws {
        let graph = try graph()
        let id = try #require(graph.runs.first { $0.record.stage == "train" }?.id)
        let tree = try #require(graph.lineage(of: id, direction: .both))
        #expect(tree.up?.count == 1)
        #expect(tree.down?.count == 1)
        #expect(graph.lineage(of: RunID(.zero), direction: .up) == nil)
    }

    @Test func `runs that give back their input end the walk`() throws {
        let runs = [
            try run("a", ["x"], ["y"], at: 0), try run("b", ["y"], ["x"], at: 1),
        ]
        let graph = LineageGraph(runs: Dictionary(uniqueKeysWithValues: runs))
        #expect(
            LineageRendering.text(graph.lineage(of: content("x"), direction: .both)).count < 2000)
    }

    @Test func `the lock's run stands for several that gave the same bytes`() throws {
        let early = try run("train", ["a"], ["m"], at: 0)
        let late = try run("train", ["a", "b"], ["m"], at: 1)
        let all = Dictionary(uniqueKeysWithValues: [early, late])
        func shown(_ locked: Set<RunID>) -> LineageNode.Subject? {
            LineageGraph(runs: all, locked: locked).lineage(of: content("m"), direction: .up).up?[0]
                .subject
        }
        #expect(shown([]) == .run(late.0, late.1))
        #expect(shown([early.0]) == .run(early.0, early.1))
    }

    @Test func `charts hold every node and edge once`() throws {
        let tree = try graph().lineage(of: content("data/flights.csv"), direction: .down)
        let mermaid = LineageRendering.mermaid(tree)
        #expect(mermaid.hasPrefix("graph LR\n"))
        #expect(mermaid.components(of: "run evaluate") == 1)
        #expect(mermaid.components(of: " --> ") == 8)
        let dot = LineageRendering.dot(tree)
        #expect(dot.hasPrefix("digraph lineage {\n"))
        #expect(dot.components(of: " -> ") == 8)
        let json = LineageRendering.json(tree)
        #expect(json["nodes"]?.arrayValue?.count == 8)
        #expect(json["edges"]?.arrayValue?.count == 8)
    }

    @Test func `names cannot break out of a chart's labels`() throws {
        let runs = [try run("a", [#"x"];<script>\"#], ["y"], at: 0)]
        let graph = LineageGraph(runs: Dictionary(uniqueKeysWithValues: runs))
        let tree = graph.lineage(of: content("y"), direction: .up)
        #expect(!LineageRendering.mermaid(tree).contains("<script>"))
        #expect(LineageRendering.dot(tree).contains(#"x\"];<script>\\"#))
    }
}

extension String {
    fileprivate func components(of part: String) -> Int { self.ranges(of: part).count }
}
