package import Tables
import Vocabulary

/// Compares two versions of a table, reading each about six times: for its types, for a key, and
/// to match its rows; more often where the rows do not fit into the memory budget.
///
/// Cells are compared as text: `1` and `1.0` differ. A row is known by a 128-bit hash, so that two
/// different rows are taken for one with a probability below 1 in 10^20 for a billion rows.
/// Throws where a version cannot be read as a table, and `.badUsage` for a key that is no column.
package func diffTables(
    old: TableSource, new: TableSource, options: TableDiffOptions = TableDiffOptions()
) throws -> TableDiff {
    let before = try old.summary()
    let after = try new.summary()
    let pair = TablePair(
        (old, before), (new, after),
        haveSameDelimiter: try old.header().delimiter == new.header().delimiter)
    return try diffRows(pair, keys(for: pair, options.key), options)
}

/// Matches rows by the first of the keys that is unique in both versions; as bags if none is.
func diffRows(
    _ pair: TablePair, _ keys: [[Int]], _ options: TableDiffOptions
) throws -> TableDiff {
    for key in keys {
        do {
            return try keyedDiff(pair.keyed(by: key, options), options)
        } catch RowMatcher.Fault.duplicateKey {
            continue
        }
    }
    return try bagDiff(pair.keyed(by: [], options), options)
}

/// The keys to try, as positions in the common columns.
private func keys(for pair: TablePair, _ asked: [String]?) throws -> [[Int]] {
    guard let asked else {
        guard pair.old.rowCount + pair.new.rowCount > 0 else { return [] }
        return try KeyInference(pair).candidates()
    }
    return [try pair.key(asked)]
}

extension TablePair {
    /// Columns that were asked for, as positions in the common ones.
    func key(_ asked: [String]) throws -> [Int] {
        try asked.map { name in
            if let index = common.firstIndex(of: name) { return index }
            throw StoreError(
                .badUsage,
                "cannot match rows of '\(newSource.name)' by '\(printable(Array(name.utf8)))':"
                    + " not a column of both versions", subject: name,
                advice: nearest(name, in: common).map { "did you mean '\($0)'?" })
        }
    }
}

private func keyedDiff(_ pair: TablePair, _ options: TableDiffOptions) throws -> TableDiff {
    let matcher = try withMorePasses { factor in
        var matcher = RowMatcher(pair, options, passFactor: factor)
        try matcher.run()
        return matcher
    }
    let key = pair.keyIndexes.map { pair.common[$0] }
    var diff = emptyDiff(pair, .key(key, isInferred: options.key == nil), options)
    diff.take(matcher.counts, matcher.examples)
    diff.changedColumns = zip(pair.common, matcher.changedCells).filter { $0.1 > 0 }
        .map { ($0.0, $0.1) }
    return diff
}

private func bagDiff(_ pair: TablePair, _ options: TableDiffOptions) throws -> TableDiff {
    let matcher = try withMorePasses { factor in
        var matcher = RowBagMatcher(pair, options, passFactor: factor)
        try matcher.run()
        return matcher
    }
    let reason =
        if let key = options.key {
            "rows are not unique in \(key.joined(separator: ", "))"
        } else if pair.common.isEmpty {
            "the versions have no column in common"
        } else {
            "no columns that name rows are unique"
        }
    var diff = emptyDiff(pair, .multiset(reason), options)
    diff.take(matcher.counts, matcher.examples)
    return diff
}

private func emptyDiff(
    _ pair: TablePair, _ matching: RowMatching, _ options: TableDiffOptions
) -> TableDiff {
    let key = pair.keyIndexes.map { pair.common[$0] }
    let names = options.columns.map { Set($0 + key) }
    var diff = TableDiff(
        old: pair.old, new: pair.new,
        schema: SchemaDiff(old: pair.old.keeping(names), new: pair.new.keeping(names)),
        matching: matching)
    if options.columns != nil { diff.comparedColumns = pair.common.filter { !key.contains($0) } }
    diff.tolerances = zip(pair.common, pair.tolerances).compactMap { name, tolerance in
        tolerance.map { (name, $0) }
    }
    return diff
}

extension TableSummary {
    /// The summary of some of the columns; of all when nil.
    fileprivate func keeping(_ names: Set<String>?) -> TableSummary {
        guard let names else { return self }
        return TableSummary(
            rowCount: rowCount, columns: columns.filter { names.contains($0.name) })
    }
}

extension TableDiff {
    fileprivate mutating func take(_ counts: RowCounts, _ examples: ExampleCollector) {
        addedCount = counts.added
        removedCount = counts.removed
        changedCount = counts.changed
        addedExamples = examples.examples(.added)
        removedExamples = examples.examples(.removed)
        changedExamples = examples.examples(.changed)
    }
}

/// Runs `body` with ever more passes until no pass has more rows than its table holds.
private func withMorePasses<Result>(_ body: (Int) throws -> Result) throws -> Result {
    var factor = 1
    while true {
        do {
            return try body(factor)
        } catch RowMatcher.Fault.tableFull where factor < 1 << 16 {
            factor *= 2
        }
    }
}
