import ArgumentParser
import Bytes
import Lineage
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

    @Option(help: ArgumentHelp("up, down or both.", valueName: "direction"))
    var direction = "up"

    @Option(help: ArgumentHelp("text, mermaid, dot or json.", valueName: "format"))
    var format = "text"

    @OptionGroup var common: CommonOptions

    func perform(in context: CommandContext) throws -> Report {
        let workspace = try context.workspace()
        let graph = try context.lineageGraph(of: workspace)
        guard let wanted = LineageDirection(rawValue: direction) else {
            throw StoreError(
                .badUsage, "there is no direction '\(direction)'", subject: direction,
                advice: "use up, down or both")
        }
        let tree = try tree(graph, wanted, in: workspace, context)
        let json = LineageRendering.json(tree)
        let text: String
        switch format {
        case "text": text = LineageRendering.text(tree)
        case "mermaid": text = LineageRendering.mermaid(tree)
        case "dot": text = LineageRendering.dot(tree)
        case "json": text = json.pretty
        default:
            throw StoreError(
                .badUsage, "there is no format '\(format)'", subject: format,
                advice: "use text, mermaid, dot or json")
        }
        return Report(lines: [text], json: json)
    }

    private func tree(
        _ graph: LineageGraph, _ direction: LineageDirection, in workspace: Workspace,
        _ context: CommandContext
    ) throws -> LineageTree {
        if let path = try? context.paths([subject], in: workspace)?.first,
            let tracked = try workspace.tracked()[path]
        {
            return graph.lineage(of: tracked.content, at: path, direction: direction)
        }
        let found = graph.runs.filter { $0.id.digest.hex.hasPrefix(subject) }
        if subject.count >= 4, found.count == 1,
            let tree = graph.lineage(of: found[0].id, direction: direction)
        {
            return tree
        }
        if let content = ContentID(text: subject) {
            return graph.lineage(of: content, direction: direction)
        }
        throw StoreError(
            .notFound, "'\(subject)' is neither a tracked path nor a run or an id",
            subject: subject, advice: "'mlstore runs' lists the runs, 'mlstore status' the paths")
    }
}
