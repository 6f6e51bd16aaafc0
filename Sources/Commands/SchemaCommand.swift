import ArgumentParser

struct SchemaCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "schema", abstract: "Show the columns of a table, or write rules for them.",
        subcommands: [SchemaShowCommand.self, SchemaInferCommand.self],
        defaultSubcommand: SchemaShowCommand.self)
}
