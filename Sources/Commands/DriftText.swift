import Bytes
import Diffs
import Vocabulary

/// A table's drift for people and for programs.
struct DriftText {
    /// At most so many slices are told of a table of so many columns: 20, and of more than 10,000 columns fewer.
    static func sliceLimit(columns: Int) -> Int { min(20, max(1, 200_000 / max(1, columns))) }

    let name: String
    let reference: String
    let tables: [TableDrift]
    /// What the drift means for a model: of each table.
    private(set) var weights: [WeightedDrift] = []
    private(set) var model = ""

    init(name: String, reference: String, tables: [TableDrift]) {
        self.name = name
        self.reference = reference
        self.tables = tables
    }

    mutating func weigh(by shares: [String: Double], of model: String, limit: Double) {
        self.model = model
        weights = tables.map { WeightedDrift($0, by: shares, limit: limit) }
    }

    /// Whether any column drifted.
    var hasDrift: Bool { tables.contains { !$0.drifted.isEmpty } }

    /// Whether there is a drift that matters: to the model, where one was named.
    var isDrift: Bool { weights.isEmpty ? hasDrift : weights.contains(where: \.isAffected) }

    // MARK: - Text

    /// The whole table with all its columns; slices with those that drifted.
    var lines: [String] {
        tables.enumerated().flatMap { index, table in
            if weights.isEmpty {
                return [sentence(table)] + rows(table.slice == nil ? table.columns : table.drifted)
                    + unmatched(table)
            }
            return [sentence(table), "  " + verdict(weights[index])]
                + rows(weights[index], onlyDrifted: table.slice != nil) + unmatched(table)
        }
    }

    /// `what drifted or is absent carries 63 % of models/delay.mlmodel, more than 10 %`.
    private func verdict(_ weight: WeightedDrift) -> String {
        "what drifted\(weight.absent.isEmpty ? "" : " or is absent") carries "
            + "\(DriftText.percent(weight.driftedShare)) of \(printableText(Array(model.utf8))), "
            + (weight.isAffected ? "more than " : "not more than ")
            + DriftText.percent(weight.limit)
    }

    private static func percent(_ share: Double) -> String {
        ValueText.rounded((share * 1000).rounded() / 10) + " %"
    }

    /// The most important first, each with its share; what the model does not read at the end.
    private func rows(_ weight: WeightedDrift, onlyDrifted: Bool) -> [String] {
        var layout = TableLayout(columns: 5)
        for (column, share) in weight.columns where !onlyDrifted || column.isDrifted {
            layout.add(
                [column.isDrifted ? "drifted" : "", share > 0 ? DriftText.percent(share) : ""]
                    + DriftText.cells(column))
        }
        for (name, share) in weight.absent {
            layout.add(["absent", DriftText.percent(share), CellText.short(name), "", ""])
        }
        return layout.lines(indent: 2)
    }

    func sentence(_ table: TableDrift) -> String {
        let shown = table.slice.map { "\(CellText.short($0)): " } ?? ""
        return
            "\(shown)\(printableText(Array(name.utf8))): \(counted(table.newRows, "row")) against "
            + "\(groupedDigits(table.oldRows)) of \(printableText(Array(reference.utf8))), "
            + "\(groupedDigits(table.drifted.count)) of \(counted(table.columns.count, "column")) "
            + "drifted"
    }

    private func rows(_ columns: [ColumnDrift]) -> [String] {
        var layout = TableLayout(columns: 4)
        for column in columns {
            layout.add([column.isDrifted ? "drifted" : ""] + DriftText.cells(column))
        }
        return layout.lines(indent: 2)
    }

    /// The column, what its values say, what its missing values say.
    static func cells(_ column: ColumnDrift) -> [String] {
        var values = column.note ?? ""
        if let deciding = column.deciding {
            let sign = deciding.value > deciding.limit ? ">" : "≤"
            values =
                "\(deciding.measure.rawValue) \(short(deciding.value)) \(sign) "
                + "\(short(deciding.limit)), p \(probability(column.probability ?? 1))"
            if let noise = column.noise { values += ", blocks \(short(noise))" }
        }
        let (old, new) = column.missing
        let missing =
            old == new
            ? "" : "missing \(short(old * 100)) % -> \(short(new * 100)) %"
        return [CellText.short(column.name), values, missing]
    }

    private static func short(_ value: Double) -> String {
        ValueText.rounded((value * 10000).rounded() / 10000)
    }

    private static func probability(_ value: Double) -> String {
        value < 0.0001 ? "< 0.0001" : short(value)
    }

    private func unmatched(_ table: TableDrift) -> [String] {
        guard table.slice == nil, !table.unmatched.isEmpty else { return [] }
        let names = table.unmatched.prefix(10).map { "'\(CellText.short($0))'" }
        let rest = table.unmatched.count - names.count
        return [
            "  only one has \(names.joined(separator: ", "))"
                + (rest > 0 ? " and \(groupedDigits(rest)) more" : "")
        ]
    }

    // MARK: - JSON

    /// Column by column.
    var json: JSONStream {
        .object([
            "table": .value(.string(name)), "reference": .value(.string(reference)),
            "drifted": .value(.bool(hasDrift)),
            "slices": .list { write in
                for index in tables.indices {
                    try write(json(tables[index], weights.isEmpty ? nil : weights[index]))
                }
            },
        ])
    }

    private func json(_ weight: WeightedDrift) -> JSONValue {
        [
            "path": .string(model), "drifted": .number(weight.driftedShare),
            "limit": .number(weight.limit), "affected": .bool(weight.isAffected),
            "absent": .array(
                weight.absent.map { ["name": .string($0.name), "importance": .number($0.share)] }),
        ]
    }

    private func json(_ table: TableDrift, _ weight: WeightedDrift?) -> JSONStream {
        let columns =
            weight.map { .list(of: $0.columns) { json($0.column, $0.share) } }
            ?? JSONStream.list(of: table.columns) { json($0, nil) }
        return .object([
            "model": .value(weight.map(json) ?? .null),
            "slice": .value(table.slice.map { .string($0) } ?? .null),
            "rows": .value(JSONValue(table.newRows)),
            "referenceRows": .value(JSONValue(table.oldRows)),
            "unmatched": .list(of: table.unmatched) { .string($0) }, "columns": columns,
        ])
    }

    private func json(_ column: ColumnDrift, _ importance: Double?) -> JSONValue {
        var measures: [String: JSONValue] = [:]
        for (measure, value) in column.measures { measures[measure.rawValue] = .number(value) }
        var members: [String: JSONValue] = [
            "name": .string(column.name), "drifted": .bool(column.isDrifted),
            "valuesDrifted": .bool(column.haveValuesDrifted),
            "missingDrifted": .bool(column.hasMissingDrifted),
            "measures": .object(measures),
            "probability": column.probability.map { .number($0) } ?? .null,
            "noise": column.noise.map { .number($0) } ?? .null,
            "note": column.note.map { .string($0) } ?? .null,
            "missing": [
                "reference": .number(column.missing.old), "table": .number(column.missing.new),
                "probability": .number(column.missingProbability),
            ],
        ]
        members["importance"] = importance.map { .number($0) }
        members["deciding"] = column.deciding.map {
            ["measure": .string($0.measure.rawValue), "limit": .number($0.limit)]
        }
        return .object(members)
    }
}
