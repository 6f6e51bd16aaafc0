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
