import ArgumentParser

struct SchemaCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "schema", abstract: "Show the columns of a table, or write rules for them.",
        discussion: helpText(
            examples: [
                "mlstore schema data/flights.csv",
                "mlstore schema infer data/flights.csv",
            ],
            notes: """
                'mlstore schema PATH' is short for 'mlstore schema show PATH'. 'mlstore check' judges \
                tables by the rules that 'infer' writes and you review.
                """),
        subcommands: [SchemaShowCommand.self, SchemaInferCommand.self],
        defaultSubcommand: SchemaShowCommand.self)
}
