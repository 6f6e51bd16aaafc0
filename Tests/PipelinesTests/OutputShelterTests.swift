import Bytes
import Objects
import Platform
import TestSupport
import Testing
import Vocabulary

@testable import Pipelines
@testable import Workspaces

@Suite struct OutputShelterTests {
    private let disk = LocalDisk()

    private func place(_ pipeline: PipelineFolder) throws -> Workplace {
        try Workplace(pipeline.workspace)
    }

    private func shelter(_ pipeline: PipelineFolder, run: RunID?) throws -> OutputShelter {
        try OutputShelter(
            [try RepoPath("a/x"), try RepoPath("d"), try RepoPath("new/y")], of: "s",
            lockedRun: run, in: place(pipeline))
    }

    /// A lock in which the run of stage `s` is, or is no more, the one that was set aside.
    private func lock(finished: Bool) throws -> LockFile {
        let after = try #require(RunID(text: String(repeating: "1", count: 64)))
        return LockFile(stages: [
            "s": .init(
                recipe: RecipeKey(.zero), run: finished ? after : RunID(.zero),
                action: .command("x"))
        ])
    }

    private func prepared() throws -> PipelineFolder {
        let pipeline = try PipelineFolder()
        try pipeline.folder.write("old x", to: "a/x")
        try pipeline.folder.write("old d", to: "d/f")
        return pipeline
    }

    @Test func `a failure puts the former outputs back and removes the new`() throws {
        let pipeline = try prepared()
        let folder = pipeline.folder
        let shelter = try shelter(pipeline, run: nil)
        #expect(try !folder.has("a/x") && !folder.has("d") && folder.has("new"))
        try folder.write("half", to: "a/x")
        try folder.write("half", to: "new/y")
        try shelter.restoreAfterFailure()
        #expect(try folder.read("a/x") == "old x")
        #expect(try folder.read("d/f") == "old d")
        #expect(try !folder.has("new/y"))
        #expect(try pipeline.litter() == [])
    }

    @Test func `where nothing is set aside nothing is written but the folders`() throws {
        let pipeline = try PipelineFolder()
        let shelter = try shelter(pipeline, run: nil)
        #expect(try !pipeline.folder.has(".mlstore/tmp") && pipeline.folder.has("new"))
        try pipeline.folder.write("half", to: "a/x")
        try shelter.restoreAfterFailure()
        #expect(try !pipeline.folder.has("a/x"))
        try pipeline.folder.write("whole", to: "a/x")
        try shelter.discard()
        #expect(try pipeline.folder.read("a/x") == "whole")
    }

    @Test func `success lets the former outputs go`() throws {
        let pipeline = try prepared()
        let shelter = try shelter(pipeline, run: nil)
        try pipeline.folder.write("new", to: "a/x")
        try shelter.discard()
        #expect(try pipeline.folder.read("a/x") == "new")
        #expect(try pipeline.litter() == [])
    }

    @Test(arguments: [true, false])
    func `after a kill the lock tells whether the run had finished, and undo knows the other`(
        finished: Bool
    ) throws {
        let pipeline = try prepared()
        _ = try shelter(pipeline, run: RunID(.zero))
        try pipeline.folder.write("new", to: "a/x")
        try OutputShelter.recover(in: place(pipeline), lock: lock(finished: finished))
        #expect(try pipeline.folder.read("a/x") == (finished ? "new" : "old x"))
        #expect(try pipeline.folder.has("d/f") == !finished)
        #expect(try pipeline.litter() == [])
        _ = try undo(in: pipeline.workspace)
        #expect(try pipeline.folder.read("a/x") == (finished ? "old x" : "new"))
        #expect(try pipeline.folder.read("d/f") == "old d")
    }

    @Test func `what is in the store already makes no operation`() throws {
        let pipeline = try prepared()
        let session = try pipeline.workspace.store().beginSession()
        for text in ["old x", "new"] { _ = try session.putBlob(Array(text.utf8)) }
        _ = try session.commit()
        let commits = try pipeline.workspace.store().journal().count
        _ = try OutputShelter(
            [RepoPath("a/x")], of: "s", lockedRun: nil, in: place(pipeline))
        try pipeline.folder.write("new", to: "a/x")
        try OutputShelter.recover(in: place(pipeline), lock: LockFile())
        #expect(try pipeline.folder.read("a/x") == "old x")
        #expect(try pipeline.workspace.store().journal().count == commits)
    }

    @Test func `a damaged manifest is reported, and nothing is removed`() throws {
        let pipeline = try prepared()
        _ = try shelter(pipeline, run: nil)
        let name = try #require(try pipeline.litter().first)
        try pipeline.folder.write("{", to: ".mlstore/tmp/\(name)/manifest.json")
        let error = #expect(throws: StoreError.self) {
            try OutputShelter.recover(in: place(pipeline), lock: LockFile())
        }
        #expect(error?.kind == .corrupt)
        #expect(try pipeline.folder.read(".mlstore/tmp/\(name)/0") == "old x")
    }

    @Test(arguments: [true, false])
    func `what is left out of a folder is never lost, wherever a kill comes`(finished: Bool) throws
    {
        var steps = 0
        var isDone = false
        while !isDone {
            let disk = SimulatedDisk()
            try disk.makeDirectories(DiskPath("/w"))
            func write(_ text: String, _ name: String, on disk: SimulatedDisk) throws {
                let target = DiskPath("/w") / name
                try disk.makeDirectories(target.parent)
                try writeAtomically(Array(text.utf8), to: target, on: disk, durable: true)
            }
            func place(_ disk: SimulatedDisk) throws -> Workplace {
                let machine = Machine(
                    disk: disk, clock: .forTests, entropy: .seeded(3), threads: 1, bootID: nil)
                return try Workplace(Workspace.open(from: DiskPath("/w"), on: machine))
            }
            _ = try Workspace.create(
                at: DiskPath("/w"),
                on: Machine(
                    disk: disk, clock: .forTests, entropy: .seeded(3), threads: 1, bootID: nil))
            try write("*.log\n", ".mlstoreignore", on: disk)
            for name in ["f", "c.log", "e/d.log"] { try write("old", "d/\(name)", on: disk) }
            let shelter = try OutputShelter(
                [RepoPath("d")], of: "s", lockedRun: RunID(.zero), in: place(disk))
            try write("new", "d/f", on: disk)
            disk.cutPower(afterOperation: disk.operationCount + steps, seed: 1)
            do {
                if finished { try shelter.discard() } else { try shelter.restore() }
                isDone = true
            } catch {}
            steps += 1
            let survivor = disk.reopened()
            try OutputShelter.recover(in: place(survivor), lock: lock(finished: finished))
            let files = survivor.allFiles().filter { $0.key.hasPrefix("/w/d/") }
            #expect(files.keys.sorted() == ["/w/d/c.log", "/w/d/e/d.log", "/w/d/f"])
            #expect(files["/w/d/f"] == Array((finished ? "new" : "old").utf8), "step \(steps)")
        }
        #expect(steps > 5)
    }
}
