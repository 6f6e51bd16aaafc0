import Bytes
import Objects
import Platform
import TestSupport
import Testing
import Vocabulary
import Workspaces

@testable import Pipelines

@Suite struct MapStageTests {
    private static let stages = """
        stages:
          upper:
            map: {over: data/*.txt, out: 'upper/${item.stem}.up'}
            cmd: tr a-z A-Z < ${item} > "${item.out}"; echo ${item.name} >> ran.log
            deps: [style]
        """

    private func pipeline(_ stages: String = MapStageTests.stages) throws -> PipelineFolder {
        let pipeline = try PipelineFolder(stages)
        try pipeline.folder.write("s", to: "style")
        for name in ["a", "b", "it's $(touch broken) \"c\""] {
            try pipeline.folder.write("text \(name)", to: "data/\(name).txt")
        }
        try pipeline.folder.write("no item", to: "data/readme.md")
        return pipeline
    }

    /// Which items ran since the last call, in order.
    private func ran(_ pipeline: PipelineFolder) throws -> [String] {
        guard try pipeline.folder.has("ran.log") else { return [] }
        let text = try pipeline.folder.read("ran.log")
        try pipeline.folder.run("rm", "ran.log")
        return text.split(separator: "\n").map(String.init).sorted()
    }

    private func failure(_ pipeline: PipelineFolder) throws -> StoreError {
        let error = #expect(throws: StoreError.self) { try pipeline.repro() }
        return try #require(error)
    }

    @Test func `a stage runs once for each item, and again only for what changed`() throws {
        let pipeline = try pipeline()
        let folder = pipeline.folder
        #expect(try pipeline.repro { $0.jobs = 2 } == "upper ran")
        #expect(try ran(pipeline) == ["a.txt", "b.txt", "it's $(touch broken) \"c\".txt"])
        #expect(try folder.read("upper/a.up") == "TEXT A" && !folder.has("broken"))
        #expect(try folder.read("upper/it's $(touch broken) \"c\".up").hasSuffix("\"C\""))
        #expect(try pipeline.repro() == "upper current")

        try folder.write("new", to: "data/b.txt")
        try folder.write("added", to: "data/d.txt")
        try folder.run("rm", "data/a.txt")
        let report = try pipeline.report()
        #expect(report.outcomes[0].items?.ran == 2 && report.outcomes[0].items?.kept == 1)
        #expect(try ran(pipeline) == ["b.txt", "d.txt"])
        #expect(try folder.read("upper/b.up") == "NEW" && folder.read("upper/d.up") == "ADDED")
        #expect(try !folder.has("upper/a.up") && folder.has("upper/it's $(touch broken) \"c\".up"))
        #expect(try pipeline.repro() == "upper current")
        #expect(try pipeline.litter() == [])
        // Nothing but one entry of the lock, with two folders.
        #expect(try pipeline.lock.stages["upper"]?.outputs.count == 1)
        let first = try pipeline.run(of: "upper").outputs
        #expect(try pipeline.repro { $0.force = true } == "upper ran")
        #expect(try ran(pipeline).count == 3 && pipeline.run(of: "upper").outputs == first)
    }

    @Test func `what was done before comes back from the store`() throws {
        let pipeline = try pipeline()
        try pipeline.repro()
        _ = try ran(pipeline)
        // Outputs that are gone, and one more item: the others are not run again.
        try pipeline.folder.run("rm", "-r", "upper")
        try pipeline.folder.write("added", to: "data/d.txt")
        #expect(try pipeline.repro() == "upper ran")
        #expect(try ran(pipeline) == ["d.txt"])
        #expect(try pipeline.folder.read("upper/b.up") == "TEXT B")
        // The same items as at first: the whole result is known.
        try pipeline.folder.run("rm", "data/d.txt")
        #expect(try pipeline.repro() == "upper restored" && ran(pipeline) == [])
        #expect(try !pipeline.folder.has("upper/d.up"))
        // Another dependency: all of them again; and back: none.
        try pipeline.folder.write("t", to: "style")
        #expect(try pipeline.repro() == "upper ran" && ran(pipeline).count == 3)
        try pipeline.folder.write("s", to: "style")
        try pipeline.folder.write("added", to: "data/e.txt")
        #expect(try pipeline.repro() == "upper ran" && ran(pipeline) == ["e.txt"])
    }

    @Test func `an item that fails leaves the former outputs, and the others are kept`() throws {
        let pipeline = try pipeline(
            MapStageTests.stages.replacing("echo", with: "! grep -q bad ${item} && echo"))
        try pipeline.repro()
        _ = try ran(pipeline)
        let before = try pipeline.files().filter {
            $0.key.hasPrefix("upper/") || $0.key.hasPrefix("mlstore.lock")
        }
        try pipeline.folder.write("bad", to: "data/y.txt")
        try pipeline.folder.write("fine", to: "data/a.txt")
        let error = try failure(pipeline)
        #expect(error.kind == .stageFailed)
        #expect(
            error.message.hasSuffix("exited with status 1 for 'data/y.txt'"), "\(error.message)")
        let after = try pipeline.files().filter {
            $0.key.hasPrefix("upper/") || $0.key.hasPrefix("mlstore.lock")
        }
        #expect(try after == before && pipeline.litter() == [])
        #expect(try ran(pipeline) == ["a.txt"])
        try pipeline.folder.write("good", to: "data/y.txt")
        #expect(try pipeline.repro() == "upper ran")
        // What was done before the failure is not done again.
        #expect(try ran(pipeline) == ["y.txt"])
        #expect(try pipeline.folder.read("upper/a.up") == "FINE")
        #expect(try pipeline.repro() == "upper current")
    }

    @Test func `folders are items where the pattern says so, and outputs may be folders`() throws {
        let pipeline = try PipelineFolder(
            """
            stages:
              day:
                map: {over: data/day=*, out: 'days/${item.path}'}
                cmd: mkdir ${item.out} && cat ${item}/* > ${item.out}/all && echo ${item.name} >> ran.log
              every:
                map: {over: days, out: 'every/${item.path}.n'}
                cmd: wc -c < ${item} > ${item.out}
            """)
        for day in 1...3 {
            for part in 1...2 {
                try pipeline.folder.write("\(day)\(part)", to: "data/day=\(day)/p\(part)")
            }
        }
        #expect(try pipeline.repro() == "day ran, every ran")
        #expect(try pipeline.folder.read("every/day=2/all.n").filter(\.isNumber) == "4")
        _ = try ran(pipeline)
        try pipeline.folder.write("x", to: "data/day=2/p3")
        #expect(try pipeline.repro() == "day ran, every ran" && ran(pipeline) == ["day=2"])
        #expect(try pipeline.folder.read("every/day=2/all.n").filter(\.isNumber) == "5")
        // A replay runs all of them elsewhere.
        let replayed = try replay(ReplayOptions(), in: pipeline.workspace)
        #expect(replayed.allEqual && replayed.verdicts.count == 2)
    }

    @Test func `folders that outputs were alone in go with them`() throws {
        let pipeline = try PipelineFolder(
            """
            stages:
              copy:
                map: {over: data, out: 'copies/${item.path}'}
                cmd: "! grep -q bad ${item} && cp ${item} ${item.out}; echo ${item.path} >> ran.log"
            """)
        for name in ["x/a", "y/b", "c"] { try pipeline.folder.write(name, to: "data/\(name)") }
        #expect(try pipeline.repro() == "copy ran")
        try pipeline.folder.run("rm", "-r", "data/y")
        #expect(try pipeline.repro() == "copy ran" && !pipeline.folder.has("copies/y"))
        #expect(try pipeline.folder.has("copies/x/a") && pipeline.repro() == "copy current")
        // A new folder that came to nothing leaves the former outputs as they were.
        try pipeline.folder.write("bad", to: "data/z/d")
        try pipeline.folder.run("rm", "ran.log")
        #expect(try failure(pipeline).message.contains("did not write 'copies/z/d'"))
        #expect(try !pipeline.folder.has("copies/z") && ran(pipeline) == ["z/d"])
        try pipeline.folder.run("rm", "-r", "data/z")
        #expect(try pipeline.repro() == "copy current")
    }

    @Test func `undo gives back what an item's output was`() throws {
        let pipeline = try pipeline()
        try pipeline.repro()
        try pipeline.folder.write("new", to: "data/b.txt")
        try pipeline.repro()
        #expect(try pipeline.folder.read("upper/b.up") == "NEW")
        _ = try undo(in: pipeline.workspace)
        #expect(try pipeline.folder.read("upper/b.up") == "TEXT B")
        #expect(try pipeline.folder.read("upper/a.up") == "TEXT A")
    }

    @Test(arguments: [
        ("cmd: 'true'", "did not write 'upper/a.up' for 'data/a.txt'"),
        ("cmd: 'echo > ${item.out}; echo > upper/more'", "which is the output of no item"),
    ])
    func `what a command must write is written, and nothing else`(
        command: String, message: String
    ) throws {
        let pipeline = try pipeline(
            """
            stages:
              upper:
                map: {over: data/*.txt, out: 'upper/${item.stem}.up'}
                \(command)
            """)
        #expect(try failure(pipeline).message.contains(message))
        #expect(try pipeline.litter() == [] && !pipeline.folder.has("upper/a.up"))
    }

    @Test(arguments: [
        ("{over: data, out: 'upper/x'}", "'out' is the same path for each item"),
        ("{over: '*.txt', out: 'upper/${item.name}'}", "'over' does not begin with a folder"),
        ("{over: data, out: '${item.name}'}", "'out' does not begin with a folder"),
        ("{over: data, out: 'upper/${item}'}", "'out' may say"),
        ("{over: data}", "needs both 'over' and 'out'"),
        ("{over: data, out: 'data/${item.name}'}", "reads and writes 'data'"),
        ("{over: ../data, out: 'upper/${item.name}'}", "outside the workspace"),
        ("{over: data, out: 'upper/${item.name}', to: x}", "unknown key 'to'"),
        ("data", "is no mapping"),
    ])
    func `a map that makes no sense is refused`(map: String, message: String) throws {
        let pipeline = try pipeline("stages:\n  upper:\n    map: \(map)\n    cmd: x ${item}\n")
        let error = try failure(pipeline)
        #expect(error.message.contains(message), "\(error.message)")
    }

    @Test(arguments: [
        ("    outs: [upper, more]", "declares 'more', but a map stage writes only 'upper'"),
        ("    metrics: [m.json]", "declares 'm.json'"),
        ("    outs: [{path: upper, persist: true}]", "'persist' or not cached"),
        ("    cmd: cat '${item}'", "between single quotes"),
        ("    cmd: cat ${item.size}", "item.size"),
    ])
    func `what does not go with a map is refused`(line: String, message: String) throws {
        let command = line.contains("cmd:") ? "" : "    cmd: x\n"
        let pipeline = try pipeline(
            "stages:\n  upper:\n    map: {over: data, out: 'upper/${item.path}'}\n\(command)\(line)\n"
        )
        let error = try failure(pipeline)
        #expect(error.message.contains(message), "\(error.message)")
    }

    @Test func `two items with one output, a pattern of nothing and a file are refused`() throws {
        let pipeline = try pipeline(MapStageTests.stages.replacing("*.txt", with: "**/*.txt"))
        try pipeline.folder.write("x", to: "data/sub/a.txt")
        #expect(
            try failure(pipeline).message.contains(
                "writes 'upper/a.up' for both 'a.txt' and 'sub/a.txt'"))
        try pipeline.folder.write(
            MapStageTests.stages.replacing("*.txt", with: "*.png"), to: "mlstore.yaml")
        #expect(try failure(pipeline).message.contains("maps 'data/*.png', which nothing matches"))
        try pipeline.folder.write(
            MapStageTests.stages.replacing("data/*.txt", with: "style")
                .replacing("    deps: [style]", with: ""), to: "mlstore.yaml")
        #expect(try failure(pipeline).message.contains("maps 'style', which is no folder"))
    }
}
