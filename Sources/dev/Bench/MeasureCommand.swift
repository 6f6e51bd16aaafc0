import ArgumentParser
import Platform
import Vocabulary

/// Runs one program and prints nanoseconds and peak bytes: the inner half of `bench`.
struct MeasureCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "measure", abstract: "Run one program and print its time and memory.",
        shouldDisplay: false)

    @Argument(parsing: .captureForPassthrough)
    var arguments: [String]

    func run() throws {
        let words = arguments.first == "--" ? Array(arguments.dropFirst()) : arguments
        let child = ChildProcess(
            arguments: words, directory: DiskPath("."), standardOutput: .discard)
        let start = monotonicNanoseconds()
        let outcome = try child.run()
        let elapsed = monotonicNanoseconds() - start
        guard outcome.succeeded else {
            throw StoreError(
                .stageFailed, "'\(words.joined(separator: " "))' failed: \(outcome.ending)")
        }
        print("\(elapsed) \(Environment.peakMemoryOfChildrenBytes())")
    }
}
