import ArgumentParser
import Bytes
import Remotes
import Vocabulary
import Workspaces

struct RemoteAddCommand: ReportingCommand {
    static let configuration = CommandConfiguration(
        commandName: "add",
        abstract: "Name a remote.",
        discussion: helpText(
            examples: [
                "mlstore remote add origin file:///mnt/share/project"
            ]))

    @Argument(help: "The name.")
    var name: String

    @Argument(help: "Where it is.")
    var address: String

    @OptionGroup var common: CommonOptions

    func perform(in context: CommandContext) throws -> Report {
        let workspace = try context.workspace()
        guard let remote = RemoteName(name) else {
            throw StoreError(
                .badUsage, "a remote cannot be named '\(name)'", subject: name,
                advice: "use letters, digits, '_' and '-'", safety: "nothing was changed")
        }
        let config = try workspace.config()
        guard !config.remotes.contains(where: { $0.name == remote }) else {
            throw StoreError(
                .alreadyExists, "there is a remote '\(name)' already", subject: name,
                advice: "'mlstore remote remove \(name)' forgets it", safety: "nothing was changed")
        }
        let url = try RemoteURL(parsing: address, relativeTo: context.directory)
        try workspace.save(config.setting("remote.\(name).url", to: url.description))
        return Report(
            lines: ["remote '\(name)' is \(url)"],
            json: ["name": .string(name), "url": .string(url.description)])
    }
}
