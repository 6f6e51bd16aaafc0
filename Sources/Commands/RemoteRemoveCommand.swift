import ArgumentParser
import Bytes
import Vocabulary
import Workspaces

struct RemoteRemoveCommand: ReportingCommand {
    static let configuration = CommandConfiguration(
        commandName: "remove",
        abstract: "Forget a remote; its content is not touched.",
        discussion: helpText(
            examples: [
                "mlstore remote remove origin"
            ]))

    @Argument(help: "The name.")
    var name: String

    @OptionGroup var common: CommonOptions

    func perform(in context: CommandContext) throws -> Report {
        let workspace = try context.workspace()
        let config = try workspace.config()
        guard config.remotes.contains(where: { $0.name.description == name }) else {
            let names = config.remotes.map(\.name.description)
            throw StoreError(
                .notFound, "there is no remote '\(name)'", subject: name,
                advice: nearest(name, in: names).map { "did you mean '\($0)'?" },
                safety: "nothing was changed")
        }
        let keys = config.values.keys.filter { $0.hasPrefix("remote.\(name).") }.sorted()
        try workspace.save(try keys.reduce(config) { try $0.removing($1) })
        return Report(
            lines: ["removed remote '\(name)'; what it holds is untouched"],
            json: ["name": .string(name)])
    }
}
