import ArgumentParser
import Vocabulary
import Workspaces

struct CheckoutCommand: ReportingCommand {
    static let configuration = CommandConfiguration(
        commandName: "checkout",
        abstract: "Write tracked data as its pointers say.",
        discussion: helpText(
            examples: [
                "mlstore checkout",
                "mlstore checkout data/flights.csv",
                "mlstore checkout --revision HEAD~1 data/",
            ],
            notes: """
                Of a folder of which only a part was pulled, a checkout without paths brings that \
                part; one that names the folder is refused. Files that are as they should be are \
                left alone. A file with unsaved changes is never replaced without --force, and \
                'mlstore undo' brings it back even then. \
                With --revision and no path, data that the revision does not have goes too, \
                unless it was never committed.
                """))

    @Argument(help: "Only these.", completion: .file())
    var paths: [String] = []

    @Option(
        name: .shortAndLong,
        help: ArgumentHelp(
            "Take pointers and lock from this git revision or snapshot.", valueName: "revision"))
    var revision: String?

    @Flag(
        name: .shortAndLong,
        help: "Replace files with changes that are nowhere else; they are stored first.")
    var force = false

    @OptionGroup var common: CommonOptions

    func perform(in context: CommandContext) throws -> Report {
        let workspace = try context.workspace()
        var options = CheckoutOptions()
        options.force = force
        if let revision { options.source = try workspace.source(named: revision) }
        let report = try checkout(
            try context.paths(paths, in: workspace), in: workspace, options: options,
            progress: context.showProgress)
        return WorkTreeText(report).report
    }
}
