import Tables
import Vocabulary
import Workspaces

/// Compares two versions that are in the store by what only one of them has: chunks first, then rows of
/// these. Nil where that cannot be done, or would not be cheaper: then all of both must be read.
///
/// The answer is that of `diffTables`, but for one thing: a key that was found is unique among the rows
/// that differ and in a sample of the others, which are not read. `kept` tells what is known of lines of
/// versions that were read before, and is told.
func diffStoredTables(
    _ old: StoredTable, _ new: StoredTable, _ options: TableDiffOptions, _ kept: KeptLines
) throws -> TableDiff? {
    guard var regions = try ChangedRegions(old, new) else { return nil }
    let before = try old.summary ?? old.source.summary()
    let after = try new.summary ?? new.source.summary()
    let delimiter = regions.header.delimiter
    if [old, new].allSatisfy({ kept.areRows(of: $0.id, delimiter: delimiter) == true }) {
        regions.trustLines()
    }
    do {
        return try diffRegions(regions, before, after, options)
    } catch let doubt as ChangedRegions.Doubt where doubt.lacksProof {
        // Once for each version: the answer is kept.
        guard try regions.linesAreRows(kept) else { return nil }
        regions.trustLines()
        return try diffRegions(regions, before, after, options)
    }
}

/// The same, with what is known of lines then. Throws `Doubt` where more of it would help.
private func diffRegions(
    _ regions: ChangedRegions, _ before: TableSummary, _ after: TableSummary,
    _ options: TableDiffOptions
) throws -> TableDiff? {
    do {
        guard let rest = try differingRows(regions, oldRows: before.rowCount, options) else {
            return nil
        }
        // What pointers say of rows and what was found must agree.
        guard after.rowCount - before.rowCount == rest.newCount - rest.oldCount else { return nil }
        let sample = try options.key == nil ? rest.equalRows + regions.sharedRows() : []
        var diff = try diffRest(
            rest, sample, (regions.old.table.source, before), (regions.new.table.source, after),
            options)
        if options.tellsShift {
            diff.shift = try shift(
                rest, regions.header, mostRows: max(before.rowCount, after.rowCount))
        }
        return diff
    } catch let doubt as ChangedRegions.Doubt where !doubt.lacksProof { return nil }
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

/// Of how many rows of a table one may be in one version only, for this to say something of all.
private let leastRowsPerShift = 50

/// What the rows are like that are left; nil where they, or the columns, are too many.
private func shift(
    _ rest: RowSieve.Rest, _ header: TableHeader, mostRows: Int
) throws -> TableShift? {
    guard max(rest.oldCount, rest.newCount) <= mostRows / leastRowsPerShift,
        header.columnNames.count <= TableProfile.mostColumnsInParts
    else { return nil }
    func profile(_ bytes: [UInt8]) throws -> TableProfile {
        try unsafe TableProfile(ofPiece: header, holdsHeader: true) { body in
            // Unsafe: the array lives for the call.
            unsafe try bytes.withUnsafeBytes { unsafe try body($0) }
        }
    }
    do {
        return TableShift(old: try profile(rest.old), new: try profile(rest.new))
    } catch is TableError { return nil }
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
