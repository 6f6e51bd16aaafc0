import ArgumentParser
import Vocabulary
import Workspaces

struct StatusCommand: ReportingCommand {
    static let configuration = CommandConfiguration(
        commandName: "status",
        abstract: "Tell what changed since it was added, and what is stale.",
        discussion: helpText(
            examples: [
                "mlstore status",
                "mlstore status data/",
                "mlstore status --json",
            ],
            notes: """
                Exit status 3 tells that something changed or is stale.
                """))

    @Argument(help: "Only these.", completion: .file())
    var paths: [String] = []

    @Flag(name: .shortAndLong, help: "List files that neither git nor mlstore tracks, too.")
    var untracked = false

    @OptionGroup var common: CommonOptions

    func perform(in context: CommandContext) throws -> Report {
        let workspace = try context.workspace()
        let selection = try context.paths(paths, in: workspace)
        let report = try Workspaces.status(
            of: selection, in: workspace, options: StatusOptions(listsUntracked: untracked))
        let stages = selection == nil ? try context.staleStages(in: workspace) : []
        return StatusText(found: report, stages: stages).report
    }
}
