import Platform
import TestSupport
import Testing
import Vocabulary

/// Makes the n-th system call of the real program fail, or kills the program at it, for each n:
/// with `strace`, which needs Linux and the right to trace.
@Suite(
    .enabled(
        if: BuiltProgram.can("strace -qq -e trace=none -o /dev/null true"),
        "strace cannot trace here: no system call is made to fail"))
struct SystemCallFaultTests {
    /// A fault that the system may answer with. One call a case: strace counts each by itself.
    enum Fault: String, CaseIterable, Sendable {
        case dataSyncFails = "fdatasync:error=EIO"
        case directorySyncFails = "fsync:error=EIO"
        case writeFails = "pwrite64:error=ENOSPC"
        case renameFails = "rename:error=EIO"

        var call: String { String(rawValue.prefix { $0 != ":" }) }
    }

    /// Only every so many-th call is killed; `MLSTORE_KILL_STEP=1`: each.
    private static let step =
        Environment.variable("MLSTORE_KILL_STEP").flatMap { Int($0) } ?? 2

    /// Runs the command with the n-th of its calls spoilt; nil when it does not call so often.
    private func run(
        _ deed: Deed, spoiling call: String, _ how: String, _ number: Int, in bench: Bench
    ) throws -> BuiltProgram.Result? {
        let ended = try bench.run(
            "exec strace -f -qq -o ../trace -e trace=\(call) "
                + "-e inject=\(call):\(how):when=\(number) \(deed.line)")
        let trace = try bench.succeed("cat ../trace")
        // What guards the commands of a stage is killed in the end in any case.
        let isSpoilt = how.hasPrefix("signal=") ? ended.status == 137 : trace.contains("INJECTED")
        return isSpoilt ? ended : nil
    }

    @Test(.tags(.crash), arguments: Fault.allCases)
    func `a call that fails anywhere is told, loses nothing, and the command can be given again`(
        fault: Fault
    ) throws {
        let folder = try TemporaryFolder()
        let bench = try Bench(in: folder.path)
        let how = String(fault.rawValue.dropFirst(fault.call.count + 1))
        var tried = 0
        for deed in [Deed.add, .commit] {
            for number in 1...1000 {
                try deed.prepare(bench, version: tried + 1)
                let comment: Comment = "\(deed): call \(number) of \(fault.rawValue)"
                guard let ended = try run(deed, spoiling: fault.call, how, number, in: bench)
                else { break }
                tried += 1
                // A table that only saves reading may be lost in silence.
                if ended.status != 0 {
                    #expect(ended.errors.hasPrefix("error: cannot "), "\(comment)")
                    #expect(ended.errors.contains("\nhint: "), "\(comment): \(ended.errors)")
                }
                try bench.checkSound(comment)
                try deed.complete(bench, comment)
            }
        }
        #expect(tried > 3)
        print("failed system calls tried, \(fault.rawValue): \(tried)")
    }

    @Test(.tags(.crash), arguments: [Deed.add, .checkout, .repro])
    func `a kill at any call that changes something loses nothing`(deed: Deed) throws {
        let folder = try TemporaryFolder()
        let bench = try Bench(in: folder.path, files: 8)
        var tried = 0
        // Each thread's calls are counted by themselves, and stages have threads of their own.
        let step = deed == .repro ? 1 : Self.step
        for call in ["fdatasync", "fsync", "rename", "renameat2", "unlink"] {
            for number in stride(from: 1, to: 1000, by: step) {
                try deed.prepare(bench, version: tried + 1)
                let comment: Comment = "\(deed) killed at \(call) \(number)"
                guard try run(deed, spoiling: call, "signal=KILL", number, in: bench) != nil else {
                    break
                }
                tried += 1
                try bench.checkSound(comment)
                try deed.complete(bench, comment)
            }
        }
        #expect(tried > 5)
        print("kills at system calls tried, \(deed): \(tried)")
    }
}
