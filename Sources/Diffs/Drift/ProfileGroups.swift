package import Tables
import Vocabulary

/// How many rows a block has at least: fewer say more of chance than of the data.
private let leastBlockRows = 500

/// How many blocks there are at most.
let mostDriftBlocks = 10

/// The profiles of up to ten blocks of neighbouring rows, equally many in each, of some columns in that
/// order; none where there are too few rows for two. One reading.
package func profileBlocks(
    of source: TableSource, rowCount: Int, columns: [String]
) throws -> [TableProfile] {
    let count = min(mostDriftBlocks, rowCount / leastBlockRows)
    guard count > 1 else { return [] }
    let header = try source.header()
    let places = try places(of: columns, in: header, source.name)
    var blocks: [TableProfile] = []
    func endBlock() {
        guard let last = blocks.indices.last else { return }
        blocks[last].settle()
        blocks[last].pack()
    }
    try source.forEachBatch { batch in
        var row = 0
        while row < batch.rowCount {
            let block = min(count - 1, (batch.firstRow + row) * count / rowCount)
            // The first row of the next block, rounded up.
            let end = block == count - 1 ? Int.max : ((block + 1) * rowCount + count - 1) / count
            let stop = min(batch.rowCount, end - batch.firstRow)
            if block == blocks.count {
                endBlock()
                blocks.append(TableProfile(columnNames: header.columnNames, places: places))
            }
            blocks[block].observe(batch, rows: row..<stop)
            row = stop
        }
    }
    endBlock()
    return blocks
}

/// The profiles of the rows that have each of `values` in a column, of some columns in that order. One
/// reading.
package func profileSlices(
    of source: TableSource, by column: String, _ values: [String], columns: [String]
) throws -> [String: TableProfile] {
    let places = Dictionary(
        zip(values.map { Array($0.utf8) }, values.indices), uniquingKeysWith: { one, _ in one })
    let header = try source.header()
    let position = try Diffs.places(of: [column], in: header, source.name)[0]
    let columnPlaces = try Diffs.places(of: columns, in: header, source.name)
    var slices = values.map { _ in
        TableProfile(columnNames: header.columnNames, places: columnPlaces)
    }
    try source.forEachBatch { batch in
        var row = 0
        while row < batch.rowCount {
            let value = batch.value(row: row, column: position)
            var stop = row + 1
            while stop < batch.rowCount, batch.value(row: stop, column: position) == value {
                stop += 1
            }
            if let place = places[value] { slices[place].observe(batch, rows: row..<stop) }
            row = stop
        }
    }
    for slice in slices.indices {
        slices[slice].settle()
        slices[slice].pack()
    }
    return Dictionary(zip(values, slices), uniquingKeysWith: { one, _ in one })
}

/// Where columns stand. Throws `.badUsage` for one that is not there.
private func places(
    of columns: [String], in header: TableHeader, _ table: String
) throws -> [Int] {
    let places = Dictionary(
        zip(header.columnNames, header.columnNames.indices), uniquingKeysWith: { one, _ in one })
    return try columns.map { column in
        if let place = places[column] { return place }
        throw StoreError(
            .badUsage, "'\(table)' has no column '\(printable(Array(column.utf8)))'",
            subject: column, safety: "nothing was changed")
    }
}
