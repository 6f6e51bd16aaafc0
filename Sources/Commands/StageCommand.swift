import ArgumentParser

struct StageCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "stage", abstract: "List, add and remove stages.",
        discussion: helpText(
            examples: [
                "mlstore stage",
                "mlstore stage add -n count -d data.csv -o lines.txt -- 'wc -l < data.csv > lines.txt'",
                "mlstore stage remove count",
            ],
            notes: """
                Stages stand in mlstore.yaml, and 'mlstore repro' runs them. 'mlstore stage' alone is \
                short for 'mlstore stage list'.
                """),
        subcommands: [StageListCommand.self, StageAddCommand.self, StageRemoveCommand.self],
        defaultSubcommand: StageListCommand.self)
}
