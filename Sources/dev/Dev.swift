import ArgumentParser

/// Our own checks and chores. Users never see this program.
@main
struct Dev: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "dev",
        abstract: "Check, format, document, measure and fuzz mlstore.",
        subcommands: [
            CheckCommand.self, FormatCommand.self, DocsCommand.self, BenchCommand.self,
            MeasureCommand.self, WalkCommand.self, TrainCommand.self, FuzzCommand.self,
            DigestsCommand.self, ArithmeticCommand.self, Arm64Command.self,
        ])
}
