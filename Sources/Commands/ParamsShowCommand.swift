import ArgumentParser
import Bytes
import Pipelines
import Vocabulary
import Workspaces

struct ParamsShowCommand: ReportingCommand {
    static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "Show the values of params.yaml.",
        discussion: helpText(
            examples: [
                "mlstore params",
                "mlstore params --revision main",
                "mlstore params --json",
            ],
            notes: """
                'mlstore params' alone is short for it.
                """))

    @Option(
        name: .shortAndLong,
        help: ArgumentHelp("As they were at this git revision.", valueName: "revision"))
    var revision: String?

    @OptionGroup var common: CommonOptions

    func perform(in context: CommandContext) throws -> Report {
        let workspace = try context.workspace()
        let source = try revision.map { try workspace.source(named: $0) }
        let found = try parameters(at: source ?? .workTree, in: workspace)
        let leaves = found.leaves()
        let none = "no parameters: there is no params.yaml, or nothing in it"
        return Report(
            lines: leaves.isEmpty ? [none] : ValueText.lines(leaves),
            json: ["params": found.values])
    }
}
