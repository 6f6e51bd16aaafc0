import Platform
import Synchronization
import TestSupport
import Testing
import Vocabulary

@Suite struct ChildProcessTests {
    private func shell(_ script: String, _ output: ChildProcess.Output = .capture(limit: 1 << 20))
        throws -> ChildProcess.Outcome
    {
        try ChildProcess(
            arguments: ["sh", "-c", script], directory: DiskPath("/"),
            standardOutput: output, standardError: .capture(limit: 1 << 20)
        ).run()
    }

    @Test func `both outputs are captured and the status is kept`() throws {
        let outcome = try shell("echo out; echo err >&2; exit 7")
        #expect(outcome.ending == .exited(7))
        #expect(outcome.standardOutput == Array("out\n".utf8))
        #expect(outcome.standardError == Array("err\n".utf8))
        #expect(try shell("kill -9 $$").ending == .killed(signal: 9))
    }

    @Test func `more output than a pipe holds is read to the end, and kept to the limit`() throws {
        let outcome = try shell("head -c 3000000 /dev/zero", .capture(limit: 1000))
        #expect(outcome.succeeded && outcome.standardOutput.count == 1000)
    }

    @Test func `lines come one by one, the last without its newline too`() throws {
        let lines = Mutex<[[UInt8]]>([])
        _ = try shell(
            "printf 'a\\n\\nb b\\nlast'", .lines { line in lines.withLock { $0.append(line) } })
        #expect(lines.withLock { $0 } == ["a", "", "b b", "last"].map { Array($0.utf8) })
    }

    @Test func `directory, environment and arguments arrive as they are`() throws {
        try withTemporaryFolder { directory in
            let outcome = try ChildProcess(
                arguments: ["sh", "-c", "pwd; echo \"$X|$1|$HOME\"; cat", "sh", "a b\n'c'"],
                directory: directory,
                environment: ["X": "ü=1", "PATH": Environment.variable("PATH") ?? "/bin"],
                standardOutput: .capture(limit: 4096)
            ).run()
            #expect(outcome.standardOutput == Array("\(directory)\nü=1|a b\n'c'|\n".utf8))
        }
    }

    @Test func `output goes to a file or nowhere`() throws {
        try withTemporaryFolder { directory in
            _ = try shell("echo hello", .file(directory / "log"))
            let log = try LocalDisk().readFile(directory / "log", maximumBytes: 100)
            #expect(log == Array("hello\n".utf8))
            #expect(try shell("echo hello", .discard).standardOutput.isEmpty)
        }
    }

    @Test func `a program that is not there, or no program, is an error`() throws {
        let missing = #expect(throws: StoreError.self) {
            _ = try ChildProcess(arguments: ["no-such-program-xyz"], directory: DiskPath("/")).run()
        }
        #expect(missing?.kind == .notFound)
        let nowhere = #expect(throws: StoreError.self) {
            _ = try ChildProcess(arguments: ["true"], directory: DiskPath("/nowhere")).run()
        }
        #expect(nowhere?.kind == .notFound)
        for arguments in [[], ["a\0b"]] as [[String]] {
            let error = #expect(throws: StoreError.self) {
                _ = try ChildProcess(arguments: arguments, directory: DiskPath("/")).run()
            }
            #expect(error?.kind == .badUsage)
        }
    }

    @Test func `what a child leaves running is ended with it`() throws {
        try withTemporaryFolder { directory in
            let outcome = try ChildProcess(
                arguments: ["sh", "-c", "(sleep 100; echo late > late) & echo started"],
                directory: directory, standardOutput: .capture(limit: 100)
            ).run()
            #expect(outcome.succeeded && outcome.standardOutput == Array("started\n".utf8))
        }
    }
}
