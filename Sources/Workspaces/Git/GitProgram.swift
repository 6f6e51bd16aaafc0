package import Platform
package import Vocabulary

/// The user's `git` program: for settings, and for what only git knows inside of its own hooks (which
/// index it is about to commit, which commits it is about to send).
package struct GitProgram: Sendable {
    /// Where it runs.
    package let directory: DiskPath

    /// Git, run in `directory`.
    package init(in directory: DiskPath) { self.directory = directory }

    /// Runs `git` with these arguments; how it ended is no error. Throws `.notFound` without git.
    package func run(_ arguments: [String]) throws -> ChildProcess.Outcome {
        do {
            return try ChildProcess(
                arguments: ["git"] + arguments, directory: directory,
                standardOutput: .capture(limit: 256 << 20), standardError: .capture(limit: 1 << 16)
            ).run()
        } catch let error as StoreError where error.kind == .notFound {
            throw StoreError(
                .notFound, "cannot run 'git': there is no such program", subject: "git",
                advice: "install git, or put it into PATH", safety: "nothing was changed",
                cause: error)
        }
    }

    /// What `git` prints with these arguments; throws `.io` with its own words when it fails.
    package func output(_ arguments: [String]) throws -> [UInt8] {
        let outcome = try run(arguments)
        guard outcome.succeeded else {
            let words = outcome.standardError.split(separator: 0x0a).first.map { Array($0) } ?? []
            throw StoreError(
                .io, "'git \(arguments.first ?? "")' failed: \(printable(words))", subject: "git")
        }
        return outcome.standardOutput
    }

    /// A setting of the repository, the user or the machine; nil without one.
    package func setting(_ key: String) throws -> String? {
        let outcome = try run(["config", "--get", key])
        guard outcome.succeeded else { return nil }
        let line = outcome.standardOutput.split(separator: 0x0a, omittingEmptySubsequences: false)
        return line.first.map { String(decoding: $0, as: UTF8.self) }
    }
}
