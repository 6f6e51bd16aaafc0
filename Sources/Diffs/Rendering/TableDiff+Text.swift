import Bytes
import Tables
import Vocabulary

extension TableDiff {
    /// The lines of a terminal, without the table's name; with `hidingValues` no cell is shown.
    package func textLines(hidingValues: Bool = false) -> [String] {
        var lines = schemaLines
        lines += scopeSentences.map { "only     " + $0 }
        lines.append("rows     " + rowSentence)
        if !changedColumns.isEmpty {
            let columns = changedColumns.map { "\($0.name) \(groupedDigits($0.count))" }
            lines.append("changed  " + columns.joined(separator: ", "))
        }
        if isWidened {
            lines.append(
                "hint     181 and 181.0 are different texts; '--tolerance 0' compares numbers")
        }
        guard !hidingValues else { return lines }
        lines += changedExamples.map { "example  " + $0.sentence }
        lines += addedExamples.map { "added    " + $0.nameSentence }
        lines += removedExamples.map { "removed  " + $0.nameSentence }
        return lines
    }

    /// Whether rows may differ only because integers became floats or the other way round.
    private var isWidened: Bool {
        let compared = Set(tolerances.map(\.name))
        let numbers: Set<ColumnType> = [.int, .float]
        let widened = schema.retyped.filter { old, new in
            numbers.isSuperset(of: [old.type, new.type]) && !compared.contains(new.name)
        }
        guard case .key = matching else { return !widened.isEmpty && removedCount > 0 }
        return widened.contains { column in changedColumns.contains { $0.name == column.new.name } }
    }

    private var schemaLines: [String] {
        var parts = schema.added.map { "+ \(shown($0.name)): \($0.typeText)" }
        parts += schema.removed.map { "- \(shown($0.name)): \($0.typeText)" }
        parts += schema.retyped.map {
            "~ \(shown($0.new.name)): \($0.old.typeText) -> \($0.new.typeText)"
        }
        if schema.isReordered { parts.append("columns in another order") }
        return parts.map { "schema   " + $0 }
    }

    /// What was asked to be compared, where that is not all: `price, amount`, `numbers not within 0.01`.
    var scopeSentences: [String] {
        var sentences =
            comparedColumns.map { columns in
                [columns.isEmpty ? "the key" : columns.map(shown).joined(separator: ", ")]
            } ?? []
        let groups = Dictionary(grouping: tolerances, by: \.tolerance)
        for (tolerance, columns) in groups.sorted(by: { $0.value[0].name < $1.value[0].name }) {
            let names = columns.map { shown($0.name) }.joined(separator: ", ")
            sentences.append("numbers more than \(tolerance.text) apart in \(names)")
        }
        return sentences
    }

    /// `336,776 -> 336,801   +25 added, 0 removed, 1,000 changed   (key: year, month)`.
    var rowSentence: String {
        let before = groupedDigits(old.rowCount)
        let after = groupedDigits(new.rowCount)
        let counts = "+\(groupedDigits(addedCount)) added, \(groupedDigits(removedCount)) removed"
        switch matching {
        case .key(let key, let isInferred):
            let sort = isInferred ? "key, found" : "key"
            let names = key.map(shown).joined(separator: ", ")
            return "\(before) -> \(after)   \(counts), \(groupedDigits(changedCount)) changed"
                + "   (\(sort): \(names))"
        case .multiset(let reason):
            return "\(before) -> \(after)   \(counts)   (no key: \(reason))"
        }
    }
}

extension Tolerance {
    /// `0.01 and 5 %`.
    fileprivate var text: String {
        let share = shortestText(relative * 100) + " %"
        if relative == 0 { return shortestText(absolute) }
        return absolute == 0 ? share : "\(shortestText(absolute)) and \(share)"
    }
}

extension RowExample {
    /// The values that name the row: `year=2013 month=1`.
    var nameSentence: String {
        name.map { "\(shown($0.column))=\(shown($0.value))" }.joined(separator: " ")
            + (isNameCut ? " …" : "")
    }

    /// The row and its cells: `flight=7: dep_delay 2 -> 14`.
    var sentence: String {
        let changes = cells.map { "\(shown($0.column)) \(quoted($0.old)) -> \(quoted($0.new))" }
        return nameSentence + ": " + changes.joined(separator: ", ")
    }

    private func quoted(_ value: String) -> String { value.isEmpty ? "(empty)" : shown(value) }
}

/// A cell's or column's text for a terminal: escaped, and cut behind 40 characters.
func shown(_ text: String) -> String {
    let safe = printable(Array(text.utf8))
    return safe.count <= 40 ? safe : safe.prefix(39) + "…"
}
