import Bytes
import Tables
import Vocabulary

/// A profile for people and for programs: column by column, since all that is known of very many columns
/// takes much memory.
struct ProfileText {
    let profile: TableProfile
    /// The columns that are told, by place.
    let places: [Int]
    let isHidingValues: Bool
    /// The most lines about what stands out.
    private static let remarkLimit = 20

    /// Of the columns that are wanted; nil: of all.
    init(_ profile: TableProfile, columns wanted: [String]?, isHidingValues: Bool) {
        self.profile = profile
        self.isHidingValues = isHidingValues
        let names = wanted.map { Set($0) }
        places = profile.columnNames.indices.filter {
            names?.contains(profile.columnNames[$0]) ?? true
        }
    }

    private var columns: some Sequence<ColumnProfile> {
        places.lazy.map { profile.column($0) }
    }

    /// A line for each column, then what stands out.
    func lines() -> [String] {
        var layout = TableLayout([
            .left, .left, .right, .right, .right, .right, .right, .right, .right, .left,
        ])
        let values = ["min", "max", "mean", "std", "median", "most frequent"]
        layout.add(["column", "type", "missing", "distinct"] + (isHidingValues ? [] : values))
        // One more than are told if there are more.
        var remarks: [String] = []
        var rest = -ProfileText.remarkLimit
        for column in columns {
            layout.add(cells(column))
            let found = self.remarks(column)
            rest += found.count
            remarks += found.prefix(ProfileText.remarkLimit + 1 - remarks.count)
        }
        if rest > 1 {
            remarks.removeLast()
            remarks.append("and \(groupedDigits(rest)) remarks more, which --json has")
        }
        let counts =
            "\(counted(profile.rowCount, "row")) × "
            + counted(profile.columnNames.count, "column")
        return [counts] + layout.lines(indent: 2) + correlationLines + remarks
    }

    private func cells(_ column: ColumnProfile) -> [String] {
        let distinct = groupedDigits(column.distinct)
        let counts = [
            CellText.short(column.name), column.type.rawValue,
            column.missing == 0 ? "-" : groupedDigits(column.missing),
            column.isDistinctExact ? distinct : "~" + distinct,
        ]
        guard !isHidingValues else { return counts }
        let numbers = column.numbers
        let median = numbers?.median.map {
            (numbers?.isExact == true ? "" : "~") + ValueText.rounded($0)
        }
        let most = column.top.first.flatMap { $0.count > 1 ? $0 : nil }.map {
            "\(CellText.short($0.value)) (\(groupedDigits($0.count)))"
        }
        return counts + [
            column.low.map { CellText.short($0) } ?? "",
            column.high.map { CellText.short($0) } ?? "",
            numbers?.mean.map { ValueText.rounded($0) } ?? "",
            numbers?.standardDeviation.map { ValueText.rounded($0) } ?? "",
            median ?? "", most ?? "",
        ]
    }

    private var correlationLines: [String] {
        guard !isHidingValues else { return [] }
        return profile.correlations().map { found in
            let names = [found.pair.first, found.pair.second].map { "'\(CellText.short($0))'" }
            let value = found.pearson.map { ValueText.rounded($0) } ?? "none"
            return "correlation of \(names.joined(separator: " and ")): \(value) "
                + "(\(counted(found.count, "row")))"
        }
    }

    /// An object for each pair.
    var pairsJSON: JSONValue {
        .array(
            profile.correlations().map { found in
                var members: [String: JSONValue] = [
                    "columns": [.string(found.pair.first), .string(found.pair.second)],
                    "rows": JSONValue(found.count),
                ]
                if !isHidingValues {
                    members["pearson"] = found.pearson.map { .number($0) } ?? .null
                }
                return .object(members)
            })
    }

    /// Quantiles, histogram, frequent values and lengths of each column.
    func details() -> [String] {
        columns.flatMap { column in
            ["", CellText.short(column.name)] + details(column).map { "  " + $0 }
        }
    }

    private func details(_ column: ColumnProfile) -> [String] {
        var lines: [String] = []
        if let lengths = column.lengths {
            lines.append(
                "lengths    \(lengths.shortest) to \(lengths.longest), on average "
                    + ValueText.rounded(lengths.mean))
        }
        for shape in column.shapes {
            lines.append("looks like \(shape.value.description): \(groupedDigits(shape.count))")
        }
        guard !isHidingValues else { return lines }
        if let numbers = column.numbers, numbers.count > 0 {
            let sign = numbers.isExact ? "" : "~"
            let quantiles = numbers.quantiles.map {
                "\(ValueText.rounded($0.share * 100)) %: \(sign)\(ValueText.rounded($0.value))"
            }
            lines.append("quantiles  " + quantiles.joined(separator: ", "))
            lines.append("histogram  " + bars(numbers.histogram))
        }
        let top = column.top.filter { $0.count > 1 }
        if !top.isEmpty {
            var layout = TableLayout([.right, .left])
            for entry in top {
                layout.add([groupedDigits(entry.count), CellText.short(entry.value)])
            }
            lines += ["frequent"] + layout.lines(indent: 2)
        }
        return lines
    }

    /// A letter for each bin, of a height that tells its count.
    private func bars(_ counts: [Int]) -> String {
        let letters = Array(" ▁▂▃▄▅▆▇█")
        let most = max(1, counts.max() ?? 1)
        return String(
            counts.map { $0 == 0 ? " " : letters[max(1, $0 * (letters.count - 1) / most)] })
    }

    private func remarks(_ column: ColumnProfile) -> [String] {
        let name = CellText.short(column.name)
        var lines: [String] = []
        switch column.uniqueness {
        case .unique: lines.append("'\(name)' may be a key: every row has another value")
        case .likely: lines.append("'\(name)' may be a key: no two values of a sample are equal")
        case .no: break
        }
        for shape in column.shapes where shape.value.mayBePersonal {
            let values = counted(shape.count, "value looks", plural: "values look")
            lines.append(
                "'\(name)' may hold personal data: \(values) like \(shape.value.description)")
        }
        return lines
    }

    /// An object for each column.
    var json: JSONStream { .list(of: columns, json) }

    private func json(_ column: ColumnProfile) -> JSONValue {
        var members: [String: JSONValue] = [
            "name": .string(column.name), "type": .string(column.type.rawValue),
            "missing": JSONValue(column.missing), "distinct": JSONValue(column.distinct),
            "distinctExact": .bool(column.isDistinctExact),
            "key": .string(column.uniqueness.rawValue),
            "looksLike": .array(
                column.shapes.map {
                    ["shape": .string($0.value.rawValue), "count": JSONValue($0.count)]
                }),
        ]
        members["lengths"] = column.lengths.map {
            [
                "min": JSONValue($0.shortest), "max": JSONValue($0.longest),
                "mean": .number($0.mean),
            ]
        }
        guard !isHidingValues else { return .object(members) }
        members["min"] = column.low.map { .string($0) }
        members["max"] = column.high.map { .string($0) }
        members["numbers"] = column.numbers.map(json)
        members["top"] = .array(
            column.top.map { ["value": .string($0.value), "count": JSONValue($0.count)] })
        return .object(members)
    }

    private func json(_ numbers: NumberProfile) -> JSONValue {
        func number(_ value: Double?) -> JSONValue {
            value.flatMap { $0.isFinite ? .number($0) : nil } ?? .null
        }
        return [
            "count": JSONValue(numbers.count), "zeros": JSONValue(numbers.zeros),
            "negatives": JSONValue(numbers.negatives), "infinities": JSONValue(numbers.infinities),
            "mean": number(numbers.mean), "std": number(numbers.standardDeviation),
            "exact": .bool(numbers.isExact),
            "quantiles": .array(
                numbers.quantiles.map { ["share": .number($0.share), "value": number($0.value)] }),
            "histogram": .array(numbers.histogram.map { JSONValue($0) }),
        ]
    }
}

extension TextShape {
    /// The shape in a sentence.
    fileprivate var description: String {
        switch self {
        case .email: "e-mail addresses"
        case .phone: "phone numbers"
        case .dayOrMonthFirst: "days"
        case .uuid: "UUIDs"
        case .url: "web addresses"
        case .digits: "codes of digits"
        }
    }
}
