import ArgumentParser
import Bytes
import Pipelines
import Vocabulary

struct DagCommand: ReportingCommand {
    static let configuration = CommandConfiguration(
        commandName: "dag",
        abstract: "Draw the stages and who feeds whom.",
        discussion: helpText(
            examples: [
                "mlstore dag",
                "mlstore dag train",
                "mlstore dag --format mermaid",
                "mlstore dag --svg > stages.svg",
            ],
            notes: """
                Reads mlstore.yaml and runs nothing. In the text each stage stands behind those \
                it needs; a map stage says for each of what it runs. The name of a group, such as 'train' of 'train@eu', means all its stages.
                """))

    @Argument(help: "Only these stages or groups, and what they need.")
    var stages: [String] = []

    @Option(help: ArgumentHelp("How to write it.", valueName: "format"))
    var format = GraphFormat.text

    @Flag(help: "Draw it as SVG.")
    var svg = false

    @OptionGroup var common: CommonOptions

    var otherForm: String? { svg ? "--svg" : format.otherForm }

    func perform(in context: CommandContext) throws -> Report {
        if svg, format != .text {
            throw StoreError(
                .badUsage, "'--svg' and '--format' exclude each other", subject: "--svg",
                advice: "choose one of them", safety: "nothing was done")
        }
        let file = try stageFile(in: try context.workspace())
        let whole = try StageGraph(file)
        let roots = try stages.flatMap { try file.stages(named: $0) }
            .compactMap { whole.index(of: $0.name) }
        let graph = stages.isEmpty ? whole : whole.part(whole.withUpstream(of: roots))
        let json = document(of: graph)
        let text =
            switch format {
            case .text where svg: StageGraphSVG.svg(graph)
            case .text: StageGraphRendering.text(graph)
            case .mermaid: StageGraphRendering.mermaid(graph)
            case .dot: StageGraphRendering.dot(graph)
            case .json: json.pretty
            }
        return Report(lines: [text], json: json)
    }

    private func document(of graph: StageGraph) -> JSONValue {
        func list(_ paths: [RepoPath]) -> JSONValue {
            .array(paths.map { .string($0.description) })
        }
        return [
            "stages": .array(
                graph.stages.enumerated().map { index, stage in
                    [
                        "stage": .string(stage.name),
                        "group": stage.group.map { .string($0) } ?? .null,
                        "step": .bool(stage.isStep),
                        "map": stage.map?.recorded["map"] ?? .null,
                        "description": stage.description.map { .string($0) } ?? .null,
                        "needs": .array(
                            graph.upstream[index].map { .string(graph.stages[$0].name) }),
                        "deps": list(stage.dependencies), "outs": list(stage.outputs),
                        "plots": list(stage.plots),
                        "metrics": list(stage.metrics),
                        "params": .array(
                            stage.parameters.keys.sorted().map { .string($0) }),
                    ]
                })
        ]
    }
}
