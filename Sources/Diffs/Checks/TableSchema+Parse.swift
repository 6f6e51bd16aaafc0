import Bytes
import Tables
import Vocabulary
import Workspaces

extension TableSchema {
    /// Reads a schema file and looks for rules that contradict each other. `file` is what errors call
    /// it. Throws `.malformed`, with the line.
    package init(parsing bytes: [UInt8], file: String) throws {
        let advice = "docs/reference/checks.md has the rules of schema files"
        guard bytes.count <= TableSchema.maximumBytes else {
            throw StoreError(
                .malformed,
                "cannot read '\(file)': it has more than "
                    + "\(ByteCount(TableSchema.maximumBytes))", subject: file, advice: advice)
        }
        let fields = try YAMLFields.document(bytes, file: file, advice: advice)
        try fields.checkKeys(["version", "rules", "pairs"])
        try fields.checkVersion()
        let list = try fields.required("rules")
        guard let nodes = list.sequence, nodes.count <= TableSchema.maximumRules else {
            throw fields.malformed(
                list, "'rules' must be a list of at most \(TableSchema.maximumRules) rules")
        }
        rules = try nodes.map { try RuleReader(try fields.below($0)).rule() }
        for (_, group) in Dictionary(grouping: zip(rules, nodes), by: \.0.column)
        where group.count > TableSchema.maximumColumnRules {
            throw fields.malformed(
                group[TableSchema.maximumColumnRules].1,
                "more than \(TableSchema.maximumColumnRules) rules are about the same")
        }
        try checkContradictions(file: file, advice: advice)
        pairs = try fields.optional("pairs").map { try TableSchema.pairs($0, fields) } ?? []
    }

    private static func pairs(_ list: YAMLNode, _ fields: YAMLFields) throws -> [ColumnPair] {
        guard let nodes = list.sequence, nodes.count <= maximumPairs else {
            throw fields.malformed(
                list, "'pairs' must be a list of at most \(maximumPairs) pairs of columns")
        }
        return try nodes.map { node in
            let names = node.sequence?.compactMap(\.text) ?? []
            guard names.count == 2, node.sequence?.count == 2 else {
                throw fields.malformed(node, "a pair is a list of two columns: [age, income]")
            }
            return ColumnPair(names[0], names[1])
        }
    }
}

/// Reads one rule.
private struct RuleReader {
    private let fields: YAMLFields

    private static let demands = [
        "rows", "key", "type", "required", "unique", "range", "values", "length", "pattern",
        "looksLike", "references", "newest", "rowChange", "drift", "advances",
    ]

    init(_ fields: YAMLFields) { self.fields = fields }

    func rule() throws -> TableRule {
        try fields.checkKeys(["column", "mostly", "severity", "status"] + RuleReader.demands)
        let named = RuleReader.demands.filter { fields.optional($0) != nil }
        guard named.count == 1 else {
            throw fields.malformed(
                fields.node,
                "a rule asks for one thing: \(RuleReader.demands.joined(separator: ", "))")
        }
        let hasColumn = fields.optional("column") != nil
        let isOfTable = ["rows", "key", "rowChange"].contains(named[0])
        guard hasColumn != isOfTable || named[0] == "drift" else {
            throw fields.malformed(
                fields.node,
                isOfTable
                    ? "'\(named[0])' is about the table: 'column' has no place there"
                    : "'\(named[0])' needs a 'column'")
        }
        var rule = TableRule(
            try demand(named[0], try fields.required(named[0])),
            column: hasColumn ? try fields.text("column") : nil)
        rule.line = fields.node.line
        let judgesOnce = ["rows", "newest", "rowChange", "advances"].contains(named[0])
        rule.mostly = try mostly(isAllowed: !judgesOnce && (named[0] != "drift" || !hasColumn))
        rule.severity = try choice("severity", TableRule.Severity.self) ?? .error
        rule.status = try choice("status", TableRule.Status.self) ?? .confirmed
        return rule
    }

    private func mostly(isAllowed: Bool) throws -> Double {
        guard let node = fields.optional("mostly") else { return 1 }
        guard isAllowed else {
            throw fields.malformed(
                node, "'mostly' has no meaning for a rule about all rows at once")
        }
        guard let share = node.jsonValue.numberValue, share > 0, share <= 1 else {
            throw fields.malformed(node, "'mostly' must be a number above 0, at most 1")
        }
        return share
    }

    private func choice<Value: RawRepresentable & CaseIterable>(
        _ key: String, _: Value.Type
    ) throws -> Value? where Value.RawValue == String {
        guard let node = fields.optional(key) else { return nil }
        guard let value = node.text.flatMap({ Value(rawValue: $0) }) else {
            let names = Value.allCases.map(\.rawValue).joined(separator: ", ")
            throw fields.malformed(node, "'\(key)' must be one of: \(names)")
        }
        return value
    }

    private func demand(_ name: String, _ node: YAMLNode) throws -> TableRule.Demand {
        switch name {
        case "rows": return .rows(try bounds(node, "rows", count))
        case "length": return .length(try bounds(node, "length", count))
        case "range": return .range(try range(node))
        case "key": return .key(try texts(node, "key"))
        case "values": return .values(try texts(node, "values"))
        case "type": return .type(try choice("type", ColumnType.self) ?? .string)
        case "looksLike": return .shape(try choice("looksLike", TextShape.self) ?? .email)
        case "required", "unique", "advances":
            guard node.jsonValue == true else {
                throw fields.malformed(node, "'\(name)' can only be true: leave the rule out else")
            }
            return name == "unique" ? .unique : name == "required" ? .required : .advances
        case "rowChange": return .rowChange(try rowChange(node))
        case "drift": return .drift(try driftLimits(node))
        case "pattern": return .pattern(try pattern(node))
        case "references":
            let parts = try fields.below(node)
            try parts.checkKeys(["table", "column"])
            guard let path = try? RepoPath(try parts.text("table")) else {
                throw fields.malformed(node, "'table' must be a path from the top of the workspace")
            }
            return .references(table: path, column: try parts.text("column"))
        default:
            let parts = try fields.below(node)
            try parts.checkKeys(["within"])
            guard let seconds = Age.seconds(try parts.text("within")) else {
                throw fields.malformed(node, "'within' must be a span of time: 7d, 36h, 90m")
            }
            return .newest(withinSeconds: seconds)
        }
    }

    private func rowChange(_ node: YAMLNode) throws -> TableRule.RowChange {
        let parts = try fields.below(node)
        try parts.checkKeys(["within", "less", "more", "versions"])
        func share(_ key: String) throws -> Double? {
            guard let node = parts.optional(key) else { return nil }
            guard let share = node.text.flatMap(Share.value) else {
                throw fields.malformed(node, "'\(key)' must be a share: 20%, or 0.2")
            }
            return share
        }
        let within = try share("within")
        let (less, more) = (try share("less") ?? within, try share("more") ?? within)
        guard less != nil || more != nil else {
            throw fields.malformed(node, "'rowChange' needs 'within', 'less' or 'more'")
        }
        var versions = 1
        if let node = parts.optional("versions") {
            let most = TableRule.RowChange.maximumVersions
            guard let count = count(node), (1...most).contains(count) else {
                throw fields.malformed(node, "'versions' must be a number from 1 to \(most)")
            }
            versions = count
        }
        return TableRule.RowChange(less: less, more: more, versions: versions)
    }

    private func driftLimits(_ node: YAMLNode) throws -> DriftLimits {
        if node.jsonValue == true { return DriftLimits() }
        let parts = try fields.below(node)
        try parts.checkKeys(DriftLimits.names)
        var limits = DriftLimits()
        for name in DriftLimits.names {
            guard let node = parts.optional(name) else { continue }
            guard let limit = node.jsonValue.numberValue, limit >= 0, limit.isFinite else {
                throw fields.malformed(node, "'\(name)' must be a number, 0 or more")
            }
            limits.set(name, limit)
        }
        guard limits != DriftLimits() else {
            throw fields.malformed(node, "'drift' needs a limit of a measure, or true")
        }
        return limits
    }

    private func pattern(_ node: YAMLNode) throws -> TextPattern {
        guard let text = node.text else { throw fields.malformed(node, "'pattern' must be text") }
        do throws(TextPattern.Fault) {
            return try TextPattern(text)
        } catch {
            throw fields.malformed(node, "the pattern \(error.reason)")
        }
    }

    private func texts(_ node: YAMLNode, _ name: String) throws -> [String] {
        let found = node.sequence?.compactMap(\.text) ?? []
        guard !found.isEmpty, found.count == node.sequence?.count, Set(found).count == found.count
        else { throw fields.malformed(node, "'\(name)' must be a list of different texts") }
        return found
    }

    private func count(_ node: YAMLNode) -> Int? {
        node.jsonValue.integerValue.flatMap { $0 >= 0 ? Int(exactly: $0) : nil }
    }

    private func range(_ node: YAMLNode) throws -> TableRule.Bounds<TableRule.Limit> {
        let bounds = try bounds(node, "range") { TableRule.Limit($0) }
        if let least = bounds.least, let most = bounds.most, least.sort != most.sort {
            throw fields.malformed(node, "'min' and 'max' are of different types")
        }
        return bounds
    }

    private func bounds<Value: Comparable & Sendable>(
        _ node: YAMLNode, _ name: String, _ value: (YAMLNode) -> Value?
    ) throws -> TableRule.Bounds<Value> {
        let parts = try fields.below(node)
        try parts.checkKeys(["min", "max"])
        func limit(_ key: String) throws -> Value? {
            guard let node = parts.optional(key) else { return nil }
            guard let found = value(node) else {
                throw fields.malformed(
                    node,
                    name == "range"
                        ? "'\(key)' must be a number, a day or a moment"
                        : "'\(key)' must be a whole number, 0 or more")
            }
            return found
        }
        let bounds = TableRule.Bounds(least: try limit("min"), most: try limit("max"))
        guard bounds.least != nil || bounds.most != nil else {
            throw fields.malformed(node, "'\(name)' needs 'min', 'max' or both")
        }
        if let least = bounds.least, let most = bounds.most, most < least {
            throw fields.malformed(node, "'max' of '\(name)' is below its 'min'")
        }
        return bounds
    }
}

extension TableRule.Limit {
    /// A number, a day or a moment; nil for anything else.
    init?(_ node: YAMLNode) {
        if let number = node.jsonValue.numberValue {
            self.init(sort: .float, value: number, text: node.text ?? "")
            return
        }
        guard let text = node.text else { return nil }
        self.init(Array(text.utf8))
        guard sort != .float else { return nil }
    }

    /// What a text in a table means as a limit; nil for none.
    init?(_ text: [UInt8]) {
        // Unsafe: the array lives for the calls.
        let found: (ColumnType, Double)? = unsafe text.withUnsafeBufferPointer { view in
            if let number = unsafe FieldSyntax.float(view) { return (.float, number) }
            if let day = unsafe FieldSyntax.date(view) { return (.date, Double(day)) }
            return unsafe FieldSyntax.timestamp(view).map { (.timestamp, Double($0)) }
        }
        guard let found else { return nil }
        self.init(sort: found.0, value: found.1, text: String(decoding: text, as: UTF8.self))
    }
}
