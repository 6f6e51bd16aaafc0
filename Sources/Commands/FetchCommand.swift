import ArgumentParser
import Transfer
import Vocabulary
import Workspaces

struct FetchCommand: ReportingCommand {
    static let configuration = CommandConfiguration(
        commandName: "fetch",
        abstract: "Fetch what the pointers need into the store only.",
        discussion: helpText(
            examples: [
                "mlstore fetch",
                "mlstore fetch data/",
            ],
            notes: """
                Exit status 1 tells that the remote lacks something; the rest is fetched all the \
                same.
                """))

    @OptionGroup var arguments: FetchArguments
    @OptionGroup var common: CommonOptions

    func perform(in context: CommandContext) throws -> Report {
        let workspace = try context.workspace()
        let remote = try workspace.remote(named: arguments.remote.name).name
        let found = try fetch(
            try context.paths(arguments.paths, in: workspace), into: workspace,
            from: remote.description, options: FetchOptions(isThorough: arguments.thorough),
            progress: context.showTransfer)
        found.warnings.forEach(context.console.note)
        return TransferText.report(of: found, from: remote)
    }
}
