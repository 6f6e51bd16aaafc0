import ArgumentParser

struct ParamsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "params", abstract: "Show and compare parameters.",
        subcommands: [ParamsShowCommand.self, ParamsDiffCommand.self],
        defaultSubcommand: ParamsShowCommand.self)
}
