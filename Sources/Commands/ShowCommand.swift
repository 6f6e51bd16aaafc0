import ArgumentParser
import Lineage
import Platform
import Vocabulary
import Workspaces

struct ShowCommand: ReportingCommand {
    static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "Tell all about one run, snapshot, file or folder.",
        discussion: helpText(
            examples: [
                "mlstore show 3f9a1c",
                "mlstore show models/delay.mlmodel",
                "mlstore show --json sha256:36c290b69800422f36618f471a042b670b9329e8eb0686eff44f371a97"
                    + "61e148",
            ],
            notes: """
                Ids may be cut to their first digits, four or more, where a run, a snapshot, a \
                pointer or the lock names them. 'mlstore runs' and 'mlstore log' list ids.
                """))

    @Argument(help: "A path, or an id or its first digits.", completion: .file())
    var subject: String

    @OptionGroup var common: CommonOptions

    func perform(in context: CommandContext) throws -> Report {
        let workspace = try context.workspace()
        let folder = try Environment.realPath(context.directory)
        let found = try namedObject(subject, from: folder, in: workspace)
        return try ObjectText(found, in: workspace).report
    }
}
