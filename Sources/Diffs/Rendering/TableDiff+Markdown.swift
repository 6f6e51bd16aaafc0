import Tables
import Vocabulary

extension TableDiff {
    /// The lines of a Markdown section for a pull request, below the table's name.
    package func markdownLines(hidingValues: Bool = false) -> [String] {
        var lines = ["- rows: " + markdownText(rowSentence)]
        lines += schema.added.map { "- column added: \(code($0.name)), \(code($0.typeText))" }
        lines += schema.removed.map { "- column removed: \(code($0.name)), \(code($0.typeText))" }
        lines += schema.retyped.map {
            "- column \(code($0.new.name)): \(code($0.old.typeText)) is now "
                + code($0.new.typeText)
        }
        if schema.isReordered { lines.append("- the columns stand in another order") }
        lines += scopeSentences.map { "- only " + markdownText($0) }
        if !changedColumns.isEmpty {
            let parts = changedColumns.map { "\(code($0.name)) in \(groupedDigits($0.count))" }
            lines.append("- changed rows by column: " + parts.joined(separator: ", "))
        }
        return hidingValues ? lines : lines + markdownExamples
    }

    private var markdownExamples: [String] {
        var lines: [String] = []
        if !changedExamples.isEmpty {
            lines += ["", "| row | column | old | new |", "|---|---|---|---|"]
        }
        for example in changedExamples {
            for cell in example.cells {
                let values =
                    [example.nameSentence] + [cell.column, cell.old, cell.new].map(shown)
                lines.append("| " + values.map(markdownText).joined(separator: " | ") + " |")
            }
        }
        for (word, rows) in [("added", addedExamples), ("removed", removedExamples)]
        where !rows.isEmpty {
            lines += ["", "| \(word) rows |", "|---|"]
            lines += rows.map { "| \(markdownText($0.nameSentence)) |" }
        }
        return lines
    }

    private func code(_ text: String) -> String { "**" + markdownText(shown(text)) + "**" }
}

/// Text that Markdown and HTML show as it is: every character that either could take for markup
/// is written as a character reference, line ends and control characters as `\xHH`.
package func markdownText(_ text: String) -> String {
    var result = ""
    for scalar in text.unicodeScalars {
        if scalar.value < 0x20 || (0x7f..<0xa0).contains(scalar.value) {
            let digits = String(scalar.value, radix: 16)
            result += "&#92;x" + (digits.count < 2 ? "0" : "") + digits
        } else if "&<>\"'`|*_{}[]()#!~$@:/\\".unicodeScalars.contains(scalar) {
            result += "&#\(scalar.value);"
        } else {
            result.unicodeScalars.append(scalar)
        }
    }
    return result
}
