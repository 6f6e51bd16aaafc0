import ArgumentParser
import Pipelines
import Transfer
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
                "mlstore status --remote origin",
            ],
            notes: """
                Exit status 3 tells that something changed or is stale. With --remote the \
                work tree is not looked at: it tells what of the tracked paths is not on the remote, and \
                what is there and not here; exit status 3 then means that something is.
                """))

    @Argument(help: "Only these.", completion: .file())
    var paths: [String] = []

    @Flag(name: .shortAndLong, help: "List files that neither git nor mlstore tracks, too.")
    var untracked = false

    @Option(
        help: ArgumentHelp("Tell what is missing on a remote, or here.", valueName: "name"))
    var remote: String?

    @OptionGroup var common: CommonOptions

    func perform(in context: CommandContext) throws -> Report {
        let workspace = try context.workspace()
        let selection = try context.paths(paths, in: workspace)
        if let remote {
            guard !untracked else {
                throw StoreError(
                    .badUsage, "'--untracked' does not go with '--remote'",
                    safety: "nothing was done")
            }
            let found = try remoteStatus(selection, of: workspace, remote: remote)
            found.warnings.forEach(context.console.note)
            return RemoteStatusText(found: found, remote: remote).report
        }
        let report = try Workspaces.status(
            of: selection, in: workspace, options: StatusOptions(listsUntracked: untracked))
        let stages = selection == nil ? try context.staleStages(in: workspace) : []
        return StatusText(
            found: report, interrupted: try interruptedStages(in: workspace), stages: stages
        ).report
    }
}
