import Vocabulary

/// The graph of stages as a picture: columns from left to right, each stage right of all that it
/// needs. Equal graphs give equal bytes.
package enum StageGraphSVG {
    /// An SVG document.
    package static func svg(_ graph: StageGraph) -> String {
        let layout = LayeredLayout(graph)
        let (width, height) = layout.size
        var text = """
            <svg xmlns="http://www.w3.org/2000/svg" width="\(width)" height="\(height)" \
            viewBox="0 0 \(width) \(height)" font-family="ui-monospace, monospace" font-size="12">
            <defs><marker id="tip" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="7" \
            markerHeight="7" orient="auto"><path d="M0 0L8 4L0 8z" fill="#57606a"/></marker></defs>
            <rect width="100%" height="100%" fill="#ffffff"/>

            """
        for route in layout.routes {
            text += "<path d=\"\(curve(route))\" fill=\"none\" stroke=\"#57606a\" "
            text += "marker-end=\"url(#tip)\"/>\n"
        }
        for (stage, box) in zip(graph.stages, layout.boxes) {
            let fill = stage.isStep ? "#ddf4ff" : "#f6f8fa"
            let dashes = stage.policy.isFrozen ? " stroke-dasharray=\"4 3\"" : ""
            text += "<g><title>\(escaped(title(of: stage)))</title>"
            if stage.map != nil {
                // A box behind the box: there are many of it.
                text += "<rect x=\"\(box.x + 4)\" y=\"\(box.y + 4)\" width=\"\(box.width)\" "
                text += "height=\"\(LayeredLayout.boxHeight)\" rx=\"5\" fill=\"\(fill)\" "
                text += "stroke=\"#57606a\"\(dashes)/>"
            }
            text += "<rect x=\"\(box.x)\" y=\"\(box.y)\" width=\"\(box.width)\" "
            text += "height=\"\(LayeredLayout.boxHeight)\" rx=\"5\" fill=\"\(fill)\" "
            text += "stroke=\"#57606a\"\(dashes)/>"
            text += "<text x=\"\(box.x + LayeredLayout.padding)\" y=\"\(box.y + 19)\" "
            text += "fill=\"#1f2328\">\(escaped(stage.name))</text></g>\n"
        }
        return text + "</svg>\n"
    }

    /// What a pointer that rests on a stage is shown.
    private static func title(of stage: Stage) -> String {
        let reads = stage.dependencies.map(\.description).joined(separator: ", ")
        let writes = stage.products.map(\.description).joined(separator: ", ")
        let each = stage.map.map { "once for each of \($0.over)" }
        let lines = [stage.description, each, "reads \(reads)", "writes \(writes)"]
        return lines.compactMap { $0 }.joined(separator: "\n")
    }

    /// A line through points that leaves and reaches each of them level.
    private static func curve(_ points: [LayeredLayout.Point]) -> String {
        var text = ""
        var last: LayeredLayout.Point?
        for point in points {
            if let last {
                let middle = (last.x + point.x) / 2
                text +=
                    last.y == point.y
                    ? "H\(point.x)"
                    : "C\(middle) \(last.y) \(middle) \(point.y) \(point.x) \(point.y)"
            } else {
                text += "M\(point.x) \(point.y)"
            }
            last = point
        }
        return text
    }

    private static func escaped(_ text: String) -> String {
        printableText(Array(text.replacing("\n", with: "\u{E000}").utf8))
            .replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing(">", with: "&gt;")
            .replacing("\"", with: "&quot;").replacing("\u{E000}", with: "\n")
    }
}

/// Where the boxes of a graph stand: each in the column behind the last of those it needs, and in
/// its column near what it is connected to.
struct LayeredLayout {
    struct Point: Equatable {
        let x: Int
        let y: Int
    }

    struct Box {
        let x: Int
        let y: Int
        let width: Int
    }

    static let boxHeight = 30
    static let padding = 10
    private static let rowHeight = 46
    private static let columnGap = 60
    private static let margin = 20
    private static let letterWidth = 8
    /// How often the order of the columns is improved.
    private static let sweeps = 4
    /// Lines that pass more columns in all than this are drawn straight.
    private static let maximumBends = 20_000

    /// One for each stage.
    private(set) var boxes: [Box] = []
    /// The points of each line, from the box that feeds to the box that is fed.
    private(set) var routes: [[Point]] = []
    private(set) var size = (width: 0, height: 0)

    /// What stands in a column: stages, and behind them the places where lines pass.
    private var columns: [[Int]] = []
    private var columnOf: [Int]
    private var previous: [[Int]]
    private var next: [[Int]]
    /// The nodes of each line.
    private var lines: [[Int]] = []

    init(_ graph: StageGraph) {
        columnOf = LayeredLayout.columns(of: graph)
        previous = Array(repeating: [], count: columnOf.count)
        next = previous
        addLines(graph)
        columns = Array(repeating: [], count: (columnOf.max() ?? -1) + 1)
        for (node, column) in columnOf.enumerated() { columns[column].append(node) }
        for _ in 0..<LayeredLayout.sweeps {
            for column in columns.indices.dropFirst() { arrange(column, by: previous) }
            for column in columns.indices.dropLast().reversed() { arrange(column, by: next) }
        }
        place(graph.stages.map(\.name))
    }

    /// The column of each stage: the length of the longest way to it.
    private static func columns(of graph: StageGraph) -> [Int] {
        var columns: [Int] = []
        for needs in graph.upstream { columns.append((needs.map { columns[$0] }.max() ?? -1) + 1) }
        return columns
    }

    private mutating func addLines(_ graph: StageGraph) {
        let edges = graph.upstream.enumerated().flatMap { index, needs in
            needs.map { (from: $0, to: index) }
        }
        let bends = edges.reduce(0) { $0 + columnOf[$1.to] - columnOf[$1.from] - 1 }
        for edge in edges {
            var line = [edge.from]
            if bends <= LayeredLayout.maximumBends {
                for column in (columnOf[edge.from] + 1)..<columnOf[edge.to] {
                    line.append(columnOf.count)
                    columnOf.append(column)
                    previous.append([])
                    next.append([])
                }
            }
            line.append(edge.to)
            for (left, right) in zip(line, line.dropFirst()) {
                next[left].append(right)
                previous[right].append(left)
            }
            lines.append(line)
        }
    }

    /// Sorts a column by the mean place of what its nodes are connected to; the rest stays put.
    private mutating func arrange(_ column: Int, by neighbours: [[Int]]) {
        var rank: [Int: Int] = [:]
        for near in columns[column].flatMap({ neighbours[$0] }) { rank[near] = 0 }
        for nodes in columns {
            for (place, node) in nodes.enumerated() where rank[node] != nil { rank[node] = place }
        }
        let keyed = columns[column].enumerated().map { place, node in
            let ranks = neighbours[node].compactMap { rank[$0] }
            // In thousandths, so that no rounding differs between machines.
            let mean =
                ranks.isEmpty ? place * 1000 : ranks.reduce(0, +) * 1000 / ranks.count
            return (node: node, mean: mean, place: place)
        }
        columns[column] = keyed.sorted { ($0.mean, $0.place) < ($1.mean, $1.place) }.map(\.node)
    }

    private mutating func place(_ names: [String]) {
        let widths = names.map { $0.count * LayeredLayout.letterWidth + 2 * LayeredLayout.padding }
        let tallest = columns.map(\.count).max() ?? 0
        var places = [Box](repeating: Box(x: 0, y: 0, width: 0), count: columnOf.count)
        var x = LayeredLayout.margin
        for nodes in columns {
            let width = nodes.map { $0 < widths.count ? widths[$0] : 0 }.max() ?? 0
            let top = LayeredLayout.margin + (tallest - nodes.count) * LayeredLayout.rowHeight / 2
            for (row, node) in nodes.enumerated() {
                places[node] = Box(
                    x: x, y: top + row * LayeredLayout.rowHeight,
                    width: node < widths.count ? widths[node] : width)
            }
            x += width + LayeredLayout.columnGap
        }
        boxes = Array(places.prefix(names.count))
        routes = lines.map { line in
            line.enumerated().flatMap { step, node in
                let box = places[node]
                let y = box.y + LayeredLayout.boxHeight / 2
                let (left, right) = (Point(x: box.x, y: y), Point(x: box.x + box.width, y: y))
                return step == 0 ? [right] : step == line.count - 1 ? [left] : [left, right]
            }
        }
        size = (
            max(x - LayeredLayout.columnGap, LayeredLayout.margin) + LayeredLayout.margin,
            2 * LayeredLayout.margin + max(1, tallest) * LayeredLayout.rowHeight
                - (LayeredLayout.rowHeight - LayeredLayout.boxHeight)
        )
    }
}
