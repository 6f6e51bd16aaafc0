import Vocabulary

/// The graph of stages as text for people and for other programs.
package enum StageGraphRendering {
    /// One line a stage in order, with what it reads from whom: `train  <- split`, and what a map stage
    /// runs for: `thumbs  for each of images`.
    package static func text(_ graph: StageGraph) -> String {
        let width = graph.stages.map(\.name.count).max() ?? 0
        return graph.stages.indices.map { index in
            let name = graph.stages[index].name
            let needs = graph.upstream[index].map { graph.stages[$0].name }
            let padding = String(repeating: " ", count: width - name.count)
            let each = graph.stages[index].map.map { "  for each of \($0.over)" } ?? ""
            return needs.isEmpty
                ? name + each : name + padding + each + "  <- " + needs.joined(separator: ", ")
        }.map { $0 + "\n" }.joined()
    }

    /// A flow chart for Mermaid; map stages have two lines at each side.
    package static func mermaid(_ graph: StageGraph) -> String {
        var text = "graph LR\n"
        for (index, stage) in graph.stages.enumerated() {
            let label = "\"\(stage.name)\""
            text += "    s\(index)" + (stage.map == nil ? "[\(label)]" : "[[\(label)]]") + "\n"
        }
        forEachEdge(graph) { text += "    s\($0) --> s\($1)\n" }
        return text
    }

    /// A graph for Graphviz; map stages have a second line around them.
    package static func dot(_ graph: StageGraph) -> String {
        var text = "digraph stages {\n    rankdir=LR;\n"
        for (index, stage) in graph.stages.enumerated() {
            let sides = stage.map == nil ? "" : ", peripheries=2"
            text += "    s\(index) [shape=box\(sides), label=\"\(stage.name)\"];\n"
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
