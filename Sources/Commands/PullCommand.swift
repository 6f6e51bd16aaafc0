import ArgumentParser
import Transfer
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
                "mlstore pull data/images/val data/images/train/0007.jpg",
                "mlstore pull --dry-run",
                "mlstore pull --limit-rate 10MB",
            ],
            notes: """
                Of files and folders inside of a tracked folder only these come; 'mlstore status' \
                says how much of it is here then, and a pull of the folder brings the rest. \
                Without git it also brings the newest snapshot of the remote, pointers and all. \
                Exit status 1 tells that the remote lacks something; the rest is brought all the \
                same. --dry-run tells what would be fetched, and does not look at the work tree.
                """))

    @OptionGroup var arguments: FetchArguments

    @Flag(name: .shortAndLong, help: "Replace files with unsaved changes; they are stored first.")
    var force = false

    @OptionGroup var common: CommonOptions

    func perform(in context: CommandContext) throws -> Report {
        let workspace = try context.workspace()
        let remote = try workspace.remote(named: arguments.remote.name).name
        let paths = try context.paths(arguments.paths, in: workspace)
        let options = PullOptions(
            force: force, isThorough: arguments.thorough, link: try arguments.link.options())
        if arguments.dryRun {
            let found = try pullForecast(
                paths, into: workspace, from: remote.description, options: options,
                progress: context.showTransfer)
            found.warnings.forEach(context.console.note)
            return TransferText.report(of: found, from: remote, isDryRun: true)
        }
        let done = try pull(
            paths, into: workspace, from: remote.description, options: options,
            progress: context.showTransfer, workProgress: context.showProgress)
        done.fetched.warnings.forEach(context.console.note)
        var first = TransferText.report(of: done.fetched, from: remote)
        if let snapshot = done.snapshot {
            first.lines.append("the workspace is at snapshot \(snapshot.short)")
        }
        return WorkTreeText(done.workTree, before: first).report
    }
}
