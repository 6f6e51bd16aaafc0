import ArgumentParser
import Bytes
import Vocabulary
import Workspaces

struct CommitCommand: ReportingCommand {
    static let configuration = CommandConfiguration(
        commandName: "commit",
        abstract: "Keep a snapshot of all tracked data.",
        discussion: helpText(
            examples: [
                "mlstore commit -m \"flights of 2013\""
            ],
            notes: """
                A snapshot is in the store's own history; git is not touched.
                """))

    @Option(name: .shortAndLong, help: ArgumentHelp("What this snapshot is.", valueName: "text"))
    var message: String

    @OptionGroup var common: CommonOptions

    func perform(in context: CommandContext) throws -> Report {
        var options = CommitOptions()
        options.message = message
        let report = try commitSnapshot(in: try context.workspace(), options: options)
        let short = String(report.id.digest.hex.prefix(12))
        let what = "\(counted(report.trackedPaths, "path")), \(ByteCount(report.sizeBytes))"
        return Report(
            lines: [
                report.isNew
                    ? "snapshot \(short)  \(what)  \(message)"
                    : "nothing changed since snapshot \(short)"
            ],
            json: [
                "id": .string(report.id.description), "paths": JSONValue(report.trackedPaths),
                "size": JSONValue(report.sizeBytes), "new": .bool(report.isNew),
            ])
    }
}
