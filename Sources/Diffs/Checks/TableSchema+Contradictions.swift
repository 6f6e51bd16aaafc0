import Tables
import Vocabulary

extension TableSchema {
    /// Throws where no table with values could keep to two of the rules, or where one rule says
    /// another one again. Rules that hold for most values only are left alone.
    func checkContradictions(file: String, advice: String) throws {
        let strict = rules.filter { $0.mostly == 1 }
        for (name, group) in Dictionary(grouping: strict, by: \.column).sorted(by: {
            ($0.key ?? "") < ($1.key ?? "")
        }) {
            for (index, rule) in group.enumerated() {
                for earlier in group[..<index] {
                    guard let why = rule.contradiction(of: earlier) else { continue }
                    let column = name.map { " of column '\(printable(Array($0.utf8)))'" } ?? ""
                    throw StoreError(
                        .malformed,
                        "cannot use '\(file)': the rules\(column) on lines \(earlier.line ?? 0) and "
                            + "\(rule.line ?? 0) contradict each other: \(why)",
                        subject: file, advice: advice, safety: "nothing was checked")
                }
            }
        }
    }
}

extension TableRule {
    /// Why no value can keep to both, or nil. Both are about the same column, or the table.
    fileprivate func contradiction(of other: TableRule) -> String? {
        rank <= other.rank
            ? TableRule.contradiction(demand, other.demand)
            : TableRule.contradiction(other.demand, demand)
    }

    /// An order of demands, so that each pair is looked at in one way.
    private var rank: Int {
        switch demand {
        case .type: 0
        case .range: 1
        case .values: 2
        default: 3
        }
    }

    private static func contradiction(_ first: Demand, _ second: Demand) -> String? {
        switch (first, second) {
        case (.type(let one), .type(let other)) where one != other:
            return "it cannot be both \(one.rawValue) and \(other.rawValue)"
        case (.type(let type), .range(let bounds)):
            return sorts(of: type).contains(bounds.sort)
                ? nil : "\(type.rawValue) has no such range"
        case (.type(let type), .values(let values)):
            let isPossible = values.contains { type.holds(Array($0.utf8)) }
            return isPossible ? nil : "none of the values is \(type.rawValue)"
        case (.type(let type), .shape):
            return type == .string ? nil : "texts that look like that are not \(type.rawValue)"
        case (.type(let type), .newest), (.type(let type), .advances):
            return type == .date || type == .timestamp ? nil : "\(type.rawValue) has no age"
        case (.range(let one), .range(let other)):
            return areApart(one, other) ? "the ranges have nothing in common" : nil
        case (.rows(let one), .rows(let other)), (.length(let one), .length(let other)):
            return areApart(one, other) ? "the limits have nothing in common" : nil
        case (.range(let bounds), .values(let values)):
            let isPossible = values.contains { bounds.holdsText(Array($0.utf8)) }
            return isPossible ? nil : "none of the values is in the range"
        case (.values(let one), .values(let other)):
            return Set(one).isDisjoint(with: other) ? "the sets have nothing in common" : nil
        case (.values(let values), .pattern(let pattern)):
            return values.contains { pattern.matches($0) } ? nil : "none of the values matches"
        case (.values(let values), .length(let bounds)):
            let isPossible = values.contains { bounds.holds($0.unicodeScalars.count) }
            return isPossible ? nil : "none of the values has that length"
        default: return nil
        }
    }

    private static func sorts(of type: ColumnType) -> [ColumnType] {
        switch type {
        case .int, .float: [.float]
        case .date: [.date]
        case .timestamp: [.timestamp]
        case .bool: []
        case .string: [.float, .date, .timestamp]
        }
    }

    private static func areApart<Value>(_ one: Bounds<Value>, _ other: Bounds<Value>) -> Bool {
        if let least = one.least, let most = other.most, most < least { return true }
        if let least = other.least, let most = one.most, most < least { return true }
        return false
    }
}

extension TableRule.Bounds where Value == TableRule.Limit {
    /// What the limits are.
    var sort: ColumnType { (least ?? most)?.sort ?? .float }

    /// Whether a text of a table is of the limits' sort and between them.
    func holdsText(_ text: [UInt8]) -> Bool {
        guard let limit = TableRule.Limit(text), limit.sort == sort else { return false }
        return holds(limit)
    }
}

extension ColumnType {
    /// Whether a text has this type.
    func holds(_ text: [UInt8]) -> Bool {
        // Unsafe: the array lives for the calls.
        unsafe text.withUnsafeBufferPointer { view in
            switch self {
            case .bool: unsafe FieldSyntax.bool(view) != nil
            case .int: unsafe FieldSyntax.int(view) != nil
            case .float: unsafe FieldSyntax.isFloat(view)
            case .date: unsafe FieldSyntax.date(view) != nil
            case .timestamp: unsafe FieldSyntax.timestamp(view) != nil
            case .string: true
            }
        }
    }
}
