import Pipelines
import Platform
import Synchronization
import TestSupport
import Testing
import Vocabulary

/// What `status` is told of a run that was killed.
@Suite struct RunningNoteTests {
    private static let stages = """
        stages:
          one:
            cmd: echo 1 > one.txt
            outs: [one.txt]
          two:
            cmd: cat one.txt > two.txt; exit ${status}
            deps: [one.txt]
            outs: [two.txt]

        """
    private static let name = ".mlstore/tmp/running.json"

    private func pipeline(status: Int) throws -> PipelineFolder {
        try PipelineFolder(Self.stages, parameters: "status: \(status)\n")
    }

    @Test func `a run at work is noted, and is not interrupted`() throws {
        let pipeline = try pipeline(status: 0)
        let workspace = pipeline.workspace
        let seen = Mutex<[String]>([])
        _ = try repro(in: workspace) { event in
            guard case .started(let stage, _) = event else { return }
            let note = try? pipeline.folder.read(Self.name)
            let told = try? interruptedStages(in: workspace)
            seen.withLock { $0.append("\(stage): \(note ?? "none"), \(told ?? ["failed"])") }
        }
        #expect(seen.withLock { $0 } == ["one: [\"one\"], []", "two: [\"two\"], []"])
        #expect(try pipeline.litter() == [])
        #expect(try interruptedStages(in: workspace) == [])
    }

    @Test func `a run that fails by itself leaves no note`() throws {
        let pipeline = try pipeline(status: 7)
        #expect(throws: StoreError.self) { try pipeline.repro() }
        #expect(try pipeline.litter() == [])
        #expect(try interruptedStages(in: pipeline.workspace) == [])
    }

    @Test func `what a killed run noted is told until the next one`() throws {
        let pipeline = try pipeline(status: 0)
        try pipeline.repro()
        try pipeline.folder.write("[\"one\",\"two\"]", to: Self.name)
        #expect(try interruptedStages(in: pipeline.workspace) == ["one", "two"])
        #expect(try pipeline.repro() == "one current, two current")
        #expect(try interruptedStages(in: pipeline.workspace) == [])
        #expect(try pipeline.litter() == [])
    }

    @Test(arguments: ["", "{}", "[1, null]", "not JSON", "\u{0}"])
    func `a note that cannot be read tells nothing`(text: String) throws {
        let pipeline = try pipeline(status: 0)
        try pipeline.repro()
        try pipeline.folder.write(text, to: Self.name)
        #expect(try interruptedStages(in: pipeline.workspace) == [])
    }
}
