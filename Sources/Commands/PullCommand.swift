import ArgumentParser
import Vocabulary
import Workspaces

struct PullCommand: ReportingCommand {
    static let configuration = CommandConfiguration(
        commandName: "pull",
        abstract: "Fetch what the pointers need, and check it out.",
        discussion: helpText(
            examples: [
                "mlstore pull",
                "mlstore pull models/delay.mlmodel",
            ]))

    @Argument(help: "Only these.", completion: .file())
    var paths: [String] = []

    @Option(
        name: .shortAndLong,
        help: ArgumentHelp(
            "The remote; the only one, or 'origin', where none is given.", valueName: "name"))
    var remote: String?

    @Flag(name: .shortAndLong, help: "Replace files with unsaved changes; they are stored first.")
    var force = false

    @OptionGroup var common: CommonOptions

    func perform(in context: CommandContext) throws -> Report {
        let workspace = try context.workspace()
        let selection = try context.paths(paths, in: workspace)
        let fetched = try context.fetched(selection, from: remote, in: workspace)
        guard fetched.absent.isEmpty else {
            throw StoreError(
                .notInStore, "cannot pull '\(fetched.absent[0])': the remote does not have it",
                subject: fetched.absent[0],
                advice: "run 'mlstore push' where it was added, then pull again",
                safety: "what was fetched stays; no file was changed")
        }
        var options = CheckoutOptions()
        options.force = force
        options.command = "pull"
        let report = try checkout(
            selection, in: workspace, options: options, progress: context.showProgress)
        return WorkTreeText(report, before: fetched.report).report
    }
}
