import Bytes
import Pipelines
import Platform
import TestSupport
import Testing
import Vocabulary
import Workspaces

@Suite struct TrackedCommandTests {
    private func command(
        _ line: String, name: String = "once", reads: [String] = [], writes: [String] = []
    ) throws -> TrackedCommand {
        var command = TrackedCommand(name: name, line: line)
        command.dependencies = try reads.map { try RepoPath($0) }
        command.outputs = try writes.map { try RepoPath($0) }
        return command
    }

    private func failure(_ command: TrackedCommand, _ pipeline: PipelineFolder) throws -> StoreError
    {
        let error = #expect(throws: StoreError.self) { try run(command, in: pipeline.workspace) }
        return try #require(error)
    }

    @Test func `a command without a stage file is recorded, stored and in the lock`() throws {
        let pipeline = try PipelineFolder()
        try LocalDisk().removeFile(pipeline.folder.path / "mlstore.yaml")
        try pipeline.folder.write("b\na\n", to: "in.txt")
        let sort = try command("sort in.txt > out.txt", reads: ["in.txt"], writes: ["out.txt"])
        for _ in 1...2 {
            let report = try run(sort, in: pipeline.workspace)
            #expect(report.outcomes.map(\.deed) == [.ran])
        }
        let record = try pipeline.run(of: "once")
        #expect(
            record.inputs == [try RepoPath("in.txt"): .file(BlobID(sha256(Array("b\na\n".utf8))))])
        #expect(record.outputs.keys.map(\.description) == ["out.txt"])
        #expect(try pipeline.folder.read("out.txt") == "a\nb\n")
        #expect(try replay(in: pipeline.workspace).allEqual)
        #expect(try pipeline.litter() == [])
    }

    @Test func `it runs since it always does, and nobody says that it was forced`() throws {
        let pipeline = try PipelineFolder()
        let touch = try command("echo x > out.txt", writes: ["out.txt"])
        for _ in 1...2 {
            let report = try run(touch, in: pipeline.workspace)
            #expect(report.outcomes.map(\.reasons) == [[.trackedCommand]])
        }
        #expect("\(StaleReason.trackedCommand)" == "'mlstore run' always runs its command")
        #expect(StaleReason.trackedCommand.json["kind"] == "trackedCommand")
    }

    @Test func `what looks like a placeholder is the shell's`() throws {
        let pipeline = try PipelineFolder(parameters: "X: 5\n")
        _ = try run(
            try command("X=7; echo ${X} > out.txt", writes: ["out.txt"]), in: pipeline.workspace)
        #expect(try pipeline.folder.read("out.txt") == "7\n")
        #expect(try pipeline.lock.stages["once"]?.parameters == [:])
    }

    @Test func `it depends on the parameters and the seed that it is given`() throws {
        let pipeline = try PipelineFolder(parameters: "train: {l2: 0.5}\n")
        var echo = try command("echo $MLSTORE_SEED > out.txt", writes: ["out.txt"])
        echo.parameters = ["train.l2"]
        echo.seed = 9
        _ = try run(echo, in: pipeline.workspace)
        #expect(try pipeline.folder.read("out.txt") == "9\n")
        #expect(try pipeline.lock.stages["once"]?.parameters == ["train.l2": 0.5])
        echo.parameters = ["train.l3"]
        #expect(try failure(echo, pipeline).message.contains("train.l3"))
    }

    @Test func `a command that fails leaves everything as it was`() throws {
        let pipeline = try PipelineFolder()
        _ = try run(try command("echo 1 > out.txt", writes: ["out.txt"]), in: pipeline.workspace)
        let before = try pipeline.lock
        let error = try failure(
            try command("echo half > out.txt; exit 4", writes: ["out.txt"]), pipeline)
        #expect(error.kind == .stageFailed)
        #expect(error.advice == "mend the cause and run it again")
        #expect(error.safety == "its former outputs and mlstore.lock are as they were")
        #expect(try pipeline.folder.read("out.txt") == "1\n")
        #expect(try pipeline.lock == before)
    }

    @Test func `it may read what stages write and leaves them alone`() throws {
        let pipeline = try PipelineFolder("stages: {a: {cmd: 'echo a > a.txt', outs: [a.txt]}}")
        try pipeline.repro()
        _ = try run(
            try command("cat a.txt > b.txt", reads: ["a.txt"], writes: ["b.txt"]),
            in: pipeline.workspace)
        #expect(try pipeline.repro() == "a current")
        #expect(try pipeline.lock.stages.keys.sorted() == ["a", "once"])
    }

    @Test func `names and outputs that are taken are refused`() throws {
        let pipeline = try PipelineFolder("stages: {a: {cmd: 'echo a > a.txt', outs: [a.txt]}}")
        #expect(
            try failure(try command("true", name: "a"), pipeline).message
                == "'a' is a stage of 'mlstore.yaml'")
        #expect(
            try failure(try command("true", name: "a b"), pipeline).message
                == "'a b' cannot name a run")
        #expect(
            try failure(try command("true", writes: ["a.txt"]), pipeline).message.hasPrefix(
                "the stages 'a' and 'once' both write 'a.txt'"))
        _ = try run(try command("echo > x", writes: ["x"]), in: pipeline.workspace)
        #expect(
            try failure(try command("echo > y", writes: ["y"]), pipeline).message
                == "an earlier run 'once' wrote other outputs, which would not be tracked any more")
    }
}
