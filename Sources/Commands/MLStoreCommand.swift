import ArgumentParser

/// The list of commands: adding one is a file beside this one and a line here.
struct MLStoreCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "mlstore",
        abstract: "Git for datasets, features and models.",
        discussion: helpText(
            examples: [
                "mlstore init",
                "mlstore add data/train.csv",
                "mlstore diff",
                "mlstore repro",
                "mlstore demo",
            ],
            notes: """
                Keeps large data beside git: content in a store under .mlstore, a small pointer file \
                in git for each dataset, and the record of which run made which model from which data.

                Start with 'mlstore init' in a git repository, then 'mlstore add data/train.csv'. \
                'mlstore demo' shows everything in two minutes.
                """),
        subcommands: [
            VersionCommand.self, GenerateManualCommand.self, ServeStdioCommand.self,
            GitDiffCommand.self, GitTextCommand.self, GitMergeCommand.self, GitHookCommand.self,
        ],
        groupedSubcommands: [
            CommandGroup(
                name: "Everyday",
                subcommands: [
                    InitCommand.self, AddCommand.self, StatusCommand.self, DiffCommand.self,
                    ReportCommand.self,
                    CommitCommand.self, CheckoutCommand.self, LogCommand.self, UndoCommand.self,
                    RmCommand.self, MvCommand.self,
                ]),
            CommandGroup(
                name: "Sharing",
                subcommands: [
                    RemoteCommand.self, PushCommand.self, PullCommand.self, FetchCommand.self,
                    GetCommand.self, CatCommand.self, ImportCommand.self, UpdateCommand.self,
                ]),
            CommandGroup(
                name: "Tables",
                subcommands: [
                    HeadCommand.self, SchemaCommand.self, ProfileCommand.self, CheckCommand.self,
                    DriftCommand.self,
                ]),
            CommandGroup(
                name: "Pipelines",
                subcommands: [
                    ReproCommand.self, RunCommand.self, StageCommand.self, DagCommand.self,
                    ParamsCommand.self, MetricsCommand.self,
                ]),
            CommandGroup(
                name: "Graph",
                subcommands: [LineageCommand.self, RunsCommand.self, ShowCommand.self]),
            CommandGroup(
                name: "Services",
                subcommands: [ServeCommand.self]),
            CommandGroup(
                name: "Care",
                subcommands: [
                    GcCommand.self, EvictCommand.self, FsckCommand.self, ConfigCommand.self,
                    InstallCommand.self, DemoCommand.self,
                ]),
        ])
}
