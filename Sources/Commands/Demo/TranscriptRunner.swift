package import Platform
package import Vocabulary

/// Runs the commands of a transcript, one after the other, as one shell session would: a `cd` in
/// one holds for the next.
package struct TranscriptRunner {
    /// Where the next command runs.
    package private(set) var directory: DiskPath
    private let environment: [String: String]
    private let placeFile: DiskPath
    private let disk: any Disk

    /// A session that starts in `directory`; `scratch` is a file outside of it that the session may
    /// write to, to remember where a command left off.
    package init(
        in directory: DiskPath, scratch: DiskPath, environment: [String: String], on disk: any Disk
    ) {
        self.directory = directory
        self.placeFile = scratch
        self.environment = environment
        self.disk = disk
    }

    /// Runs one command with `extra` variables and gives every line of its output, standard error
    /// among it, to `onLine`. Returns the lines, with `[exit N]` behind them for a status but 0.
    package mutating func run(
        _ step: Transcript.Step, extra: [String: String] = [:],
        onLine: @escaping @Sendable (String) -> Void = { _ in }
    ) throws -> [String] {
        let collected = LineCollector(onLine)
        // The newline before the brace ends a here-document.
        let script = """
            { \(step.command)
            } 2>&1
            status=$?
            pwd > "$MLSTORE_TRANSCRIPT_PLACE"
            exit $status
            """
        var variables = environment.merging(extra) { _, new in new }
        variables["MLSTORE_TRANSCRIPT_PLACE"] = placeFile.description
        let child = ChildProcess(
            arguments: ["/bin/sh", "-c", script], directory: directory, environment: variables,
            standardOutput: .lines { collected.add($0) },
            standardError: .lines { collected.add($0) }
        )
        switch try child.run().ending {
        case .exited(0): break
        case .exited(let status): collected.add(Array("[exit \(status)]".utf8))
        case .killed(let signal): collected.add(Array("[killed by signal \(signal)]".utf8))
        }
        let place = try disk.readFile(placeFile, maximumBytes: 1 << 16)
        directory = DiskPath(bytes: Array(place.split(separator: 0x0a).first ?? []))
        return collected.lines
    }
}
