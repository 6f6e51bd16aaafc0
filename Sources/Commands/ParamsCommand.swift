import ArgumentParser

struct ParamsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "params", abstract: "Show and compare parameters.",
        discussion: helpText(
            examples: [
                "mlstore params",
                "mlstore params diff HEAD~1",
            ],
            notes: """
                'mlstore params' alone is short for 'mlstore params show'.
                """),
        subcommands: [ParamsShowCommand.self, ParamsDiffCommand.self],
        defaultSubcommand: ParamsShowCommand.self)
}
