package import Bytes
import Vocabulary
import Workspaces

/// A lineage tree as text for people and for other programs.
package enum LineageRendering {
    /// A tree of lines, the root first; each ends with a newline.
    package static func text(_ tree: LineageTree) -> String {
        var lines = [line(for: tree.root, tree.verdicts)]
        let isBoth = tree.up != nil && tree.down != nil
        let verdicts = tree.verdicts
        if let up = tree.up { append(up, isBoth ? "came from" : nil, verdicts, to: &lines) }
        if let down = tree.down { append(down, isBoth ? "went into" : nil, verdicts, to: &lines) }
        return lines.joined(separator: "\n") + "\n"
    }

    /// A flow chart for Mermaid, data flowing from left to right.
    package static func mermaid(_ tree: LineageTree) -> String {
        let edges = LineageEdges(tree)
        var text = "graph LR\n"
        for (index, subject) in edges.subjects.enumerated() {
            let label = mermaidLabel(labelLines(for: subject, tree.verdicts))
            switch subject {
            case .content: text += "    n\(index)[\"\(label)\"]\n"
            case .run: text += "    n\(index)([\"\(label)\"])\n"
            case .snapshot: text += "    n\(index)>\"\(label)\"]\n"
            }
        }
        for edge in edges.edges { text += "    n\(edge.from) --> n\(edge.to)\n" }
        return text
    }

    /// A graph for Graphviz.
    package static func dot(_ tree: LineageTree) -> String {
        let edges = LineageEdges(tree)
        var text = "digraph lineage {\n    rankdir=LR;\n"
        for (index, subject) in edges.subjects.enumerated() {
            let shape =
                switch subject {
                case .content: "box"
                case .run: "ellipse"
                case .snapshot: "note"
                }
            let label = labelLines(for: subject, tree.verdicts).map(dotEscaped).joined(
                separator: "\\n")
            text += "    n\(index) [shape=\(shape), label=\"\(label)\"];\n"
        }
        for edge in edges.edges { text += "    n\(edge.from) -> n\(edge.to);\n" }
        return text + "}\n"
    }

    /// `root`, `nodes` and `edges` (from what was before to what came of it).
    package static func json(_ tree: LineageTree) -> JSONValue {
        let edges = LineageEdges(tree)
        return [
            "root": .string(LineageEdges.key(of: tree.root)),
            "nodes": .array(edges.subjects.map { json($0, tree.verdicts) }),
            "edges": .array(
                edges.edges.map { edge in
                    [
                        "from": .string(LineageEdges.key(of: edges.subjects[edge.from])),
                        "to": .string(LineageEdges.key(of: edges.subjects[edge.to])),
                    ]
                }),
        ]
    }

    private static func append(
        _ nodes: [LineageNode], _ heading: String?, _ verdicts: [RunID: RunVerdict],
        to lines: inout [String]
    ) {
        if let heading, !nodes.isEmpty { lines.append("\(heading):") }
        for (index, node) in nodes.enumerated() {
            append(node, verdicts, indent: "", isLast: index == nodes.count - 1, to: &lines)
        }
    }

    private static func append(
        _ node: LineageNode, _ verdicts: [RunID: RunVerdict], indent: String, isLast: Bool,
        to lines: inout [String]
    ) {
        let mark = node.isRepeated ? "  (shown above)" : ""
        lines.append(indent + (isLast ? "└─ " : "├─ ") + line(for: node.subject, verdicts) + mark)
        let deeper = indent + (isLast ? "   " : "│  ")
        for (index, child) in node.children.enumerated() {
            append(
                child, verdicts, indent: deeper, isLast: index == node.children.count - 1,
                to: &lines)
        }
    }

    private static func mermaidLabel(_ lines: [String]) -> String {
        lines.map { line in
            line.replacing("&", with: "&amp;").replacing("\"", with: "&quot;")
                .replacing("<", with: "&lt;").replacing(">", with: "&gt;")
        }.joined(separator: "<br/>")
    }

    private static func dotEscaped(_ text: String) -> String {
        text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"")
    }
}
