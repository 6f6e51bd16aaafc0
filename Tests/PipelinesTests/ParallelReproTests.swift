import Platform
import Synchronization
import TestSupport
import Testing
import Vocabulary
import Workspaces

@testable import Pipelines

@Suite struct ParallelReproTests {
    /// `first` and `second` end only if they run at once: each end of a pipe waits for the other.
    private static let pair = """
        stages:
          first: {cmd: 'echo 1 > meeting; echo first > a.txt', outs: [a.txt]}
          second: {cmd: 'cat meeting; echo second > b.txt', outs: [b.txt]}
          both: {cmd: 'cat a.txt b.txt > c.txt', deps: [a.txt, b.txt], outs: [c.txt]}
        """

    private func pair(_ change: (String) -> String = { $0 }) throws -> PipelineFolder {
        let pipeline = try PipelineFolder(change(ParallelReproTests.pair))
        try pipeline.folder.run("mkfifo", "meeting")
        return pipeline
    }

    private func failure(
        _ pipeline: PipelineFolder, _ change: (inout ReproOptions) -> Void
    ) throws -> StoreError {
        let error = #expect(throws: StoreError.self) { try pipeline.repro(change) }
        return try #require(error)
    }

    @Test func `stages that do not need each other run at once`() throws {
        let pipeline = try pair()
        #expect(
            try pipeline.repro { $0.jobs = 2 } == "first ran, second ran, both ran")
        #expect(try pipeline.folder.read("c.txt") == "first\nsecond\n")
        #expect(
            try pipeline.repro { $0.jobs = 2 } == "first current, second current, both current")
        #expect(try pipeline.litter() == [])
    }

    @Test func `any number of jobs gives the same lock and the same report`() throws {
        let stages = (0..<12).map { index in
            let inputs = index < 4 ? [] : [index - 4, index - 3].map { "o\($0)" }
            return
                "  s\(index): {cmd: 'cat \(inputs.joined(separator: " ")) /dev/null > o\(index); "
                + "echo \(index) >> o\(index)', deps: [\(inputs.joined(separator: ", "))], "
                + "outs: [o\(index)]}"
        }
        let file = "stages:\n" + stages.joined(separator: "\n")
        let results = try [1, 3, 12].map { jobs in
            let pipeline = try PipelineFolder(file, inGit: false)
            let report = try pipeline.repro { $0.jobs = jobs }
            let lock = try pipeline.lock.stages
            return (report, lock.mapValues(\.recipe), lock.mapValues(\.outputs))
        }
        for other in results.dropFirst() {
            #expect(other.0 == results[0].0)
            #expect(other.1 == results[0].1)
            #expect(other.2 == results[0].2)
        }
    }

    @Test func `a stage that fails lets those that run come to their ends, and starts none`() throws
    {
        // The second ends when the first has been cleared away.
        let pipeline = try pair {
            $0.replacing(
                "echo 1 > meeting; echo first > a.txt",
                with: "echo half > a.txt; echo 1 > meeting; exit 3"
            )
            .replacing(
                "cat meeting;", with: "cat meeting; while [ -e a.txt ]; do sleep 0.01; done;")
                + "\n  late: {cmd: 'echo > late.txt', outs: [late.txt]}"
        }
        let error = try failure(pipeline) { $0.jobs = 2 }
        #expect(error.message == "stage 'first' failed: its command exited with status 3")
        #expect(try pipeline.lock.stages.keys.sorted() == ["second"])
        #expect(try pipeline.folder.read("b.txt") == "second\n")
        #expect(try !pipeline.folder.has("a.txt"))
        #expect(try !pipeline.folder.has("late.txt"))
        #expect(try pipeline.litter() == [])
    }

    @Test func `of two stages that fail the first in order is told`() throws {
        let pipeline = try pair {
            $0.replacing("echo first > a.txt", with: "exit 3")
                .replacing("cat meeting; echo second > b.txt", with: "cat meeting; exit 4")
        }
        let error = try failure(pipeline) { $0.jobs = 2 }
        #expect(error.message == "stage 'first' failed: its command exited with status 3")
        #expect(try pipeline.files().keys.sorted() == ["mlstore.yaml"])
    }

    @Test(arguments: [1, 4]) func `keep going runs what does not need the failed stage`(jobs: Int)
        throws
    {
        let pipeline = try PipelineFolder(
            """
            stages:
              bad: {cmd: 'echo no >&2; exit 1', outs: [bad.txt]}
              after: {cmd: 'cp bad.txt after.txt', deps: [bad.txt], outs: [after.txt]}
              last: {cmd: 'cp after.txt last.txt', deps: [after.txt], outs: [last.txt]}
              good: {cmd: 'echo 1 > good.txt', outs: [good.txt]}
            """)
        let report = try pipeline.report {
            $0.jobs = jobs
            $0.keepGoing = true
        }
        #expect(report.outcomes.map(\.stage) == ["bad", "after", "last", "good"])
        #expect(report.outcomes.map(\.deed) == [.failed, .skipped, .skipped, .ran])
        #expect(report.outcomes[1].reasons == [.upstreamFailed("bad")])
        #expect((report.outcomes[0].failure?.cause as? CommandOutput)?.description == "no")
        #expect(!report.isComplete)
        #expect(try pipeline.lock.stages.keys.sorted() == ["good"])
        #expect(try pipeline.litter() == [])
    }

    @Test func `news come one at a time and lines whole`() throws {
        let pipeline = try PipelineFolder(
            """
            stages:
              a: {cmd: 'for i in 1 2 3 4 5 6 7 8 9; do printf aaaa; printf "aaaa\\n"; done; echo > a', outs: [a]}
              b: {cmd: 'for i in 1 2 3 4 5 6 7 8 9; do printf bbbb; printf "bbbb\\n"; done; echo > b', outs: [b]}
            """)
        let lines = Mutex<[String]>([])
        var options = ReproOptions()
        options.jobs = 2
        _ = try repro(options, in: pipeline.workspace) { event in
            guard case .line(let stage, let bytes) = event else { return }
            lines.withLock { $0.append("\(stage) \(String(decoding: bytes, as: UTF8.self))") }
        }
        let found = lines.withLock { $0 }.sorted()
        #expect(
            found == Array(repeating: "a aaaaaaaa", count: 9)
                + Array(repeating: "b bbbbbbbb", count: 9))
    }

    @Test func `stages that need the same resource run one after the other`() throws {
        // Each fails if the other runs; the third runs beside them.
        let alone = "mkdir held; sleep 0.05; rmdir held; echo > "
        let pipeline = try PipelineFolder(
            """
            stages:
              a: {cmd: '\(alone) a', outs: [a], resources: {gpu: 1}}
              b: {cmd: '\(alone) b', outs: [b], resources: {gpu: 1}}
              c: {cmd: 'echo > c', outs: [c]}
            """)
        #expect(try pipeline.repro { $0.jobs = 3 } == "a ran, b ran, c ran")
    }

    @Test func `the settings say how much there is of a resource`() throws {
        let pipeline = try pair {
            $0.replacing("outs: [a.txt]}", with: "outs: [a.txt], resources: {gpu: 1}}")
                .replacing("outs: [b.txt]}", with: "outs: [b.txt], resources: {gpu: 2}}")
        }
        let error = try failure(pipeline) { $0.jobs = 2 }
        #expect(error.kind == .invalidPipeline)
        #expect(
            error.message.hasPrefix("stage 'second' needs 2 of the resource 'gpu', and there is 1"))
        #expect(error.advice == "say how many there are: 'mlstore config slots.gpu 2'")
        try pipeline.folder.write("version = 1\n[slots]\ngpu = 3\n", to: ".mlstore/config.toml")
        #expect(try pipeline.repro { $0.jobs = 2 } == "first ran, second ran, both ran")
    }

    @Test(arguments: ["gpu", "{gpu: 0}", "{gpu: x}", "{'g p': 1}", "[gpu]"])
    func `resources that make no sense are refused`(text: String) throws {
        let pipeline = try PipelineFolder("stages: {a: {cmd: 'true', resources: \(text)}}")
        let error = try failure(pipeline) { _ in }
        #expect(error.kind == .invalidPipeline)
        #expect(error.message.hasPrefix("'resources' of stage 'a' "))
    }

    @Test func `places are never more than there are, and are given in order`() throws {
        let places = JobPlaces(2)
        let state = Monitor((running: 0, most: 0, done: 0))
        try WorkerPool(threads: 8).forEach(count: 200) { _ in
            places.use {
                state.withLock {
                    $0.running += 1
                    $0.most = max($0.most, $0.running)
                }
                state.withLock {
                    $0.running -= 1
                    $0.done += 1
                }
            }
        }
        #expect(state.withLock { $0.most <= 2 && $0.done == 200 && $0.running == 0 })
        // What throws gives its place back.
        #expect(throws: CancellationError.self) { try places.use { throw CancellationError() } }
        #expect(places.use { 7 } == 7)
    }

    @Test func `items of map stages and other stages together are no more than asked for`() throws {
        // Each command tells how many others are at work.
        let command = "mkdir -p at; : > at/$$; ls at | wc -l >> most.log; sleep 0.02; rm at/$$"
        let pipeline = try PipelineFolder(
            """
            stages:
              m: {map: {over: d, out: 'e/${item.path}'}, cmd: '\(command); cp ${item} ${item.out}'}
              n: {map: {over: d, out: 'f/${item.path}'}, cmd: '\(command); cp ${item} ${item.out}'}
              a: {cmd: '\(command); echo > a', outs: [a]}
              b: {cmd: '\(command); echo > b', outs: [b]}
            """)
        for name in 0..<4 { try pipeline.folder.write("\(name)", to: "d/\(name)") }
        #expect(try pipeline.repro { $0.jobs = 2 } == "m ran, n ran, a ran, b ran")
        let counts = try pipeline.folder.read("most.log").split(whereSeparator: \.isWhitespace)
        #expect(counts.count == 10)
        #expect(counts.allSatisfy { $0 == "1" || $0 == "2" })
    }
}
