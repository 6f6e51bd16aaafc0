import Bytes
import Diffs
import Vocabulary

/// Verdicts on tables for people, programs and CIs.
struct CheckText {
    let isHidingValues: Bool
    private var tables: [(verdict: TableVerdict, failures: String?)] = []
    /// Tables that could not be judged, and why.
    private var problems: [(name: String, reason: String)] = []

    init(isHidingValues: Bool) { self.isHidingValues = isHidingValues }

    mutating func add(_ verdict: TableVerdict, failures: String?) {
        tables.append((verdict, failures))
    }

    mutating func add(problem reason: String, of name: String) { problems.append((name, reason)) }

    /// Whether a rule of severity `error` is broken.
    var isBroken: Bool { brokenCount > 0 }

    /// How many rules of severity `error` are.
    var brokenCount: Int { tables.reduce(0) { $0 + $1.verdict.broken(.error).count } }

    /// A section of a review for each table, of the rules that are broken.
    func sections(hidingValues: Bool) -> [ReviewTables.Section] {
        tables.map { verdict, _ in
            ReviewTables.Section(
                title: "check of \(verdict.name)", sentence: sentence(verdict),
                heading: ["", "rule", "verdict", "examples"],
                rows: rows(verdict, hidingValues: hidingValues))
        }
            + problems.map { name, reason in
                ReviewTables.Section(
                    title: "check of \(name)", sentence: reason, heading: [], rows: [])
            }
    }

    // MARK: - Text

    var lines: [String] { tables.flatMap { lines($0.verdict, $0.failures) } }

    private func lines(_ verdict: TableVerdict, _ failures: String?) -> [String] {
        var layout = TableLayout(columns: 4)
        for row in rows(verdict, hidingValues: isHidingValues) { layout.add(row) }
        let tail = failures.map { ["  rows that break rules: \($0)"] } ?? []
        return [sentence(verdict)] + layout.lines(indent: 2) + tail
    }

    private func sentence(_ verdict: TableVerdict) -> String {
        let kept = verdict.verdicts.count { $0.isKept && !$0.isSkipped }
        return "\(printableText(Array(verdict.name.utf8))): \(counted(verdict.rowCount, "row")), "
            + "\(groupedDigits(kept)) of \(counted(verdict.verdicts.count, "rule")) kept"
            + (verdict.skipped.isEmpty ? "" : ", \(groupedDigits(verdict.skipped.count)) skipped")
    }

    /// A row for each rule that is broken, or that could not be judged.
    private func rows(_ verdict: TableVerdict, hidingValues: Bool) -> [[String]] {
        (verdict.broken(.error) + verdict.broken(.warn) + verdict.skipped).map { verdict in
            [
                verdict.isSkipped
                    ? "skipped" : verdict.rule.severity == .error ? "broken" : "warning",
                verdict.rule.title,
                verdict.sentence,
                examples(verdict, hidingValues: hidingValues).joined(separator: ", "),
            ]
        }
    }

    private func examples(_ verdict: RuleVerdict, hidingValues: Bool) -> [String] {
        verdict.examples.map { example in
            guard !hidingValues, !example.value.isEmpty else { return "row \(example.row)" }
            return "row \(example.row): \(CellText.short(example.value))"
        }
    }

    // MARK: - JSON

    var json: JSONValue {
        ["broken": .bool(isBroken), "tables": .array(tables.map { json($0.verdict, $0.failures) })]
    }

    private func json(_ verdict: TableVerdict, _ failures: String?) -> JSONValue {
        [
            "table": .string(verdict.name), "rows": JSONValue(verdict.rowCount),
            "failures": failures.map { .string($0) } ?? .null,
            "rules": .array(verdict.verdicts.map(json)),
        ]
    }

    private func json(_ verdict: RuleVerdict) -> JSONValue {
        [
            "rule": .string(verdict.rule.title),
            "column": verdict.rule.column.map { .string($0) } ?? .null,
            "line": verdict.rule.line.map { JSONValue($0) } ?? .null,
            "severity": .string(verdict.rule.severity.rawValue),
            "status": .string(verdict.rule.status.rawValue), "mostly": .number(verdict.rule.mostly),
            "kept": .bool(verdict.isKept), "skipped": .bool(verdict.isSkipped),
            "examined": JSONValue(verdict.examined),
            "failed": JSONValue(verdict.failed), "note": verdict.note.map { .string($0) } ?? .null,
            "examples": .array(
                verdict.examples.map { example in
                    isHidingValues
                        ? ["row": JSONValue(example.row)]
                        : ["row": JSONValue(example.row), "value": .string(example.value)]
                }),
        ]
    }

    // MARK: - JUnit

    /// A suite for each table, a case for each rule; warnings are cases that pass with output, and
    /// rules that could not be judged cases that are skipped.
    var junit: String {
        let suites = tables.map { suite($0.verdict) }
        return """
            <?xml version="1.0" encoding="UTF-8"?>
            <testsuites name="mlstore check">
            \(suites.joined(separator: "\n"))
            </testsuites>

            """
    }

    private func suite(_ verdict: TableVerdict) -> String {
        let name = attribute(verdict.name)
        let cases = verdict.verdicts.map { verdict -> String in
            let start = "<testcase classname=\"\(name)\" name=\"\(attribute(verdict.rule.title))\""
            guard !verdict.isSkipped else {
                return start + "><skipped message=\"\(attribute(verdict.sentence))\"/></testcase>"
            }
            guard !verdict.isKept else { return start + "/>" }
            let details = htmlText(
                plain(examples(verdict, hidingValues: isHidingValues).joined(separator: ", ")))
            let message = attribute(verdict.sentence)
            return verdict.rule.severity == .error
                ? start + "><failure message=\"\(message)\">\(details)</failure></testcase>"
                : start + "><system-out>warning: \(message)\n\(details)</system-out></testcase>"
        }
        return """
            <testsuite name="\(name)" tests="\(cases.count)" \
            failures="\(verdict.broken(.error).count)" skipped="\(verdict.skipped.count)">
            \(cases.joined(separator: "\n"))
            </testsuite>
            """
    }

    private func attribute(_ text: String) -> String { htmlText(plain(text)) }

    /// Without the two letters that no XML may hold; control characters are escaped as everywhere.
    private func plain(_ text: String) -> String {
        var scalars = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            scalars.append(scalar.value == 0xfffe || scalar.value == 0xffff ? "\u{fffd}" : scalar)
        }
        return String(scalars)
    }
}
