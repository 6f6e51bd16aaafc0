import Vocabulary

/// The graph of stages as text for people and for other programs.
package enum StageGraphRendering {
    /// One line a stage in order, with what it reads from whom: `train  <- split`.
    package static func text(_ graph: StageGraph) -> String {
        let width = graph.stages.map(\.name.count).max() ?? 0
        return graph.stages.indices.map { index in
            let name = graph.stages[index].name
            let needs = graph.upstream[index].map { graph.stages[$0].name }
            let padding = String(repeating: " ", count: width - name.count)
            return needs.isEmpty ? name : name + padding + "  <- " + needs.joined(separator: ", ")
        }.map { $0 + "\n" }.joined()
    }

    /// A flow chart for Mermaid.
    package static func mermaid(_ graph: StageGraph) -> String {
        var text = "graph LR\n"
        for (index, stage) in graph.stages.enumerated() {
            text += "    s\(index)[\"\(stage.name)\"]\n"
        }
        forEachEdge(graph) { text += "    s\($0) --> s\($1)\n" }
        return text
    }

    /// A graph for Graphviz.
    package static func dot(_ graph: StageGraph) -> String {
        var text = "digraph stages {\n    rankdir=LR;\n"
        for (index, stage) in graph.stages.enumerated() {
            text += "    s\(index) [shape=box, label=\"\(stage.name)\"];\n"
        }
        forEachEdge(graph) { text += "    s\($0) -> s\($1);\n" }
        return text + "}\n"
    }

    private static func forEachEdge(_ graph: StageGraph, _ body: (Int, Int) -> Void) {
        for (index, needs) in graph.upstream.enumerated() {
            for need in needs { body(need, index) }
        }
    }
}
