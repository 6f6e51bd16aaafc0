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
            ],
            notes: """
                Without git it also brings the newest snapshot of the remote, pointers and all. \
                Exit status 1 tells that the remote lacks something; the rest is brought all the \
                same.
                """))

    @OptionGroup var arguments: FetchArguments

    @Flag(name: .shortAndLong, help: "Replace files with unsaved changes; they are stored first.")
    var force = false

    @OptionGroup var common: CommonOptions

    func perform(in context: CommandContext) throws -> Report {
        let workspace = try context.workspace()
        let remote = try workspace.remote(named: arguments.remote.name).name
        let done = try pull(
            try context.paths(arguments.paths, in: workspace), into: workspace,
            from: remote.description,
            options: PullOptions(force: force, isThorough: arguments.thorough),
            progress: context.showTransfer, workProgress: context.showProgress)
        done.fetched.warnings.forEach(context.console.note)
        var first = TransferText.report(of: done.fetched, from: remote)
        if let snapshot = done.snapshot {
            first.lines.append("the workspace is at snapshot \(snapshot.short)")
        }
        return WorkTreeText(done.workTree, before: first).report
    }
}
