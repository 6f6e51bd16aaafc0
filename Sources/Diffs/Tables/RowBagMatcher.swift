import Bytes
import Tables

/// Compares two versions as bags of rows: a row that one has more often than the other was added
/// or removed that often. In passes over parts of the rows, as `RowMatcher`. Where numbers may be
/// apart, the rows that are left are matched by `RestMatching`; parts are then told by what is no number.
struct RowBagMatcher {
    let pair: TablePair
    private(set) var counts = RowCounts()
    private(set) var examples: ExampleCollector

    private var table: RowTable
    private let passCount: Int
    private let exactColumns: [Int]
    private let numberColumns: [Int]
    /// The first rows without a partner, by their places, where that is known at the end of a pass only.
    private var unmatched: (old: [Int], new: [Int]) = ([], [])
    /// The mark of a row that both versions have equally often.
    private static let balanced = UInt32(1) << 31

    init(_ pair: TablePair, _ options: TableDiffOptions, passFactor: Int) {
        self.pair = pair
        examples = ExampleCollector(limit: options.exampleLimit)
        numberColumns = pair.common.indices.filter { pair.tolerances[$0] != nil }
        exactColumns = pair.common.indices.filter { pair.tolerances[$0] == nil }
        let bytesPerRow =
            RowTable.bytesPerRow
            + (numberColumns.isEmpty ? 0 : RestMatching.bytesPerRow(numberColumns.count))
        let rowsThatFit = max(16, options.memoryBudget / bytesPerRow)
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
            if pair.isTolerant {
                try matchRest(pass)
                continue
            }
            sumUp()
            guard examples.limit > 0, counts.added + counts.removed > 0 else { continue }
            try collect(.added, in: .new, pass)
            try collect(.removed, in: .old, pass)
        }
        if pair.isTolerant { try showUnmatched() }
    }

    /// Whether a row with that hash is looked at in a pass.
    private func isIn(
        _ pass: Int, _ row: Int, _ batch: RowBatch, _ hash: Hash128, _ groups: inout RowHasher
    ) -> Bool {
        guard passCount > 1 else { return true }
        guard pair.isTolerant else { return hash.low % UInt64(passCount) == UInt64(pass) }
        let part = exactColumns.isEmpty ? RowBagMatcher.oneGroup : groups.keyHash(batch, row)
        return part.low % UInt64(passCount) == UInt64(pass)
    }

    /// What tells rows apart but for their numbers.
    private func groups(_ side: TablePair.Side) -> RowHasher {
        let hasher = pair.hasher(side)
        return RowHasher(
            columns: hasher.columns, key: exactColumns.map { hasher.columns[$0] },
            isRawComparable: false)
    }

    private static let oneGroup = Hash128(high: 0, low: 0)

    // MARK: - Numbers that are near each other

    private mutating func matchRest(_ pass: Int) throws {
        // Copies, since the table changes meanwhile.
        let (pair, numberColumns, hasGroups) = (pair, numberColumns, !exactColumns.isEmpty)
        var rest = RestMatching(numberColumns.compactMap { pair.tolerances[$0] })
        for side in [TablePair.Side.old, .new] {
            let hasher = pair.hasher(side)
            var groups = groups(side)
            try forEachSurplus(side == .old ? .removed : .added, in: side, pass) { batch, row in
                rest.append(
                    side, group: hasGroups ? groups.keyHash(batch, row) : RowBagMatcher.oneGroup,
                    number: batch.firstRow + row,
                    cells: numberColumns.map { hasher.cellHash(batch, row, $0) })
            }
        }
        let left = rest.unmatched()
        counts.removed += left.old.count
        counts.added += left.new.count
        func first(_ one: [Int], _ other: [Int]) -> [Int] {
            Array((one + other.prefix(examples.limit)).sorted().prefix(examples.limit))
        }
        unmatched = (first(unmatched.old, left.old), first(unmatched.new, left.new))
    }

    private mutating func showUnmatched() throws {
        for (kind, side, numbers) in [
            (ExampleCollector.Kind.removed, TablePair.Side.old, unmatched.old),
            (.added, .new, unmatched.new),
        ] where !numbers.isEmpty {
            try pair.forEachBatch(side) { batch in
                for number in numbers
                where (batch.firstRow..<batch.firstRow + batch.rowCount).contains(number) {
                    examples.offer(kind, batch, number - batch.firstRow, pair)
                }
            }
        }
    }

    // MARK: - Equal rows

    private mutating func count(
        _ side: TablePair.Side, _ pass: Int, by step: Int
    ) throws {
        var hasher = pair.hasher(side)
        var groups = groups(side)
        try pair.forEachBatch(side) { batch in
            for row in 0..<batch.rowCount {
                let key = hasher.rowHash(batch, row)
                guard isIn(pass, row, batch, key, &groups) else { continue }
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

    /// Offers the rows that one version has more often.
    private mutating func collect(
        _ kind: ExampleCollector.Kind, in side: TablePair.Side, _ pass: Int
    ) throws {
        let pair = pair
        var kept = examples
        try forEachSurplus(
            kind, in: side, pass, where: { kept.wants(kind, rowNumber: $0) },
            { batch, row in kept.offer(kind, batch, row, pair) })
        examples = kept
    }

    /// Calls `body` with the rows that one version has more often, and balances them.
    private mutating func forEachSurplus(
        _ kind: ExampleCollector.Kind, in side: TablePair.Side, _ pass: Int,
        where isWanted: (Int) -> Bool = { _ in true }, _ body: (RowBatch, Int) -> Void
    ) throws {
        var hasher = pair.hasher(side)
        var groups = groups(side)
        try pair.forEachBatch(side) { batch in
            for row in 0..<batch.rowCount where isWanted(batch.firstRow + row) {
                let key = hasher.rowHash(batch, row)
                guard isIn(pass, row, batch, key, &groups), let place = table.place(of: key)?.place
                else { continue }
                let difference = Int(table.mark(at: place)) - Int(RowBagMatcher.balanced)
                guard kind == .removed ? difference > 0 : difference < 0 else { continue }
                let step: Int = kind == .removed ? -1 : 1
                let mark = UInt32(truncatingIfNeeded: Int(table.mark(at: place)) + step)
                table.setMark(mark, at: place)
                body(batch, row)
            }
        }
    }
}
