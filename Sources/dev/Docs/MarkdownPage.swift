/// A Markdown file, as far as our rules look into it.
struct MarkdownPage {
    let path: String
    /// Level, text and line (from 1) of each heading outside code.
    private(set) var headings: [(level: Int, text: String, line: Int)] = []
    /// Targets of links outside code, with their lines.
    private(set) var links: [(target: String, line: Int)] = []

    init(path: String, text: String) {
        self.path = path
        var fence: String?
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        for (index, line) in lines.enumerated() {
            let trimmed = line.drop { $0 == " " }
            if let open = fence {
                if trimmed.hasPrefix(open) { fence = nil }
            } else if trimmed.hasPrefix("```") {
                fence = String(trimmed.prefix { $0 == "`" })
            } else if line.hasPrefix("#") {
                let level = line.prefix { $0 == "#" }.count
                let text = line.dropFirst(level).drop { $0 == " " }
                headings.append((level, String(text), index + 1))
            } else {
                links += MarkdownPage.targets(in: line).map { ($0, index + 1) }
            }
        }
    }

    /// The anchors that the headings make, as the usual renderers spell them.
    var anchors: Set<String> {
        Set(
            headings.map { heading in
                let kept = heading.text.lowercased().filter {
                    $0.isLetter || $0.isNumber || $0 == " " || $0 == "-" || $0 == "_"
                }
                return String(kept.map { $0 == " " ? "-" : $0 })
            })
    }

    /// What stands in the brackets of `[text](target)`, inline code left out.
    private static func targets(in line: Substring) -> [String] {
        let prose = line.split(separator: "`", omittingEmptySubsequences: false)
            .enumerated().map { $0.offset.isMultiple(of: 2) ? String($0.element) : "code" }
            .joined()
        var targets: [String] = []
        var rest = prose[...]
        while let start = rest.firstRange(of: "](") {
            rest = rest[start.upperBound...]
            guard let end = rest.firstIndex(of: ")") else { break }
            targets.append(String(rest[..<end].prefix { $0 != " " }))
            rest = rest[end...]
        }
        return targets
    }
}
