import ArgumentParser
import Bytes
import Pipelines
import Vocabulary
import Workspaces

struct MetricsShowCommand: ReportingCommand {
    static let configuration = CommandConfiguration(
        commandName: "show",
        abstract: "Show the values of the metric files.",
        discussion: helpText(
            examples: [
                "mlstore metrics",
                "mlstore metrics --revision main",
                "mlstore metrics --json",
            ],
            notes: """
                'mlstore metrics' alone is short for it. Metric files are those that the last \
                'mlstore repro' of a stage with 'metrics:' wrote.
                """))

    @Option(
        name: .shortAndLong,
        help: ArgumentHelp(
            "As they were at this git revision or snapshot.", valueName: "revision"))
    var revision: String?

    @OptionGroup var common: CommonOptions

    func perform(in context: CommandContext) throws -> Report {
        let workspace = try context.workspace()
        let source = try revision.map { ValueSource.recorded(try workspace.source(named: $0)) }
        let found = try metrics(at: source ?? .current, in: workspace)
        var lines: [String] = []
        var json: [String: JSONValue] = [:]
        for (path, value) in found.sorted(by: { $0.key < $1.key }) {
            json[path.description] = value ?? .null
            lines.append("\(path)")
            lines +=
                value.map { ValueText.lines(Parameters($0).leaves()) }
                ?? ["  its values are not at hand"]
        }
        if lines.isEmpty { lines = ["no metrics: no stage has written any yet"] }
        return Report(lines: lines, json: ["metrics": .object(json)])
    }
}
