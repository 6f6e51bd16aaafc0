import Diffs
import Pipelines
import Vocabulary

/// A review as one comment, within a length that the host accepts.
struct ReviewMarkdown {
    /// The first line: by it a CI finds the comment that it wrote before.
    static let marker = "<!-- mlstore report -->"
    /// What GitHub accepts, in characters.
    static let defaultLimit = 65_536

    let report: ReviewReport
    let isHidingValues: Bool
    /// The most characters.
    let limit: Int

    /// The text: with examples, else without any cell, else with as many sections as fit.
    var text: String {
        for hidesValues in isHidingValues ? [true] : [false, true] {
            let sections = sections(hidingValues: hidesValues)
            let whole = (head + sections.map(section)).joined(separator: "\n\n") + "\n"
            if whole.count <= limit { return whole }
        }
        return shortened(sections(hidingValues: true).map(section))
    }

    private func shortened(_ sections: [String]) -> String {
        var text = head.joined(separator: "\n\n")
        var left = sections.count
        for section in sections {
            // Room for the last sentence.
            guard text.count + section.count + 200 <= limit else { break }
            text += "\n\n" + section
            left -= 1
        }
        let rest = "\(counted(left, "section")) did not fit: 'mlstore report --html' has them all"
        return String((text + "\n\n" + markdownText(rest) + "\n").prefix(limit))
    }

    private var head: [String] {
        [
            Self.marker, "## mlstore: \(markdownText(report.base)) to \(markdownText(report.head))",
            markdownText(report.summary),
        ]
    }

    private func section(_ lines: [String]) -> String { lines.joined(separator: "\n") }

    private func sections(hidingValues: Bool) -> [[String]] {
        var sections: [[String]] = []
        sections += report.metrics.files.map { file in
            ["### " + markdownText("\(file.path)   metrics"), ""]
                + ValueText.markdownLines(file.changes)
        }
        if !report.parameters.changes.isEmpty {
            sections.append(
                ["### parameters", ""] + ValueText.markdownLines(report.parameters.changes))
        }
        sections += report.tables.sections(hidingValues: hidingValues).map { section in
            var lines = ["### " + markdownText(section.title), "", markdownText(section.sentence)]
            guard !section.rows.isEmpty else { return lines }
            lines += ["", "| " + section.heading.joined(separator: " | ") + " |"]
            lines.append("|" + String(repeating: "---|", count: section.heading.count))
            return lines
                + section.rows.map { row in
                    "| " + row.map { markdownText($0) }.joined(separator: " | ") + " |"
                }
        }
        if !report.staleStages.isEmpty {
            let lines = report.staleStages.flatMap { stage in
                ["- **\(markdownText(stage.stage))**"]
                    + stage.reasons.map { "  - " + markdownText("\($0)") }
            }
            sections.append(["### stages that are stale", ""] + lines)
        }
        if !report.affected.isEmpty {
            let lines = report.affected.map {
                "- **\(markdownText("\($0.path)"))** was made from the old version of "
                    + "**\(markdownText("\($0.from)"))**"
            }
            sections.append(["### made from old data", ""] + lines)
        }
        return sections + report.changes.map { $0.markdownLines(hidingValues: hidingValues) }
    }
}
