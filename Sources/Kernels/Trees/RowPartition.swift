/// The rows that a tree is grown on, those of a leaf next to each other and rising.
///
/// `@unchecked Sendable`: one tree at a time; the pieces of a division write disjoint places.
final class RowPartition: @unchecked Sendable {
    /// The rows: `count` of them.
    let rows: SharedBuffer<UInt32>
    private(set) var count = 0
    private let table: BinnedTable
    private let executor: ParallelExecutor
    private let scratch: SharedBuffer<UInt32>

    private static let pieceRows = 65_536

    init(_ table: BinnedTable, _ executor: ParallelExecutor) {
        precondition(table.rows < Int(UInt32.max))
        self.table = table
        self.executor = executor
        rows = SharedBuffer(repeating: 0, count: table.rows)
        // Unsafe: only what a division wrote is read.
        scratch = unsafe SharedBuffer(unset: table.rows)
    }

    /// Starts again with one leaf.
    func start(with chosen: [UInt32]) {
        precondition(chosen.count <= rows.count)
        count = chosen.count
        // Unsafe: as many as there is room for.
        unsafe chosen.withUnsafeBufferPointer { chosen in
            guard let source = chosen.baseAddress else { return }
            unsafe rows.start.update(from: source, count: chosen.count)
        }
    }

    /// Moves a leaf's rows that go left before those that go right, both in their order. Returns
    /// the place of the first that goes right.
    func divide(
        _ range: Range<Int>, by rule: SplitRule, _ kind: BinnedFeature, _ feature: Int
    ) -> Int {
        precondition(range.lowerBound >= 0 && range.upperBound <= count)
        let isLeft = (0..<256).map { UInt8(rule.isLeft($0, of: kind) ? 1 : 0) }
        let pieces = (range.count + RowPartition.pieceRows - 1) / RowPartition.pieceRows
        let bounds = (0...pieces).map {
            range.lowerBound + min(range.count, $0 * RowPartition.pieceRows)
        }
        let lefts = executor.map(pieces) { piece in
            divide(bounds[piece]..<bounds[piece + 1], isLeft, feature)
        }
        // Each piece has its left rows at its start and its right rows in the scratch memory.
        var place = range.lowerBound
        for piece in 0..<pieces {
            // Unsafe, here and below: inside the range, and never behind what is still to be moved.
            unsafe (rows.start + place).update(
                from: rows.start + bounds[piece], count: lefts[piece])
            place += lefts[piece]
        }
        let middle = place
        for piece in 0..<pieces {
            let rights = bounds[piece + 1] - bounds[piece] - lefts[piece]
            unsafe (rows.start + place).update(
                from: scratch.start + bounds[piece], count: rights)
            place += rights
        }
        return middle
    }

    /// The number of rows of a piece that go left.
    private func divide(_ range: Range<Int>, _ isLeft: [UInt8], _ feature: Int) -> Int {
        // Unsafe: every row is the table's, and no more are written than were read.
        let bins = unsafe table.column(feature)
        let (rows, scratch) = unsafe (rows.start, scratch.start)
        var left = range.lowerBound
        var right = range.lowerBound
        unsafe isLeft.withUnsafeBufferPointer { isLeft in
            for place in range {
                let row = unsafe rows[place]
                let goesLeft = unsafe Int(isLeft[Int(bins[Int(row)])])
                unsafe rows[left] = row
                unsafe scratch[right] = row
                left &+= goesLeft
                right &+= 1 &- goesLeft
            }
        }
        return left - range.lowerBound
    }
}
