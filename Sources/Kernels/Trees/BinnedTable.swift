/// What the bins of a column stand for.
package enum BinnedFeature: Sendable, Equatable {
    /// So many bins of numbers in their order, then one for missing values.
    case number(bins: Int)
    /// So many categories, one bin each, then one for missing values, then one for all others.
    case category(bins: Int)

    /// The bin of missing values.
    package var missing: Int {
        switch self {
        case .number(let bins), .category(let bins): bins
        }
    }
}

/// The rows that trees are grown on, each value a bin of one byte.
///
/// Kept twice: row by row for histograms, where all of a row's bins are wanted at once, and column
/// by column for the division of rows at a split, which wants one. Rows do not straddle cache
/// lines more than they must. Memory: at most three bytes a value from 32 features on.
@safe package final class BinnedTable: Sendable {
    /// The number of rows.
    package let rows: Int
    /// The columns.
    package let features: [BinnedFeature]
    /// The bytes from one row to the next.
    let stride: Int
    private let rowMajor: SharedBuffer<UInt8>
    private let columnMajor: SharedBuffer<UInt8>

    /// The table whose columns `fill` writes, each `rows` bytes: bins as the features have them.
    package init(
        rows: Int, features: [BinnedFeature], _ executor: ParallelExecutor,
        fill: @Sendable (_ feature: Int, _ bins: UnsafeMutablePointer<UInt8>) -> Void
    ) {
        self.rows = rows
        self.features = features
        let width = features.count
        let stride = BinnedTable.stride(width)
        // Unsafe, here and below: every piece sets its own columns, then its own rows. Bytes behind a
        // row's last column are never read.
        let columns = unsafe SharedBuffer<UInt8>(unset: rows * width)
        let table = unsafe SharedBuffer<UInt8>(unset: rows * stride)
        _ = executor.map(width) { unsafe fill($0, columns.start + $0 * rows) }
        let blocks = RowBlocks(rows: rows)
        _ = executor.map(blocks.count) { block in
            for row in blocks.range(block) {
                for feature in 0..<width {
                    unsafe table.start[row &* stride &+ feature] =
                        columns.start[feature &* rows &+ row]
                }
            }
        }
        self.stride = stride
        rowMajor = table
        columnMajor = columns
    }

    /// Row by row: bin `feature` of `row` at `row * stride + feature`.
    var byRow: UnsafePointer<UInt8> { unsafe UnsafePointer(rowMajor.start) }

    /// The bins of a column.
    func column(_ feature: Int) -> UnsafePointer<UInt8> {
        precondition(feature >= 0 && feature < features.count)
        return unsafe UnsafePointer(columnMajor.start + feature * rows)
    }

    /// A power of two up to a cache line, whole lines beyond.
    private static func stride(_ width: Int) -> Int {
        guard width <= 64 else { return (width + 63) / 64 * 64 }
        var stride = 1
        while stride < width { stride *= 2 }
        return stride
    }
}
