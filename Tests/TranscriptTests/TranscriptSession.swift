import Bytes
import Commands
import Platform
import TestSupport
import Testing
import Vocabulary

/// Runs one transcript with the real binary in a folder of its own, where nothing differs from one
/// run to the next: the n-th command has seed n and a clock that stands n seconds after midnight.
struct TranscriptSession {
    let file: DiskPath
    private let disk = LocalDisk()

    /// Runs all commands; every one that prints something else than the text says is an issue at
    /// its line. With `MLSTORE_UPDATE_TRANSCRIPTS` set the text is rewritten instead.
    func check() throws {
        let text = try disk.readFile(file, maximumBytes: 1 << 22)
        let transcript = Transcript(markdown: String(decoding: text, as: UTF8.self))
        try #require(!transcript.steps.isEmpty, "no console block in \(file)")
        let folder = try makeFolder()
        defer { _ = try? shell("rm -rf '\(folder)'") }
        var outputs: [[String]] = []
        var runner = TranscriptRunner(
            in: folder / "work", scratch: folder / "place", environment: try environment(folder),
            on: disk)
        for (index, step) in transcript.steps.enumerated() {
            let output = try runner.run(step, extra: moment(index + 1))
                .map { $0.replacing(folder.description + "/work", with: "/WORK") }
            outputs.append(output)
            guard !Self.isUpdating else { continue }
            #expect(
                Transcript.matches(output, expected: step.expected),
                "\(file):\(step.line): $ \(step.command)\n\(output.joined(separator: "\n"))")
        }
        if Self.isUpdating {
            try update(String(decoding: text, as: UTF8.self), transcript, outputs)
        }
    }

    private static var isUpdating: Bool {
        Environment.variable("MLSTORE_UPDATE_TRANSCRIPTS") != nil
    }

    private func makeFolder() throws -> DiskPath {
        let name = "mlstore-transcript-" + Hex.encode(Entropy.system.bytes(8))
        let folder = DiskPath(Environment.variable("TMPDIR") ?? "/tmp") / name
        try disk.makeDirectory(folder)
        try disk.makeDirectory(folder / "work")
        try disk.makeDirectory(folder / "home")
        return try Environment.realPath(folder)
    }

    private func shell(_ script: String) throws -> Bool {
        try ChildProcess(arguments: ["/bin/sh", "-c", script], directory: DiskPath("/"))
            .run().succeeded
    }

    private func environment(_ folder: DiskPath) throws -> [String: String] {
        let path = Environment.variable("PATH") ?? "/usr/bin:/bin"
        let share = BuiltProgram.root / ".build/share"
        try stageShare(share)
        return [
            "PATH": "\(try BuiltProgram.path().parent):\(path)", "HOME": "\(folder)/home",
            "LC_ALL": "C", "TZ": "UTC", "NO_COLOR": "1", "MLSTORE_SHARE": "\(share)",
            "FIXTURES": "\(BuiltProgram.root)/fixtures",
            "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_SYSTEM": "/dev/null",
            "GIT_AUTHOR_NAME": "Ada", "GIT_AUTHOR_EMAIL": "ada@example.com",
            "GIT_COMMITTER_NAME": "Ada", "GIT_COMMITTER_EMAIL": "ada@example.com",
        ]
    }

    /// What `install.sh` puts beside the program, straight from the tree.
    private func stageShare(_ share: DiskPath) throws {
        try disk.makeDirectories(share)
        let files = [
            "docs/tutorial/getting-started.md", "fixtures/data/flights.csv.zst",
            "fixtures/data/airports.csv",
        ]
        for file in files {
            let bytes = try disk.readFile(BuiltProgram.root / file, maximumBytes: 1 << 26)
            let target = share.appending(DiskPath(file).lastComponent)
            try writeAtomically(bytes, to: target, on: disk, permissions: 0o644, durable: false)
        }
    }

    private func moment(_ number: Int) -> [String: String] {
        let midnight: Int64 = 1_767_225_600_000
        let time = Timestamp(milliseconds: midnight + Int64(number) * 1000).description
        return [
            "MLSTORE_CLOCK": time, "MLSTORE_SEED_FOR_TESTS": "\(number)",
            "GIT_AUTHOR_DATE": time, "GIT_COMMITTER_DATE": time,
        ]
    }

    /// Replaces the output of every step that does not match by what was printed.
    private func update(_ text: String, _ transcript: Transcript, _ outputs: [[String]]) throws {
        var lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        for (step, output) in zip(transcript.steps, outputs).reversed()
        where !Transcript.matches(output, expected: step.expected) {
            let start =
                step.line - 1
                + step.command.split(
                    separator: "\n", omittingEmptySubsequences: false
                ).count
            lines.replaceSubrange(start..<(start + step.expected.count), with: output)
        }
        try writeAtomically(
            Array(lines.joined(separator: "\n").utf8), to: file, on: disk, permissions: 0o644,
            durable: false)
    }
}
