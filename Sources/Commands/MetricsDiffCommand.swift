import ArgumentParser
import Bytes
import Pipelines
import Vocabulary
import Workspaces

struct MetricsDiffCommand: ReportingCommand {
    static let configuration = CommandConfiguration(
        commandName: "diff",
        abstract: "Tell which metrics differ.",
        discussion: helpText(
            examples: [
                "mlstore metrics diff",
                "mlstore metrics diff main",
                "mlstore metrics diff HEAD~1 HEAD",
            ],
            notes: """
                Without a revision git's HEAD is compared with the files on disk; with one, that \
                revision. Outside of git, snapshots take the place of revisions.
                """))

    @OptionGroup var sides: RevisionArguments
    @OptionGroup var common: CommonOptions

    func perform(in context: CommandContext) throws -> Report {
        let workspace = try context.workspace()
        let (old, new) = try sides.sources(in: workspace)
        let diff = try metricsDiff(
            from: .recorded(old), to: new.map { .recorded($0) } ?? .current, in: workspace)
        var lines = diff.files.flatMap { ["\($0.path)"] + ValueText.lines($0.changes) }
        if lines.isEmpty {
            lines = ["no metric differs (\(counted(diff.unchangedCount, "value")) equal)"]
        }
        return Report(
            lines: lines,
            json: [
                "from": .string(old.description), "to": .string(new?.description ?? "files"),
                "metrics": ValueText.json(diff), "equal": JSONValue(diff.unchangedCount),
            ], status: sides.status(hasDifferences: !diff.files.isEmpty))
    }
}
