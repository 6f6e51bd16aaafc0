import Vocabulary

/// What a check says of one rule.
package struct RuleVerdict: Sendable {
    /// A value that breaks the rule.
    package struct Example: Hashable, Sendable {
        /// The row, counted from 1, the header not counted.
        package let row: Int
        /// The value, its first 100 bytes; empty for a missing one and for rules about whole rows.
        package let value: String
    }

    /// The most examples of a rule.
    package static let exampleLimit = 5

    /// The rule.
    package let rule: TableRule
    /// Values, or rows, that were looked at.
    package internal(set) var examined = 0
    /// Of these, how many break the rule.
    package internal(set) var failed = 0
    /// The first of them.
    package internal(set) var examples: [Example] = []
    /// What there is to say beside the numbers: that the column is missing, how many rows there are.
    package internal(set) var note: String?
    /// Whether there was nothing to judge it by: no former version.
    package internal(set) var isSkipped = false
    /// Whether the rule as a whole is broken whatever the numbers are.
    var isBroken = false

    init(_ rule: TableRule) { self.rule = rule }

    /// Whether the rule is kept: by enough values, where it says how many.
    package var isKept: Bool {
        if isBroken { return false }
        return failed == 0 || Double(examined - failed) >= rule.mostly * Double(examined)
    }

    /// `3 of 1,000 values fail`.
    package var sentence: String {
        if let note { return note }
        let noun =
            switch rule.demand {
            case .rows, .key, .required: "rows"
            case .drift: "columns"
            default: "values"
            }
        let count = failed == 0 ? "no" : groupedDigits(failed)
        return "\(count) of \(groupedDigits(examined)) \(noun) \(failed == 1 ? "fails" : "fail")"
    }
}

/// What a check says of a table.
package struct TableVerdict: Sendable {
    /// A row that breaks rules.
    package struct FailingRow: Sendable {
        /// Its number, counted from 1.
        package let row: Int
        /// The rules, by place.
        package let rules: [Int]
        /// As it stands in the table.
        package let bytes: [UInt8]
    }

    /// The most rows that are kept.
    package static let rowLimit = 1000

    /// What the table is called.
    package let name: String
    /// Rows.
    package internal(set) var rowCount = 0
    /// In the order of the rules.
    package internal(set) var verdicts: [RuleVerdict]
    /// The first rows that break a rule about values.
    package internal(set) var failingRows: [FailingRow] = []
    /// The header as it stands in the table, and the byte between fields.
    package internal(set) var header: (row: [UInt8], delimiter: UInt8) = ([], 0x2c)

    init(name: String, _ schema: TableSchema) {
        self.name = name
        verdicts = schema.rules.map { RuleVerdict($0) }
    }

    /// Rules that could not be judged, since there is nothing to compare with.
    package var skipped: [RuleVerdict] { verdicts.filter(\.isSkipped) }

    /// Rules that are broken.
    package func broken(_ severity: TableRule.Severity) -> [RuleVerdict] {
        verdicts.filter { !$0.isKept && $0.rule.severity == severity }
    }

    /// The failing rows as a table: the numbers of rule and row, then the columns.
    package var failingTable: [UInt8] {
        var bytes = Array("rules".utf8) + [header.delimiter] + Array("row".utf8)
        bytes += [header.delimiter] + header.row + [0x0a]
        for row in failingRows {
            let rules = row.rules.map { "\(verdicts[$0].rule.line ?? $0 + 1)" }
            bytes += Array(rules.joined(separator: " ").utf8) + [header.delimiter]
            bytes += Array("\(row.row)".utf8) + [header.delimiter] + row.bytes + [0x0a]
        }
        return bytes
    }
}
