package import Tables

extension TableSchema {
    /// Rules that a table keeps, by its profile: a beginning for a person to review.
    ///
    /// Types, values that are always there and columns without repetitions are errors when they are
    /// broken; ranges, sets and numbers of rows, which new data may well leave, are warnings.
    package init(inferredFrom profile: TableProfile) {
        var rules: [TableRule] = []
        if profile.rowCount > 0 {
            let bounds = TableRule.Bounds(
                least: profile.rowCount / 2, most: 2 * profile.rowCount)
            rules.append(TableRule(.rows(bounds)).inferred(.warn))
        }
        for place in profile.columnNames.indices {
            let column = profile.column(place)
            guard column.present > 0 else { continue }
            rules += TableSchema.rules(for: column, rowCount: profile.rowCount)
        }
        self.init(rules: rules)
    }

    private static func rules(for column: ColumnProfile, rowCount: Int) -> [TableRule] {
        var rules: [TableRule] = []
        func add(
            _ demand: TableRule.Demand, _ severity: TableRule.Severity = .error, mostly: Double = 1
        ) {
            var rule = TableRule(demand, column: column.name).inferred(severity)
            rule.mostly = mostly
            rules.append(rule)
        }
        if column.type != .string { add(.type(column.type)) }
        if column.missing == 0 {
            add(.required)
        } else {
            // Twice as many missing ones as now are still no news.
            let share = 1 - 2 * Double(column.missing) / Double(rowCount)
            let mostly = (share * 100).rounded(.down) / 100
            if mostly > 0 { add(.required, .warn, mostly: mostly) }
        }
        let mayBeKey = column.uniqueness != .no && (column.type == .int || column.type == .string)
        if mayBeKey, rowCount > 1 { add(.unique) }
        if !mayBeKey, let numbers = column.numbers, let low = limit(numbers.low),
            let high = limit(numbers.high), numbers.infinities == 0
        {
            add(.range(TableRule.Bounds(least: low, most: high)), .warn)
        }
        if column.type == .string, let values = column.frequencies, values.count <= 20,
            column.present >= 5 * values.count
        {
            // A value of 64 bytes may be the beginning of a longer one.
            let texts = values.map(\.value)
            if texts.allSatisfy({ $0.utf8.count < 64 }) { add(.values(texts.sorted()), .warn) }
        }
        if let shape = column.shapes.first, shape.count == column.present, column.type == .string {
            add(.shape(shape.value))
        }
        return rules
    }

    private static func limit(_ text: String?) -> TableRule.Limit? {
        text.flatMap { TableRule.Limit(Array($0.utf8)) }
    }

    /// Without the rules that a verdict says are broken: what a profile only guessed.
    package func keeping(_ verdict: TableVerdict) -> TableSchema {
        TableSchema(rules: zip(rules, verdict.verdicts).filter { $1.isKept }.map(\.0))
    }
}

extension TableRule {
    fileprivate func inferred(_ severity: Severity) -> TableRule {
        var rule = self
        rule.status = .inferred
        rule.severity = severity
        return rule
    }
}
