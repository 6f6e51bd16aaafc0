import Bytes
import Objects
import TestSupport
import Testing
import Vocabulary
import Workspaces

@testable import Pipelines

@Suite struct StageEditTests {
    private static let file = """
        # The pipeline of the shop.
        vars: [{a: 1}]
        stages:
          # Cleans the rows.
          clean:
            cmd: |
              sort raw

              # inside the text
            outs: [clean]   # one file
          # Draws.

          # A picture of ${a}.
          draw: {cmd: 'draw ${a}', deps: [clean], outs: [picture]}

        # The rest.
        """

    private func text(_ text: String) throws -> StageFileText {
        try StageFileText(Array(text.utf8), file: "mlstore.yaml")
    }

    private func string(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }

    @Test func `a stage is added behind the last, and all else stays as it is`() throws {
        let changed = try text(StageEditTests.file)
            .setting("new", to: .block([("cmd", .text("echo ${a}: 1"))]))
        let expected = StageEditTests.file.replacing(
            "outs: [picture]}\n", with: "outs: [picture]}\n  new:\n    cmd: \"echo ${a}: 1\"\n")
        #expect(string(changed) == expected + "\n")
    }

    @Test func `a stage is replaced where it stands`() throws {
        let changed = string(
            try text(StageEditTests.file).setting("clean", to: .block([("cmd", .text("x"))])))
        #expect(changed.contains("  # Cleans the rows.\n  clean:\n    cmd: x\n  # Draws.\n"))
        #expect(!changed.contains("inside the text"))
    }

    @Test func `a stage is removed with the comment right above it`() throws {
        let changed = string(try text(StageEditTests.file).removing("draw"))
        #expect(changed.hasSuffix("# one file\n  # Draws.\n\n\n# The rest.\n"))
        let first = string(try text(StageEditTests.file).removing("clean"))
        #expect(first.contains("stages:\n  # Draws.\n"))
        let none = try text(first).removing("draw")
        #expect(string(none).contains("stages:\n"))
        let again = try text(string(none)).setting("z", to: .block([("cmd", .text("x"))]))
        #expect(string(again).contains("stages:\n  z:\n    cmd: x\n"))
    }

    @Test(arguments: ["", "\n\n", "# only words\n", "vars: []\n", "stages:\n", "stages: # none\n"])
    func `a file without stages gets them`(before: String) throws {
        let changed = string(
            try text(before).setting("a", to: .block([("cmd", .text("x"))])))
        #expect(changed.hasSuffix("stages:\n  a:\n    cmd: x\n") || before.contains("# none"))
        #expect(changed.hasPrefix(before.split(separator: "\n").first.map(String.init) ?? ""))
        #expect(try text(changed).names == ["a"])
    }

    @Test(arguments: [
        "stages: {a: {cmd: x}}\n", "{stages: {a: {cmd: x}}}\n", "stages:\n  {a: {cmd: x}}\n",
        "stages:\n  ? a\n  : {cmd: x}\n", "stages: []\n",
    ])
    func `a file that is written otherwise is left alone`(before: String) throws {
        let error = #expect(throws: StoreError.self) {
            try text(before).setting("b", to: .block([("cmd", .text("x"))]))
        }
        #expect(error?.message.contains("without touching more") == true)
    }

    @Test func `stages are added and removed, and undo takes both back`() throws {
        let folder = try PipelineFolder("# mine\n")
        var stage = StageDeclaration(name: "a", command: "echo 1 > a; echo 2 > b")
        stage.outputs = [.init("a")]
        var uncached = OutputFlags()
        uncached.isCached = false
        stage.outputs.append(.init("b", uncached))
        stage.description = "makes: both"
        stage.parameters = ["x,y.z", "p.toml:k", "q.json:"]
        try folder.folder.write("x: 1\ny: {z: 2}\n", to: "params.yaml")
        try folder.folder.write("k = 1\n", to: "p.toml")
        try folder.folder.write("{}", to: "q.json")
        try addStage(stage, in: folder.workspace)
        #expect(try folder.folder.read("mlstore.yaml").hasPrefix("# mine\n"))
        #expect(
            try stageFile(in: folder.workspace).stages[0].parameters == [
                "x": 1, "y.z": 2, "p.toml:k": 1,
            ])
        #expect(try folder.repro() == "a ran")
        let taken = #expect(throws: StoreError.self) { try addStage(stage, in: folder.workspace) }
        #expect(taken?.kind == .alreadyExists)
        stage.timeout = "1m"
        try addStage(stage, replacing: true, in: folder.workspace)
        #expect(try folder.repro() == "a current")
        let before = try folder.folder.read("mlstore.yaml")
        #expect(
            try removeStage(named: "a", in: folder.workspace).map(\.description) == ["a", "b"])
        #expect(try folder.lock.stages.isEmpty)
        #expect(try stageFile(in: folder.workspace).stages.isEmpty)
        #expect(try folder.folder.read("a") == "1\n")
        _ = try undo(in: folder.workspace)
        #expect(try folder.folder.read("mlstore.yaml") == before)
        #expect(try folder.repro() == "a current")
    }

    @Test func `what would make no pipeline is not written`() throws {
        let text = "stages:\n  a: {cmd: x, outs: [a]}\n"
        let folder = try PipelineFolder(text)
        for change in [
            { $0.outputs = [.init("a")] }, { $0.timeout = "x" }, { $0.parameters = ["no"] },
            { $0.name = "b c" }, { $0.dependencies = ["../x"] },
        ] as [(inout StageDeclaration) -> Void] {
            var stage = StageDeclaration(name: "b", command: "x")
            change(&stage)
            #expect(throws: StoreError.self) { try addStage(stage, in: folder.workspace) }
        }
        #expect(try folder.folder.read("mlstore.yaml") == text)
    }

    @Test func `a group is removed as a whole, and a stage of an included file there`() throws {
        let folder = try PipelineFolder(
            """
            include: [eu/mlstore.yaml]
            stages:
              g:
                foreach: [a, b]
                do: {cmd: 'true > ${item}', outs: ['${item}']}
            """)
        try folder.folder.write(
            "stages:\n  fit:\n    cmd: true > m\n    outs: [m]\n", to: "eu/mlstore.yaml")
        try folder.repro()
        let member = #expect(throws: StoreError.self) {
            try removeStage(named: "g@a", in: folder.workspace)
        }
        #expect(member?.kind == .badUsage)
        #expect(throws: StoreError.self) { try removeStage(named: "no", in: folder.workspace) }
        _ = try removeStage(named: "eu/fit", in: folder.workspace)
        #expect(try folder.folder.read("eu/mlstore.yaml") == "stages:\n")
        _ = try removeStage(named: "g", in: folder.workspace)
        #expect(try stageFile(in: folder.workspace).stages.isEmpty)
        #expect(try folder.lock.stages.isEmpty)
    }

    @Test func `the picture of a graph is the same every time, and columns follow the flow`() throws
    {
        let file = try StageFile(
            parsing: Array(
                """
                stages:
                  a: {cmd: x, outs: [a.o], desc: 'first <&> "one"'}
                  b: {cmd: x, deps: [a.o], outs: [b.o]}
                  c: {cmd: x, deps: [b.o, a.o], outs: [c.o], frozen: true}
                  lone: {cmd: x}
                """.utf8), parameters: nil)
        let graph = try StageGraph(file)
        let layout = LayeredLayout(graph)
        #expect(layout.boxes[0].x < layout.boxes[1].x && layout.boxes[1].x < layout.boxes[2].x)
        #expect(layout.boxes[3].x == layout.boxes[0].x)
        #expect(layout.routes.map(\.count) == [2, 4, 2])
        let svg = StageGraphSVG.svg(graph)
        #expect(svg == StageGraphSVG.svg(try StageGraph(file)))
        #expect(svg.contains("first &lt;&amp;&gt; &quot;one&quot;\nreads"))
        #expect(svg.contains("stroke-dasharray"))
        let empty = StageGraphSVG.svg(
            try StageGraph(StageFile(parsing: [], parameters: nil)))
        #expect(empty.hasSuffix("</svg>\n"))
    }

    @Test func `a map stage is written so that it can be read again`() throws {
        let pipeline = try PipelineFolder("stages:\n  a: {cmd: x}\n")
        var stage = StageDeclaration(name: "m", command: "cp ${item} ${item.out}")
        stage.map = (over: "data/*.txt", out: "copies/${item.path}")
        try addStage(stage, in: pipeline.workspace)
        let read = try #require(try stageFile(in: pipeline.workspace).stages(named: "m").first)
        #expect(read.map?.over == (try RepoPath("data/*.txt")))
        #expect(read.outputs == [try RepoPath("copies")])
        stage.map = (over: "data", out: "copies/one")
        let error = #expect(throws: StoreError.self) {
            try addStage(stage, replacing: true, in: pipeline.workspace)
        }
        #expect(error?.kind == .invalidPipeline)
    }
}
