import ArgumentParser
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
            ]))

    @Argument(help: "Only these.", completion: .file())
    var paths: [String] = []

    @Option(
        name: .shortAndLong,
        help: ArgumentHelp(
            "The remote; the only one, or 'origin', where none is given.", valueName: "name"))
    var remote: String?

    @OptionGroup var common: CommonOptions

    func perform(in context: CommandContext) throws -> Report {
        let workspace = try context.workspace()
        let selection = try context.paths(paths, in: workspace)
        return try context.fetched(selection, from: remote, in: workspace).report
    }
}
