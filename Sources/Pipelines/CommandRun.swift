import Platform
import Synchronization
import Vocabulary

/// A stage's command on the machine.
struct CommandRun {
    let stage: String
    let command: String
    let directory: DiskPath
    let seed: Int64
    let threads: Int
    /// A program with its arguments that runs the command: a tracer.
    var runner: [String] = []
    /// The lock that keeps other runs out, also while what left the command's process group
    /// outlives this program.
    var lock: (any DiskLock)?
    /// What it has in its environment besides.
    var variables: [String: String] = [:]
    /// The item that it runs for, where it runs for several.
    var item: String?
    /// How often a command that fails is run again.
    var retries = 0
    /// How long one attempt may take, in milliseconds.
    var timeoutMilliseconds: Int64?
    /// Removes what an attempt that failed left, before the next.
    var clean: @Sendable () throws -> Void = {}
    /// Takes each line of the command's two outputs as it comes.
    let onLine: @Sendable ([UInt8]) -> Void

    /// Runs the command by `/bin/sh -c`, again as often as `retries` says. Throws `.stageFailed` for
    /// any end but status 0, with the last lines of its standard error as the cause, and
    /// `.interrupted` after a signal to us.
    func run() throws {
        for attempt in 1...(retries + 1) {
            guard let failure = try runOnce() else { return }
            guard attempt <= retries else { throw self.failure(failure) }
            onLine(Array("attempt \(attempt) of \(retries + 1) \(failure.how)".utf8))
            try clean()
        }
    }

    /// How an attempt ended, and the last lines of its standard error.
    private typealias Failure = (how: String, lines: [[UInt8]])

    /// Runs the command once; nil when it succeeded.
    private func runOnce() throws -> Failure? {
        let tail = LineTail(limit: 20)
        var variables = Environment.variables
        variables["MLSTORE_SEED"] = String(seed)
        variables["MLSTORE_STAGE"] = stage
        variables["MLSTORE_THREADS"] = String(threads)
        variables.merge(self.variables) { _, own in own }
        let deliver = onLine
        var child = ChildProcess(
            arguments: runner + ["/bin/sh", "-c", command], directory: directory,
            environment: variables,
            standardOutput: .lines(deliver),
            standardError: .lines { line in
                tail.append(line)
                deliver(line)
            })
        child.sharedLock = lock
        child.endsWithUs = true
        child.timeoutMilliseconds = timeoutMilliseconds
        let outcome = try child.run()
        try SignalWatch.check()
        return outcome.succeeded ? nil : (CommandRun.ending(of: outcome), tail.lines)
    }

    private static func ending(of outcome: ChildProcess.Outcome) -> String {
        if outcome.ranOutOfTime { return "did not end within its 'timeout'" }
        return switch outcome.ending {
        case .exited(127): "exited with status 127 (a program was not found)"
        case .exited(126): "exited with status 126 (a program may not be executed)"
        case .exited(let status): "exited with status \(status)"
        case .killed(let signal): "was killed by signal \(signal)\(name(of: signal))"
        }
    }

    private func failure(_ failure: Failure) -> StoreError {
        StoreError(
            .stageFailed,
            "stage '\(stage)' failed: its command \(failure.how)"
                + (item.map { " for '\($0)'" } ?? ""),
            subject: stage,
            advice: CommandRun.advice,
            safety: CommandRun.safety,
            cause: failure.lines.isEmpty ? nil : CommandOutput(lines: failure.lines))
    }

    static let advice =
        "mend the cause and run 'mlstore repro' again; what is current is not repeated"

    static let safety = "the stage's previous outputs and mlstore.lock are as they were"

    private static func name(of signal: Int) -> String {
        let names = [
            1: "SIGHUP", 2: "SIGINT", 4: "SIGILL", 6: "SIGABRT", 8: "SIGFPE",
            9: "SIGKILL, often for want of memory", 11: "SIGSEGV", 13: "SIGPIPE", 15: "SIGTERM",
        ]
        return names[signal].map { " (\($0))" } ?? ""
    }
}

/// The last lines that a failing command wrote to its standard error.
package struct CommandOutput: Error, Sendable, Equatable, CustomStringConvertible {
    /// The lines, oldest first.
    package let lines: [[UInt8]]

    /// The lines as text, control characters escaped.
    package var description: String { lines.map(printableText).joined(separator: "\n") }
}

/// Keeps the last lines that it is given, each cut to a length that a terminal can bear.
private final class LineTail: Sendable {
    private let limit: Int
    private let kept = Mutex<[[UInt8]]>([])

    init(limit: Int) { self.limit = limit }

    func append(_ line: [UInt8]) {
        kept.withLock { lines in
            lines.append(Array(line.prefix(2000)))
            if lines.count > limit { lines.removeFirst() }
        }
    }

    var lines: [[UInt8]] { kept.withLock { $0 } }
}
