package import Tables
import Vocabulary

/// How many rows a block has at least: fewer say more of chance than of the data.
private let leastBlockRows = 500

/// The profiles of up to ten blocks of neighbouring rows, equally many in each; none where there are too
/// few rows for two. One reading.
package func profileBlocks(of source: TableSource, rowCount: Int) throws -> [TableProfile] {
    let count = min(10, rowCount / leastBlockRows)
    guard count > 1 else { return [] }
    var blocks: [TableProfile] = []
    try source.forEachBatch { batch in
        var row = 0
        while row < batch.rowCount {
            let block = min(count - 1, (batch.firstRow + row) * count / rowCount)
            // The first row of the next block, rounded up.
            let end = block == count - 1 ? Int.max : ((block + 1) * rowCount + count - 1) / count
            let stop = min(batch.rowCount, end - batch.firstRow)
            if block == blocks.count {
                blocks.append(TableProfile(columnNames: batch.header.columnNames))
            }
            blocks[block].observe(batch, rows: row..<stop)
            row = stop
        }
    }
    for block in blocks.indices { blocks[block].settle() }
    return blocks
}

/// The profiles of the rows that have each of `values` in a column. One reading.
package func profileSlices(
    of source: TableSource, by column: String, _ values: [String]
) throws -> [String: TableProfile] {
    let places = Dictionary(
        zip(values.map { Array($0.utf8) }, values.indices), uniquingKeysWith: { one, _ in one })
    var slices: [TableProfile] = []
    let header = try source.header()
    guard let position = header.columnNames.firstIndex(of: column) else {
        throw StoreError(
            .badUsage, "'\(source.name)' has no column '\(printable(Array(column.utf8)))'",
            subject: column, safety: "nothing was changed")
    }
    for _ in values { slices.append(TableProfile(columnNames: header.columnNames)) }
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
    for slice in slices.indices { slices[slice].settle() }
    return Dictionary(zip(values, slices), uniquingKeysWith: { one, _ in one })
}
