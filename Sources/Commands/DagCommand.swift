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
                "mlstore dag --format mermaid",
                "mlstore dag --format dot | dot -Tsvg > stages.svg",
            ],
            notes: """
                Reads mlstore.yaml and runs nothing. In the text each stage stands behind those \
                it needs.
                """))

    @Option(help: ArgumentHelp("How to write it.", valueName: "format"))
    var format = GraphFormat.text

    @OptionGroup var common: CommonOptions

    func perform(in context: CommandContext) throws -> Report {
        let graph = try StageGraph(try stageFile(in: try context.workspace()))
        let json = document(of: graph)
        let text =
            switch format {
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
                        "stage": .string(stage.name), "step": .bool(stage.isStep),
                        "needs": .array(
                            graph.upstream[index].map { .string(graph.stages[$0].name) }),
                        "deps": list(stage.dependencies), "outs": list(stage.outputs),
                        "metrics": list(stage.metrics),
                        "params": .array(
                            stage.parameters.keys.sorted().map { .string($0) }),
                    ]
                })
        ]
    }
}
