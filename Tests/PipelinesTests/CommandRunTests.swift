import Bytes
import Platform
import Synchronization
import TestSupport
import Testing
import Vocabulary
import Workspaces

@testable import Pipelines

@Suite struct CommandRunTests {
    private func run(
        _ command: String, in folder: TemporaryFolder,
        _ onLine: @escaping @Sendable ([UInt8]) -> Void = { _ in }
    ) throws {
        try CommandRun(
            stage: "s", command: command, directory: folder.path, seed: 7, threads: 2,
            onLine: onLine
        ).run()
    }

    @Test func `a command sees its seed, stage and threads in the workspace's top`() throws {
        let folder = try TemporaryFolder()
        let lines = Mutex<[String]>([])
        try run("echo $MLSTORE_SEED $MLSTORE_STAGE $MLSTORE_THREADS; pwd; echo e >&2", in: folder) {
            line in lines.withLock { $0.append(String(decoding: line, as: UTF8.self)) }
        }
        let found = lines.withLock { $0 }
        #expect(Set(found) == ["7 s 2", folder.path.description, "e"])
    }

    @Test func `a failing command shows its status and its last lines`() throws {
        let folder = try TemporaryFolder()
        let error = #expect(throws: StoreError.self) {
            try run("for i in $(seq 1 50); do echo line $i >&2; done; exit 3", in: folder)
        }
        #expect(error?.kind == .stageFailed)
        #expect(error?.message == "stage 's' failed: its command exited with status 3")
        let output = try #require(error?.cause as? CommandOutput)
        #expect(output.lines.count == 20)
        #expect(output.description.hasPrefix("line 31\n"))
        #expect(output.description.hasSuffix("line 50"))
    }

    @Test func `a killed command names the signal`() throws {
        let folder = try TemporaryFolder()
        let error = #expect(throws: StoreError.self) { try run("kill -9 $$", in: folder) }
        #expect(error?.message.contains("killed by signal 9 (SIGKILL") == true)
        let missing = #expect(throws: StoreError.self) {
            try run("no-such-program-anywhere", in: folder)
        }
        #expect(missing?.message.contains("status 127 (a program was not found)") == true)
    }

    @Test(arguments: [
        ("python train.py", "python"), ("OMP=1 /usr/bin/python3.11 x", "/usr/bin/python3.11"),
        ("uv run train.py", "uv"), ("Rscript a.R", "Rscript"), ("cat a > b", nil), ("", nil),
        ("pythonic x", nil),
    ])
    func `an interpreter is known by the first word`(command: String, name: String?) {
        #expect(RunSurroundings.interpreter(of: command) == name)
    }

    @Test func `values of variables are kept as digests only`() {
        let digests = RunSurroundings.variables(["PATH", "MLSTORE_NO_SUCH_VARIABLE"])
        #expect(digests["MLSTORE_NO_SUCH_VARIABLE"] == .null)
        #expect(digests["PATH"]?.stringValue?.hasPrefix("sha256:") == true)
    }
}

@Suite struct OutputShelterTests {
    private let disk = LocalDisk()

    private func shelter(_ folder: TemporaryFolder, run: RunID?) throws -> OutputShelter {
        try OutputShelter(
            [try RepoPath("a/x"), try RepoPath("d"), try RepoPath("new/y")], of: "s",
            lockedRun: run, root: folder.path, temporary: folder.path / "tmp", nonce: "1", on: disk)
    }

    private func prepared() throws -> TemporaryFolder {
        let folder = try TemporaryFolder()
        try folder.write("old x", to: "a/x")
        try folder.write("old d", to: "d/f")
        return folder
    }

    @Test func `a failure puts the former outputs back and removes the new`() throws {
        let folder = try prepared()
        let shelter = try shelter(folder, run: nil)
        #expect(try !folder.has("a/x") && !folder.has("d") && folder.has("new"))
        try folder.write("half", to: "a/x")
        try folder.write("half", to: "new/y")
        try shelter.restoreAfterFailure()
        #expect(try folder.read("a/x") == "old x")
        #expect(try folder.read("d/f") == "old d")
        #expect(try !folder.has("new/y"))
        #expect(try disk.entries(of: folder.path / "tmp").isEmpty)
    }

    @Test func `success lets the former outputs go`() throws {
        let folder = try prepared()
        let shelter = try shelter(folder, run: nil)
        try folder.write("new", to: "a/x")
        try shelter.discard()
        #expect(try folder.read("a/x") == "new")
        #expect(try disk.entries(of: folder.path / "tmp").isEmpty)
    }

    @Test(arguments: [true, false])
    func `after a kill the lock tells whether the run had finished`(finished: Bool) throws {
        let folder = try prepared()
        let before = RunID(.zero)
        _ = try shelter(folder, run: before)
        try folder.write("new", to: "a/x")
        let after = try #require(RunID(text: String(repeating: "1", count: 64)))
        let lock = LockFile(stages: [
            "s": .init(
                recipe: RecipeKey(.zero), run: finished ? after : before, action: .command("x"))
        ])
        try OutputShelter.recover(in: folder.path / "tmp", root: folder.path, lock: lock, on: disk)
        #expect(try folder.read("a/x") == (finished ? "new" : "old x"))
        #expect(try folder.has("d/f") == !finished)
        #expect(try disk.entries(of: folder.path / "tmp").isEmpty)
    }

    @Test func `a damaged manifest is reported, and nothing is removed`() throws {
        let folder = try prepared()
        _ = try shelter(folder, run: nil)
        try folder.write("{", to: "tmp/shelter-1/manifest.json")
        let error = #expect(throws: StoreError.self) {
            try OutputShelter.recover(
                in: folder.path / "tmp", root: folder.path, lock: LockFile(), on: disk)
        }
        #expect(error?.kind == .corrupt)
        #expect(try folder.read("tmp/shelter-1/0") == "old x")
    }
}
