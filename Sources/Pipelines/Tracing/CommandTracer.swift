import Bytes
import Platform
import Vocabulary

/// Runs commands under strace and reads what it writes.
struct CommandTracer: Sendable {
    /// The calls that open, make, move and remove files, start processes and change folders. Those
    /// that a processor does not have are passed over.
    private static let calls = [
        "open", "openat", "openat2", "creat", "execve", "execveat", "chdir", "fchdir", "rename",
        "renameat", "renameat2", "link", "linkat", "symlink", "symlinkat", "unlink", "unlinkat",
        "mkdir", "mkdirat", "truncate", "fork", "vfork", "clone", "clone3",
    ]
    private static let bufferBytes = 1 << 20

    /// Finds out whether strace is here and may trace.
    ///
    /// Throws `.notFound` when it is not on the `PATH`, and `.permission` when the system forbids
    /// it.
    init(tryingIn folder: DiskPath) throws {
        let child = ChildProcess(
            arguments: arguments(log: folder / "trial") + ["/bin/sh", "-c", ":"],
            directory: folder, standardOutput: .discard, standardError: .capture(limit: 4096))
        let outcome: ChildProcess.Outcome
        do {
            outcome = try child.run()
        } catch let error as StoreError where error.kind == .notFound {
            throw StoreError(
                .notFound, "cannot trace commands: 'strace' is not on the PATH",
                subject: "strace",
                advice: "install strace, which only Linux has, or leave out '--trace'",
                safety: "nothing was run", cause: error)
        }
        guard outcome.succeeded else {
            let lines = outcome.standardError.split(separator: 0x0a).map { Array($0) }
            throw StoreError(
                .permission,
                "cannot trace commands: strace may not"
                    + (lines.first.map { " (\(printableText($0)))" } ?? ""), subject: "strace",
                advice:
                    "allow it to (in a container '--cap-add SYS_PTRACE'), or leave out '--trace'",
                safety: "nothing was run")
        }
    }

    /// What stands before a command, so that its trace goes to `log`.
    func arguments(log: DiskPath) -> [String] {
        let calls = CommandTracer.calls.map { "?" + $0 }.joined(separator: ",")
        return [
            "strace", "-f", "-q", "-y", "-xx", "--seccomp-bpf", "-e", "signal=none", "-e",
            "trace=\(calls)", "-o", "\(log)", "--",
        ]
    }

    /// What a trace tells; no link leads to `root`. Throws `.corrupt` for what strace does not write.
    static func accesses(
        in log: DiskPath, root: DiskPath, folder: DiskPath, on disk: any Disk
    ) throws -> FileAccesses {
        var accesses = FileAccesses(
            root: root.bytes,
            folder: try Environment.realPath(folder).bytes)
        let file = try disk.openFile(log, .read)
        defer { try? file.close() }  // only read
        var offset = 0
        var rest: [UInt8] = []
        while true {
            let part = try file.read(at: offset, count: bufferBytes)
            offset += part.count
            var lines = (rest + part).split(separator: 0x0a, omittingEmptySubsequences: false)
            // What is behind the last newline is not whole, at the end neither: a killed strace.
            rest = Array(lines.removeLast())
            for line in lines where !line.isEmpty { try accesses.read(Array(line), of: log) }
            guard !part.isEmpty, rest.count <= TraceLine.maximumBytes else { break }
        }
        accesses.finish()
        return accesses
    }
}

extension FileAccesses {
    fileprivate mutating func read(_ line: [UInt8], of log: DiskPath) throws {
        do throws(DecodeError) {
            try take(line)
        } catch {
            throw StoreError(
                .corrupt, "cannot read the trace of a command: \(error.reason)",
                subject: log.description, advice: "run it without '--trace'",
                safety: CommandRun.safety, cause: error)
        }
    }
}
