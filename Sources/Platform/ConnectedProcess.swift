private import CPlatform
import Synchronization
package import Vocabulary

/// A program that is talked to while it runs: its standard input and output are pipes of ours.
///
/// It stays in this program's process group, so that it may ask its user at the terminal, and so
/// that Ctrl-C reaches it as well. One thread writes at a time, and one reads.
package final class ConnectedProcess: Sendable {
    private struct State {
        var ending: ChildProcess.Ending?
        var errors: [UInt8] = []
    }

    private let pid: Int32
    private let output: Int32
    private let error: Int32
    /// Held while it is written to, so that its number is not another file's by then.
    private let input: Mutex<Int32>
    private let isFinishing = Atomic<Bool>(false)
    private let state = Mutex(State())

    /// How much of the end of standard error is kept.
    private static let keptErrors = 16 << 10
    private static let patience: Int32 = 100

    /// Starts the program, looked up in `PATH` unless it holds a `/`. Throws `.notFound` or
    /// `.permission` when it cannot be started.
    package init(
        arguments: [String], directory: DiskPath,
        environment: [String: String] = Environment.variables
    ) throws {
        SignalWatch.ignoreBrokenPipes()
        var ends: [(read: Int32, write: Int32)] = []
        defer { for end in ends { _ = (mlp_close(end.read), mlp_close(end.write)) } }
        for isToChild in [true, false, false] {
            var (read, write): (Int32, Int32) = (-1, -1)
            let result =
                unsafe isToChild ? mlp_pipe_to_child(&read, &write) : mlp_pipe(&read, &write)
            _ = try checked(result, "make a pipe for", DiskPath("a child"))
            ends.append((read, write))
        }
        pid = try spawn(
            arguments.map { Array($0.utf8) }, environment, in: directory,
            mlp_child(
                input: ends[0].read, output: ends[1].write, error: ends[2].write, kept: -1,
                group: -1))
        (output, error) = (ends[1].read, ends[2].read)
        input = Mutex(ends[0].write)
        // What is left in the list is the child's, and closed here.
        (ends[0].write, ends[1].read, ends[2].read) = (-1, -1, -1)
    }

    deinit {
        _ = finish()
        mlp_close(output)
        mlp_close(error)
    }

    /// Writes all of `bytes`; false when the program does not read any more. Throws `.interrupted`
    /// after a signal, with a part written.
    package func write(_ bytes: [UInt8]) throws -> Bool {
        try input.withLock { input in
            var done = 0
            while done < bytes.count {
                guard input >= 0, !isFinishing.load(ordering: .relaxed) else { return false }
                let descriptor = input
                let count = unsafe bytes.withUnsafeBytes { buffer -> Int64 in
                    guard let start = buffer.baseAddress else { return 0 }
                    // From inside of the buffer to its end.
                    return unsafe mlp_write_some(descriptor, start + done, buffer.count - done)
                }
                if count >= 0 {
                    done += Int(count)
                } else if mlp_would_block(Int32(truncatingIfNeeded: -count)) != 0 {
                    try SignalWatch.check()
                    _ = mlp_wait_writable(descriptor, ConnectedProcess.patience)
                } else {
                    return false
                }
            }
            return true
        }
    }

    /// Some of what the program writes, at most `maximum` bytes: empty when nothing came for a
    /// tenth of a second, nil at the end.
    package func readSome(maximum: Int) -> [UInt8]? {
        let ready = mlp_wait_readable(output, error, ConnectedProcess.patience)
        if ready & 2 != 0 { drainErrors() }
        guard ready & 1 != 0 else {
            // Standard error may be closed long before the end: do not turn in circles.
            if ready & 2 != 0 { pause(milliseconds: 1) }
            return []
        }
        return read(output, maximum)
    }

    private func drainErrors() {
        guard let bytes = read(error, 8192) else { return }
        state.withLock { state in
            state.errors += bytes
            state.errors.removeFirst(max(0, state.errors.count - ConnectedProcess.keptErrors))
        }
    }

    private func read(_ descriptor: Int32, _ maximum: Int) -> [UInt8]? {
        var status: Int64 = 0
        let bytes = unsafe [UInt8](unsafeUninitializedCapacity: maximum) { buffer, filled in
            guard let start = buffer.baseAddress else { return }
            // The buffer is as long as asked for.
            status = unsafe mlp_read_some(descriptor, start, maximum)
            filled = max(0, Int(status))
        }
        if status < 0, mlp_would_block(Int32(truncatingIfNeeded: -status)) != 0 { return [] }
        return status > 0 ? bytes : nil
    }

    /// Closes its input and waits for its end; after two seconds it is asked to end, and after
    /// another two it is killed. Again is no error.
    package func finish() -> ChildProcess.Ending {
        isFinishing.store(true, ordering: .relaxed)
        input.withLock { input in
            if input >= 0 { mlp_close(input) }
            input = -1
        }
        var waited = 0
        while true {
            if let ending = endingSoFar() { return ending }
            if waited >= 4000 { mlp_kill(pid, 9) } else if waited >= 2000 { mlp_kill(pid, 15) }
            // What it still writes must not keep it from ending.
            if let rest = readSome(maximum: 65_536) {
                waited += rest.isEmpty ? 100 : 1
            } else {
                pause(milliseconds: 10)
                waited += 10
            }
        }
    }

    /// Kills it.
    package func kill() {
        if endingSoFar() == nil { mlp_kill(pid, 9) }
    }

    /// Asks it to end.
    package func terminate() {
        if endingSoFar() == nil { mlp_kill(pid, 15) }
    }

    private func endingSoFar() -> ChildProcess.Ending? {
        state.withLock { state in
            if let ending = state.ending { return ending }
            var found = mlp_exit()
            let result = unsafe mlp_wait(pid, 0, &found)
            // A child that cannot be waited for has been: nothing is known of its end.
            guard result != 0 else { return nil }
            let code = Int(found.code)
            state.ending = found.exited == 1 || result < 0 ? .exited(code) : .killed(signal: code)
            return state.ending
        }
    }

    /// The end of what the program wrote on standard error so far.
    package var errors: [UInt8] {
        drainErrors()
        return state.withLock { $0.errors }
    }
}
