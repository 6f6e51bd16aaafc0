import Tables
import Vocabulary

extension DatasetChange {
    /// A section of a page. All that comes from data, names among it, is text there, never markup.
    package func html(hidingValues: Bool = false) -> String {
        let title = textLines(hidingValues: true).first ?? ""
        var parts = ["<section><h3>\(htmlText(title))</h3>"]
        switch detail {
        case .added, .removed: break
        case .table(let diff): parts += diff.html(hidingValues)
        case .parts(let diff): parts += diff.html(hidingValues)
        case .directory(let diff): parts += diff.html(hidingValues)
        case .content(let why):
            parts.append("<p>content differs (\(htmlText(why)))</p>")
            parts += toldRowLines.map { "<p>\(htmlText($0))</p>" }
        }
        return (parts + ["</section>"]).joined(separator: "\n")
    }
}

extension TableDiff {
    /// The most columns that get a bar.
    private static let bars = 30

    fileprivate func html(_ hidingValues: Bool) -> [String] {
        var facts = ["rows: " + rowSentence]
        facts += schema.added.map { "column added: \(shown($0.name)), \($0.typeText)" }
        facts += schema.removed.map { "column removed: \(shown($0.name)), \($0.typeText)" }
        facts += schema.retyped.map {
            "column \(shown($0.new.name)): \($0.old.typeText) is now \($0.new.typeText)"
        }
        facts += scopeSentences.map { "only " + $0 }
        if schema.isReordered { facts.append("the columns stand in another order") }
        var parts = ["<ul>" + facts.map { "<li>\(htmlText($0))</li>" }.joined() + "</ul>"]
        if !changedColumns.isEmpty {
            let most = changedColumns.sorted { $0.count > $1.count }.prefix(TableDiff.bars)
            parts.append("<p>changed rows by column</p>" + htmlBars(Array(most)))
        }
        guard !hidingValues else { return parts }
        let cells = changedExamples.flatMap { example in
            example.cells.map { cell in
                [example.nameSentence] + [cell.column, cell.old, cell.new].map(shown)
            }
        }
        if !cells.isEmpty { parts.append(htmlTable(["row", "column", "old", "new"], cells)) }
        for (word, rows) in [("added", addedExamples), ("removed", removedExamples)]
        where !rows.isEmpty {
            parts.append(htmlTable(["\(word) rows"], rows.map { [$0.nameSentence] }))
        }
        return parts
    }
}

extension PartsDiff {
    fileprivate func html(_ hidingValues: Bool) -> [String] {
        let equal = equalCount.map { ", \(groupedDigits($0)) equal" } ?? ""
        let shownParts = parts.prefix(200)
        let rows = shownParts.map { part in
            let isHidden = part.isValue && hidingValues
            let values = [part.old.map(shown), part.new.map(shown), part.note]
            return [shown(part.name)] + values.map { isHidden ? "" : $0 ?? "" }
        }
        let more = count - shownParts.count
        return [
            "<p>\(htmlText("\(format): \(groupedDigits(count)) changed\(equal)"))</p>",
            htmlTable(["part", "old", "new", "change"], Array(rows)),
            hidingValues ? "" : pictures?.html ?? "",
            more > 0 ? "<p>and \(groupedDigits(more)) more</p>" : "",
        ]
    }
}

extension DirectoryDiff {
    fileprivate func html(_ hidingValues: Bool) -> [String] {
        let lines = fileLines(limit: 200)
        return [
            "<p>\(htmlText(lines.first ?? ""))</p>",
            "<ul>" + lines.dropFirst().map { "<li>\(htmlText($0))</li>" }.joined(separator: "\n")
                + "</ul>",
        ] + tableTitle.map { "<p>\(htmlText($0))</p>" } + (table?.html(hidingValues) ?? [])
    }
}
