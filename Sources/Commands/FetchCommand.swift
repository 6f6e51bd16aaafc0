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
                "mlstore fetch --dry-run",
                "mlstore fetch --jobs 16 --limit-rate 10MB",
            ],
            notes: """
                Of files and folders inside of a tracked folder only these come. Exit status 1 tells \
                that the remote lacks something; the rest is fetched all the same. With \
                --dry-run lists and recipes are read to find out, and nothing but a copy of the \
                remote's index is kept.
                """))

    @OptionGroup var arguments: FetchArguments
    @OptionGroup var common: CommonOptions

    func perform(in context: CommandContext) throws -> Report {
        let workspace = try context.workspace()
        let remote = try workspace.remote(named: arguments.remote.name).name
        var options = FetchOptions(
            isThorough: arguments.thorough, link: try arguments.link.options())
        options.isDryRun = arguments.dryRun
        let found = try fetch(
            try context.paths(arguments.paths, in: workspace), into: workspace,
            from: remote.description, options: options, progress: context.showTransfer)
        found.warnings.forEach(context.console.note)
        return TransferText.report(of: found, from: remote, isDryRun: arguments.dryRun)
    }
}
