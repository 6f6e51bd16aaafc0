internal import CPlatform
package import Vocabulary

/// A program run to its end, in a process group of its own, with nothing on standard input.
///
/// A run ends when its process ends. What it left running in its group is killed then: it could
/// still write to outputs that count as finished. A signal that ends this program goes to the
/// group as well; one that nobody can catch does where `endsWithUs`.
package struct ChildProcess: Sendable {
    /// Where one of the child's two outputs goes.
    package enum Output: Sendable {
        /// To this program's own.
        case inherit
        /// Nowhere.
        case discard
        /// Into `Outcome`, the first `limit` bytes; the rest is read and dropped.
        case capture(limit: Int)
        /// Into a file, which is replaced.
        case file(DiskPath)
        /// Line by line, without the newline, on the calling thread as they come; a line longer
        /// than 1 MiB comes in pieces.
        case lines(@Sendable ([UInt8]) -> Void)
    }

    /// How a child ended.
    package enum Ending: Hashable, Sendable {
        /// By itself, with this status.
        case exited(Int)
        /// By a signal.
        case killed(signal: Int)
    }

    /// What is left of a child.
    package struct Outcome: Sendable {
        /// How it ended.
        package let ending: Ending
        /// What was captured of its standard output.
        package let standardOutput: [UInt8]
        /// What was captured of its standard error.
        package let standardError: [UInt8]
        /// Whether it was ended because it took longer than it may.
        package let ranOutOfTime: Bool
        /// Whether it ended by itself with status 0.
        package var succeeded: Bool { ending == .exited(0) && !ranOutOfTime }
    }

    /// The program, looked up in `PATH` unless it holds a `/`, and its arguments.
    package var arguments: [[UInt8]]
    /// Where it runs.
    package var directory: DiskPath
    /// All of its environment variables.
    package var environment: [String: String]
    /// Where its standard output goes.
    package var standardOutput: Output
    /// Where its standard error goes.
    package var standardError: Output
    /// A lock that the child, and what it starts, holds as well: if this program is killed, the
    /// lock stays until they end.
    package var sharedLock: (any DiskLock)?
    /// Whether it, and what it starts in its group, is killed when this program ends in any way.
    package var endsWithUs = false
    /// How long it may take, in milliseconds: then its group is asked to end, and killed when it
    /// has not within five seconds. nil for as long as it takes.
    package var timeoutMilliseconds: Int64?

    /// A child that is described, not yet run.
    package init(
        arguments: [[UInt8]], directory: DiskPath,
        environment: [String: String] = Environment.variables,
        standardOutput: Output = .inherit, standardError: Output = .inherit
    ) {
        self.arguments = arguments
        self.directory = directory
        self.environment = environment
        self.standardOutput = standardOutput
        self.standardError = standardError
    }

    /// A child that is described in text.
    package init(
        arguments: [String], directory: DiskPath,
        environment: [String: String] = Environment.variables,
        standardOutput: Output = .inherit, standardError: Output = .inherit
    ) {
        self.init(
            arguments: arguments.map { Array($0.utf8) }, directory: directory,
            environment: environment, standardOutput: standardOutput,
            standardError: standardError)
    }

    /// Runs the program and waits for its end. Throws `.notFound` or `.permission` when it cannot
    /// be started, `.badUsage` for an argument with a NUL in it; how it ended is no error.
    package func run() throws -> Outcome {
        var output = try OutputSink(standardOutput, inherited: 1)
        var error = try OutputSink(standardError, inherited: 2)
        let guardian = endsWithUs ? try ChildGuard() : nil
        defer { guardian?.end() }
        let pid = try spawn(
            output: output.childEnd, error: error.childEnd, group: guardian?.group ?? 0)
        let group = guardian?.group ?? pid
        let slot = mlp_register_group(group)
        defer { mlp_unregister_group(slot) }
        output.closeChildEnd()
        error.closeChildEnd()
        var deadline = Deadline(milliseconds: timeoutMilliseconds)
        let ending = try followToTheEnd(pid, of: group, &output, &error, &deadline)
        return Outcome(
            ending: ending, standardOutput: output.captured, standardError: error.captured,
            ranOutOfTime: deadline.hasSignalled)
    }

    private func spawn(output: Int32, error: Int32, group: Int32) throws -> Int32 {
        try Platform.spawn(
            arguments, environment, in: directory,
            mlp_child(
                input: -1, output: output, error: error, kept: sharedLock?.descriptor ?? -1,
                group: group))
    }

    private func followToTheEnd(
        _ pid: Int32, of group: Int32, _ output: inout OutputSink, _ error: inout OutputSink,
        _ deadline: inout Deadline
    ) throws -> Ending {
        var ended: Ending?
        while ended == nil, output.isOpen || error.isOpen || deadline.isSet {
            // Woken at the latest after 20 ms, because a grandchild may hold a pipe open.
            let ready = mlp_wait_readable(output.readEnd, error.readEnd, 20)
            if ready > 0, ready & 1 != 0 { output.drain() }
            if ready > 0, ready & 2 != 0 { error.drain() }
            if ready <= 0 || deadline.hasPassed { ended = try wait(pid, block: false) }
            if ended == nil, let signal = deadline.signal() { mlp_kill_group(group, signal) }
        }
        let ending = try ended ?? wait(pid, block: true) ?? .exited(0)
        mlp_kill_group(group, 9)
        output.finish()
        error.finish()
        return ending
    }

    private func wait(_ pid: Int32, block: Bool) throws -> Ending? {
        var found = mlp_exit()
        let result = unsafe mlp_wait(pid, block ? 1 : 0, &found)
        guard result >= 0 else {
            throw StoreError.system("cannot wait for a child", subject: nil, code: -result)
        }
        guard result == 1 else { return nil }
        return found.exited == 1 ? .exited(Int(found.code)) : .killed(signal: Int(found.code))
    }
}

/// When a child has taken too long, and what has been done about it.
private struct Deadline {
    /// How long a child may take to end by itself once it was asked to.
    private static let graceMilliseconds: UInt64 = 5000

    private var end: UInt64?
    private(set) var hasSignalled = false

    init(milliseconds: Int64?) {
        end = milliseconds.map { Deadline.moment(after: UInt64(max(0, $0))) }
    }

    var isSet: Bool { end != nil }
    var hasPassed: Bool { end.map { monotonicNanoseconds() >= $0 } ?? false }

    /// What to send to the group now: SIGTERM when the time is over, SIGKILL when that did not help.
    mutating func signal() -> Int32? {
        guard hasPassed else { return nil }
        let signal: Int32 = hasSignalled ? 9 : 15
        hasSignalled = true
        end = Deadline.moment(after: Deadline.graceMilliseconds)
        return signal
    }

    private static func moment(after milliseconds: UInt64) -> UInt64 {
        let (nanoseconds, overflows) = milliseconds.multipliedReportingOverflow(by: 1_000_000)
        return overflows ? .max : monotonicNanoseconds() &+ nanoseconds
    }
}

extension Environment {
    /// Becomes another program, with the same process id and environment. Returns only by throwing.
    package static func replaceProcess(with program: DiskPath, arguments: [String]) throws -> Never
    {
        // The strings live until the call returns, which it only does in vain.
        let result = unsafe withCStrings(arguments.map { Array($0.utf8) }) { vector in
            unsafe mlp_replace_process(program.bytes, program.bytes.count, vector)
        }
        throw StoreError.system("start", program, code: -result)
    }
}

/// Starts a program; its process id.
func spawn(
    _ arguments: [[UInt8]], _ environment: [String: String], in directory: DiskPath,
    _ child: mlp_child
) throws -> Int32 {
    let variables = environment.sorted { $0.key < $1.key }.map { Array("\($0)=\($1)".utf8) }
    let name = arguments.first.map(printable) ?? ""
    guard !arguments.isEmpty, !(arguments + variables).contains(where: { $0.contains(0) })
    else {
        throw StoreError(
            .badUsage, "cannot run '\(name)': an argument or variable is missing or holds NUL")
    }
    var pid: Int32 = 0
    var child = child
    // Both vectors and all their strings live until the call returns.
    let result = unsafe withCStrings(arguments) { arguments in
        unsafe withCStrings(variables) { variables in
            unsafe mlp_spawn(
                arguments, variables, directory.bytes, directory.bytes.count, &child, &pid)
        }
    }
    guard result == 0 else {
        throw StoreError.system("cannot run '\(name)'", subject: name, code: -result)
    }
    return pid
}

/// Calls `body` with a null-terminated vector of C strings.
private func withCStrings<Result>(
    _ texts: [[UInt8]], _ body: (UnsafePointer<UnsafeMutablePointer<CChar>?>) -> Result
) -> Result {
    var storage: [CChar] = []
    for text in texts {
        for byte in text { storage.append(CChar(bitPattern: byte)) }
        storage.append(0)
    }
    return unsafe storage.withUnsafeMutableBufferPointer { characters in
        var vector: [UnsafeMutablePointer<CChar>?] = unsafe []
        var offset = 0
        for text in texts {
            unsafe vector.append(characters.baseAddress.map { unsafe $0 + offset })
            offset += text.count + 1
        }
        unsafe vector.append(nil)
        return unsafe body(vector)
    }
}
