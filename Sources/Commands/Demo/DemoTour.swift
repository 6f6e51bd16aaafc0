import Bytes
import Platform
import Vocabulary

/// Runs the tutorial before the user's eyes and sums it up.
struct DemoTour {
    let folder: DiskPath
    let context: CommandContext

    /// Runs every step; throws at the first that does not end well.
    func run(_ tutorial: Transcript, keeping isKept: Bool) throws -> Report {
        let started = context.clock.now()
        var runner = TranscriptRunner(
            in: folder, scratch: folder / ".place", environment: try environment(),
            on: context.disk)
        let console = context.console
        var commands = 0
        for step in tutorial.steps {
            try announce(step, first: commands == 0)
            let output = try runner.run(step) { line in try? console.printLine(line) }
            try check(step, output)
            commands += 1
        }
        let seconds = (context.clock.now().milliseconds - started.milliseconds + 500) / 1000
        return try summary(commands: commands, seconds: seconds, isKept: isKept)
    }

    private func announce(_ step: Transcript.Step, first: Bool) throws {
        if let heading = step.heading {
            try context.console.printLine((first ? "" : "\n") + context.ink.bold("# " + heading))
        }
        let lines = step.command.split(separator: "\n", omittingEmptySubsequences: false)
        for (index, line) in lines.enumerated() {
            try context.console.printLine(context.ink.bold((index == 0 ? "$ " : "> ") + line))
        }
    }

    private func check(_ step: Transcript.Step, _ output: [String]) throws {
        let expectedEnd = step.expected.last.flatMap { $0.hasPrefix("[exit ") ? $0 : nil }
        let end = output.last.flatMap {
            $0.hasPrefix("[exit ") || $0.hasPrefix("[killed ") ? $0 : nil
        }
        guard end == expectedEnd else {
            throw StoreError(
                .internalFault, "the demo stopped: '\(step.command)' did not end as it should",
                subject: step.command,
                advice: "run 'mlstore demo --keep DIR' and look at what is in DIR",
                safety: "nothing outside the demo's folder was touched")
        }
    }

    /// The user's environment, with this program first on the path, and git without the user's
    /// own settings: hooks or signing there are nothing for a demo to run into.
    private func environment() throws -> [String: String] {
        var variables = Environment.variables
        let program = try Environment.executablePath().parent.description
        variables["PATH"] = program + ":" + (variables["PATH"] ?? "/usr/bin:/bin")
        for name in ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"] { variables[name] = nil }
        variables["GIT_CONFIG_GLOBAL"] = "/dev/null"
        variables["GIT_CONFIG_SYSTEM"] = "/dev/null"
        for role in ["AUTHOR", "COMMITTER"] {
            variables["GIT_\(role)_NAME"] = "mlstore demo"
            variables["GIT_\(role)_EMAIL"] = "demo@localhost"
        }
        return variables
    }

    private func summary(commands: Int, seconds: Int64, isKept: Bool) throws -> Report {
        let store = folder / "delays/.mlstore/store"
        let stored = try bytes(below: store)
        let work = try bytes(below: folder / "delays/data")
        let lines = [
            "",
            "What you saw, in \(commands) commands and \(seconds) seconds:",
            "  stored     two versions of \(ByteCount(work)) of tables, and all results: "
                + "\(ByteCount(stored)) in the store",
            "  explained  which data, parameters, seed, code and environment made the model",
            "  compared   rows, columns and metrics of two versions, before anything was committed",
            "  replayed   every stage from its lock, bit for bit the same",
            "  restored   the old data and the old model, byte for byte, with git checkout",
            "  shared     by a plain folder: a clone pulled the same bytes",
            isKept ? "Look around in \(folder)/delays." : "Now yours: 'mlstore init'.",
        ]
        return Report(
            lines: lines,
            json: [
                "commands": JSONValue(commands), "seconds": JSONValue(Int(seconds)),
                "storedBytes": JSONValue(stored), "dataBytes": JSONValue(work),
            ])
    }

    private func bytes(below directory: DiskPath) throws -> Int {
        var total = 0
        for entry in try context.disk.entriesWithStatus(of: directory) {
            total +=
                entry.status.kind == .directory
                ? try bytes(below: directory.appending(entry.name)) : entry.status.size
        }
        return total
    }
}
