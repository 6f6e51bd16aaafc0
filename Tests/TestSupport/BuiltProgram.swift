import Platform
package import Vocabulary

/// The real program, as users run it.
package enum BuiltProgram {
    /// The binary under test: `MLSTORE_BINARY`, or the one that was built beside the tests.
    package static func path() throws -> DiskPath {
        if let path = Environment.variable("MLSTORE_BINARY") { return DiskPath(path) }
        var place = try Environment.executablePath().parent
        while place.bytes.count > 1 {
            let candidate = place / "mlstore"
            if try LocalDisk().status(of: candidate, followingLinks: true)?.kind == .file {
                return candidate
            }
            place = place.parent
        }
        // The tests may run inside the toolchain's own program.
        return root / ".build/debug/mlstore"
    }

    /// The repository's root, seen from this source file.
    package static let root = DiskPath(#filePath).parent.parent.parent

    /// What one command came to.
    package struct Result: Sendable {
        /// The exit status; 128 and the signal for a killed one, as in a shell.
        package let status: Int
        /// All that it printed on standard output.
        package let output: String
        /// All that it printed on standard error, lines that were broken for width put together.
        package let errors: String
    }

    /// Runs a line of the shell in `folder`, in which `mlstore` is the program under test. No
    /// setting of the user or of git has an influence.
    package static func shell(_ line: String, in folder: DiskPath) throws -> Result {
        let path = Environment.variable("PATH") ?? "/usr/bin:/bin"
        var environment = [
            "PATH": "\(try BuiltProgram.path().parent):\(path)", "HOME": "\(folder)",
            "LC_ALL": "C", "TZ": "UTC", "NO_COLOR": "1", "GIT_CONFIG_GLOBAL": "/dev/null",
            "GIT_CONFIG_SYSTEM": "/dev/null",
        ]
        for role in ["AUTHOR", "COMMITTER"] {
            environment["GIT_\(role)_NAME"] = "Ada"
            environment["GIT_\(role)_EMAIL"] = "ada@example.org"
        }
        let outcome = try ChildProcess(
            arguments: ["/bin/sh", "-c", line], directory: folder, environment: environment,
            standardOutput: .capture(limit: 1 << 24), standardError: .capture(limit: 1 << 24)
        ).run()
        let status =
            switch outcome.ending {
            case .exited(let status): status
            case .killed(let signal): 128 + signal
            }
        return Result(
            status: status, output: String(decoding: outcome.standardOutput, as: UTF8.self),
            errors: unbroken(String(decoding: outcome.standardError, as: UTF8.self)))
    }

    private static func unbroken(_ text: String) -> String {
        text.split(separator: "\n", omittingEmptySubsequences: false)
            .reduce(into: "") { result, line in
                let isRest = line.hasPrefix("      ")
                result += (isRest ? " " : result.isEmpty ? "" : "\n")
                result += isRest ? line.drop { $0 == " " } : line
            }
    }

    /// Whether the line succeeds here: for tests that need a tool or a permission.
    package static func can(_ line: String) -> Bool {
        (try? shell(line, in: DiskPath("/")))?.status == 0
    }
}
