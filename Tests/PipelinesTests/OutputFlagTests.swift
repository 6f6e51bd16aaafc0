import Bytes
import Objects
import TestSupport
import Testing
import Vocabulary
import Workspaces

@testable import Pipelines

@Suite struct OutputFlagTests {
    private func parse(_ text: String) throws -> StageFile {
        try StageFile(parsing: Array(text.utf8), parameters: nil)
    }

    @Test func `flags are read in both forms, and plots are outputs`() throws {
        let file = try parse(
            """
            stages:
              a:
                cmd: x
                outs:
                  - plain
                  - {path: big, cache: false, push: false}
                  - kept: {persist: true, desc: what it is}
                  - empty:
                metrics: [{m.json: {cache: false}}]
                plots:
                  - curve.csv: {x: step, y: loss, title: Loss}
                  - two.csv: [{x: a}, {x: b}]
                  - plain.svg
            """)
        let stage = file.stages[0]
        #expect(
            stage.outputs.map(\.description) == [
                "plain", "big", "kept", "empty", "curve.csv", "two.csv", "plain.svg",
            ])
        #expect(stage.plots.count == 3)
        #expect(stage.metrics.map(\.description) == ["m.json"])
        let big = stage.flags(of: try RepoPath("big"))
        #expect(!big.isCached && !big.isPushed && !big.isPersistent)
        #expect(stage.persistent == [try RepoPath("kept")])
        #expect(!stage.flags(of: try RepoPath("m.json")).isCached)
        #expect(stage.flags(of: try RepoPath("curve.csv")) == OutputFlags())
    }

    @Test(arguments: [
        ("cmd: x, outs: [{a: {cahce: false}}]", "unknown key 'cahce'"),
        ("cmd: x, outs: [{a: {x: b}}]", "unknown key 'x'"),
        ("cmd: x, outs: [{a: {cache: no}}]", "neither 'true' nor 'false'"),
        ("cmd: x, outs: [{a: {}, b: {}}]", "holds something that is no path"),
        ("cmd: x, outs: [[a]]", "holds something that is no text"),
        ("cmd: x, plots: [a], outs: [a]", "lists its output 'a' twice"),
        ("split: {data: d}, outs: [{a: {persist: true}}, b]", "cannot persist"),
        ("split: {data: d}, plots: [a]", "unknown key 'plots'"),
    ])
    func `flags that make no sense are refused`(text: String, reason: String) {
        let error = #expect(throws: StoreError.self) { try parse("stages: {s: {\(text)}}") }
        #expect(error?.message.contains(reason) == true, "\(error?.message ?? "")")
        #expect(error?.message.hasSuffix("(mlstore.yaml:1)") == true)
    }

    @Test func `an output that is not cached is known, not kept, and left to git`() throws {
        let folder = try PipelineFolder(
            "stages: {a: {cmd: echo 1 > a; echo 2 > b, outs: [{a: {cache: false}}, b]}}")
        #expect(try folder.repro() == "a ran")
        let outputs = try #require(try folder.lock.stages["a"]?.outputs)
        let output = try #require(outputs[try RepoPath("a")])
        #expect(!output.isCached && output.sizeBytes == 2)
        #expect(try !folder.workspace.store().contains(output.content))
        #expect(try folder.folder.read(".gitignore").contains("/b\n"))
        #expect(try !folder.folder.read(".gitignore").contains("/a\n"))
        #expect(try LockFile(parsing: Array(folder.lock.text.utf8)) == folder.lock)
        #expect(try folder.repro() == "a current")
        try folder.folder.write("3\n", to: "a")
        #expect(try folder.repro() == "a ran")
        try folder.folder.write(
            "stages: {a: {cmd: echo 1 > a; echo 2 > b, outs: [a, b]}}", to: "mlstore.yaml")
        #expect(
            try stageStates(in: folder.workspace)[0].reasons == [
                .outputNotKept(try RepoPath("a"))
            ])
        #expect(try folder.repro() == "a ran")
        #expect(try folder.workspace.store().contains(output.content))
        #expect(try folder.repro() == "a current")
    }

    @Test func `an output that persists is there when its command runs, and back when it fails`()
        throws
    {
        let text = """
            stages:
              a:
                cmd: mkdir -p model; echo x >> model/log; cp model/log seen; test ! -e fail
                deps: [in]
                outs: [{model: {persist: true}}, seen]
                retries: 1
            """
        let folder = try PipelineFolder(text)
        try folder.folder.write("1", to: "in")
        try folder.folder.write("left out\n", to: "model/notes.tmp")
        try folder.folder.write("*.tmp\n", to: "model/.mlstoreignore")
        #expect(try folder.repro() == "a ran")
        try folder.folder.write("2", to: "in")
        #expect(try folder.repro() == "a ran")
        #expect(try folder.folder.read("seen") == "x\nx\n")
        try folder.folder.write("1", to: "in")
        #expect(try folder.repro() == "a ran")
        #expect(try folder.folder.read("seen") == "x\nx\nx\n")
        try folder.folder.write("3", to: "in")
        try folder.folder.write("", to: "fail")
        #expect(throws: StoreError.self) { try folder.repro() }
        #expect(try folder.folder.read("model/log") == "x\nx\nx\n")
        #expect(try folder.folder.read("model/notes.tmp") == "left out\n")
        #expect(try folder.litter().isEmpty)
    }

    @Test func `wildcards find what is on disk, what is tracked and what stages write`() throws {
        let folder = try PipelineFolder(
            """
            stages:
              make: {cmd: echo 9 > data/z.csv, outs: [data/z.csv]}
              all: {cmd: cat data/*.csv > sum, deps: ['data/*.csv'], outs: [sum]}
              deep: {cmd: cat tree/*/x > deep, deps: ['tree/**/x', 'data/[a]*'], outs: [deep]}
              exact: {cmd: 'true > e', deps: ['odd[1].txt'], outs: [e]}
            """)
        let disk = folder.folder
        try disk.write("1\n", to: "data/a.csv")
        try disk.write("2\n", to: "data/b.csv")
        try disk.write("no\n", to: "data/.hidden.csv")
        try disk.write("no\n", to: "data/c.txt")
        try disk.write("3\n", to: "tree/one/x")
        try disk.write("4\n", to: "tree/two/x")
        try disk.write("4\n", to: "tree/.git/x")
        try disk.write("5\n", to: "odd[1].txt")
        func paths(_ stage: String) throws -> [String] {
            try stageFile(in: folder.workspace).stages(named: stage)[0].dependencies
                .map(\.description)
        }
        #expect(try paths("all") == ["data/a.csv", "data/b.csv", "data/z.csv"])
        #expect(try paths("deep") == ["data/a.csv", "tree/one/x", "tree/two/x"])
        #expect(try paths("exact") == ["odd[1].txt"])
        #expect(try folder.repro() == "make ran, all ran, deep ran, exact ran")
        #expect(try disk.read("sum") == "1\n2\n9\n")
        _ = try add([try RepoPath("data/b.csv")], in: folder.workspace)
        try disk.run("rm", "data/b.csv")
        #expect(try paths("all") == ["data/a.csv", "data/b.csv", "data/z.csv"])
        #expect(try folder.repro { $0.stages = ["all"] } == "make current, all current")
        try disk.write("0\n", to: "data/c.csv")
        let states = try stageStates(in: folder.workspace)
        #expect(states.map(\.isStale) == [false, true, false, false])
        #expect(try folder.repro { $0.stages = ["all"] } == "make current, all ran")
        #expect(try disk.read("sum") == "1\n2\n0\n9\n")
    }

    @Test(arguments: [
        ("deps: ['no/*.csv']", "reads 'no/*.csv', which nothing matches"),
        ("deps: ['parts/*.csv']", "which lies in 'parts', what stage 'make' writes"),
        ("deps: ['*.out'], outs: [b.out]", "reads and writes 'b.out'"),
        ("deps: ['../*.csv']", "outside the workspace"),
    ])
    func `wildcards that make no sense name their line`(text: String, reason: String) throws {
        let folder = try PipelineFolder(
            "stages:\n  make: {cmd: x, outs: [parts]}\n  b: {cmd: x, \(text)}\n")
        let error = #expect(throws: StoreError.self) { try stageFile(in: folder.workspace) }
        #expect(error?.message.contains(reason) == true, "\(error?.message ?? "")")
        #expect(error?.message.hasSuffix("(mlstore.yaml:3)") == true)
    }
}
