import Bytes
import Tables

/// Compares two versions as bags of rows: a row that one has more often than the other was added
/// or removed that often. In passes over parts of the rows, as `RowMatcher`.
struct RowBagMatcher {
    let pair: TablePair
    private(set) var counts = RowCounts()
    private(set) var examples: ExampleCollector

    private var table: RowTable
    private let passCount: Int
    /// The mark of a row that both versions have equally often.
    private static let balanced = UInt32(1) << 31

    init(_ pair: TablePair, _ options: TableDiffOptions, passFactor: Int) {
        self.pair = pair
        examples = ExampleCollector(limit: options.exampleLimit)
        let rowsThatFit = max(16, options.memoryBudget / RowTable.bytesPerRow)
        let total = pair.old.rowCount + pair.new.rowCount
        passCount = max(1, (total + rowsThatFit - 1) / rowsThatFit) * passFactor
        table = RowTable(
            rowLimit: passCount == 1 ? total : min(total, rowsThatFit + rowsThatFit / 8))
    }

    /// Compares all rows.
    mutating func run() throws {
        for pass in 0..<passCount {
            if pass > 0 { table.removeAll() }
            try count(.old, pass, by: 1)
            try count(.new, pass, by: -1)
            sumUp()
            guard examples.limit > 0, counts.added + counts.removed > 0 else { continue }
            try collect(.added, in: .new, pass)
            try collect(.removed, in: .old, pass)
        }
    }

    private func isIn(_ pass: Int, _ key: Hash128) -> Bool {
        passCount == 1 || key.low % UInt64(passCount) == UInt64(pass)
    }

    private mutating func count(
        _ side: TablePair.Side, _ pass: Int, by step: Int
    ) throws {
        var hasher = pair.hasher(side)
        try pair.forEachBatch(side) { batch in
            for row in 0..<batch.rowCount {
                let key = hasher.rowHash(batch, row)
                guard isIn(pass, key) else { continue }
                guard let found = table.place(of: key) else { throw RowMatcher.Fault.tableFull }
                if found.isFree {
                    table.insert(key, row: nil, mark: RowBagMatcher.balanced, at: found.place)
                }
                let mark = Int(table.mark(at: found.place)) + step
                table.setMark(UInt32(truncatingIfNeeded: mark), at: found.place)
            }
        }
    }

    private mutating func sumUp() {
        var sums = counts
        table.forEachMark { mark in
            let difference = Int(mark) - Int(RowBagMatcher.balanced)
            if difference > 0 { sums.removed += difference } else { sums.added -= difference }
        }
        counts = sums
    }

    /// Offers the rows that one version has more often, and balances them.
    private mutating func collect(
        _ kind: ExampleCollector.Kind, in side: TablePair.Side, _ pass: Int
    ) throws {
        var hasher = pair.hasher(side)
        try pair.forEachBatch(side) { batch in
            for row in 0..<batch.rowCount
            where examples.wants(kind, rowNumber: batch.firstRow + row) {
                let key = hasher.rowHash(batch, row)
                guard isIn(pass, key), let place = table.place(of: key)?.place else { continue }
                let difference = Int(table.mark(at: place)) - Int(RowBagMatcher.balanced)
                guard kind == .removed ? difference > 0 : difference < 0 else { continue }
                let step: Int = kind == .removed ? -1 : 1
                let mark = UInt32(truncatingIfNeeded: Int(table.mark(at: place)) + step)
                table.setMark(mark, at: place)
                examples.offer(kind, batch, row, pair)
            }
        }
    }
}
