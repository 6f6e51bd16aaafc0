import ArgumentParser

struct MetricsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "metrics", abstract: "Show and compare what stages measured.",
        subcommands: [MetricsShowCommand.self, MetricsDiffCommand.self],
        defaultSubcommand: MetricsShowCommand.self)
}
