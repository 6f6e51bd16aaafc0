import Platform
import TestSupport
import Testing
import Vocabulary

@testable import Pipelines

@Suite struct StagePolicyTests {
    @Test func `a frozen stage never runs, and what it needs does not run for it`() throws {
        let text = """
            stages:
              a: {cmd: cat in > a.out, deps: [in], outs: [a.out]}
              b: {cmd: cat a.out > b.out, deps: [a.out], outs: [b.out]FROZEN}
              c: {cmd: cat b.out > c.out, deps: [b.out], outs: [c.out]}
            """
        let folder = try PipelineFolder(text.replacing("FROZEN", with: ""))
        try folder.folder.write("1\n", to: "in")
        try folder.repro()
        try folder.folder.write(
            text.replacing("FROZEN", with: ", frozen: true"), to: "mlstore.yaml")
        try folder.folder.write("2\n", to: "in")
        #expect(try folder.repro { $0.stages = ["c"] } == "b frozen, c current")
        #expect(
            try folder.repro {
                $0.force = true; $0.stages = ["b"]
            } == "b frozen")
        #expect(try folder.repro { $0.dryRun = true } == "a wouldRun, b frozen, c current")
        #expect(try folder.repro() == "a ran, b frozen, c current")
        #expect(try folder.folder.read("b.out") == "1\n")
    }

    @Test func `what a frozen stage has never written is told`() throws {
        let folder = try PipelineFolder(
            """
            stages:
              a: {cmd: echo > a.out, outs: [a.out], frozen: true}
              b: {cmd: cat a.out > b.out, deps: [a.out], outs: [b.out]}
            """)
        let error = #expect(throws: StoreError.self) { try folder.repro() }
        #expect(error?.message.contains("which stage 'a' has not written") == true)
        #expect(error?.advice == "take 'frozen' out of stage 'a' to let it run")
    }

    @Test(arguments: ["always", "always_changed"])
    func `a stage that always runs does, also where the run cache knows the answer`(
        key: String
    ) throws {
        let folder = try PipelineFolder(
            """
            stages:
              a: {cmd: echo x >> count; echo 1 > a.out, outs: [a.out], \(key): true}
              b: {cmd: cat a.out > b.out, deps: [a.out], outs: [b.out]}
            """)
        #expect(try folder.repro() == "a ran, b ran")
        #expect(try folder.repro() == "a ran, b current")
        #expect(try folder.folder.read("count") == "x\nx\n")
        let states = try stageStates(in: folder.workspace)
        #expect(states[0].reasons == [.alwaysRun])
    }

    @Test func `a command is run again as often as its stage says, over clean outputs`() throws {
        let folder = try PipelineFolder(
            """
            stages:
              a:
                cmd: echo x >> count; test ! -e a.out && echo $(wc -l < count) > a.out; test $(wc -l < count) = 3
                outs: [a.out]
                retries: 2
            """)
        #expect(try folder.repro() == "a ran")
        #expect(try folder.folder.read("a.out") == "3\n")
        try folder.folder.write("", to: "count")
        try folder.folder.write(
            "stages: {a: {cmd: echo x >> count; false, outs: [a.out], retries: 1}}",
            to: "mlstore.yaml")
        let error = #expect(throws: StoreError.self) { try folder.repro() }
        #expect(error?.kind == .stageFailed)
        #expect(try folder.folder.read("count") == "x\nx\n")
        #expect(try folder.folder.read("a.out") == "3\n")
    }

    @Test func `a command that takes too long is ended with all it started`() throws {
        let folder = try PipelineFolder("stages: {a: {cmd: echo 1 > a.out, outs: [a.out]}}")
        try folder.repro()
        try folder.folder.write(
            """
            stages:
              a: {cmd: echo half > a.out; (sleep 60; echo late > a.out) & sleep 60, outs: [a.out], timeout: 200ms}
            """, to: "mlstore.yaml")
        let error = #expect(throws: StoreError.self) { try folder.repro() }
        #expect(error?.kind == .stageFailed)
        #expect(
            error?.message == "stage 'a' failed: its command did not end within its 'timeout'")
        #expect(try folder.folder.read("a.out") == "1\n")
        #expect(try folder.litter().isEmpty)
    }

    @Test func `a command that closes its outputs is timed as well`() throws {
        let folder = try TemporaryFolder()
        var child = ChildProcess(
            arguments: ["/bin/sh", "-c", "exec >&- 2>&-; sleep 60"], directory: folder.path,
            standardOutput: .capture(limit: 10), standardError: .capture(limit: 10))
        child.timeoutMilliseconds = 50
        #expect(try child.run().ranOutOfTime)
        child.arguments = ["/bin/sh", "-c", "exit 3"].map { Array($0.utf8) }
        child.timeoutMilliseconds = .max
        #expect(try child.run().ending == .exited(3))
    }

    @Test(
        arguments: [
            ("90", 90_000), ("45s", 45_000), ("30m", 1_800_000), ("1.5h", 5_400_000),
            ("2d", 172_800_000), ("250ms", 250),
        ] as [(String, Int64)])
    func `a timeout is a number and a unit`(text: String, milliseconds: Int64) throws {
        let file = try StageFile(
            parsing: Array("stages: {a: {cmd: x, timeout: \(text)}}".utf8), parameters: nil)
        #expect(file.stages[0].policy.timeoutMilliseconds == milliseconds)
    }

    @Test(arguments: [
        "timeout: 0", "timeout: x", "timeout: -1s", "timeout: 1w", "timeout: [1]", "timeout: ''",
        "timeout: 1e9d", "timeout: .", "retries: -1", "retries: 101", "retries: x", "frozen: 1",
        "always: maybe", "frozen: true, always: true", "desc: [x]",
    ])
    func `what is no policy is refused`(text: String) {
        let error = #expect(throws: StoreError.self) {
            try StageFile(
                parsing: Array("stages: {a: {cmd: x, \(text)}}".utf8), parameters: nil)
        }
        #expect(error?.kind == .invalidPipeline)
        #expect(error?.message.hasSuffix("(mlstore.yaml:1)") == true)
    }
}
