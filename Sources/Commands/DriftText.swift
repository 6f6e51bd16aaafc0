import Bytes
import Diffs
import Vocabulary

/// A table's drift for people and for programs.
struct DriftText {
    /// At most so many slices are told.
    static let sliceLimit = 20

    let name: String
    let reference: String
    let tables: [TableDrift]

    var hasDrift: Bool { tables.contains { !$0.drifted.isEmpty } }

    // MARK: - Text

    /// The whole table with all its columns; slices with those that drifted.
    var lines: [String] {
        tables.flatMap { table in
            [sentence(table)] + rows(table.slice == nil ? table.columns : table.drifted)
                + unmatched(table)
        }
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
        return ["  only one has \(names.joined(separator: ", "))"]
    }

    // MARK: - JSON

    var json: JSONValue {
        [
            "table": .string(name), "reference": .string(reference), "drifted": .bool(hasDrift),
            "slices": .array(tables.map(json)),
        ]
    }

    private func json(_ table: TableDrift) -> JSONValue {
        [
            "slice": table.slice.map { .string($0) } ?? .null, "rows": JSONValue(table.newRows),
            "referenceRows": JSONValue(table.oldRows),
            "unmatched": .array(table.unmatched.map { .string($0) }),
            "columns": .array(table.columns.map(json)),
        ]
    }

    private func json(_ column: ColumnDrift) -> JSONValue {
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
        members["deciding"] = column.deciding.map {
            ["measure": .string($0.measure.rawValue), "limit": .number($0.limit)]
        }
        return .object(members)
    }
}
