import ArgumentParser

struct MetricsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "metrics", abstract: "Show and compare what stages measured.",
        discussion: helpText(
            examples: [
                "mlstore metrics",
                "mlstore metrics diff main",
            ],
            notes: """
                'mlstore metrics' alone is short for 'mlstore metrics show'.
                """),
        subcommands: [MetricsShowCommand.self, MetricsDiffCommand.self],
        defaultSubcommand: MetricsShowCommand.self)
}
