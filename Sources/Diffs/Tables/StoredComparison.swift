import Tables
import Vocabulary

/// Compares two versions that are in the store by what only one of them has: chunks first, then rows of
/// these. Nil where that cannot be done, or would not be cheaper: then all of both must be read.
///
/// The answer is that of `diffTables`, but for one thing: a key that was found is unique among the rows
/// that differ and in a sample of the others, which are not read.
func diffStoredTables(
    _ old: StoredTable, _ new: StoredTable, _ options: TableDiffOptions
) throws -> TableDiff? {
    guard let regions = try ChangedRegions(old, new) else { return nil }
    do {
        let before = try old.summary ?? old.source.summary()
        let after = try new.summary ?? new.source.summary()
        guard let rest = try differingRows(regions, oldRows: before.rowCount, options) else {
            return nil
        }
        // Any row that was cut in two, or taken for one where it is none, shows here.
        guard after.rowCount - before.rowCount == rest.newCount - rest.oldCount else { return nil }
        let sample = try options.key == nil ? rest.equalRows + regions.sharedRows() : []
        return try diffRest(
            rest, sample, (old.source, before), (new.source, after), options)
    } catch is ChangedRegions.Doubt { return nil }
}

/// The rows of the regions without an equal partner: what stands in the same order in both versions is
/// taken out by its bytes, the rest by its hashes. Nil where neither helps.
private func differingRows(
    _ regions: ChangedRegions, oldRows: Int, _ options: TableDiffOptions
) throws -> RowSieve.Rest? {
    var rows = AlignedRows(regions, options)
    guard let left = try rows.run() else {
        guard regions.isMostlyShared else { return nil }
        var sieve = try RowSieve(regions, oldRows: oldRows, options)
        return try sieve.run()
    }
    let whole = regions.new.table.source
    var sieve = try RowSieve(left, regions.header, name: whole.name, whole.format, options)
    var rest = try sieve.run()
    rest.equalRows += left.equalRows
    return rest
}

/// Compares what is left of two versions, beside some rows that both have: they tell too whether a column
/// names rows.
func diffRest(
    _ rest: RowSieve.Rest, _ sample: [UInt8], _ old: (table: TableSource, summary: TableSummary),
    _ new: (table: TableSource, summary: TableSummary), _ options: TableDiffOptions
) throws -> TableDiff {
    func side(
        _ bytes: [UInt8], _ rowCount: Int, _ version: (table: TableSource, summary: TableSummary)
    ) -> (source: TableSource, summary: TableSummary) {
        let whole = version.table
        return (
            TableSource(name: whole.name, format: whole.format, bytes: bytes),
            TableSummary(rowCount: rowCount, columns: version.summary.columns)
        )
    }
    let pair = TablePair(
        side(rest.old, rest.oldCount, old), side(rest.new, rest.newCount, new),
        haveSameDelimiter: true)
    let keys: [[Int]]
    if let asked = options.key {
        keys = [try pair.key(asked)]
    } else {
        // Rows that both have tell too whether a column names rows.
        let sampleRows = sample.count { $0 == 0x0a }
        let sampled = TablePair(
            side(rest.old + sample, rest.oldCount + sampleRows, old),
            side(rest.new + sample, rest.newCount + sampleRows, new), haveSameDelimiter: true)
        let isEmpty = rest.oldCount + rest.newCount + sampleRows == 0
        keys = isEmpty ? [] : try KeyInference(sampled).candidates()
    }
    var diff = try diffRows(pair, keys, options)
    diff.old = old.summary
    diff.new = new.summary
    return diff
}
