package import Bytes
import Vocabulary

extension DatasetChange {
    /// The lines of a terminal: the path with its sizes, and what is known of the difference.
    package func textLines(hidingValues: Bool = false) -> [String] {
        let sizes: String
        switch (old, new) {
        case (let before?, let after?):
            sizes = "\(ByteCount(before.sizeBytes)) -> \(ByteCount(after.sizeBytes))"
        case (nil, let after?): sizes = "added, \(ByteCount(after.sizeBytes))"
        case (let before?, nil): sizes = "removed, \(ByteCount(before.sizeBytes))"
        case (nil, nil): sizes = ""
        }
        let title = sizes.isEmpty ? "\(path)" : "\(path)   \(sizes)"
        return [title] + detailLines(hidingValues).map { "  " + $0 }
    }

    /// The path with its sizes, and how much changed.
    package var statLines: [String] {
        let title = textLines(hidingValues: true).prefix(1)
        switch detail {
        case .added, .removed, .content: return Array(title)
        case .table(let diff): return title + ["  rows     \(diff.rowSentence)"]
        case .parts(let diff): return title + diff.textLines(limit: 0).prefix(1).map { "  " + $0 }
        case .directory(let diff):
            let rows = diff.table.map { ["  rows     \($0.rowSentence)"] } ?? []
            return title + diff.fileLines(limit: 0).prefix(1).map { "  " + $0 } + rows
        }
    }

    private func detailLines(_ hidingValues: Bool) -> [String] {
        switch detail {
        case .added, .removed: []
        case .table(let diff): diff.textLines(hidingValues: hidingValues)
        case .parts(let diff): diff.textLines(hidingValues: hidingValues)
        case .directory(let diff): diff.textLines(hidingValues: hidingValues)
        case .content(let why): ["content differs (\(why))"] + toldRowLines
        }
    }

    /// The rows of both versions as their pointers tell them, for a table that was not read.
    private var toldRows: (old: Int, new: Int)? {
        guard case .content = detail, let before = old?.rows, let after = new?.rows else {
            return nil
        }
        return (before, after)
    }

    /// The same in words; no line where they are not known.
    var toldRowLines: [String] {
        toldRows.map {
            ["\(groupedDigits($0.old)) -> \(groupedDigits($0.new)) rows, by the pointers"]
        } ?? []
    }

    /// The lines of a Markdown section for a pull request.
    package func markdownLines(hidingValues: Bool = false) -> [String] {
        let title = textLines(hidingValues: true).first ?? ""
        var lines = ["### " + markdownText(title), ""]
        switch detail {
        case .table(let diff): lines += diff.markdownLines(hidingValues: hidingValues)
        case .parts(let diff): lines += diff.markdownLines(hidingValues: hidingValues)
        case .directory(let diff):
            lines += (diff.fileLines() + diff.tableTitle).map { "- " + markdownText($0) }
            lines += diff.table?.markdownLines(hidingValues: hidingValues) ?? []
        default: lines += detailLines(hidingValues).map { "- " + markdownText($0) }
        }
        return lines
    }

    /// The document of one path under `mlstore diff --json`: see docs/reference/json.md.
    package func json(hidingValues: Bool = false) -> JSONValue {
        func version(_ version: TrackedVersion?) -> JSONValue {
            guard let version else { return .null }
            return [
                "id": .string(version.content.description), "size": JSONValue(version.sizeBytes),
            ]
        }
        var members: [String: JSONValue] = [
            "path": .string(path.description), "old": version(old), "new": version(new),
        ]
        switch detail {
        case .added: members["change"] = "added"
        case .removed: members["change"] = "removed"
        case .table(let diff):
            members["change"] = "changed"
            members["table"] = diff.json(hidingValues: hidingValues)
        case .parts(let diff):
            members["change"] = "changed"
            members["parts"] = diff.json(hidingValues: hidingValues)
        case .directory(let diff):
            members["change"] = "changed"
            members["directory"] = diff.json(hidingValues: hidingValues)
        case .content(let why):
            members["change"] = "changed"
            members["note"] = .string(why)
            if let rows = toldRows {
                members["rows"] = ["old": JSONValue(rows.old), "new": JSONValue(rows.new)]
            }
        }
        return .object(members)
    }
}
