import ArgumentParser
import Bytes
import Vocabulary
import Workspaces

struct MvCommand: ReportingCommand {
    static let configuration = CommandConfiguration(
        commandName: "mv",
        abstract: "Move tracked data together with its pointer.",
        discussion: helpText(
            examples: [
                "mlstore mv data/a.csv data/b.csv"
            ]))

    @Argument(help: "What to move.", completion: .file())
    var source: String

    @Argument(help: "Where to.", completion: .file())
    var destination: String

    @OptionGroup var common: CommonOptions

    func perform(in context: CommandContext) throws -> Report {
        let workspace = try context.workspace()
        guard let paths = try context.paths([source], in: workspace), let path = paths.first,
            let target = try context.paths([destination], in: workspace)?.first
        else { throw StoreError(.badUsage, "the workspace itself cannot be moved") }
        let moved = try Workspaces.move(path, to: target, in: workspace)
        return Report(
            lines: ["moved \(path) to \(moved.path)"],
            json: ["from": .string(path.description), "to": .string(moved.path.description)])
    }
}
