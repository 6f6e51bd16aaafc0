import ArgumentParser

struct StageCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "stage", abstract: "List, add and remove stages.",
        subcommands: [StageListCommand.self, StageAddCommand.self, StageRemoveCommand.self],
        defaultSubcommand: StageListCommand.self)
}
