import Platform
import Vocabulary

/// A page of prose with console blocks: each line behind `$ ` is typed into a shell, and the lines
/// below it are what must come out. `[exit 3]` as the last line is the status, where it is not 0.
///
/// Never a matter of luck: the n-th command has seed n, and the clock stands at n seconds past a
/// fixed moment.
struct Transcript {
    struct Step {
        let command: String
        let expected: [String]
        /// The line of the command in the page, from 1.
        let line: Int
    }

    let steps: [Step]

    init(_ text: String) {
        var steps: [Step] = []
        var command: (text: String, line: Int)?
        var expected: [String] = []
        var isInside = false
        func close() {
            if let command {
                steps.append(Step(command: command.text, expected: expected, line: command.line))
            }
            command = nil
            expected = []
        }
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        for (index, line) in lines.enumerated() {
            if line.hasPrefix("```") {
                close()
                isInside = !isInside && line == "```console"
            } else if isInside, line.hasPrefix("$ ") {
                close()
                command = (String(line.dropFirst(2)), index + 1)
            } else if isInside, command != nil {
                expected.append(line)
            }
        }
        close()
        self.steps = steps
    }

    /// Types the commands one after the other in `workspace`, and tells each difference.
    func differences(in workspace: DiskPath, binary: DiskPath) throws -> [String] {
        try steps.enumerated().compactMap { index, step in
            let actual = try run(step, number: index + 1, in: workspace, binary: binary)
            guard actual != step.expected else { return nil }
            return "line \(step.line): $ \(step.command)\nexpected:\n"
                + step.expected.joined(separator: "\n") + "\nactual:\n"
                + actual.joined(separator: "\n")
        }
    }

    private func run(
        _ step: Step, number: Int, in workspace: DiskPath, binary: DiskPath
    ) throws -> [String] {
        let path = Environment.variable("PATH") ?? "/usr/bin:/bin"
        let moment = Timestamp(milliseconds: 1_767_225_600_000 + Int64(number) * 1_000)
        let variables = [
            "PATH": "\(binary.parent):\(path)", "HOME": "\(workspace)", "LC_ALL": "C.UTF-8",
            "MLSTORE_CLOCK": moment.description, "MLSTORE_SEED_FOR_TESTS": "\(number)",
            "GIT_AUTHOR_NAME": "Ada", "GIT_AUTHOR_EMAIL": "ada@example.com",
            "GIT_COMMITTER_NAME": "Ada", "GIT_COMMITTER_EMAIL": "ada@example.com",
            "GIT_AUTHOR_DATE": "\(moment)", "GIT_COMMITTER_DATE": "\(moment)",
            "GIT_CONFIG_NOSYSTEM": "1",
        ]
        let outcome = try ChildProcess(
            arguments: ["sh", "-c", "exec 2>&1; \(step.command)"], directory: workspace,
            environment: variables, standardOutput: .capture(limit: 1 << 20)
        ).run()
        let text = String(decoding: outcome.standardOutput, as: UTF8.self)
        var lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        if lines.last?.isEmpty == true { lines.removeLast() }
        if case .exited(let status) = outcome.ending, status != 0 {
            lines.append("[exit \(status)]")
        }
        return lines
    }
}
