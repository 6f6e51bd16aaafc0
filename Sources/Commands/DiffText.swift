import Bytes
import Diffs
import Pipelines
import Vocabulary

/// What `diff` prints: data first, then what stages were given, then what they measured.
struct DiffText {
    /// What the sides are called.
    let old: String
    let new: String
    let isHidingValues: Bool
    let changes: [DatasetChange]
    /// Nil where only some paths were asked about.
    let parameters: ParamsDiff?
    let metrics: MetricsDiff

    /// Whether the two sides are equal in all that was compared.
    var isEmpty: Bool {
        changes.isEmpty && parameters?.changes.isEmpty != false && metrics.files.isEmpty
    }

    /// For a terminal.
    var lines: [String] {
        if isEmpty { return [equalText] }
        var sections = data.map { $0.textLines(hidingValues: isHidingValues) }
        if let parameters, !parameters.changes.isEmpty {
            sections.append(["parameters"] + ValueText.lines(parameters.changes))
        }
        sections += metrics.files.map { ["\($0.path)   metrics"] + ValueText.lines($0.changes) }
        return Array(sections.joined(separator: [""]))
    }

    /// For a pull request.
    var markdownLines: [String] {
        if isEmpty { return [equalText] }
        var sections = data.map { $0.markdownLines(hidingValues: isHidingValues) }
        if let parameters, !parameters.changes.isEmpty {
            sections.append(["### parameters", ""] + ValueText.markdownLines(parameters.changes))
        }
        sections += metrics.files.map { file in
            ["### " + markdownText("\(file.path)   metrics"), ""]
                + ValueText.markdownLines(file.changes)
        }
        return Array(sections.joined(separator: [""]))
    }

    /// The changes of data but for files of metrics: their values say more than their bytes.
    private var data: [DatasetChange] {
        let shown = Set(metrics.files.map(\.path))
        return changes.filter { !shown.contains($0.path) }
    }

    /// For programs.
    var json: JSONValue {
        var members: [String: JSONValue] = [
            "from": .string(old), "to": .string(new),
            "changes": .array(changes.map { $0.json(hidingValues: isHidingValues) }),
            "metrics": ValueText.json(metrics),
        ]
        members["parameters"] = parameters.map { ValueText.json($0.changes) }
        return .object(members)
    }

    /// A page for a browser.
    var html: String {
        var page = ReviewPage(title: "\(old) to \(new)")
        if isEmpty { page.add("<p>\(htmlText(equalText))</p>") }
        for change in data { page.add(change.html(hidingValues: isHidingValues)) }
        page.add("parameters", parameters?.changes ?? [])
        for file in metrics.files { page.add("\(file.path)   metrics", file.changes) }
        return page.text
    }

    /// For a terminal, a line or two each.
    var statLines: [String] {
        if isEmpty { return [equalText] }
        var lines = data.flatMap { $0.statLines }
        if let parameters, !parameters.changes.isEmpty {
            lines.append("parameters   \(counted(parameters.changes.count, "value"))")
        }
        return lines
            + metrics.files.map { "\($0.path)   \(counted($0.changes.count, "metric"))" }
    }

    private var equalText: String { "no differences in tracked data, parameters and metrics" }
}
