import ArgumentParser

struct RemoteCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "remote",
        abstract: "Name the places that content is pushed to and pulled from.",
        discussion: helpText(
            examples: [
                "mlstore remote add origin s3://bucket/prefix",
                "mlstore remote list",
                "mlstore remote remove origin",
            ],
            notes: """
                A remote is a folder, a bucket, or a server over ssh, HTTP or SFTP; 'mlstore push' and \
                'mlstore pull' use it. The list of them stands in .mlstore/config.toml, which git keeps.
                """),
        subcommands: [RemoteAddCommand.self, RemoteListCommand.self, RemoteRemoveCommand.self])
}
