import ArgumentParser
import Bytes
import Vocabulary
import Workspaces

struct RemoteListCommand: ReportingCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "List the remotes.",
        discussion: helpText(
            examples: [
                "mlstore remote list"
            ]))

    @OptionGroup var common: CommonOptions

    func perform(in context: CommandContext) throws -> Report {
        let remotes = try context.workspace().config().remotes
        var table = TableLayout(columns: 2)
        for remote in remotes { table.add([remote.name.description, remote.url]) }
        return Report(
            lines: table.lines(),
            json: [
                "remotes": .array(
                    remotes.map { ["name": .string($0.name.description), "url": .string($0.url)] })
            ])
    }
}
