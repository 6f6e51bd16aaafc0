import Pipelines
import Platform
import TestSupport
import Testing
import Vocabulary
import Workspaces

@Suite struct RepetitionTests {
    @Test func `a command that always gives the same bytes is stable`() throws {
        let pipeline = try PipelineFolder("stages: {a: {cmd: 'echo $MLSTORE_SEED > x', outs: [x]}}")
        try pipeline.repro()
        let report = try repeatedly(3, in: pipeline.workspace)
        #expect(report.isStable)
        #expect(report.repetitions.map(\.verdicts.count) == [3])
        #expect(report.repetitions[0].equalsLock)
        #expect(try pipeline.litter() == [])
    }

    @Test func `a command that gives other bytes each time is told, with its output and causes`()
        throws
    {
        let pipeline = try PipelineFolder(
            "stages: {a: {cmd: 'echo same > x; echo line > y; cat /proc/sys/kernel/random/uuid >> y', outs: [x, y]}}"
        )
        try pipeline.repro()
        let before = try pipeline.files()
        let report = try repeatedly(2, in: pipeline.workspace)
        #expect(!report.isStable)
        let found = report.repetitions[0]
        #expect(found.unstable.map(\.path.description) == ["y"])
        #expect((found.unstable[0].difference?.byteOffset ?? 0) >= 5)
        #expect(found.suspicions.contains { $0.hasPrefix("a seed that is not set") })
        #expect(!found.suspicions.contains { $0.contains("PYTHONHASHSEED") })
        #expect(try pipeline.files() == before)
    }

    @Test func `a command that cannot be replayed is not stable`() throws {
        let pipeline = try PipelineFolder(
            "stages: {a: {cmd: 'cat undeclared > x', outs: [x]}}", inGit: false)
        try pipeline.folder.write("1", to: "undeclared")
        try pipeline.repro()
        let report = try repeatedly(2, in: pipeline.workspace)
        #expect(!report.isStable && !report.repetitions[0].isComplete)
        #expect(report.repetitions[0].suspicions == [])
    }
}
