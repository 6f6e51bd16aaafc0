import ArgumentParser
import Bytes
import Lineage
import Platform
import Vocabulary
import Workspaces

struct LineageCommand: ReportingCommand {
    static let configuration = CommandConfiguration(
        commandName: "lineage",
        abstract: "Tell what made a file, and what was made from it.",
        discussion: helpText(
            examples: [
                "mlstore lineage models/delay.mlmodel",
                "mlstore lineage --direction down data/flights.csv",
                "mlstore lineage --format mermaid models/delay.mlmodel",
            ]))

    @Argument(help: "A path, or an id or its first digits.", completion: .file())
    var subject: String

    @Option(help: ArgumentHelp("Where to look.", valueName: "direction"))
    var direction = LineageDirection.up

    @Option(help: ArgumentHelp("How to write it.", valueName: "format"))
    var format = GraphFormat.text

    @OptionGroup var common: CommonOptions

    var otherForm: String? { format.otherForm }

    func perform(in context: CommandContext) throws -> Report {
        let workspace = try context.workspace()
        let tree = try lineage(
            of: subject, from: try Environment.realPath(context.directory), direction: direction,
            in: workspace)
        let json = LineageRendering.json(tree)
        let text =
            switch format {
            case .text: LineageRendering.text(tree)
            case .mermaid: LineageRendering.mermaid(tree)
            case .dot: LineageRendering.dot(tree)
            case .json: json.pretty
            }
        return Report(lines: [text], json: json)
    }
}

extension LineageDirection: ExpressibleByArgument {}
