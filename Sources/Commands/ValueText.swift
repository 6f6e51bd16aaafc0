import Bytes
import Diffs
import Pipelines
import Vocabulary

/// Parameters and metrics, and what differs in them, for people and for programs.
enum ValueText {
    /// `l2  0.1` for each leaf, in the order of the keys, aligned.
    static func lines(_ leaves: [String: JSONValue]) -> [String] {
        var table = TableLayout(columns: 2)
        for (key, value) in leaves.sorted(by: { $0.key < $1.key }) {
            table.add([shown(key), text(value)])
        }
        return table.lines(indent: 2)
    }

    /// `accuracy  0.8992 -> 0.9001  (+0.0009)`; `none` stands for no value.
    static func lines(_ changes: [ValueChange]) -> [String] {
        let width = changes.map { displayWidth(shown($0.key)) }.max() ?? 0
        return changes.map { change in
            let key = shown(change.key)
            let name = key + String(repeating: " ", count: width - displayWidth(key))
            let step = difference(change).map { "  (\($0))" } ?? ""
            return "  \(name)  \(text(change.old)) -> \(text(change.new))\(step)"
        }
    }

    /// A table for a pull request.
    static func markdownLines(_ changes: [ValueChange]) -> [String] {
        ["| " + heading.joined(separator: " | ") + " |", "|---|---|---|---|"]
            + rows(changes).map { cells in
                "| " + cells.map { markdownText(shown($0)) }.joined(separator: " | ") + " |"
            }
    }

    /// A table for a page.
    static func htmlText(_ changes: [ValueChange]) -> String { htmlTable(heading, rows(changes)) }

    private static let heading = ["value", "old", "new", "change"]

    private static func rows(_ changes: [ValueChange]) -> [[String]] {
        changes.map { change in
            let sides = [change.old, change.new].map { $0 == nil ? "" : text($0) }
            return [change.key] + sides + [difference(change) ?? ""]
        }
    }

    /// `[{"key", "old", "new"}]`; null where there is no value.
    static func json(_ changes: [ValueChange]) -> JSONValue {
        .array(
            changes.map {
                ["key": .string($0.key), "old": $0.old ?? .null, "new": $0.new ?? .null]
            })
    }

    /// `[{"path", "changes"}]`.
    static func json(_ diff: MetricsDiff) -> JSONValue {
        .array(
            diff.files.map {
                ["path": .string($0.path.description), "changes": json($0.changes)]
            })
    }

    static func text(_ value: JSONValue?) -> String {
        switch value {
        case nil: "none"
        case .number(let number)?: rounded(number)
        case .string(let string)?: shown(string)
        case let other?: shown(String(decoding: other.canonical, as: UTF8.self))
        }
    }

    private static func difference(_ change: ValueChange) -> String? {
        change.difference.map { ($0 < 0 ? "" : "+") + rounded($0) }
    }

    private static func shown(_ text: String) -> String { printableText(Array(text.utf8)) }

    /// At most six digits behind the point: for people; files keep every digit.
    static func rounded(_ value: Double) -> String {
        let scale = 1_000_000.0
        guard value.magnitude < 1_000_000_000, value.magnitude >= 1e-4 || value == 0 else {
            return shortestText(value)
        }
        return shortestText((value * scale).rounded() / scale)
    }
}
