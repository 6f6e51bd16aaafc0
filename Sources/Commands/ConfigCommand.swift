import ArgumentParser
import Bytes
import Vocabulary
import Workspaces

struct ConfigCommand: ReportingCommand {
    static let configuration = CommandConfiguration(
        commandName: "config",
        abstract: "Show or set configuration.",
        discussion: helpText(
            examples: [
                "mlstore config",
                "mlstore config core.threads",
                "mlstore config core.threads 4",
            ]))

    @Argument(help: "The key.")
    var key: String?

    @Argument(help: "The value to set.")
    var value: String?

    @Flag(help: "Remove the key.")
    var unset = false

    @OptionGroup var common: CommonOptions

    func perform(in context: CommandContext) throws -> Report {
        let workspace = try context.workspace()
        let config = try workspace.config()
        guard let key else { return list(config) }
        if unset {
            try workspace.save(config.removing(key))
        } else if let value {
            try workspace.save(config.setting(key, to: value))
        } else {
            guard let found = config.values[key] else {
                throw StoreError(
                    .notFound, "the setting '\(key)' is not set", subject: key,
                    advice: "list the settings with 'mlstore config'")
            }
            return Report(lines: [found.description], json: [key: .string(found.description)])
        }
        let now = try workspace.config().values[key]?.description
        return Report(
            lines: [now.map { "\(key) = \($0)" } ?? "removed \(key)"],
            json: .object([key: now.map { .string($0) } ?? .null]))
    }

    private func list(_ config: Config) -> Report {
        let pairs = config.values.sorted { $0.key < $1.key }
        return Report(
            lines: pairs.map { "\($0.key) = \($0.value)" },
            json: .object(
                Dictionary(pairs.map { ($0.key, .string($0.value.description)) }) { _, last in last
                }))
    }
}
