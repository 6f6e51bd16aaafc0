internal import Vocabulary

/// The rows that a model learns from, and those that tell when to end, all of which have a target.
struct TrainingTable: Sendable {
    let columns: [(name: String, values: ColumnValues)]
    let target: Target
    let rows: Int
    /// So many of the rows, the last ones, are only to tell when to end.
    let validationRows: Int
    let seed: UInt64

    /// The rows of both tables, which have the same columns, those of `other` behind; this table
    /// where there is no other.
    func appending(_ other: TrainingTable?) -> TrainingTable {
        guard let other else { return self }
        return TrainingTable(
            columns: zip(columns, other.columns).map { ($0.name, $0.values.appending($1.values)) },
            target: target.appending(other.target), rows: rows + other.rows,
            validationRows: validationRows + other.validationRows, seed: seed)
    }
}

extension Target {
    fileprivate func appending(_ other: Target) -> Target {
        switch (self, other) {
        case (.numbers(let mine), .numbers(let others)): .numbers(mine + others)
        case (.classes(let mine, let count), .classes(let others, _)):
            .classes(mine + others, count: count)
        case (.nothing, .nothing): .nothing
        default: preconditionFailure("both targets are read in the same way")
        }
    }
}

extension ColumnValues {
    /// The values of both columns, the categories of both in the order of their bytes.
    fileprivate func appending(_ other: ColumnValues) -> ColumnValues {
        switch (self, other) {
        case (.numbers(let mine), .numbers(let others)):
            return .numbers(mine + others)
        case (.categories(let mine, let names), .categories(let others, let otherNames)):
            let all = ColumnValues.union(names, otherNames)
            return .categories(
                codes: ColumnValues.translated(mine, names, to: all)
                    + ColumnValues.translated(others, otherNames, to: all), names: all)
        default:
            preconditionFailure("both columns are read in the same way")
        }
    }

    private static func union(_ left: [String], _ right: [String]) -> [String] {
        // By bytes: texts that only look alike are two categories.
        Set((left + right).map { Array($0.utf8) }).sorted { $0.precedes($1) }
            .map { String(decoding: $0, as: UTF8.self) }
    }

    private static func translated(
        _ codes: [UInt32], _ names: [String], to all: [String]
    ) -> [UInt32] {
        var codeOfName: [[UInt8]: UInt32] = [:]
        for (code, name) in all.enumerated() { codeOfName[Array(name.utf8)] = UInt32(code) }
        let new = names.map { codeOfName[Array($0.utf8)] ?? missing }
        return codes.map { $0 == missing ? missing : new[Int($0)] }
    }
}
