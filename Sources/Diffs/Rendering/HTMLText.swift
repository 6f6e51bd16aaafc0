import Vocabulary

/// Text that a browser shows as it is, in elements and in quoted attributes; line ends and control
/// characters as `\xHH`.
package func htmlText(_ text: String) -> String {
    var result = ""
    for scalar in printable(Array(text.utf8)).unicodeScalars {
        switch scalar {
        case "&": result += "&amp;"
        case "<": result += "&lt;"
        case ">": result += "&gt;"
        case "\"": result += "&quot;"
        case "'": result += "&#39;"
        default: result.unicodeScalars.append(scalar)
        }
    }
    return result
}

/// A table of HTML: every cell is text.
package func htmlTable(_ heading: [String], _ rows: [[String]]) -> String {
    func line(_ cells: [String], _ tag: String) -> String {
        "<tr>" + cells.map { "<\(tag)>\(htmlText($0))</\(tag)>" }.joined() + "</tr>"
    }
    return "<table>" + line(heading, "th") + rows.map { line($0, "td") }.joined(separator: "\n")
        + "</table>"
}

/// Bars for some counts, as one picture.
func htmlBars(_ values: [(name: String, count: Int)]) -> String {
    guard let most = values.map(\.count).max(), most > 0 else { return "" }
    let height = 22
    let bars = values.enumerated().map { index, value in
        let top = index * height
        let width = max(2, value.count * 320 / most)
        return
            "<text x=\"290\" y=\"\(top + 15)\" text-anchor=\"end\">\(htmlText(shown(value.name)))</text>"
            + "<rect x=\"298\" y=\"\(top + 3)\" width=\"\(width)\" height=\"15\"/>"
            + "<text x=\"\(304 + width)\" y=\"\(top + 15)\">\(groupedDigits(value.count))</text>"
    }
    return "<svg role=\"img\" width=\"720\" height=\"\(values.count * height)\">"
        + bars.joined(separator: "\n") + "</svg>"
}
