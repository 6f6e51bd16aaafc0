import Bytes
package import Tables
import Vocabulary

/// What is asked of a table: the rules of a schema file, in its order.
package struct TableSchema: Sendable {
    /// The end of the name of a schema file beside its table: `data/train.csv.schema.yaml`.
    package static let suffix = ".schema.yaml"
    /// The largest schema file, in bytes.
    package static let maximumBytes = 4 << 20
    /// The most rules.
    package static let maximumRules = 20_000

    /// The most rules about one column, or about the table: a word has a bit for each.
    static let maximumColumnRules = 60

    /// The most pairs of columns.
    static let maximumPairs = 1000

    /// The rules.
    package var rules: [TableRule]
    /// Pairs of columns whose correlation a profile tells.
    package var pairs: [ColumnPair] = []

    /// A schema; nothing is checked.
    package init(rules: [TableRule]) { self.rules = rules }
}

extension TableSchema {
    /// The file, for a person to review: a rule a line.
    package func text(of table: String) -> String {
        let head = """
            # what 'mlstore check' asks of \(printable(Array(table.utf8)))
            # review each rule: correct it, or make 'inferred' 'confirmed'; docs/reference/checks.md

            """
        return head
            + YAMLText.block(
                [("version", .literal("1")), ("rules", .list(rules.map(\.yaml)))] + pairsYAML
            ).document
    }
}

extension TableSchema {
    private var pairsYAML: [(String, YAMLText)] {
        guard !pairs.isEmpty else { return [] }
        return [("pairs", .list(pairs.map { .list([.text($0.first), .text($0.second)]) }))]
    }
}

extension TableRule {
    fileprivate var yaml: YAMLText {
        var pairs: [(String, YAMLText)] = []
        if let column { pairs.append(("column", .text(column))) }
        pairs.append(demandPair)
        if mostly < 1 { pairs.append(("mostly", .literal(shortestText(mostly)))) }
        if severity != .error { pairs.append(("severity", .text(severity.rawValue))) }
        pairs.append(("status", .text(status.rawValue)))
        return .flow(pairs)
    }

    private var demandPair: (String, YAMLText) {
        switch demand {
        case .rows(let bounds): ("rows", TableRule.yaml(bounds) { .literal("\($0)") })
        case .key(let columns): ("key", .list(columns.map { .text($0) }))
        case .type(let type): ("type", .text(type.rawValue))
        case .required: ("required", .literal("true"))
        case .unique: ("unique", .literal("true"))
        case .range(let bounds):
            (
                "range",
                TableRule.yaml(bounds) { $0.sort == .float ? .literal($0.text) : .text($0.text) }
            )
        case .values(let values): ("values", .list(values.map { .text($0) }))
        case .length(let bounds): ("length", TableRule.yaml(bounds) { .literal("\($0)") })
        case .pattern(let pattern): ("pattern", .text(pattern.text))
        case .shape(let shape): ("looksLike", .text(shape.rawValue))
        case .references(let table, let column):
            (
                "references",
                .flow([("table", .text(table.description)), ("column", .text(column))])
            )
        case .newest(let seconds): ("newest", .flow([("within", .text(Age.text(seconds)))]))
        case .rowChange(let change): ("rowChange", change.yaml)
        case .drift(let limits): ("drift", limits.yaml)
        case .advances: ("advances", .literal("true"))
        }
    }

    private static func yaml<Value>(
        _ bounds: Bounds<Value>, _ text: (Value) -> YAMLText
    ) -> YAMLText {
        .flow(
            [("min", bounds.least), ("max", bounds.most)].compactMap { name, value in
                value.map { (name, text($0)) }
            })
    }
}

extension TableRule.RowChange {
    fileprivate var yaml: YAMLText {
        var pairs: [(String, YAMLText)] = []
        if less == more, let less {
            pairs.append(("within", .text(Share.text(less))))
        } else {
            if let less { pairs.append(("less", .text(Share.text(less)))) }
            if let more { pairs.append(("more", .text(Share.text(more)))) }
        }
        if versions > 1 { pairs.append(("versions", .literal("\(versions)"))) }
        return .flow(pairs)
    }
}

extension DriftLimits {
    fileprivate var yaml: YAMLText {
        guard !pairs.isEmpty else { return .literal("true") }
        return .flow(pairs.map { ($0.name, .literal(shortestText($0.limit))) })
    }
}
