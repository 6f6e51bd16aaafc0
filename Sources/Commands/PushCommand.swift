import ArgumentParser
import Transfer
import Vocabulary
import Workspaces

struct PushCommand: ReportingCommand {
    static let configuration = CommandConfiguration(
        commandName: "push",
        abstract: "Send content and runs to a remote.",
        discussion: helpText(
            examples: [
                "mlstore push",
                "mlstore push models/",
                "mlstore push --remote backup",
                "mlstore push --jobs 8 --limit-rate 10MB",
            ],
            notes: """
                Sends what the pointers, the lock file and git's last commit name, and all runs \
                and snapshots; with paths, only the content of these. What the remote has is not \
                sent again; an interrupted push goes on where it was. Exit status 1 tells that \
                something tracked is neither here nor on the remote; the rest is pushed all the \
                same.
                """))

    @Argument(help: "Only these.", completion: .file())
    var paths: [String] = []

    @Flag(
        name: .shortAndLong,
        help: "Replace refs that went another way on the remote; what they were stays there.")
    var force = false

    @OptionGroup var remote: RemoteOptions
    @OptionGroup var link: LinkArguments
    @OptionGroup var common: CommonOptions

    func perform(in context: CommandContext) throws -> Report {
        let workspace = try context.workspace()
        let name = try workspace.remote(named: remote.name).name
        let found = try push(
            try context.paths(paths, in: workspace), of: workspace, to: name.description,
            options: PushOptions(replacesDiverged: force, link: try link.options()),
            progress: context.showTransfer)
        found.warnings.forEach(context.console.note)
        return TransferText.report(of: found, to: name)
    }
}
